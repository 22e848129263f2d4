"""`reverdure verify` and `reverdure migrate`: the store itself."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli import console


def verify(
    store: console.StoreOption = console.DEFAULT_STORE,
    expect: Annotated[
        str | None,
        typer.Option(help="A published head; a history cut after it is found.", metavar="SEQ:HASH"),
    ] = None,
    as_json: console.JsonOption = False,
) -> None:
    """Check the chain of the history and every site against it; exit code 1 names the first bad row."""
    from geo.store import audit, history

    with console.opened(store) as opened, opened.read() as conn:
        found = history.verify(conn, expect=_head(expect))
        bad_audit = audit.first_bad_row(conn)
    if as_json:
        console.print_json(found)
    elif found.ok:
        typer.echo(f"ok: {found.rows_checked} rows, head {found.seq}:{found.head}")
    if bad_audit is not None:
        console.report(f"row {bad_audit} of the audit was altered")
        raise typer.Exit(1)
    if not found.ok:
        row = "" if found.first_bad_seq is None else f"row {found.first_bad_seq}: "
        console.report(f"{row}{found.problem}")
        raise typer.Exit(1)


def _head(text: str | None) -> tuple[int, str] | None:
    """The sequence number and hash of `SEQ:HASH`, None where not given."""
    if text is None:
        return None
    seq, sign, digest = text.partition(":")
    if not sign or not seq.isdigit() or not digest:
        raise typer.BadParameter(f"{text!r} is not of the form SEQ:HASH", param_hint="--expect")
    return int(seq), digest


def migrate(
    store: console.StoreOption = console.DEFAULT_STORE,
) -> None:
    """Bring an existing store to the present schema, or make an empty one."""
    with console.opened(store, create=True) as opened:
        typer.echo(f"{opened.path} is up to date")
