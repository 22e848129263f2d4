"""Sites and units as marks of a map: geometry as drawn, style from the tables, numbers with their units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import shapely

from geo.areas import ha_from_units
from geo.cities import City
from geo.evidence.verdict import Evidence
from geo.history import SiteState
from geo.rates import CityRate
from geo.recovery import Recovery
from geo.sites import Site
from geo.status import Status
from geo.words import Lang, label, sentence
from tiles.map_model import Mark, Rows
from tiles.outlines import (
    Bounds,
    bounds_of,
    detail_deg,
    drawn_outlines,
    drawn_sites,
    geojson_geometry,
    name_places,
    padded,
)
from tiles.style import rate_class, status_colour, verdict_colour, verdict_dash

POINTS_FROM: Final = 5000
"""A map of more sites than this shows points instead of polygons."""

_POINT_ROWS: Final = 3
_POINT_RADIUS_PX: Final = 4
_WHITE: Final = "#ffffff"

_PROPOSED_DASH: Final = "5 4"
_EDGE: Final = "#26352d"
_BORDER: Final = "#7c8a83"
_NEAR: Final = 0.7


def say(slug: str, lang: Lang, **values: object) -> str:
    """A sentence of `data/reference/words_maps.csv`."""
    return sentence("words_maps", slug, lang, **values)


def hectares(value: float | None, lang: Lang) -> str:
    """Hectares with their unit; the word for unknown where there is no value.

    >>> hectares(1234.5678, "en")
    '1,234.57 ha'
    """
    return say("unknown", lang) if value is None else say("ha", lang, value=f"{value:,.2f}")


def percent(share: float | None, lang: Lang) -> str:
    """A share as per cent with one decimal; the word for unknown where there is none.

    >>> percent(0.567, "en")
    '56.7 %'
    """
    return say("unknown", lang) if share is None else say("percent", lang, value=f"{share * 100:.1f}")


def unit_name(city: City | None, lang: Lang) -> str:
    """The name of a unit; '' for none."""
    if city is None:
        return ""
    return (city.name_zh or city.name_en) if lang == "zh" else (city.name_en or city.name_zh)


def site_title(site: Site, proposed: bool) -> str:
    """Code and name of a site, with an asterisk while a change of it awaits its second person."""
    name = f" {site.name}" if site.name and site.name != site.site_code else ""
    return f"{site.site_code}{name}{' *' if proposed else ''}"


def site_rows(
    site: Site, state: SiteState | None, units: Mapping[str, City], lang: Lang, *, proposed: bool
) -> Rows:
    """What the map says of a site on paper: status and since when, areas, kind, unit, open proposal."""
    facts: Site | SiteState = site if state is None else state
    damaged = None if facts.damaged_units is None else ha_from_units(facts.damaged_units)
    restored = None if facts.restored_units is None else ha_from_units(facts.restored_units)
    rows = [
        (say("status", lang), label("status", facts.status, lang)),
        (say("area", lang), hectares(ha_from_units(facts.area_units), lang)),
        (say("kind", lang), label("kinds", facts.kind, lang)),
        (say("since", lang), facts.status_since.isoformat()),
        (say("damaged", lang), hectares(damaged, lang)),
        (say("restored", lang), hectares(restored, lang)),
        (say("target_use", lang), label("targets", facts.target_use, lang)),
    ]
    if facts.adcode is not None:
        rows.append((say("unit", lang), unit_name(units.get(facts.adcode), lang) or facts.adcode))
    if proposed:
        rows.append((say("proposed_short", lang), say("proposed", lang)))
    return tuple(rows)


def evidence_rows(evidence: Evidence | None, recovery: Recovery | None, lang: Lang) -> Rows:
    """What the land cover says of a site: verdict, shares and hectares with their years."""
    if evidence is None:
        return ((say("verdict", lang), say("not_judged", lang)),)
    verdict = label("verdicts", evidence.verdict, lang) or say("not_judged", lang)
    rows = [
        (say("verdict", lang), verdict),
        (say("recovered_share", lang), percent(evidence.recovered_share, lang)),
        (say("status_at", lang, year=evidence.to_year), label("status", evidence.status, lang)),
        (say("raw_share", lang), percent(evidence.raw_recovered_share, lang)),
        (say("valid_share", lang), percent(evidence.valid_share, lang)),
    ]
    if recovery is not None:
        rows += [
            (
                f"{say('baseline', lang)} {recovery.from_year}",
                _units(recovery.disturbed_baseline_units, lang),
            ),
            (f"{say('recovered', lang)} {recovery.to_year}", _units(recovery.recovered_units, lang)),
            (say("still_disturbed", lang), _units(recovery.still_disturbed_units, lang)),
            (say("new_damage", lang), _units(recovery.new_damage_units, lang)),
        ]
    if evidence.worklist_units:
        rows.append((say("worklist", lang), hectares(ha_from_units(evidence.worklist_units), lang)))
    return tuple(rows)


def _units(units: int, lang: Lang) -> str:
    return hectares(ha_from_units(units), lang)


def status_style(status: Status, proposed: bool) -> dict[str, str | float | bool]:
    """Filled by status; dashed while a change awaits its second person."""
    style: dict[str, str | float | bool] = {
        "color": _EDGE,
        "weight": 1.2,
        "opacity": 0.9,
        "fillColor": status_colour(status),
        "fillOpacity": 0.85,
    }
    if proposed:
        style |= {"dashArray": _PROPOSED_DASH, "weight": 2.4}
    return style


def verdict_style(evidence: Evidence | None) -> dict[str, str | float | bool]:
    """Outlined by verdict, unfilled, so that the land cover stays visible."""
    verdict = None if evidence is None else evidence.verdict
    style: dict[str, str | float | bool] = {
        "color": verdict_colour(verdict),
        "weight": 3,
        "opacity": 1,
        "fillOpacity": 0,
        "fillColor": _WHITE,
    }
    dash = verdict_dash(verdict)
    return style | {"dashArray": dash} if dash else style


def are_points(marks: Sequence[object]) -> bool:
    """Whether so many sites are drawn as points."""
    return len(marks) > POINTS_FROM


def settled(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """The marks of sites as they are drawn: those of many are filled points with few words."""
    if not are_points(marks):
        return tuple(marks)
    return tuple(
        replace(mark, style=_point_style(mark.style), rows=mark.rows[:_POINT_ROWS], words="")
        for mark in marks
    )


def points_notes(marks: Sequence[Mark], lang: Lang) -> tuple[str, ...]:
    """That sites are shown as points, where they are."""
    return (say("points_only", lang),) if are_points(marks) else ()


def _point_style(style: Mapping[str, str | float | bool]) -> dict[str, str | float | bool]:
    outlined = style["fillOpacity"] == 0
    made: dict[str, str | float | bool] = {
        "radius": _POINT_RADIUS_PX,
        "color": _WHITE if outlined else style["color"],
        "weight": 1,
        "opacity": 0.9,
        "fill": True,
        "fillColor": style["color"] if outlined else style["fillColor"],
        "fillOpacity": 1,
    }
    return made if outlined or "dashArray" not in style else made | {"weight": 2}


def site_geometries(found: Sequence[Site], bounds: Bounds) -> list[Mapping[str, object]]:
    """The drawn geometry of each site: polygons, or points inside them where there are too many."""
    shapes = [site.geometry for site in found]
    if not are_points(shapes):
        return list(drawn_sites(shapes, detail_deg(bounds)))
    inside = shapely.point_on_surface(np.array(shapes, dtype=object))
    return [geojson_geometry(point) for point in inside]


def unit_marks(
    rated: Sequence[City],
    around: Sequence[City],
    rates: Mapping[str, CityRate],
    sites_by_unit: Mapping[str, Bounds],
    bounds: Bounds,
    lang: Lang,
) -> list[Mark]:
    """The choropleth: units near the map's bounds, coloured by rate; of nested units the smaller lies above.

    `sites_by_unit` says what a click zooms to. Units of one level are simplified together.
    """
    near = padded(bounds, _NEAR)
    chosen = {city.adcode: city for city in (*around, *rated) if _meets(city, near)}
    marks = []
    for level in ("province", "prefecture", "county"):
        cities = [city for city in chosen.values() if city.level.value == level]
        shapes = [city.outline for city in cities if city.outline is not None]
        for city, geometry in zip(cities, drawn_outlines(shapes, detail_deg(bounds)), strict=True):
            rate = rates.get(city.adcode)
            marks.append(_unit_mark(city, geometry, rate, sites_by_unit.get(city.adcode), lang))
    return marks


def border_marks(
    around: Sequence[City],
    sites_by_unit: Mapping[str, Bounds],
    bounds: Bounds,
    lang: Lang,
    *,
    chosen: str | None = None,
) -> list[Mark]:
    """The outlines and names alone of the units near the map's bounds, to find one's way by.

    `sites_by_unit` says what a click on a name zooms to. The unit `chosen` has the stronger outline.
    """
    usual: dict[str, str | float | bool] = {"color": _BORDER, "weight": 1, "opacity": 0.7, "fill": False}
    strong = usual | {"color": _EDGE, "weight": 2, "opacity": 0.9}
    near = padded(bounds, _NEAR)
    cities = [city for city in around if _meets(city, near)]
    outlines = [city.outline for city in cities if city.outline is not None]
    drawn = zip(cities, drawn_outlines(outlines, detail_deg(bounds)), name_places(outlines), strict=True)
    return [
        Mark(
            city.adcode,
            geometry,
            strong if city.adcode == chosen else usual,
            "",
            zoom_to=_around(sites_by_unit.get(city.adcode)),
            name=unit_name(city, lang),
            name_at=place,
        )
        for city, geometry, place in drawn
    ]


def _around(sites: Bounds | None) -> Bounds | None:
    return None if sites is None else padded(sites, 0.05)


def _meets(city: City, box: Bounds) -> bool:
    found = None if city.outline is None else bounds_of([city.outline])
    if found is None:
        return False
    return found[0] <= box[2] and found[2] >= box[0] and found[1] <= box[3] and found[3] >= box[1]


def _unit_mark(
    city: City, geometry: Mapping[str, object], rate: CityRate | None, zoom_to: Bounds | None, lang: Lang
) -> Mark:
    step = rate_class(None if rate is None else rate.rate)
    style: dict[str, str | float | bool] = {
        "color": _BORDER,
        "weight": 0.8,
        "opacity": 0.9,
        "fillColor": step.colour,
        "fillOpacity": 1,
    }
    return Mark(
        city.adcode,
        geometry,
        style,
        say("city_scope", lang, name=unit_name(city, lang), adcode=city.adcode),
        _rate_rows(rate, lang),
        zoom_to=_around(zoom_to),
    )


def _rate_rows(rate: CityRate | None, lang: Lang) -> Rows:
    if rate is None:
        return ()
    if rate.rate is None:
        return ((say("rate", lang), label("reasons", rate.reason, lang)),)
    part, whole = f"{rate.numerator_ha or 0:,.1f}", f"{rate.denominator_ha or 0:,.1f}"
    return (
        (say("rate", lang), percent(rate.rate, lang)),
        (say("area", lang), say("of_ha", lang, part=part, whole=whole)),
        (say("n_sites", lang), f"{rate.n_sites:,}"),
    )
