"""New water outside known sites on the recovery map: dashed outlines with their words, and their legend."""

from __future__ import annotations

from typing import Final

from shapely import box

from geo.candidate_search import open_candidates
from geo.candidates import Candidate, CandidateState
from geo.reference import reference_rows
from geo.store import Store
from geo.words import Lang
from tiles.legend import Legend, LegendItem
from tiles.map_model import Mark
from tiles.marks import hectares, say
from tiles.outlines import Bounds, detail_deg, drawn_sites
from tiles.shown_cover import ShownCover

MOST: Final = 300
"""So many are drawn, the largest; the list on the page of sites says how many there are."""

_DASH: Final = "3 4"


def shown_candidates(store: Store, cover: ShownCover | None, within: Bounds | None) -> list[Candidate]:
    """The open candidates of the edition that the map shows, the largest first, wherever without `within`."""
    if cover is None:
        return []
    found = [one for one in open_candidates(store, product=cover.about.slug) if one.edition == cover.edition]
    if within is not None:
        frame = box(*within)
        found = [one for one in found if frame.intersects(one.geometry)]
    return found[:MOST]


def candidate_marks(found: list[Candidate], within: Bounds, lang: Lang) -> tuple[Mark, ...]:
    """The candidates as dashed outlines."""
    style: dict[str, str | float | bool] = {
        "color": _colour(),
        "weight": 2.5,
        "opacity": 1,
        "fill": True,
        "fillColor": _colour(),
        "fillOpacity": 0.15,
        "dashArray": _DASH,
    }
    shapes = drawn_sites([one.geometry for one in found], detail_deg(within))
    return tuple(
        Mark(f"candidate-{one.candidate_id}", geometry, style, say("candidate", lang), _rows(one, lang))
        for one, geometry in zip(found, shapes, strict=True)
    )


def candidate_legends(found: list[Candidate], lang: Lang) -> tuple[Legend, ...]:
    """The legend of the candidates; none where none is drawn."""
    if not found:
        return ()
    item = LegendItem(say("candidate", lang), _colour(), f"{len(found):,}", dash=_DASH)
    return (Legend(say("candidates", lang), (item,), "line"),)


def _rows(one: Candidate, lang: Lang) -> tuple[tuple[str, str], ...]:
    years = f"{one.from_year}–{one.to_year}"
    rows = [(say("area", lang), hectares(one.area_ha, lang)), (say("candidate_years", lang), years)]
    if one.touches_water:
        rows.append((say("candidate_note", lang), say("candidate_beside", lang)))
    return tuple(rows)


def _colour() -> str:
    return next(
        row["colour"] for row in reference_rows("candidate_states") if row["slug"] == CandidateState.OPEN
    )
