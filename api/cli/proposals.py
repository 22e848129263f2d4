"""`reverdure approve`: the second person releases or refuses a proposal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console

if TYPE_CHECKING:
    from geo.store import Connection


def approve(
    proposal: Annotated[
        int | None, typer.Argument(help="The proposal; all open ones are listed without it.")
    ] = None,
    store: console.StoreOption = console.DEFAULT_STORE,
    as_name: Annotated[
        str | None,
        typer.Option("--as", help="Who decides: another name than that of the proposer.", metavar="NAME"),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(help="All that came from one source, such as undo:3 or import:7.", metavar="SOURCE"),
    ] = None,
    reject: Annotated[bool, typer.Option("--reject", help="Refuse it instead.")] = False,
    comment: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    as_json: console.JsonOption = False,
) -> None:
    """List the open proposals, or approve (or reject) one under another name."""
    if proposal is None and source is None:
        _list(store, as_json=as_json)
        return
    if not as_name:
        raise typer.BadParameter("say who decides: --as NAME", param_hint="--as")
    if proposal is None:
        count = _decide_all(store, str(source), as_name, reject=reject, comment=comment)
        typer.echo(f"{count} proposals of {source} are {'rejected' if reject else 'approved'} by {as_name}")
        return
    from api.shapes import proposal_items
    from geo.store import proposals

    with console.opened(store) as opened, opened.write() as conn:
        _decide(conn, proposal, as_name, reject=reject, comment=comment)
        decided = proposal_items(conn, [proposals.get(conn, proposal)])[0]
    if as_json:
        console.print_json(decided)
    else:
        typer.echo(f"proposal {proposal} is {decided.state} by {as_name}")


def _decide(conn: Connection, proposal_id: int, as_name: str, *, reject: bool, comment: str) -> None:
    """Decide on one proposal, as somebody who may once there are accounts, and write it down."""
    from api.auth.deciders import check_decider
    from api.auth.trail import Doer
    from geo.accounts.audit import AuditEvent
    from geo.store import proposals

    check_decider(conn, as_name, proposal_id)
    now = console.now()
    if reject:
        proposals.reject(conn, proposal_id, actor=as_name, now=now, comment=comment)
    else:
        proposals.approve(conn, proposal_id, actor=as_name, now=now, comment=comment, today=console.today())
    event = AuditEvent.REJECTED if reject else AuditEvent.APPROVED
    Doer(as_name, address="command line").note(conn, event, target=f"proposal {proposal_id}")


def _decide_all(store: str, source: str, as_name: str, *, reject: bool, comment: str) -> int:
    """Decide on every open proposal of one source, all in one transaction; how many there were."""
    from geo.store import proposals

    with console.opened(store) as opened, opened.write() as conn:
        found = [one for one in proposals.find(conn, state="open") if one.source == source]
        for one in found:
            _decide(conn, one.proposal_id, as_name, reject=reject, comment=comment)
    return len(found)


def _list(store: str, *, as_json: bool) -> None:
    from api.shapes import proposal_items
    from geo.store import proposals

    with console.opened(store) as opened, opened.read() as conn:
        found = proposal_items(conn, proposals.find(conn, state="open"))
    if as_json:
        console.print_json({"items": found, "next": None})
        return
    if not found:
        typer.echo("no proposal is open")
        return
    made = console.table(
        "Open proposals (counted nowhere until approved)", "no.", "site", "change", "from", "by", "why"
    )
    for item in found:
        facts = [f"{fact}: {value}" for fact, value in item.change.facts.items()]
        change = ", ".join([*facts, *(["boundary"] if item.change.geometry_changes else [])])
        console.add_row(
            made,
            str(item.proposal_id),
            item.site_code,
            change,
            item.effective_on.isoformat(),
            item.proposed_by,
            item.reason,
        )
    console.stdout().print(made)
    console.note("`reverdure approve NO --as NAME` releases one, with --reject it is refused")
