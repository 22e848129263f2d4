"""The three maps of the store: remediation by status, recovery by land cover, one site by year."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from geo import clock
from geo.areas import ha_from_units
from geo.cities import City, Level, lineage
from geo.coverage import cover
from geo.evidence import Evidence
from geo.figures import rates_of
from geo.history import SiteState
from geo.landcover import Product, Role, product
from geo.ledger import states
from geo.observed import default_product
from geo.proposals import ProposalState
from geo.rates import CityRate, GroupBy, RateQuery
from geo.recovery import Recovery, TemporalRule
from geo.scenes import Scene
from geo.sites import Site
from geo.status import Status
from geo.store import Connection, Store, cities, get_setting, history, proposals, recoveries, scenes, sites
from geo.store.sites import SiteFilter
from geo.words import Lang, label
from geo.zonal import class_areas
from tiles import marks
from tiles.folium_map import map_html
from tiles.landcover import codes_present, grid_bounds, pictured_series, served_series
from tiles.legend import Legend, land_cover_legend, rate_legend, status_legend, verdict_legend
from tiles.links import SERVED, AssetLinks, save_page
from tiles.map_model import ClassBar, Figure, LandCover, MapPage, Mark
from tiles.marks import hectares, percent, say
from tiles.outlines import Bounds, bounds_of, padded

__all__ = ["recovery_html", "remediation_html", "save_page", "site_html"]

_WORLD: Final[Bounds] = (-170.0, -55.0, 170.0, 70.0)
_PADDING: Final = 0.06
_SITE_PADDING: Final = 0.35
_AROUND: Final = 0.8  # a window is wider or higher than the bounds fitted into it
_TIANDITU: Final = "Tianditu"


@dataclass(frozen=True, slots=True)
class _Inventory:
    """The sites of a map, the units of the store by code, and what every page says."""

    found: tuple[Site, ...]
    units: Mapping[str, City]
    proposed: frozenset[int]
    banner: str

    @property
    def bounds(self) -> Bounds | None:
        """Where the sites are, None without sites."""
        return bounds_of([site.geometry for site in self.found])

    def notes(self, lang: Lang) -> tuple[str, ...]:
        """Where the outlines come from, and what publishing them takes."""
        editions = sorted({city.edition for city in self.units.values()})
        if not editions:
            return ()
        named = say("outline_note", lang, edition=", ".join(editions))
        review = (say("review_note", lang),) if any(_TIANDITU in edition for edition in editions) else ()
        return (named, *review)

    def attribution(self, lang: Lang) -> tuple[str, ...]:
        """The outlines' source, as it stands at the map's edge."""
        return self.notes(lang)[:1]


def _inventory(conn: Connection, lang: Lang, city: str | None, site_id: int | None = None) -> _Inventory:
    if city is not None:
        cities.get(conn, city)
    if site_id is not None:
        found = [sites.get(conn, site_id)]
    else:
        found = sites.find(conn, SiteFilter(adcodes=frozenset({city}) if city else None, limit=None))
    waiting = proposals.find(conn, state=ProposalState.OPEN)
    synthetic = get_setting(conn, "synthetic") == "yes"
    return _Inventory(
        tuple(found),
        cities.all(conn),
        frozenset(proposal.site_id for proposal in waiting),
        say("synthetic", lang) if synthetic else "",
    )


def remediation_html(
    store: Store,
    *,
    city: str | None = None,
    as_of: date | None = None,
    lang: Lang = "zh",
    today: date | None = None,
    links: AssetLinks = SERVED,
    basemap_url: str = "",
) -> str:
    """The remediation map: units by treatment rate, sites by status, as of a day (default today).

    `city` is the code of any unit. Raises `UnknownCity`.
    """
    now = today or clock.today()
    day = as_of or now
    query, total = _total(store, day, city, now)
    by_city = {rate.key: rate for rate in rates_of(store, query, GroupBy.CITY, adcode=city, today=now)}
    with store.read() as conn:
        inventory = _inventory(conn, lang, city)
        past = None if day >= now else states(list(history.rows(conn)), as_of=day, known_at=clock.now_utc())
        here = tuple(site for site in inventory.found if past is None or site.site_id in past)
        bounds = padded(inventory.bounds or _WORLD, _PADDING)
        units = _unit_layer(conn, by_city, here, inventory.units, bounds, city, lang)
    shown = _status_marks(here, past, inventory, bounds, lang, links)
    return map_html(
        MapPage(
            lang=lang,
            title=say("remediation_title", lang),
            subtitle=_scope(inventory, city, lang),
            bounds=bounds,
            banner=inventory.banner,
            empty="" if here else say("no_sites_yet", lang),
            figures=(_headline(total, day, lang),),
            legends=(
                status_legend(_status_counts(here, past), lang, note=_proposal_note(inventory, here, lang)),
                *([rate_legend(lang)] if units else []),
            ),
            notes=(*_overlap_note(total, lang), *inventory.notes(lang), *_basemap_note(basemap_url, lang)),
            attribution=inventory.attribution(lang),
            units=tuple(units),
            sites=shown,
            sites_are_points=len(shown) > marks.POINTS_FROM,
            basemap_url=basemap_url,
        ),
        links=links,
    )


def _total(store: Store, day: date, city: str | None, today: date) -> tuple[RateQuery, CityRate]:
    """The rate of all sites: of the legacy ones, or of all where none of them is known to be legacy."""
    query = RateQuery(as_of=day)
    total = rates_of(store, query, GroupBy.ALL, adcode=city, today=today)[0]
    if total.n_sites == 0:
        query = RateQuery(as_of=day, responsible="all")
        total = rates_of(store, query, GroupBy.ALL, adcode=city, today=today)[0]
    return query, total


def _scope(inventory: _Inventory, city: str | None, lang: Lang) -> str:
    unit = inventory.units.get(city or "")
    if unit is None:
        return say("whole_area", lang)
    return say("city_scope", lang, name=marks.unit_name(unit, lang), adcode=unit.adcode)


def _headline(total: CityRate, day: date, lang: Lang) -> Figure:
    detail = say("as_of", lang, date=day.isoformat())
    if total.rate is None:
        detail = f"{say('rate_none', lang, reason=label('reasons', total.reason, lang))} · {detail}"
    else:
        part, whole = f"{total.numerator_ha or 0:,.1f}", f"{total.denominator_ha or 0:,.1f}"
        detail = f"{say('of_ha', lang, part=part, whole=whole)} · {detail}"
    value = "–" if total.rate is None else percent(total.rate, lang)
    definition = "rate_definition" if total.responsible == "legacy" else "rate_definition_all"
    return Figure(value, say("rate_headline", lang), detail, say(definition, lang))


def _overlap_note(total: CityRate, lang: Lang) -> tuple[str, ...]:
    return (say("overlap_note", lang, value=f"{total.overlap_ha:,.2f}"),) if total.overlap_ha > 0 else ()


def _basemap_note(url: str, lang: Lang) -> tuple[str, ...]:
    return (say("basemap_note", lang, url=url),) if url else ()


def _proposal_note(inventory: _Inventory, here: Sequence[Site], lang: Lang) -> str:
    return say("proposed", lang) if any(site.site_id in inventory.proposed for site in here) else ""


def _status_of(site: Site, past: Mapping[int, SiteState] | None) -> Status:
    return site.status if past is None else past[site.site_id].status


def _status_counts(here: Sequence[Site], past: Mapping[int, SiteState] | None) -> Counter[Status]:
    return Counter(_status_of(site, past) for site in here)


def _status_marks(
    here: Sequence[Site],
    past: Mapping[int, SiteState] | None,
    inventory: _Inventory,
    bounds: Bounds,
    lang: Lang,
    links: AssetLinks,
) -> tuple[Mark, ...]:
    made = []
    for site, geometry in zip(here, marks.site_geometries(here, bounds), strict=True):
        proposed = site.site_id in inventory.proposed
        status = _status_of(site, past)
        state = None if past is None else past[site.site_id]
        made.append(
            Mark(
                str(site.site_id),
                geometry,
                marks.status_style(status, proposed),
                marks.site_title(site, proposed),
                marks.site_rows(site, state, inventory.units, lang, proposed=proposed),
                group=status,
                href=_site_page(site, links),
            )
        )
    return tuple(made)


def _site_page(site: Site, links: AssetLinks) -> str:
    return f"{links.prefix}/sites/{site.site_id}" if links.served else ""


def _unit_layer(
    conn: Connection,
    rates: Mapping[str, CityRate],
    here: Sequence[Site],
    units: Mapping[str, City],
    bounds: Bounds,
    city: str | None,
    lang: Lang,
) -> list[Mark]:
    """The choropleth of the units that have a rate, amid the prefectures around them."""
    if not units or not here:
        return []
    by_unit: dict[str, list[Bounds]] = {}
    for site in here:
        box = bounds_of([site.geometry])
        for code in lineage(site.adcode, units) if site.adcode else ():
            by_unit.setdefault(code, []).append(box or bounds)
    spans = {code: _span(boxes) for code, boxes in by_unit.items()}
    wanted = {code for code, rate in rates.items() if rate.n_sites} | ({city} if city else set())
    rated = cities.outlines(conn, adcodes=wanted)
    around = cities.outlines(conn, level=Level.PREFECTURE)
    return marks.unit_marks(rated, around, rates, spans, bounds, lang)


def _span(boxes: Sequence[Bounds]) -> Bounds:
    low, high = np.array(boxes)[:, :2].min(axis=0), np.array(boxes)[:, 2:].max(axis=0)
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The product, edition and years that a map shows; `scenes` by year, ascending."""

    about: Product
    edition: str
    scenes: tuple[Scene, ...]
    from_year: int
    to_year: int

    def name(self, lang: Lang) -> str:
        """Product and edition in words."""
        title = self.about.zh if lang == "zh" else self.about.en
        return say("product_edition", lang, product=title, edition=self.edition)

    def notes(self, lang: Lang) -> tuple[str, ...]:
        """Source and accuracy of the product."""
        source = say("land_cover_note", lang, attribution=self.about.attribution)
        note = self.about.accuracy_note
        return (source, say("accuracy_note", lang, note=note)) if note else (source,)


def _choose(
    conn: Connection, product_slug: str | None, edition: str | None, years: tuple[int | None, int | None]
) -> _Chosen | None:
    """The scenes to show: as asked, else the product with most results and its current edition."""
    everything = scenes.find(conn)
    slug = product_slug or default_product(conn) or (everything[-1].product if everything else None)
    if slug is None:
        return None
    about = product(slug)
    chosen = edition or scenes.current_edition(conn, slug)
    found = tuple(scenes.find(conn, product=slug, edition=chosen)) if chosen else ()
    if chosen is None or not found:
        return None
    pairs = [pair for pair in recoveries.pairs(conn) if pair[:2] == (slug, chosen)]
    best = max(pairs, key=lambda pair: (pair[4], pair[3] - pair[2]), default=None)
    known = [scene.year for scene in found]
    first, last = (best[2], best[3]) if best else (known[0], known[-1])
    return _Chosen(
        about, chosen, found, _known_year(years[0], first, known), _known_year(years[1], last, known)
    )


def _known_year(asked: int | None, usual: int, known: Sequence[int]) -> int:
    """The asked year where it is registered, else the registered year nearest to it."""
    wanted = usual if asked is None else asked
    return min(known, key=lambda year: (abs(year - wanted), year))


def _series(
    store: Store, chosen: _Chosen, lang: Lang, links: AssetLinks, within: Bounds, every_year: bool
) -> LandCover:
    if links.served:
        return served_series(chosen.scenes, chosen.about, chosen.name(lang), links)
    ends = {chosen.from_year, chosen.to_year}
    found = tuple(scene for scene in chosen.scenes if every_year or scene.year in ends)
    return pictured_series(store, found, chosen.about, chosen.name(lang), links, padded(within, _AROUND))


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
        inventory = _inventory(conn, lang, city)
        chosen = _choose(conn, product, edition, (from_year, to_year))
        judged = _judged(conn, chosen)
        within = _map_bounds(inventory, chosen)
        borders = marks.border_marks(cities.outlines(conn, level=Level.PREFECTURE), within, lang)
    shown = _verdict_marks(inventory, judged, within, lang, links)
    cover = None if chosen is None else _series(store, chosen, lang, links, within, every_year=False)
    counts = Counter(
        None if site.site_id not in judged else judged[site.site_id][0].verdict for site in inventory.found
    )
    return map_html(
        MapPage(
            lang=lang,
            title=say("recovery_title", lang),
            subtitle=_recovery_subtitle(inventory, chosen, judged, city, lang),
            bounds=within,
            banner=inventory.banner,
            empty=_recovery_empty(inventory, chosen, lang),
            legends=(
                verdict_legend(counts, lang),
                *([] if chosen is None else [_cover_legend(store, chosen, within, lang)]),
            ),
            notes=(
                *([] if judged or chosen is None else [say("no_recovery_yet", lang)]),
                *(() if chosen is None else chosen.notes(lang)),
                *inventory.notes(lang),
                *_basemap_note(basemap_url, lang),
            ),
            attribution=(
                *(() if chosen is None else (f"{chosen.name(lang)} · {chosen.about.attribution}",)),
                *inventory.attribution(lang),
            ),
            units=tuple(borders),
            sites=shown,
            sites_are_points=len(shown) > marks.POINTS_FROM,
            land_cover=cover,
            left_year=None if chosen is None else chosen.from_year,
            right_year=None if chosen is None else chosen.to_year,
            basemap_url=basemap_url,
        ),
        links=links,
    )


def _recovery_empty(inventory: _Inventory, chosen: _Chosen | None, lang: Lang) -> str:
    if chosen is None:
        return say("no_scenes_yet", lang)
    return "" if inventory.found else say("no_sites_yet", lang)


def _recovery_subtitle(
    inventory: _Inventory,
    chosen: _Chosen | None,
    judged: Mapping[int, tuple[Evidence, Recovery | None]],
    city: str | None,
    lang: Lang,
) -> str:
    parts = [_scope(inventory, city, lang)]
    if chosen is not None:
        parts.append(chosen.name(lang))
    if chosen is not None and judged:
        parts.append(say("pair", lang, from_year=chosen.from_year, to_year=chosen.to_year))
    return " · ".join(parts)


def _map_bounds(inventory: _Inventory, chosen: _Chosen | None, *, padding: float = _PADDING) -> Bounds:
    if inventory.bounds is not None:
        return padded(inventory.bounds, padding)
    return _WORLD if chosen is None else grid_bounds(chosen.scenes[0].grid)


def _cover_legend(store: Store, chosen: _Chosen, within: Bounds, lang: Lang) -> Legend:
    seen = padded(within, _AROUND)
    return land_cover_legend(chosen.about, codes_present(store, chosen.scenes, seen), lang)


def _judged(conn: Connection, chosen: _Chosen | None) -> dict[int, tuple[Evidence, Recovery | None]]:
    """Each site's evidence of the later year, its baseline nearest to the earlier one, and its figures."""
    if chosen is None:
        return {}
    slug, edition = chosen.about.slug, chosen.edition
    figures = {
        (each.site_id, each.from_year, each.to_year): each
        for each in recoveries.find(conn, product=slug, edition=edition, rule=TemporalRule.MAJORITY3)
    }
    best: dict[int, Evidence] = {}
    for one in recoveries.evidence(conn, product=slug, edition=edition):
        if one.to_year == chosen.to_year:
            held = best.get(one.site_id)
            if held is None or _from_distance(one, chosen) < _from_distance(held, chosen):
                best[one.site_id] = one
    return {key: (one, figures.get((key, one.from_year, one.to_year))) for key, one in best.items()}


def _from_distance(one: Evidence, chosen: _Chosen) -> int:
    return abs(one.from_year - chosen.from_year)


def _verdict_marks(
    inventory: _Inventory,
    judged: Mapping[int, tuple[Evidence, Recovery | None]],
    bounds: Bounds,
    lang: Lang,
    links: AssetLinks,
) -> tuple[Mark, ...]:
    made = []
    for site, geometry in zip(inventory.found, marks.site_geometries(inventory.found, bounds), strict=True):
        evidence, recovery = judged.get(site.site_id, (None, None))
        proposed = site.site_id in inventory.proposed
        paper = marks.site_rows(site, None, inventory.units, lang, proposed=proposed)
        made.append(
            Mark(
                str(site.site_id),
                geometry,
                marks.verdict_style(evidence),
                marks.site_title(site, proposed),
                (*marks.evidence_rows(evidence, recovery, lang), *paper),
                group="none" if evidence is None or evidence.verdict is None else evidence.verdict,
                href=_site_page(site, links),
            )
        )
    return tuple(made)


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
        inventory = _inventory(conn, lang, None, site_id)
        chosen = _choose(conn, product, edition, (None, None))
        judged = _judged(conn, chosen)
    site = inventory.found[0]
    within = _map_bounds(inventory, chosen, padding=_SITE_PADDING)
    cover = None if chosen is None else _series(store, chosen, lang, links, within, every_year=True)
    mark = _verdict_marks(inventory, judged, within, lang, links)
    proposed = site.site_id in inventory.proposed
    return map_html(
        MapPage(
            lang=lang,
            title=say("site_title", lang, code=marks.site_title(site, proposed)),
            subtitle="" if chosen is None else chosen.name(lang),
            bounds=within,
            banner=inventory.banner,
            figures=(
                Figure(hectares(site.area_ha, lang), say("area", lang), label("status", site.status, lang)),
            ),
            legends=(
                verdict_legend(Counter([judged[site_id][0].verdict if site_id in judged else None]), lang),
                *([] if chosen is None else [_cover_legend(store, chosen, within, lang)]),
            ),
            notes=(say("no_scenes_yet", lang),) if chosen is None else chosen.notes(lang),
            attribution=() if chosen is None else (f"{chosen.name(lang)} · {chosen.about.attribution}",),
            sites=mark,
            land_cover=cover,
            right_year=None if chosen is None else chosen.to_year,
            bars={} if chosen is None else _class_bars(store, site, chosen, lang),
            basemap_url=basemap_url,
        ),
        links=links,
    )


def _class_bars(store: Store, site: Site, chosen: _Chosen, lang: Lang) -> dict[int, tuple[ClassBar, ...]]:
    """The classes inside the site in every year, largest first, by exact coverage."""
    grids = {scene.grid for scene in chosen.scenes}
    coverages = {grid: cover(grid, np.array([site.site_id], np.int64), [site.geometry]) for grid in grids}
    bars = {}
    for scene in chosen.scenes:
        areas = class_areas(coverages[scene.grid], scene, store.locate(scene))
        units = dict(zip(areas.code.tolist(), areas.units.tolist(), strict=True))
        bars[scene.year] = _bars(units, chosen.about, lang)
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
