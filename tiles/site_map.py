"""The map of one site: its polygon over the land cover of each year, with its classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from geo.areas import ha_from_units
from geo.coverage import cover
from geo.landcover import Product, Role
from geo.sites import Site
from geo.store import Store
from geo.words import Lang, label
from geo.zonal import class_areas
from tiles import marks
from tiles.folium_map import map_html
from tiles.legend import verdict_legend
from tiles.links import SERVED, AssetLinks
from tiles.map_model import ClassBar, Figure, MapPage
from tiles.marks import hectares, say
from tiles.shown_cover import ShownCover, cover_legend, cover_series, map_bounds, shown_cover
from tiles.shown_sites import one_site
from tiles.verdicts import judged_sites, verdict_counts, verdict_marks

_SITE_PADDING: Final = 0.35


def site_html(
    store: Store,
    site_id: int,
    *,
    lang: Lang = "zh",
    product: str | None = None,
    edition: str | None = None,
    links: AssetLinks = SERVED,
    basemap_url: str = "",
) -> str:
    """The map of one site: its polygon over the land cover of a year that a slider chooses, with its classes.

    Raises `UnknownSite`, `UnknownProduct`.
    """
    with store.read() as conn:
        shown = one_site(conn, site_id, lang)
        cover = shown_cover(conn, product, edition, (None, None))
        judged = judged_sites(store, conn, cover)
    site = shown.found[0]
    within = map_bounds(shown, cover, padding=_SITE_PADDING)
    series = None if cover is None else cover_series(store, cover, lang, links, within, every_year=True)
    return map_html(
        MapPage(
            lang=lang,
            title=say("site_title", lang, code=marks.site_title(site, site.site_id in shown.proposed)),
            subtitle="" if cover is None else cover.name(lang),
            bounds=within,
            banner=shown.banner,
            figures=(
                Figure(hectares(site.area_ha, lang), say("area", lang), label("status", site.status, lang)),
            ),
            legends=(
                verdict_legend(verdict_counts(shown, judged), lang),
                *([] if cover is None else [cover_legend(store, cover, within, lang)]),
            ),
            notes=(say("no_scenes_yet", lang),) if cover is None else cover.notes(lang),
            attribution=() if cover is None else cover.attribution(lang),
            sites=verdict_marks(shown, judged, within, lang, links),
            land_cover=series,
            right_year=None if cover is None else cover.to_year,
            bars={} if cover is None else _class_bars(store, site, cover, lang),
            basemap_url=basemap_url,
        ),
        links=links,
    )


def _class_bars(store: Store, site: Site, shown: ShownCover, lang: Lang) -> dict[int, tuple[ClassBar, ...]]:
    """The classes inside the site in every year, largest first, by exact coverage."""
    grids = {scene.grid for scene in shown.scenes}
    coverages = {grid: cover(grid, np.array([site.site_id], np.int64), [site.geometry]) for grid in grids}
    bars = {}
    for scene in shown.scenes:
        areas = class_areas(coverages[scene.grid], scene, store.locate(scene))
        units = dict(zip(areas.code.tolist(), areas.units.tolist(), strict=True))
        bars[scene.year] = _bars(units, shown.about, lang)
    return bars


def _bars(units: Mapping[int, int], about: Product, lang: Lang) -> tuple[ClassBar, ...]:
    drawn = {code for code, row in about.legend.items() if row.role is not Role.NO_DATA}
    known = {code: area for code, area in units.items() if code in drawn}
    whole = sum(known.values())
    ordered = sorted(known.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(
        ClassBar(
            about.legend[code].zh if lang == "zh" else about.legend[code].en,
            about.legend[code].colour,
            hectares(ha_from_units(area), lang),
            area / whole,
        )
        for code, area in ordered
    )
