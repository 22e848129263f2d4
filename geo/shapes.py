"""Polygons that somebody sent, judged one by one and brought to longitude and latitude."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely import LinearRing, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from geo.areas import geodesic_area_units, geodesic_areas_units, ha_from_units
from geo.crs import area_of_use, crs_suggestion, is_approximate, is_lonlat, parse_crs, to_lonlat
from geo.imports.findings import finding
from geo.imports.receipts import Finding
from geo.words import Lang

MAX_VERTICES: Final = 1_000_000
BEYOND_USE_DEGREES: Final = 3.0
"""How far beyond the area of use of its coordinate system a site may lie before it is refused."""

_FLAT_TYPES: Final = frozenset({"Polygon", "MultiPolygon"})
_SLIVER_M2: Final = 0.01
_POLYGON: Final = int(shapely.GeometryType.POLYGON)
NO_NOTES: Final[Sequence[Finding]] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """What one geometry came to: `polygon` (longitude, latitude) is None where it was refused.

    `area_before_units` is the area as sent where the polygon was repaired.
    """

    polygon: MultiPolygon | None
    area_units: int | None
    findings: tuple[Finding, ...]
    area_before_units: int | None = None


def judge_shapes(
    geometries: Sequence[BaseGeometry | None],
    problems: Sequence[str | None],
    *,
    crs: str,
    repair: bool,
    swap_axes: bool,
    lang: Lang,
) -> list[Judged]:
    """Each geometry as a valid MultiPolygon in longitude and latitude, or why it is refused.

    `crs` is what their coordinates are in; `problems` the reader's own, by row. Nothing is repaired unless
    `repair` asks for it; then the areas before and after stand in the finding.
    """
    plain = _plain_polygons(geometries, problems)
    flat = [
        (plain[place], NO_NOTES) if place in plain else _flat(geometry, problem, lang=lang)
        for place, (geometry, problem) in enumerate(zip(geometries, problems, strict=True))
    ]
    shapes = np.empty(len(flat), dtype=object)
    shapes[:] = [shape for shape, _ in flat]
    if swap_axes:
        shapes = swapped(shapes)
    checked = _misplaced(shapes, crs, lang=lang)
    for index in checked:
        shapes[index] = None
    moved = to_lonlat(shapes, crs)
    offset = (finding("datum_not_known", lang=lang, crs=_short(crs)),) if is_approximate(crs) else ()
    beyond = _beyond_use(moved, shapes, crs, lang=lang)
    sound = shapely.is_valid(moved)
    areas = geodesic_areas_units(moved, only=sound)
    return [
        _judged(
            None if index in beyond else polygon,
            areas[index] if sound[index] else None,
            (*notes, *offset, *checked.get(index, ()), *beyond.get(index, ())),
            repair=repair,
            lang=lang,
        )
        for index, (polygon, (_, notes)) in enumerate(zip(moved.tolist(), flat, strict=True))
    ]


def _plain_polygons(
    geometries: Sequence[BaseGeometry | None], problems: Sequence[str | None]
) -> dict[int, MultiPolygon]:
    """By position the polygons of which there is nothing to say: one part, finite, flat, not too large."""
    shapes = np.empty(len(geometries), dtype=object)
    shapes[:] = geometries
    good = (shapely.get_type_id(shapes) == _POLYGON) & ~shapely.is_empty(shapes)
    good &= ~shapely.has_z(shapes) & ~shapely.has_m(shapes)
    good &= shapely.get_num_coordinates(shapes) <= MAX_VERTICES
    good &= np.array([problem is None for problem in problems], dtype=bool)
    points, owners = shapely.get_coordinates(shapes, return_index=True)
    good[owners[~np.isfinite(points).all(axis=1)]] = False
    places = np.flatnonzero(good)
    if not len(places):
        return {}
    wrapped = np.asarray(shapely.multipolygons(shapes[places], indices=np.arange(len(places))), dtype=object)
    return dict(zip(places.tolist(), wrapped.tolist(), strict=True))


def _flat(
    geometry: BaseGeometry | None, problem: str | None, *, lang: Lang
) -> tuple[MultiPolygon | None, list[Finding]]:
    """The polygons of the geometry in two dimensions, and what is to be said of it."""
    if problem is not None:
        return None, [finding(problem, lang=lang)]
    if geometry is None or shapely.is_empty(geometry):
        return None, [finding("no_geometry", lang=lang)]
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        return None, [finding("broken_geometry", lang=lang)]
    notes = []
    if shapely.has_z(geometry) or shapely.has_m(geometry):
        notes.append(finding("third_dimension_dropped", lang=lang))
        geometry = shapely.force_2d(geometry)
    if geometry.geom_type in _FLAT_TYPES:
        polygons = [part for part in shapely.get_parts(geometry) if not shapely.is_empty(part)]
    else:
        polygons, others = _polygons_in(geometry)
        if not polygons:
            return None, [finding("not_a_polygon", lang=lang, found=geometry.geom_type)]
        if others:
            found = ", ".join(sorted({part.geom_type for part in others}))
            notes.append(finding("parts_dropped", lang=lang, count=len(others), found=found))
    whole = MultiPolygon(polygons)
    count = int(shapely.get_num_coordinates(whole))
    if count > MAX_VERTICES:
        return None, [*notes, finding("too_many_vertices", lang=lang, count=count, limit=MAX_VERTICES)]
    return whole, notes


def _polygons_in(geometry: BaseGeometry) -> tuple[list[Polygon], list[BaseGeometry]]:
    """The polygons of a collection, however deep, and its other parts."""
    polygons, others, waiting = [], [], [geometry]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Polygon):
            polygons.append(part)
        elif part.geom_type in {"GeometryCollection", "MultiPolygon"}:
            waiting.extend(shapely.get_parts(part).tolist())
        else:
            others.append(part)
    return polygons[::-1], [part for part in others if not shapely.is_empty(part)]


def _misplaced(shapes: npt.NDArray[np.object_], crs: str, *, lang: Lang) -> dict[int, tuple[Finding, ...]]:
    """Findings by index of the shapes whose numbers cannot be what the coordinate system says."""
    bounds = shapely.bounds(shapes)
    west, south, east, north = bounds.T
    degrees = np.maximum(np.abs(west), np.abs(east)) <= 180
    in_degrees = degrees & (np.maximum(np.abs(south), np.abs(north)) <= 90)
    turned = ~in_degrees & (np.maximum(np.abs(west), np.abs(east)) <= 90)
    turned &= np.maximum(np.abs(south), np.abs(north)) <= 180
    known = ~np.isnan(west)
    if parse_crs(crs).is_projected:
        return {
            index: (finding("degrees_as_metres", lang=lang, crs=_short(crs), **_corner(bounds[index])),)
            for index in np.flatnonzero(known & in_degrees).tolist()
        }
    return {
        index: (
            finding("swapped_axes", lang=lang, **_corner(bounds[index]))
            if turned[index]
            else finding(
                "metres_as_degrees",
                lang=lang,
                suggestion=crs_suggestion(tuple(bounds[index].tolist())),
                **_corner(bounds[index]),
            ),
        )
        for index in np.flatnonzero(known & ~in_degrees).tolist()
    }


def _beyond_use(
    moved: npt.NDArray[np.object_], sent: npt.NDArray[np.object_], crs: str, *, lang: Lang
) -> dict[int, tuple[Finding, ...]]:
    """Findings by index of the shapes that lie far from where a projected system is meant for, or nowhere."""
    if is_lonlat(crs):
        return {}
    present = np.array([shape is not None for shape in sent], dtype=bool)
    outside = np.flatnonzero(_outside(moved, crs) & present)
    turned = ~_outside(to_lonlat(swapped(sent[outside]), crs), crs)
    bounds = shapely.bounds(sent[outside])
    return {
        index: (
            finding("swapped_axes", lang=lang, **_corner(box))
            if back
            else finding("outside_crs", lang=lang, crs=_short(crs), **_corner(box)),
        )
        for index, back, box in zip(outside.tolist(), turned.tolist(), bounds, strict=True)
    }


def _outside(moved: npt.NDArray[np.object_], crs: str) -> npt.NDArray[np.bool_]:
    """Whether each shape (degrees) is nowhere, or far from where the system is meant for."""
    west, south, east, north = shapely.bounds(moved).T
    outside: npt.NDArray[np.bool_] = ~np.isfinite(west + south + east + north)
    use = area_of_use(crs)
    if use is not None and use[0] < use[2]:
        margin = BEYOND_USE_DEGREES
        outside |= (west < use[0] - margin) | (east > use[2] + margin)
        outside |= (south < use[1] - margin) | (north > use[3] + margin)
    return outside


def swapped(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """The shapes with x and y exchanged."""
    turned: npt.NDArray[np.object_] = shapely.transform(shapes, lambda points: points[:, ::-1])
    return turned


def _judged(
    polygon: MultiPolygon | None,
    area: int | None,
    notes: tuple[Finding, ...],
    *,
    repair: bool,
    lang: Lang,
) -> Judged:
    """The polygon and its area, None for one that is not valid: that is refused or repaired."""
    if polygon is None:
        return Judged(None, None, notes)
    before = None
    if area is None:
        reason = str(shapely.is_valid_reason(polygon)).split("[")[0].strip().lower()
        if not repair:
            return Judged(None, None, (*notes, finding("invalid_polygon", lang=lang, reason=reason)))
        before, polygon = enclosed_units(polygon), repaired(polygon)
        area = geodesic_area_units(polygon)
        areas = {"before_ha": _ha(before), "after_ha": _ha(area)}
        notes = (*notes, finding("repaired", lang=lang, reason=reason, **areas))
    if area == 0:
        return Judged(None, None, (*notes, finding("zero_area", lang=lang)), before)
    return Judged(polygon, area, notes, before)


def enclosed_units(polygon: MultiPolygon) -> int:
    """The area (1e-4 m2) that the rings go around, holes taken off, as it is before a repair.

    Unlike the signed area of a ring, in which the wings of a bow-tie take each other away, every loop counts
    in full: each face of the ring as often as the ring goes around it, in either direction.
    """
    total = 0
    for part in polygon.geoms:
        total += _looped_units(part.exterior) - sum(map(_looped_units, part.interiors))
    return max(total, 0)


def _looped_units(ring: LinearRing) -> int:
    points = shapely.get_coordinates(ring)
    faces = shapely.get_parts(shapely.polygonize([shapely.node(ring)])).tolist()
    return sum(geodesic_area_units(face) * abs(_turns(points, face.representative_point())) for face in faces)


def _turns(points: npt.NDArray[np.float64], center: Point) -> int:
    """How often the closed line through `points` goes around `center`, counter-clockwise."""
    angles = np.arctan2(points[:, 1] - center.y, points[:, 0] - center.x)
    steps = (np.diff(angles) + np.pi) % (2 * np.pi) - np.pi
    return round(float(steps.sum()) / (2 * np.pi))


def repaired(polygon: MultiPolygon) -> MultiPolygon:
    """The polygons of a valid version: what the rings enclose, overlaps taken once, lines dropped."""
    valid = shapely.make_valid(polygon, method="structure", keep_collapsed=False)
    polygons, _ = _polygons_in(valid)
    return MultiPolygon(polygons)


def _corner(bounds: npt.NDArray[np.float64]) -> dict[str, str]:
    return {"x": f"{bounds[0]:.10g}", "y": f"{bounds[1]:.10g}"}


def _ha(units: int) -> str:
    return f"{ha_from_units(units):.4f}"


def _short(crs: str) -> str:
    return crs if len(crs) <= 20 else str(parse_crs(crs).name)
