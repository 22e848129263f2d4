"""What a map says of the editions that it does not show: the range that they span over the same sites."""

from __future__ import annotations

from geo.agreement.edition_range import edition_range
from geo.landcover import products
from geo.readings import ledger_of
from geo.store import Connection, Store
from geo.words import Lang
from tiles.map_model import Figure
from tiles.marks import say
from tiles.shown_cover import ShownCover
from tiles.shown_sites import ShownSites


def edition_figures(
    store: Store, conn: Connection, shown: ShownSites, cover: ShownCover | None, lang: Lang
) -> tuple[Figure, ...]:
    """The range of all editions over the sites of a map and its two years; () with one edition alone."""
    if cover is None:
        return ()
    found = edition_range(
        conn,
        ledger_of(store, conn),
        [site.site_id for site in shown.found],
        from_year=cover.from_year,
        to_year=cover.to_year,
    )
    if found is None or found.low is None:
        return ()
    known = products()
    shares = [
        f"{getattr(known[one.product], lang)} {one.edition}: {_percent(one.share)}"
        for one in found.shares
        if one.product in known
    ]
    words = {"count": found.n_sites, "from_year": found.from_year, "to_year": found.to_year}
    return (
        Figure(
            value=f"{_percent(found.low)}–{_percent(found.high)}",
            name=say("edition_range", lang),
            detail=" · ".join(shares),
            note=say("edition_range_note", lang, **words),
        ),
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
