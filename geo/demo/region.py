"""The demo's sites on the ground: where they lie, how they are shaped, what they are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer
from shapely import LineString, MultiLineString, MultiPolygon, Point
from shapely.affinity import translate

from geo.cities import City, Level
from geo.demo.coalfields import COALFIELDS, PREFECTURES, Coalfield
from geo.demo.shapes import blob, in_parts, with_hole
from geo.outlines import UnitAssignment, UnitIndex
from geo.sites import Kind

CRS: Final = "EPSG:32650"
"""UTM zone 50 N, whose central meridian of 117 degrees runs through the basin; metres."""

GAP_M: Final = 60.0
DEGREE_DECIMALS: Final = 7


@dataclass(frozen=True, slots=True)
class KindPlan:
    """How many sites of a kind there are (`weight`), how large (hectares) and how they are called."""

    weight: float
    low_ha: float
    median_ha: float
    high_ha: float
    zh: str
    en: str
    hilly: bool = False


KIND_PLANS: Final[Mapping[Kind, KindPlan]] = {
    Kind.SUBSIDENCE: KindPlan(44, 8, 75, 400, "采煤沉陷区", "coal-mining subsidence area"),
    Kind.COAL_GANGUE: KindPlan(14, 1, 7, 30, "矸石山", "coal gangue heap"),
    Kind.OPEN_PIT: KindPlan(13, 2, 15, 90, "露天采石场", "open limestone pit", hilly=True),
    Kind.INDUSTRIAL_YARD: KindPlan(8, 2, 11, 45, "煤矿工业广场", "colliery yard"),
    Kind.UNDERGROUND: KindPlan(6, 10, 60, 220, "井下采空区", "underground goaf"),
    Kind.WASTE_DUMP: KindPlan(5, 2, 14, 60, "废石堆场", "waste rock dump", hilly=True),
    Kind.TAILINGS: KindPlan(3, 3, 14, 50, "煤泥尾矿库", "coal slurry pond"),
    Kind.ISOLATED_DISTRICT: KindPlan(3, 10, 35, 120, "独立工矿区", "isolated mining district"),
    Kind.OTHER: KindPlan(4, 1, 5, 20, "砖瓦窑取土场", "brick-kiln borrow pit"),
}


@dataclass(frozen=True, slots=True)
class SitePlan:
    """One site of the demo.

    `geometry` is in longitude and latitude (degrees, 7 decimals), `metres` the same polygon in `CRS`.
    """

    code: str
    name: str
    name_en: str
    town: str
    kind: Kind
    geometry: MultiPolygon
    metres: MultiPolygon
    unit: UnitAssignment


@dataclass(frozen=True, slots=True)
class _Placed:
    field: Coalfield
    town: tuple[str, str]
    kind: Kind
    geometry: MultiPolygon


def plan_sites(units: Sequence[City], *, seed: int, n_sites: int) -> tuple[SitePlan, ...]:
    """The sites of the demo, the same for the same `units`, `seed` and `n_sites`.

    `units` are provinces, prefectures and counties with outlines, among them those of `PREFECTURES`.
    """
    region = [unit for unit in units if _prefecture_of(unit) in PREFECTURES]
    placed = _place_all(region, rng=np.random.default_rng([seed, 1]), n_sites=n_sites)
    assignments = UnitIndex(units).assign([site.geometry for site in placed])
    return _named(placed, assignments, {unit.adcode: unit for unit in units})


def quotas(weights: Mapping[Kind, float], total: int) -> dict[Kind, int]:
    """`total` shared out by weight, the largest remainders first; at least one each where it can be.

    >>> quotas({Kind.OPEN_PIT: 3, Kind.OTHER: 1}, 8)
    {<Kind.OPEN_PIT: 'open_pit'>: 6, <Kind.OTHER: 'other'>: 2}
    """
    base = 1 if total >= len(weights) else 0
    spare = total - base * len(weights)
    exact = {kind: spare * weight / sum(weights.values()) for kind, weight in weights.items()}
    counts = {kind: base + int(share) for kind, share in exact.items()}
    by_remainder = sorted(exact, key=lambda kind: int(exact[kind]) - exact[kind])
    for kind in by_remainder[: total - sum(counts.values())]:
        counts[kind] += 1
    return counts


def _prefecture_of(unit: City) -> str | None:
    return unit.adcode if unit.level is Level.PREFECTURE else unit.parent


def _place_all(region: Sequence[City], *, rng: np.random.Generator, n_sites: int) -> list[_Placed]:
    prefectures = {
        unit.adcode: unit.outline for unit in region if unit.level is Level.PREFECTURE and unit.outline
    }
    borders = {
        code: shapely.union_all(
            [unit.outline.boundary for unit in region if unit.parent == code and unit.outline is not None]
        )
        for code in prefectures
    }
    for outline in prefectures.values():
        shapely.prepare(outline)
    forward = Transformer.from_crs("EPSG:4326", CRS, always_xy=True)
    back = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    kinds = _shuffled_kinds(rng, n_sites)
    placed: list[_Placed] = []
    taken: list[MultiPolygon] = []
    for index, kind in enumerate(kinds):
        field = _field_for(rng, kind)
        shape = _shape(rng, kind, index)
        partner = taken[-1] if index % 61 == 30 and taken else None
        border = borders[field.prefecture] if index % 43 == 20 else None
        moved = _settle(
            rng, shape, field, outline=prefectures[field.prefecture], border=border, partner=partner,
            taken=taken, project=forward,
        )  # fmt: skip
        if partner is not None:
            field = placed[-1].field
        town = field.towns[int(rng.integers(len(field.towns)))]
        taken.append(moved)
        placed.append(_Placed(field, town, kind, _degrees(moved, back)))
    return placed


def _shuffled_kinds(rng: np.random.Generator, n_sites: int) -> list[Kind]:
    counts = quotas({kind: plan.weight for kind, plan in KIND_PLANS.items()}, n_sites)
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    return [kinds[i] for i in np.argsort(rng.random(len(kinds)), kind="stable").tolist()]


def _field_for(rng: np.random.Generator, kind: Kind) -> Coalfield:
    fields = [field for field in COALFIELDS if field.hilly or not KIND_PLANS[kind].hilly]
    reach = np.cumsum([field.weight for field in fields])
    return fields[int(np.searchsorted(reach, rng.random() * reach[-1], side="right"))]


def _shape(rng: np.random.Generator, kind: Kind, index: int) -> MultiPolygon:
    """An outline of the kind in metres around (0, 0); one in 17 has parts, one in 29 a hole."""
    plan = KIND_PLANS[kind]
    area_ha = float(np.clip(plan.median_ha * np.exp(rng.normal(0, 0.75)), plan.low_ha, plan.high_ha))
    elongation = rng.uniform(1.0, 2.2)
    if index % 17 == 6 and area_ha > 3:
        return in_parts(rng, area_ha, elongation=elongation)
    shape = blob(rng, area_ha, elongation=elongation)
    return MultiPolygon([with_hole(shape) if index % 29 == 11 and area_ha > 6 else shape])


def _settle(
    rng: np.random.Generator,
    shape: MultiPolygon,
    field: Coalfield,
    *,
    outline: MultiPolygon,
    border: shapely.Geometry | None,
    partner: MultiPolygon | None,
    taken: Sequence[MultiPolygon],
    project: Transformer,
) -> MultiPolygon:
    """`shape` moved to its place in `CRS`: clear of `taken`, astride `border`, or upon its `partner`."""
    if partner is not None:
        return _beside(shape, partner)
    spread_deg = field.spread_km / 111.0
    for attempt in range(400):
        wider = spread_deg * (1 + attempt / 40)
        at = Point(field.lon + rng.normal(0, wider) * 1.2, field.lat + rng.normal(0, wider))
        if border is not None and isinstance(border, LineString | MultiLineString):
            at = border.interpolate(border.project(at))
        elif not outline.contains(at):
            continue
        x, y = project.transform(at.x, at.y)
        moved = translate(shape, x, y)
        if not taken or float(shapely.distance(np.asarray(taken, dtype=object), moved).min()) > GAP_M:
            return moved
    return translate(shape, *project.transform(field.lon, field.lat))


def _beside(shape: MultiPolygon, partner: MultiPolygon) -> MultiPolygon:
    """`shape` moved so that its edge lies over that of `partner`."""
    left, _, right, _ = partner.bounds
    own_left, _, own_right, _ = shape.bounds
    centre = partner.centroid
    return translate(shape, centre.x + 0.4 * (right - left) + 0.3 * (own_right - own_left), centre.y)


def _degrees(metres: MultiPolygon, back: Transformer) -> MultiPolygon:
    def to_degrees(coordinates: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        lon, lat = back.transform(coordinates[:, 0], coordinates[:, 1])
        return np.round(np.column_stack([lon, lat]), DEGREE_DECIMALS)

    return shapely.transform(metres, to_degrees)


def to_metres(geometries: Sequence[MultiPolygon]) -> list[MultiPolygon]:
    """The polygons (longitude and latitude in degrees) in `CRS`, metres."""
    forward = Transformer.from_crs("EPSG:4326", CRS, always_xy=True)

    def project(
        coordinates: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    ) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        return np.column_stack(forward.transform(coordinates[:, 0], coordinates[:, 1]))

    return list(shapely.transform(np.asarray(geometries, dtype=object), project))


def _named(
    placed: Sequence[_Placed], assignments: Sequence[UnitAssignment], units: Mapping[str, City]
) -> tuple[SitePlan, ...]:
    numbers: Counter[tuple[str | None, str, Kind]] = Counter()
    serials: Counter[str] = Counter()
    plans = []
    metres = to_metres([site.geometry for site in placed])
    for site, unit, projected in zip(placed, assignments, metres, strict=True):
        adcode = unit.adcode or site.field.prefecture
        numbers[adcode, site.town[0], site.kind] += 1
        serials[adcode] += 1
        number, holder, plan = numbers[adcode, site.town[0], site.kind], units[adcode], KIND_PLANS[site.kind]
        plans.append(
            SitePlan(
                code=f"0{adcode}{serials[adcode]:04d}",
                name=f"{holder.name_zh}{site.town[0]}{plan.zh}{number}号",
                name_en=f"{site.town[1]} {plan.en} No. {number}, {holder.name_en}",
                town=site.town[0],
                kind=site.kind,
                geometry=site.geometry,
                metres=projected,
                unit=unit,
            )
        )
    return tuple(plans)
