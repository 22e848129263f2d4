"""Text files of boundary points, as Chinese land bureaus exchange them: a header, then rings of points.

A line that ends in `@` opens a parcel (number of points, area in hectares, code, name, kind of shape, map
sheet, use, land class); the lines after it are its points (number, ring, northing, easting). X is the
northing. The header names datum, zone and the width of the zones.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import shapely
from shapely import MultiPolygon, Polygon
from shapely.errors import ShapelyError

from geo.readers.found_layer import MAX_FEATURES, Feature, FileRefused, FoundLayer, Note
from geo.readers.geojson import decode_text

COLUMNS: Final = (
    "界址点数",
    "地块面积(公顷)",
    "地块编号",
    "地块名称",
    "图形属性",
    "图幅号",
    "地块用途",
    "地类编码",
)
_DATUMS: Final = (
    (re.compile(r"2000|cgcs", re.IGNORECASE), 4513, 4534, 4491, 4502),
    (re.compile(r"80|西安|xian", re.IGNORECASE), 2349, 2370, 2327, 2338),
    (re.compile(r"54|北京|beijing", re.IGNORECASE), 2401, 2422, 21413, 21453),
)
"""Codes by datum: of the first zone of 3 degrees (25) with prefix and without, of 6 degrees (13) likewise."""
_ZONES: Final = {3: range(25, 46), 6: range(13, 24)}


@dataclass
class _Parcel:
    line: int
    values: dict[str, Any]
    rings: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    count: int = 0
    broken: bool = False


def read(job: Mapping[str, Any]) -> FoundLayer:
    """The parcels of the file; its system is that of header and eastings, None where they do not say it."""
    text, encoding = decode_text(Path(job["path"]).read_bytes(), job.get("encoding"))
    header: dict[str, str] = {}
    parcels = list(_parcels(text, header))
    columns = [name for name in COLUMNS if any(name in parcel.values for parcel in parcels)]
    return FoundLayer(
        name="",
        crs=_crs(header, [y for parcel in parcels for ring in parcel.rings.values() for y, _ in ring]),
        encoding=encoding,
        columns=columns,
        features=(_feature(parcel) for parcel in parcels),
        lines=[parcel.line for parcel in parcels],
        notes={place: notes for place, one in enumerate(parcels) if (notes := _notes(one))},
    )


def _parcels(text: str, header: dict[str, str]) -> Iterator[_Parcel]:
    parcel: _Parcel | None = None
    count = 0
    for number, line in enumerate(text.splitlines(), 1):
        row = line.strip().replace("，", ",")
        if not row or row.startswith("["):
            continue
        if row.endswith("@"):
            if parcel is not None:
                yield parcel
            count += 1
            if count > MAX_FEATURES:
                raise FileRefused(f"it has more than {MAX_FEATURES} features")
            cells = [cell.strip() for cell in row.removesuffix("@").rstrip(",").split(",")]
            parcel = _Parcel(number, {name: cell or None for name, cell in zip(COLUMNS, cells, strict=False)})
        elif parcel is None:
            name, _, value = row.partition("=")
            header[name.strip()] = value.strip()
        else:
            _add_point(parcel, row)
    if parcel is not None:
        yield parcel


def _add_point(parcel: _Parcel, row: str) -> None:
    cells = [cell.strip() for cell in row.split(",")]
    parcel.count += 1
    try:
        ring, northing, easting = cells[1], float(cells[2]), float(cells[3])
    except (IndexError, ValueError):
        parcel.broken = True
        return
    parcel.broken |= not (math.isfinite(northing) and math.isfinite(easting))
    parcel.rings.setdefault(ring, []).append((easting, northing))


def _feature(parcel: _Parcel) -> Feature:
    if not parcel.rings:
        return parcel.values, None, "broken_geometry" if parcel.broken else None
    try:
        if parcel.broken:
            raise ValueError("a point cannot be read")
        shape = nested([Polygon(ring) for ring in parcel.rings.values()])
    except (ValueError, ShapelyError):
        return parcel.values, None, "broken_geometry"
    return parcel.values, bytes(shapely.to_wkb(shape)), None


def nested(rings: list[Polygon]) -> Polygon | MultiPolygon:
    """The polygons that rings make together: a ring inside an odd number of others is a hole."""
    shells: list[tuple[Polygon, list[Any]]] = []
    ordered = sorted(rings, key=lambda ring: -ring.area)
    for ring in ordered:
        around = [shell for shell in ordered if shell is not ring and shell.contains(ring)]
        if len(around) % 2 == 0:
            shells.append((ring, []))
        else:
            inner = min(around, key=lambda shell: shell.area)
            next(holes for shell, holes in shells if shell is inner).append(ring.exterior)
    polygons = [Polygon(shell.exterior, holes) for shell, holes in shells]
    return polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)


def _notes(parcel: _Parcel) -> list[Note]:
    declared = parcel.values.get(COLUMNS[0])
    if declared is None or not str(declared).isdigit() or int(declared) == parcel.count:
        return []
    return [("point_count_differs", COLUMNS[0], f"{declared} ≠ {parcel.count}")]


def _crs(header: Mapping[str, str], eastings: list[float]) -> str | None:
    """The code of the system that the header names, None where it does not say enough."""
    datum = next((row for row in _DATUMS if row[0].search(header.get("坐标系", ""))), None)
    width = re.search(r"\d+", header.get("几度分带", "3"))
    zone = re.search(r"\d+", header.get("带号", ""))
    if datum is None or width is None or zone is None or not eastings:
        return None
    zones = _ZONES.get(int(width.group()), range(0))
    if int(zone.group()) not in zones:
        return None
    place = int(zone.group()) - zones.start
    with_prefix, without = datum[1:3] if int(width.group()) == 3 else datum[3:5]
    prefixed = all(int(easting // 1_000_000) == int(zone.group()) for easting in eastings)
    return f"EPSG:{(with_prefix if prefixed else without) + place}"
