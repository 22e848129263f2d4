"""`reverdure undo`, `overdue`: events are taken back, late treatments are told."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli import console
from api.cli.redrawings import ActorOption, hectares_changed, hectares_told


def undo(
    seq: Annotated[int, typer.Argument(help="A history row of the event, as `history` names it.")],
    store: console.StoreOption = console.DEFAULT_STORE,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    as_name: ActorOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Take an event back by a new event; what needs a second person waits as a proposal."""
    from api.shapes import proposal_items
    from geo.store import changes, history, sites
    from geo.undoing import undo_of

    with console.opened(store) as opened, opened.write() as conn:
        site_id = history.site_of(conn, seq)
        before = sites.get(conn, site_id)
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
        item = None if applied.proposal is None else proposal_items(conn, [applied.proposal])[0]
    number = None if item is None else item.proposal_id
    if as_json:
        console.print_json(
            {"site_code": applied.site.site_code, "seqs": list(applied.seqs), "proposal": number}
        )
    elif item is not None:
        told = "".join(f"; {words}" for words in hectares_told(item))
        typer.echo(f"proposal {number} waits for a second person to take row {seq} back{told}")
    else:
        rows = ", ".join(map(str, applied.seqs))
        told = "".join(f"; {words}" for words in hectares_changed(before, applied.site))
        typer.echo(f"row {seq} of site {applied.site.site_code} is taken back by rows {rows}{told}")


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
