"""What a file looks like before anything is decided: its system, its columns and what they may mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import shapely
from shapely import MultiPolygon

from geo.areas import geodesic_area_units
from geo.crs import Bounds, CrsGuess, crs_name, guess_crs, parse_crs, to_lonlat
from geo.imports.column_map import ColumnMap, NoCodeColumn, map_columns
from geo.imports.fields import FIELDS, known_words
from geo.imports.own import unpacked
from geo.imports.plan import ImportOptions
from geo.values import HA_BY_UNIT, Unreadable, folded, is_missing, read_area_units
from geo.vector_io import RawLayer

SAMPLES: Final = 3
_SAMPLE_CHARACTERS: Final = 40
_MEASURED: Final = 50
_RATIO_TOLERANCE: Final = 0.2


@dataclass(frozen=True, slots=True)
class ColumnSeen:
    """One column: some of its values, how many rows have one, and the field that it is taken for.

    `unit` is that of its areas, `unit_assumed` says that nothing names it; `unit_hint` is the unit in which
    its values fit the measured polygons, None where none does or nothing was measured.
    """

    name: str
    samples: tuple[str, ...]
    filled: int
    field: str | None = None
    unit: str | None = None
    unit_assumed: bool = False
    unit_hint: str | None = None


@dataclass(frozen=True, slots=True)
class Detected:
    """What a file looks like.

    `crs` is what it names itself, '' where it names none; `guess` then says what its numbers look like, the
    likeliest code first. `needs_crs` says that somebody has to confirm it. `unknown_statuses` are words that
    no status is known for, with their numbers of rows. `remembered_at` is when its mapping was remembered.
    """

    file_name: str
    sha256: str
    format: str
    layer: str
    encoding: str
    rows_in: int
    shapes: int
    crs: str
    guess: CrsGuess | None
    needs_crs: bool
    columns: tuple[ColumnSeen, ...]
    mapping: Mapping[str, str]
    unknown_statuses: Mapping[str, int]
    remembered_at: str = ""


def detect(layer: RawLayer, options: ImportOptions, *, places: Collection[MultiPolygon] = ()) -> Detected:
    """What the layer looks like, read with these options.

    `places` are where sites are expected, outlines or known sites: where the numbers fit many systems, those
    that put the file there come first. Raises UnknownColumn, UnknownField and BadValue for options that do
    not fit the file.
    """
    layer = unpacked(layer)
    crs = options.source_crs or layer.crs or ""
    crs = crs_name(crs) if crs else ""
    shapes = [row.geometry for row in layer.rows if row.geometry is not None]
    guess = None if crs or not shapes else ranked(guess_crs(_bounds(layer)), _bounds(layer), places)
    mapping = _mapping(layer, options)
    columns = tuple(_seen(layer, name, mapping) for name in layer.columns)
    known = crs or (guess.codes[0] if guess is not None and len(guess.codes) == 1 else "")
    return Detected(
        file_name=layer.file_name,
        sha256=layer.sha256,
        format=layer.format,
        layer=layer.layer,
        encoding=layer.encoding,
        rows_in=len(layer.rows),
        shapes=len(shapes),
        crs=crs,
        guess=guess,
        needs_crs=bool(shapes) and not crs,
        columns=tuple(_with_hint(layer, one, known) for one in columns),
        mapping={} if mapping is None else mapping.as_text(),
        unknown_statuses=_unknown_statuses(layer, mapping),
        remembered_at=options.remembered_at,
    )


def _bounds(layer: RawLayer) -> Bounds:
    shapes = np.array([row.geometry for row in layer.rows], dtype=object)
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    return west, south, east, north


def _mapping(layer: RawLayer, options: ImportOptions) -> ColumnMap | None:
    """The mapping of the columns, None while nothing tells the sites apart."""
    rows = [row.values for row in layer.rows]
    try:
        return map_columns(
            layer.columns,
            rows,
            field_map=options.field_map,
            status_map=options.status_map,
            constants=options.constants,
            cut_columns=layer.cut_columns,
            area_units=options.area_units,
            ignored=options.ignored,
        )
    except NoCodeColumn:
        # the other fields are suggested all the same, as if the first column held the codes
        if not layer.columns or "site_code" in options.field_map:
            return None
        stand_in = replace(options, field_map={**options.field_map, "site_code": layer.columns[0]})
        found = _mapping(layer, stand_in)
        if found is None:
            return None
        sources = {name: source for name, source in found.sources.items() if name != "site_code"}
        return replace(found, sources=sources, extra=(layer.columns[0], *found.extra))


def _seen(layer: RawLayer, name: str, mapping: ColumnMap | None) -> ColumnSeen:
    cells = [value for row in layer.rows if not is_missing(value := row.values.get(name))]
    samples = tuple(dict.fromkeys(str(cell)[:_SAMPLE_CHARACTERS] for cell in cells[:50]))[:SAMPLES]
    seen = ColumnSeen(name, samples, len(cells))
    sources = {} if mapping is None else mapping.sources
    for field, source in sources.items():
        if source.column == name:
            area = FIELDS[field].form == "area"
            return replace(
                seen,
                field=field,
                unit=source.unit if area else None,
                unit_assumed=area and source.unit_assumed,
            )
    return seen


def _with_hint(layer: RawLayer, seen: ColumnSeen, crs: str) -> ColumnSeen:
    """The column with the unit in which its values are about as large as the polygons of their rows."""
    if seen.unit is None or not crs:
        return seen
    ratios = []
    for row in layer.rows:
        cell = row.values.get(seen.name)
        if row.geometry is None or is_missing(cell):
            continue
        try:
            stated = read_area_units(cell, "ha")
        except Unreadable:
            continue
        measured = _measured(row.geometry, crs)
        if stated and measured:
            ratios.append(stated / measured)
        if len(ratios) >= _MEASURED:
            break
    if not ratios:
        return seen
    middle = float(np.median(ratios))
    fits = (unit for unit, ha in HA_BY_UNIT.items() if abs(middle * ha - 1) <= _RATIO_TOLERANCE)
    return replace(seen, unit_hint=next(fits, None))


def _measured(shape: object, crs: str) -> int:
    moved = to_lonlat(np.array([shape], dtype=object), crs)[0]
    if moved.geom_type not in {"Polygon", "MultiPolygon"} or not np.isfinite(moved.bounds).all():
        return 0
    return geodesic_area_units(shapely.force_2d(moved))


def _unknown_statuses(layer: RawLayer, mapping: ColumnMap | None) -> dict[str, int]:
    source = None if mapping is None else mapping.sources.get("status")
    if source is None or mapping is None:
        return {}
    words = {**known_words("status"), **mapping.words["status"]}
    found: dict[str, int] = {}
    for row in layer.rows:
        cell = row.values.get(source.column)
        if not is_missing(cell) and folded(str(cell)) not in words:
            word = str(cell)[:_SAMPLE_CHARACTERS]
            found[word] = found.get(word, 0) + 1
    return dict(sorted(found.items(), key=lambda pair: -pair[1])[:20])


def ranked(guess: CrsGuess | None, bounds: Bounds, places: Collection[MultiPolygon]) -> CrsGuess | None:
    """The guess with those codes first that put the middle of the file nearest to one of the places."""
    if guess is None or len(guess.codes) < 2 or not places:
        return guess
    middle = shapely.Point((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2)
    known = np.array(list(places), dtype=object)
    tree = shapely.STRtree(known)

    def distance_degrees(code: str) -> float:
        moved = to_lonlat(np.array([middle], dtype=object), code)[0]
        return float(shapely.distance(moved, known[tree.nearest(moved)]))

    return replace(guess, codes=tuple(sorted(guess.codes, key=distance_degrees)))


def crs_label(code: str) -> str:
    """The code with the name of the system.

    >>> crs_label("EPSG:4527")
    'EPSG:4527 CGCS2000 / 3-degree Gauss-Kruger zone 39'
    """
    return f"{code} {parse_crs(code).name}"
