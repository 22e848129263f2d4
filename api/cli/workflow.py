"""`reverdure merge`, `undo`, `overdue`: sites become one, events are taken back, late treatments are told."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli import console
from api.cli.maps import UnknownSiteCode

ActorOption = Annotated[
    str | None,
    typer.Option("--as", help="Who proposes or records it; the set actor by default.", metavar="NAME"),
]


def merge(
    codes: Annotated[list[str], typer.Argument(help="Codes of the sites that become one.")],
    code: Annotated[str, typer.Option("--code", help="The code of the merged site.")],
    store: console.StoreOption = console.DEFAULT_STORE,
    on: Annotated[
        str | None, typer.Option("--on", help="The first day of the merged site; today by default.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    as_name: ActorOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Propose that sites leave and one enters that covers them; a second person has to approve it."""
    from api.schemas.proposals import ProposalItem
    from api.site_writing import Units
    from geo.redrawing import placed, plan_merge
    from geo.store import changes, sites
    from geo.store.redrawings import known_sites

    with console.opened(store) as opened, opened.write() as conn:
        found = [(each, sites.by_code(conn, each)) for each in codes]
        for each, site in found:
            if site is None:
                raise UnknownSiteCode(site_code=each)
        today = console.today()
        planned = plan_merge(
            known_sites(conn, [site.site_id for _, site in found if site is not None]),
            site_code=code,
            facts={},
            effective_on=console.date_of("--on", on) or today,
            reason=reason,
            today=today,
        )
        units = [Units().fact(conn, each.geometry) for each in planned.enters]
        applied = changes.propose_redrawing(
            conn,
            placed(planned, units),
            actor=as_name or console.settings().actor,
            now=console.now(),
            if_versions={},
            today=today,
        )
        if applied.proposal is None:
            return
        item = ProposalItem.of(applied.proposal, applied.site)
    if as_json or item.redrawing is None:
        console.print_json(item)
        return
    told = item.redrawing
    before, after = (console.hectares(area, 4) for area in (told.left_ha, told.entered_ha))
    typer.echo(
        f"proposal {item.proposal_id}: {len(told.leaves)} sites of {before} ha become {code} of {after} ha,"
        f" a difference of {told.difference_ha:+,.4f} ha"
    )
    console.note(f"`reverdure approve {item.proposal_id} --as NAME` releases it")


def undo(
    seq: Annotated[int, typer.Argument(help="A history row of the event, as `history` names it.")],
    store: console.StoreOption = console.DEFAULT_STORE,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    as_name: ActorOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Take an event back by a new event; what needs a second person waits as a proposal."""
    from geo.store import changes, history
    from geo.undoing import undo_of

    with console.opened(store) as opened, opened.write() as conn:
        site_id = history.site_of(conn, seq)
        change = undo_of(
            history.rows(conn, site_id=site_id, with_wkb=True), seq, reason=reason or f"undo of row {seq}"
        )
        applied = changes.apply_change(
            conn,
            site_id,
            change,
            actor=as_name or console.settings().actor,
            source="cli",
            now=console.now(),
            if_version=None,
            today=console.today(),
        )
    number = None if applied.proposal is None else applied.proposal.proposal_id
    if as_json:
        console.print_json(
            {"site_code": applied.site.site_code, "seqs": list(applied.seqs), "proposal": number}
        )
    elif number is not None:
        typer.echo(f"proposal {number} waits for a second person to take row {seq} back")
    else:
        rows = ", ".join(map(str, applied.seqs))
        typer.echo(f"row {seq} of site {applied.site.site_code} is taken back by rows {rows}")


def overdue(
    store: console.StoreOption = console.DEFAULT_STORE,
    city: Annotated[str | None, typer.Option(help="Only what lies in this unit.", metavar="CODE")] = None,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """The sites whose treatment, or whose project, should have ended and which are not treated."""
    from api.planning import overdue_sites
    from api.schemas.planning import OverdueItem
    from geo.store import proposals

    today = console.today()
    with console.opened(store) as opened, opened.read() as conn:
        late = overdue_sites(conn, today=today, adcode=city)
        waiting = proposals.open_ids(conn)
    items = [OverdueItem.of(each, site, today, waiting.get(site.site_id, ())) for each, site in late]
    if as_json:
        console.print_json({"items": items, "next": None})
        return
    if not items:
        typer.echo("no site is overdue")
        return
    made = console.table(
        f"Overdue on {today}", "site", "status", "due", "days", "by", "area ha", right=("days", "area ha")
    )
    for item in items:
        console.add_row(
            made,
            console.starred(item.site_code, item.proposals),
            console.word("status", item.status, lang),
            item.due_on.isoformat(),
            str(item.days),
            item.project_code or "its own date",
            console.hectares(item.area_ha),
        )
    console.stdout().print(made)
    console.note_of_stars(item.proposals for item in items)
