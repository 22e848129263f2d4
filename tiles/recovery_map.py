"""The recovery map: the land cover of two years, sites outlined by verdict."""

from __future__ import annotations

from typing import Final

from geo.cities import Level
from geo.store import Connection, Store, cities
from geo.words import Lang
from tiles import marks
from tiles.candidate_marks import candidate_legends, candidate_marks, shown_candidates
from tiles.edition_figures import edition_figures
from tiles.folium_map import map_html
from tiles.legend import verdict_legend
from tiles.links import SERVED, AssetLinks
from tiles.map_model import MapPage, Mark
from tiles.marks import say
from tiles.outlines import Bounds, bounds_of, padded
from tiles.ranking import ranking
from tiles.shown_cover import ShownCover, cover_legend, cover_series, map_bounds, shown_cover
from tiles.shown_sites import ShownSites, basemap_notes, joined, site_spans, sites_under
from tiles.verdicts import Judged, judged_sites, verdict_counts, verdict_marks

_UNIT_PADDING: Final = 0.02


def recovery_html(
    store: Store,
    *,
    city: str | None = None,
    product: str | None = None,
    edition: str | None = None,
    from_year: int | None = None,
    to_year: int | None = None,
    lang: Lang = "zh",
    links: AssetLinks = SERVED,
    basemap_url: str = "",
) -> str:
    """The recovery map: the land cover of two years, swiped or side by side, sites outlined by verdict.

    Raises `UnknownCity`, `UnknownProduct`.
    """
    with store.read() as conn:
        shown = sites_under(conn, city, lang)
        cover = shown_cover(conn, product, edition, (from_year, to_year))
        judged = judged_sites(store, conn, cover)
        within = _bounds(conn, shown, cover, city)
        borders = _borders(conn, shown, within, city, lang)
        editions = edition_figures(store, conn, shown, cover, lang)
    drawn = verdict_marks(shown, judged, within, lang, links)
    candidates = shown_candidates(store, cover, within if city else None)
    series = None if cover is None else cover_series(store, cover, lang, links, within, every_year=False)
    return map_html(
        MapPage(
            lang=lang,
            title=say("recovery_title", lang),
            subtitle=_subtitle(shown, cover, judged, city, lang),
            bounds=within,
            banner=shown.banner,
            figures=editions,
            empty=_empty(shown, cover, lang),
            ranking=ranking(shown, judged, lang),
            legends=(
                verdict_legend(verdict_counts(shown, judged), lang),
                *candidate_legends(candidates, lang),
                *([] if cover is None else [cover_legend(store, cover, within, lang)]),
            ),
            notes=(
                *marks.points_notes(drawn, lang),
                *([] if judged or cover is None else [say("no_recovery_yet", lang)]),
                *(() if cover is None else cover.notes(lang)),
                *shown.notes(lang),
                *basemap_notes(basemap_url, lang),
            ),
            attribution=(
                *(() if cover is None else cover.attribution(lang)),
                *shown.attribution(lang),
            ),
            units=(*borders, *candidate_marks(candidates, within, lang)),
            sites=drawn,
            sites_are_points=marks.are_points(drawn),
            land_cover=series,
            left_year=None if cover is None else cover.from_year,
            right_year=None if cover is None else cover.to_year,
            basemap_url=basemap_url,
        ),
        links=links,
    )


def _borders(
    conn: Connection, shown: ShownSites, within: Bounds, city: str | None, lang: Lang
) -> tuple[Mark, ...]:
    """The prefectures around the sites, and the unit asked for where it is of another level."""
    spans = site_spans(shown.found, shown.units)
    around = cities.outlines(conn, level=Level.PREFECTURE)
    known = {unit.adcode for unit in around}
    other = cities.outlines(conn, adcodes={city}) if city is not None and city not in known else []
    return tuple(
        mark
        for units in (around, other)
        for mark in marks.border_marks(units, spans, within, lang, chosen=city)
    )


def _bounds(conn: Connection, shown: ShownSites, cover: ShownCover | None, city: str | None) -> Bounds:
    """What the map is fitted to: the unit with its sites, all sites, or the scene."""
    outlines = [unit.outline for unit in cities.outlines(conn, adcodes={city})] if city else []
    unit = bounds_of([outline for outline in outlines if outline is not None])
    if unit is None:
        return map_bounds(shown, cover)
    return padded(unit if shown.bounds is None else joined([unit, shown.bounds]), _UNIT_PADDING)


def _empty(shown: ShownSites, cover: ShownCover | None, lang: Lang) -> str:
    if cover is None:
        return say("no_scenes_yet", lang)
    return "" if shown.found else say("no_sites_yet", lang)


def _subtitle(
    shown: ShownSites, cover: ShownCover | None, judged: Judged, city: str | None, lang: Lang
) -> str:
    parts = [shown.scope(city, lang)]
    if cover is not None:
        parts.append(cover.name(lang))
    if cover is not None and judged:
        parts.append(say("pair", lang, from_year=cover.from_year, to_year=cover.to_year))
    return " · ".join(parts)
