"""Redrawing: sites that leave so that others enter on the same day, by a split or a merge. Pure.

The new sites carry on what the old ones were: their statuses with their days, kind, target and the rest. What
the outlines gain or lose in hectares is told, never spread. Since sites leave, a second person releases it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from itertools import combinations
from typing import Final

import shapely
from shapely import MultiPolygon, Polygon

from geo.areas import geodesic_area_units, ha_from_units
from geo.canonical import parse_json
from geo.changes import FutureDate, NewSite
from geo.errors import Conflict, InvalidInput, Refused
from geo.facts import current, says_nothing, standing, units_in
from geo.history import Fact, HistoryRow
from geo.sites import Site
from geo.status import Status

OVERLAP_ALLOWED_UNITS: Final = 10_000
"""Parts may lie over each other by 1 m2: what two drawings of one line differ by."""

_OF_THE_WHOLE: Final = re.compile("_ha$|^cost_")
"""Free fields that say something of the whole site, which is true of none of its parts."""

_CARRIED: Final = (
    Fact.NAME,
    Fact.KIND,
    Fact.TARGET_USE,
    Fact.RESPONSIBLE,
    Fact.APPROACH,
    Fact.DAMAGE_YEAR,
    Fact.TREATMENT_START,
    Fact.TREATMENT_END,
    Fact.SETTLEMENT,
    Fact.PONDING,
    Fact.ATTRIBUTES,
)
_FOUND_ANEW: Final = frozenset({Fact.MEMBERSHIP, Fact.UNIT})
_AGREED: Final = (Fact.STATUS, Fact.KIND, Fact.TARGET_USE, Fact.RESPONSIBLE)


class TooFewSites(InvalidInput):
    """A split gives two sites or more, and a merge takes as many."""

    template = "a {kind} needs two sites or more"


class PartsOverlap(InvalidInput):
    """The same land would belong to two of the new sites."""

    template = (
        "{first} and {second} overlap by {overlap_ha:.4f} ha: a split gives each piece of land to one site"
    )


class SitesDiffer(Refused):
    """The sites say different things of a fact that a rate depends on."""

    template = (
        "the sites differ in {fact} ({values}): make them equal first, or say which holds for the merged site"
    )


class StatedLater(Conflict):
    """Something is said of a site for a day after the redrawing, which its successors would not have."""

    template = (
        "{fact} of {site_code} is stated for {stated_on}, after the site would leave on {effective_on}: "
        "choose that day or a later one, or the fact would be lost"
    )


class SplitLineMisses(InvalidInput):
    """The line does not part the polygon."""

    template = "the line does not cut the site in two: draw it from outside to outside"


class RedrawingKind(StrEnum):
    """What is redrawn."""

    SPLIT = "split"
    MERGE = "merge"


@dataclass(frozen=True, slots=True)
class Part:
    """One of the new sites: its code, its polygon, and the facts that are stated for it alone."""

    site_code: str
    geometry: MultiPolygon
    facts: Mapping[Fact, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Redrawing:
    """Sites that leave and sites that enter on `effective_on`.

    `versions` are those of the leaving sites as they were read; `shared` names the declared areas that were
    divided by area because nobody stated them.
    """

    kind: RedrawingKind
    site_ids: tuple[int, ...]
    versions: tuple[int, ...]
    enters: tuple[NewSite, ...]
    effective_on: date
    reason: str
    left_units: int
    shared: tuple[Fact, ...] = ()

    @property
    def entered_units(self) -> int:
        """The area of the new sites, in units of 1e-4 m2."""
        return sum(site.area_units for site in self.enters)

    @property
    def difference_units(self) -> int:
        """How much more the new sites cover than the old ones, in units of 1e-4 m2; negative for less."""
        return self.entered_units - self.left_units


@dataclass(frozen=True, slots=True)
class Known:
    """A site together with its history, as a redrawing reads it."""

    site: Site
    rows: Sequence[HistoryRow]


def plan_split(
    known: Known, parts: Sequence[Part], *, effective_on: date, reason: str, today: date
) -> Redrawing:
    """The site leaves and its parts enter.

    Declared areas that no part states are divided by area, to the last unit. Raises `TooFewSites`,
    `PartsOverlap`, `FutureDate`.
    """
    if len(parts) < 2:
        raise TooFewSites(kind=RedrawingKind.SPLIT)
    _check_day(effective_on, today)
    _check_apart(parts)
    areas = [geodesic_area_units(part.geometry) for part in parts]
    carried = _carried(known, effective_on)
    if isinstance(attributes := carried.get(Fact.ATTRIBUTES), Mapping):
        carried[Fact.ATTRIBUTES] = {
            name: value for name, value in attributes.items() if not _OF_THE_WHOLE.search(name)
        }
    facts = [carried | dict(part.facts) for part in parts]
    shared = []
    for fact in (Fact.DAMAGED, Fact.RESTORED):
        total = units_in(_value(known, fact, effective_on))
        if total is not None and not any(fact in part.facts for part in parts):
            shared.append(fact)
            for each, share in zip(facts, divided(total, areas), strict=True):
                each[fact] = {"units": share}
    statuses = _statuses(known, effective_on)
    enters = tuple(
        _entering(part, area, each, statuses, effective_on, [known.site])
        for part, area, each in zip(parts, areas, facts, strict=True)
    )
    return Redrawing(
        kind=RedrawingKind.SPLIT,
        site_ids=(known.site.site_id,),
        versions=(known.site.version,),
        enters=enters,
        effective_on=effective_on,
        reason=reason,
        left_units=known.site.area_units,
        shared=tuple(shared),
    )


def plan_merge(
    sites: Sequence[Known],
    *,
    site_code: str,
    facts: Mapping[Fact, object],
    effective_on: date,
    reason: str,
    today: date,
) -> Redrawing:
    """The sites leave and one enters that covers them all.

    Facts that a rate depends on must agree, or be stated in `facts`; declared areas are summed, unknown where
    one is. Raises `TooFewSites`, `SitesDiffer`, `FutureDate`.
    """
    if len({known.site.site_id for known in sites}) < 2:
        raise TooFewSites(kind=RedrawingKind.MERGE)
    _check_day(effective_on, today)
    for fact in _AGREED:
        _check_agreed(sites, fact, facts, effective_on)
    merged = _common(sites, effective_on)
    for fact in (Fact.DAMAGED, Fact.RESTORED):
        stated = [units_in(_value(known, fact, effective_on)) for known in sites]
        known_units = [units for units in stated if units is not None]
        merged[fact] = {"units": sum(known_units) if len(known_units) == len(stated) else None}
    geometry = polygons_of(shapely.union_all([known.site.geometry for known in sites]))
    latest = max(sites, key=lambda known: known.site.status_since)
    part = Part(site_code, geometry, {**facts})
    enter = _entering(
        part,
        geodesic_area_units(geometry),
        merged | dict(facts),
        _statuses(latest, effective_on),
        effective_on,
        [known.site for known in sites],
    )
    return Redrawing(
        kind=RedrawingKind.MERGE,
        site_ids=tuple(known.site.site_id for known in sites),
        versions=tuple(known.site.version for known in sites),
        enters=(enter,),
        effective_on=effective_on,
        reason=reason,
        left_units=sum(known.site.area_units for known in sites),
    )


def check_nothing_later(known: Known, day: date) -> None:
    """Raise `StatedLater` where something is said of the site for a day after it would leave."""
    for row in standing(known.rows):
        if row.effective_on > day and row.fact not in _FOUND_ANEW:
            raise StatedLater(
                fact=row.fact.value,
                site_code=known.site.site_code,
                stated_on=row.effective_on,
                effective_on=day,
            )


def placed(redrawing: Redrawing, units: Sequence[object]) -> Redrawing:
    """The redrawing with the unit of each new site stated, in their order (see `Fact.UNIT`)."""
    enters = tuple(
        replace(site, facts={**site.facts, Fact.UNIT: unit})
        for site, unit in zip(redrawing.enters, units, strict=True)
    )
    return replace(redrawing, enters=enters)


def entering_units(redrawing: Redrawing) -> tuple[str | None, ...]:
    """The codes of the units that the new sites lie in."""
    stated = [site.facts.get(Fact.UNIT) for site in redrawing.enters]
    return tuple(unit.get("adcode") if isinstance(unit, Mapping) else None for unit in stated)


def split_by_line(geometry: MultiPolygon, line: shapely.LineString) -> list[MultiPolygon]:
    """The pieces into which the line (longitude, latitude) cuts the polygon, the largest first.

    Parts of the site that the line does not meet stay with the largest piece. Raises `SplitLineMisses`.
    """
    cut: list[Polygon] = []
    untouched: list[Polygon] = []
    for polygon in geometry.geoms:
        pieces = _cut(polygon, line)
        if len(pieces) > 1:
            cut.extend(pieces)
        else:
            untouched.append(polygon)
    if not cut:
        raise SplitLineMisses
    cut.sort(key=geodesic_area_units, reverse=True)
    return [MultiPolygon([cut[0], *untouched]), *(MultiPolygon([piece]) for piece in cut[1:])]


def _cut(polygon: Polygon, line: shapely.LineString) -> list[Polygon]:
    """The faces of the polygon's border and the line that lie inside the polygon."""
    noded = shapely.union_all([polygon.boundary, line])
    faces = shapely.get_parts(shapely.polygonize([noded]))
    return [face for face in faces if polygon.contains(face.representative_point())]


def divided(total: int, areas: Sequence[int]) -> list[int]:
    """`total` in whole units, divided by area; the shares sum to it exactly.

    >>> divided(10, [1, 1, 1])
    [4, 3, 3]
    """
    whole = sum(areas)
    shares = [total * area // whole if whole else 0 for area in areas]
    by_rest = sorted(range(len(areas)), key=lambda i: (-(total * areas[i] % whole if whole else 0), i))
    for index in by_rest[: total - sum(shares)]:
        shares[index] += 1
    return shares


def polygons_of(geometry: shapely.Geometry) -> MultiPolygon:
    """The polygons of a geometry, what is thinner left out."""
    parts = shapely.get_parts(geometry)
    return MultiPolygon([part for part in parts if isinstance(part, Polygon) and not part.is_empty])


def _check_day(effective_on: date, today: date) -> None:
    if effective_on > today:
        raise FutureDate(effective_on=effective_on, today=today)


def _check_apart(parts: Sequence[Part]) -> None:
    for first, second in combinations(parts, 2):
        common = geodesic_area_units(polygons_of(shapely.intersection(first.geometry, second.geometry)))
        if common > OVERLAP_ALLOWED_UNITS:
            raise PartsOverlap(
                first=first.site_code, second=second.site_code, overlap_ha=ha_from_units(common)
            )


def _check_agreed(sites: Sequence[Known], fact: Fact, stated: Mapping[Fact, object], day: date) -> None:
    values = [_value(known, fact, day) for known in sites]
    if fact in stated or len(set(values)) == 1:
        return
    words = ", ".join(
        f"{known.site.site_code}: {'unknown' if value is None else parse_json(value)}"
        for known, value in zip(sites, values, strict=True)
    )
    raise SitesDiffer(fact=fact.value, values=words)


def _value(known: Known, fact: Fact, day: date) -> str | None:
    row = current(known.rows, on=day).get(fact)
    return None if row is None else row.value


def _carried(known: Known, day: date) -> dict[Fact, object]:
    now = current(known.rows, on=day)
    return {
        fact: parse_json(now[fact].value)
        for fact in _CARRIED
        if fact in now and not says_nothing(now[fact].value)
    }


def _common(sites: Sequence[Known], day: date) -> dict[Fact, object]:
    """What all of the sites say alike; of their free fields those that all have alike."""
    carried = [_carried(known, day) for known in sites]
    alike = {
        fact: value
        for fact, value in carried[0].items()
        if all(other.get(fact) == value for other in carried[1:])
    }
    fields = [each.get(Fact.ATTRIBUTES) for each in carried]
    kept = [each for each in fields if isinstance(each, Mapping)]
    if len(kept) == len(sites):
        alike[Fact.ATTRIBUTES] = {
            name: value
            for name, value in kept[0].items()
            if all(name in other and other[name] == value for other in kept[1:])
        }
    return alike


def _statuses(known: Known, day: date) -> tuple[tuple[Status, date], ...]:
    return tuple(
        (Status(str(parse_json(row.value))), row.effective_on)
        for row in standing(known.rows)
        if row.fact is Fact.STATUS and row.effective_on <= day
    )


def _entering(
    part: Part,
    area_units: int,
    facts: Mapping[Fact, object],
    statuses: tuple[tuple[Status, date], ...],
    day: date,
    before: Sequence[Site],
) -> NewSite:
    attributes = facts.get(Fact.ATTRIBUTES)
    kept = dict(attributes) if isinstance(attributes, Mapping) else {}
    kept["predecessors"] = [site.site_code for site in before]
    return NewSite(
        site_code=part.site_code,
        geometry=part.geometry,
        area_units=area_units,
        facts={**facts, Fact.ATTRIBUTES: kept},
        entered_on=day,
        source_crs=before[0].source_crs,
        extra=before[0].extra if len(before) == 1 else {},
        status_rows=statuses,
    )
