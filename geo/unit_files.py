"""Outlines of administrative units from a file of the user's, so that any country works."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from shapely import MultiPolygon

from geo.cities import City, Level
from geo.crs import CrsUnknown, crs_name, crs_suggestion
from geo.errors import InvalidInput
from geo.reference import reference_rows
from geo.shapes import judge_shapes
from geo.values import Unreadable, folded, is_missing, read_text
from geo.vector_io import RawLayer, read_vector

_NEEDED: Final = ("adcode", "name")


class BadUnitFile(InvalidInput):
    """The file does not say what a file of units must."""

    template = "{file_name}: {problem}"


def units_from_file(path: Path, *, layer: str | None = None) -> tuple[City, ...]:
    """The units of a vector file with their outlines, sorted by code.

    Its columns are known by common names (`data/reference/unit_fields.csv`): a code and a name are needed,
    parent and level may be there. A missing level follows from the depth under the topmost unit, or without
    parents is that of a county; invalid outlines are repaired. Raises BadUnitFile.
    """
    raw = read_vector(path, layer=layer)
    columns = _columns(raw)
    judged = judge_shapes(
        [row.geometry for row in raw.rows],
        [row.problem for row in raw.rows],
        crs=_crs(raw),
        repair=True,
        swap_axes=False,
        lang="en",
    )
    edition = f"{raw.file_name} {raw.sha256[:8]}"
    units = []
    for row, shape in zip(raw.rows, judged, strict=True):
        if shape.polygon is None:
            problem = f"row {row.row}: {shape.findings[-1].problem}"
            raise BadUnitFile(file_name=raw.file_name, problem=problem)
        units.append(_unit(raw.file_name, row.row, row.values, columns, shape.polygon, edition))
    repeated = [code for code, count in Counter(unit.adcode for unit in units).items() if count > 1]
    if repeated:
        raise BadUnitFile(file_name=raw.file_name, problem=f"the code {repeated[0]!r} stands in several rows")
    return _with_levels(units, known=_known_levels(raw, columns))


def _crs(raw: RawLayer) -> str:
    if raw.crs:
        return crs_name(raw.crs)
    bounds = np.array([row.geometry.bounds for row in raw.rows if row.geometry is not None])
    if not len(bounds):
        raise BadUnitFile(file_name=raw.file_name, problem="it holds no outlines")
    west, south = bounds[:, :2].min(axis=0).tolist()
    east, north = bounds[:, 2:].max(axis=0).tolist()
    raise CrsUnknown(suggestion=crs_suggestion((west, south, east, north)))


def _columns(raw: RawLayer) -> dict[str, str]:
    """{field: column} by the table of common names, the likeliest first."""
    by_name = {folded(column): column for column in raw.columns}
    found: dict[str, str] = {}
    for row in reference_rows("unit_fields"):
        if row["field"] not in found and folded(row["alias"]) in by_name:
            found[row["field"]] = by_name[folded(row["alias"])]
    missing = [name for name in _NEEDED if name not in found]
    if missing:
        known = ", ".join(raw.columns) or "none"
        problem = f"it has no column for {' and '.join(missing)} (its columns: {known})"
        raise BadUnitFile(file_name=raw.file_name, problem=problem)
    return found


def _unit(
    file_name: str,
    row: int,
    values: Mapping[str, Any],
    columns: Mapping[str, str],
    outline: MultiPolygon,
    edition: str,
) -> City:
    texts = {field: _text(values.get(column)) for field, column in columns.items()}
    adcode, name = texts["adcode"], texts["name"]
    if adcode is None or name is None:
        raise BadUnitFile(file_name=file_name, problem=f"row {row} has no code or no name")
    return City(
        adcode=adcode,
        name_zh=texts.get("name_zh") or name,
        name_en=texts.get("name_en") or name,
        level=Level.COUNTY,
        parent=texts.get("parent"),
        edition=edition,
        outline=outline,
    )


def _text(value: Any) -> str | None:
    try:
        return None if is_missing(value) else read_text(value)
    except Unreadable:
        return None


def _known_levels(raw: RawLayer, columns: Mapping[str, str]) -> dict[str, Level]:
    """{code: level} where the file says it in a known word."""
    if "level" not in columns:
        return {}
    words = {folded(row["word"]): Level(row["level"]) for row in reference_rows("unit_levels")}
    found = {}
    for row in raw.rows:
        code, word = _text(row.values.get(columns["adcode"])), _text(row.values.get(columns["level"]))
        if code is not None and word is not None and folded(word) in words:
            found[code] = words[folded(word)]
    return found


def _with_levels(units: Sequence[City], *, known: Mapping[str, Level]) -> tuple[City, ...]:
    """The units with parents that exist (others are cut) and levels, said or told by depth."""
    codes = {unit.adcode for unit in units}
    parents = {
        unit.adcode: unit.parent if unit.parent in codes and unit.parent != unit.adcode else None
        for unit in units
    }
    flat = not any(parents.values())
    return tuple(
        replace(
            unit,
            parent=parents[unit.adcode],
            level=known.get(unit.adcode, Level.COUNTY if flat else _level(unit.adcode, parents)),
        )
        for unit in sorted(units, key=lambda unit: unit.adcode)
    )


def _level(code: str, parents: Mapping[str, str | None]) -> Level:
    depth, above = 0, parents[code]
    while above is not None and depth < len(parents):
        depth, above = depth + 1, parents[above]
    return list(Level)[min(depth, len(Level) - 1)]
