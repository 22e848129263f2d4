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
    partly: Annotated[
        bool, typer.Option("--partly", help="With --source: leave those that cannot be decided.")
    ] = False,
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
        _decide_all(
            store, str(source), as_name, reject=reject, comment=comment, partly=partly, as_json=as_json
        )
        return
    from api.cli.redrawings import hectares_told
    from api.shapes import proposal_items
    from geo.store import proposals

    with console.opened(store) as opened, opened.write() as conn:
        told = hectares_told(proposal_items(conn, [proposals.get(conn, proposal)])[0])
        _decide(conn, proposal, as_name, reject=reject, comment=comment)
        decided = proposal_items(conn, [proposals.get(conn, proposal)])[0]
    if as_json:
        console.print_json(decided)
    else:
        typer.echo("; ".join([f"proposal {proposal} is {decided.state} by {as_name}", *told]))


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


def _decide_all(
    store: str, source: str, as_name: str, *, reject: bool, comment: str, partly: bool, as_json: bool
) -> None:
    """Decide on every open proposal of one source, in one transaction, and say what became of each."""
    from api.schemas.proposals import BatchOut
    from geo.store.batch_decisions import decide_source

    with console.opened(store) as opened, opened.write() as conn:
        found = decide_source(
            conn,
            source,
            lambda one: _decide(conn, one.proposal_id, as_name, reject=reject, comment=comment),
            partly=partly,
        )
    answer = BatchOut.of(source, found)
    if as_json:
        console.print_json(answer)
        return
    done = "rejected" if reject else "approved"
    typer.echo(f"{answer.decided} proposals of {source} are {done} by {as_name}")
    for one in answer.items:
        if not one.done:
            typer.echo(f"proposal {one.proposal_id} (site {one.site_code}) stays open: {one.problem}")


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
