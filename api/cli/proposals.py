"""`reverdure approve`: the second person releases or refuses a proposal."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli import console


def approve(
    proposal: Annotated[
        int | None, typer.Argument(help="The proposal; all open ones are listed without it.")
    ] = None,
    store: console.StoreOption = console.DEFAULT_STORE,
    as_name: Annotated[
        str | None,
        typer.Option("--as", help="Who decides: another name than that of the proposer.", metavar="NAME"),
    ] = None,
    reject: Annotated[bool, typer.Option("--reject", help="Refuse it instead.")] = False,
    comment: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    as_json: console.JsonOption = False,
) -> None:
    """List the open proposals, or approve (or reject) one under another name."""
    if proposal is None:
        _list(store, as_json=as_json)
        return
    if not as_name:
        raise typer.BadParameter("say who decides: --as NAME", param_hint="--as")
    from api.schemas.proposals import ProposalItem
    from geo.store import proposals, sites

    with console.opened(store) as opened, opened.write() as conn:
        if reject:
            proposals.reject(conn, proposal, actor=as_name, now=console.now(), comment=comment)
        else:
            proposals.approve(
                conn, proposal, actor=as_name, now=console.now(), comment=comment, today=console.today()
            )
        decided = proposals.get(conn, proposal)
        code = sites.get(conn, decided.site_id).site_code
    if as_json:
        console.print_json(ProposalItem.of(decided, code))
    else:
        typer.echo(f"proposal {proposal} is {decided.state} by {as_name}")


def _list(store: str, *, as_json: bool) -> None:
    from api.schemas.proposals import ProposalItem
    from geo.store import proposals, sites

    with console.opened(store) as opened, opened.read() as conn:
        codes = {site_id: code for code, site_id in sites.code_index(conn).items()}
        found = [ProposalItem.of(item, codes[item.site_id]) for item in proposals.find(conn, state="open")]
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
