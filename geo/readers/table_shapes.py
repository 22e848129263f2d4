"""Geometry that stands in the cells of a table: WKT, a list of pairs, or one point a row."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import numpy as np
import shapely
from shapely import Point, Polygon
from shapely.errors import ShapelyError

from geo.readers.found_layer import Feature, FoundLayer, Note
from geo.readers.points import nested
from geo.reference import reference_rows
from geo.values import folded, is_missing, plain

_DEGREES: Final = re.compile(
    r"(?P<d>\d{1,3}(?:\.\d+)?)\s*[°度]\s*(?:(?P<m>\d{1,2}(?:\.\d+)?)\s*['′分]\s*)?"
    r"(?:(?P<s>\d{1,2}(?:\.\d+)?)\s*(?:\"|″|''|′′|秒)\s*)?"
)
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_PAIR: Final = re.compile(rf"\(?\s*({_NUMBER.pattern})\s*[,\s]\s*({_NUMBER.pattern})\s*\)?")
_NORTHINGS: Final = (1_000_000, 6_500_000)
_MAX_WKT: Final = 20_000_000

Row = tuple[int, dict[str, Any]]
"""The line of the file or sheet, and the cells by column."""


@dataclass
class _Group:
    """The rows of one site whose points stand one a row."""

    line: int
    values: dict[str, Any]
    rings: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    broken: bool = False


def shaped(
    name: str,
    encoding: str,
    columns: Sequence[str],
    rows: Sequence[Row],
    notes: Mapping[int, Sequence[Note]],
) -> FoundLayer:
    """The rows of a table with the geometry that their cells hold.

    `notes` are by position of the row. Where points stand one a row, the rows of one code become one feature,
    on the line of its first row.
    """
    roles = geometry_columns(columns)
    kept = [column for column in columns if column not in roles.values()]
    code = next((column for column in columns if folded(column) in _codes()), None)
    if "wkt" in roles or "vertices" in roles:
        features = _whole(rows, roles)
        lines = [line for line, _ in rows]
    elif _axes(roles) is not None and code is not None:
        groups, noted = _grouped(rows, roles, code, notes)
        features, notes = [_joined(group, roles) for group in groups], noted
        lines = [group.line for group in groups]
    else:
        features = [(values, None, None) for _, values in rows]
        return FoundLayer(
            name, None, encoding, list(columns), features, [line for line, _ in rows], notes, has_shapes=False
        )
    return FoundLayer(name, _crs(features), encoding, kept, features, lines, notes)


def geometry_columns(columns: Iterable[str]) -> dict[str, str]:
    """{role: column} of the columns that hold geometry."""
    found: dict[str, tuple[int, str]] = {}
    for column in columns:
        role, rank = _roles().get(folded(column), ("", 0))
        if role and (role not in found or rank < found[role][0]):
            found[role] = (rank, column)
    return {role: column for role, (_, column) in found.items()}


@cache
def _roles() -> Mapping[str, tuple[str, int]]:
    return {
        folded(row["alias"]): (row["role"], rank)
        for rank, row in enumerate(reference_rows("geometry_columns"))
    }


@cache
def _codes() -> frozenset[str]:
    rows = reference_rows("field_names")
    return frozenset(folded(row["alias"]) for row in rows if row["field"] == "site_code")


def _axes(roles: Mapping[str, str]) -> tuple[str, str] | None:
    """The columns of the two coordinates of a point, None where there are not both."""
    for first, second in (("lon", "lat"), ("x", "y")):
        if first in roles and second in roles:
            return roles[first], roles[second]
    return None


def _whole(rows: Sequence[Row], roles: Mapping[str, str]) -> list[Feature]:
    """The rows whose boundary stands in one cell, as WKT or else as a list of pairs."""
    shapes = np.empty(len(rows), dtype=object)
    wkt, vertices = roles.get("wkt", ""), roles.get("vertices", "")
    texts = [None if is_missing(cell := values.get(wkt)) else _bare_wkt(str(cell)) for _, values in rows]
    shapes[:] = shapely.from_wkt(texts, on_invalid="ignore")
    broken = {place for place, text in enumerate(texts) if text is not None and shapes[place] is None}
    for place, (_, values) in enumerate(rows):
        if texts[place] is None and not is_missing(cell := values.get(vertices)):
            try:
                shapes[place] = _from_pairs(str(cell))
            except (ValueError, ShapelyError):
                broken.add(place)
    outlines, columns = shapely.to_wkb(shapes).tolist(), frozenset(roles.values())
    return [
        (
            {name: value for name, value in values.items() if name not in columns},
            outlines[place],
            "broken_geometry" if place in broken else None,
        )
        for place, (_, values) in enumerate(rows)
    ]


def _bare_wkt(text: str) -> str:
    """The WKT without the number of its system; text that is too long for any site is none."""
    if len(text) > _MAX_WKT:
        return "too long"
    return (text.rpartition(";")[2] if text.lstrip().upper().startswith("SRID=") else text).strip()


def _from_pairs(text: str) -> Polygon:
    pairs = [(float(x), float(y)) for x, y in _PAIR.findall(plain(text))]
    return Polygon(_eastings_first(pairs))


def _grouped(
    rows: Sequence[Row], roles: Mapping[str, str], code: str, notes: Mapping[int, Sequence[Note]]
) -> tuple[list[_Group], dict[int, list[Note]]]:
    """The rows by code; one without a code goes on with the site before it, as merged cells come out."""
    first, second = _axes(roles) or ("", "")
    groups: dict[str, _Group] = {}
    places: dict[str, int] = {}
    noted: dict[int, list[Note]] = {}
    name = ""
    for position, (line, values) in enumerate(rows):
        if not is_missing(values.get(code)):
            name = plain(str(values[code]))
        group = groups.setdefault(name, _Group(line, {}))
        place = places.setdefault(name, len(places))
        for column, value in values.items():
            if column not in roles.values() and group.values.get(column) is None:
                group.values[column] = value
        if position in notes:
            noted.setdefault(place, []).extend(notes[position])
        cells = (values.get(first), values.get(second))
        if all(map(is_missing, cells)):
            continue
        ring = plain(str(values.get(roles.get("ring", "")) or "1"))
        try:
            group.rings.setdefault(ring, []).append((coordinate(cells[0]), coordinate(cells[1])))
        except ValueError:
            group.broken = True
    return list(groups.values()), noted


def _joined(group: _Group, roles: Mapping[str, str]) -> Feature:
    if group.broken:
        return group.values, None, "broken_geometry"
    rings = list(group.rings.values())
    if not rings:
        return group.values, None, None
    if "lon" not in roles:
        rings = [_eastings_first(ring) for ring in rings]
    try:
        shape = Point(rings[0][0]) if len(rings[0]) == 1 else nested([Polygon(ring) for ring in rings])
    except (ValueError, ShapelyError):
        return group.values, None, "broken_geometry"
    return group.values, bytes(shapely.to_wkb(shape)), None


def _eastings_first(ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points with x = easting: Chinese tables often write the northing, of seven digits, as x."""
    low, high = _NORTHINGS
    northing_first = all(low <= x <= high and not low <= y <= high for x, y in ring)
    return [(y, x) for x, y in ring] if northing_first else ring


def coordinate(cell: Any) -> float:
    """The cell as a number; degrees, minutes and seconds become degrees. Raises ValueError.

    >>> coordinate("116°30′36″"), coordinate("１１６.51")
    (116.51, 116.51)
    """
    if isinstance(cell, bool | list | dict):
        raise ValueError("no coordinate")
    text = plain(str(cell)).lstrip("EN东北经纬").strip()
    parts = _DEGREES.fullmatch(text)
    if parts is not None:
        degrees, minutes, seconds = (float(parts[name] or 0) for name in "dms")
        return degrees + minutes / 60 + seconds / 3600
    number = float(text.replace(",", ""))
    if not math.isfinite(number):
        raise ValueError("no finite number")
    return number


def _crs(features: Sequence[Feature]) -> str | None:
    """Longitude and latitude where all numbers can be, else None: the sender is asked."""
    shapes = shapely.from_wkb([wkb for _, wkb, _ in features if wkb is not None], on_invalid="ignore")
    if not len(shapes):
        return None
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    inside = -180 <= west <= east <= 180 and -90 <= south <= north <= 90
    return "OGC:CRS84" if inside else None
