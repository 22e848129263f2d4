"""Imports: from a file that somebody sent to rows of the inventory, with a receipt line for every row.

Everything is prepared before the store is locked: reading, repair, areas, units. The transaction then only
writes, so a process killed in its middle leaves the store as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import shapely

from geo.crs import LONLAT, CrsUnknown, crs_name, crs_suggestion
from geo.errors import BadValue, InvalidInput
from geo.imports.column_map import ColumnMap, map_columns
from geo.imports.commit import ImportRefused, commit_import
from geo.imports.fields import FIELDS
from geo.imports.judge import RowJudge
from geo.imports.own import unpacked
from geo.imports.plan import ImportOptions, PreparedImport, PreparedRow
from geo.imports.receipts import Finding, Receipt, ReceiptRow, RowResult, Severity
from geo.outlines import UnitAssignment, UnitIndex
from geo.overlap import overlap_units
from geo.proposals import Proposal
from geo.readers.vector_formats import TABLES
from geo.shapes import Judged, judge_shapes, swapped
from geo.sites import Site
from geo.status_sheet import prepare_status
from geo.uncollected import uncollected
from geo.vector_io import RawLayer, read_vector

__all__ = [
    "EmptyLayer",
    "Finding",
    "ImportOptions",
    "ImportRefused",
    "PreparedImport",
    "PreparedRow",
    "Receipt",
    "ReceiptRow",
    "RowResult",
    "Severity",
    "commit_import",
    "prepare_import",
    "prepare_layer",
]

NO_SITES: Final[Mapping[str, Site]] = {}
NO_PROPOSALS: Final[Mapping[int, Sequence[Proposal]]] = {}


class EmptyLayer(InvalidInput):
    """The layer has no rows."""

    template = "{file_name}: the layer {layer!r} has no features"


def prepare_import(
    path: Path,
    options: ImportOptions,
    *,
    existing: Mapping[str, Site] = NO_SITES,
    waiting: Mapping[int, Sequence[Proposal]] = NO_PROPOSALS,
    units: UnitIndex | None = None,
    today: date,
) -> PreparedImport:
    """Every row of the file, read, judged and compared with the inventory; nothing is written.

    `existing` are the sites of the inventory by code, also those that left, `waiting` the open proposals by
    site; `units` place the sites, None to place none. Raises the errors of `geo.vector_io`, `geo.crs` and
    `.fields` for what concerns the whole file; what concerns one row is in its findings.
    """
    layer = read_vector(path, layer=options.layer, encoding=options.encoding)
    return prepare_layer(layer, options, existing=existing, waiting=waiting, units=units, today=today)


def prepare_layer(
    layer: RawLayer,
    options: ImportOptions,
    *,
    existing: Mapping[str, Site] = NO_SITES,
    waiting: Mapping[int, Sequence[Proposal]] = NO_PROPOSALS,
    units: UnitIndex | None = None,
    today: date,
) -> PreparedImport:
    """As `prepare_import`, of a layer that has been read."""
    with uncollected():
        if options.kind == "status":
            return prepare_status(layer, options, existing=existing, today=today)
        return _prepared(layer, options, existing, waiting, units, today)


def _prepared(
    layer: RawLayer,
    options: ImportOptions,
    existing: Mapping[str, Site],
    waiting: Mapping[int, Sequence[Proposal]],
    units: UnitIndex | None,
    today: date,
) -> PreparedImport:
    layer = unpacked(layer)
    if not layer.rows:
        raise EmptyLayer(file_name=layer.file_name, layer=layer.layer)
    if options.as_of is not None and options.as_of > today:
        raise BadValue(field="as_of", value=options.as_of.isoformat(), problem=f"lies after today ({today})")
    crs = source_crs(layer, options)
    mapping = map_columns(
        layer.columns,
        [row.values for row in layer.rows],
        field_map=options.field_map,
        status_map=options.status_map,
        constants=options.constants,
        cut_columns=layer.cut_columns,
        area_units=options.area_units,
        ignored=options.ignored,
    )
    judged = judge_shapes(
        [row.geometry for row in layer.rows],
        [row.problem for row in layer.rows],
        crs=crs or LONLAT,
        repair=options.repair,
        swap_axes=options.swap_axes,
        lang=options.lang,
    )
    assigned = _assigned(judged, units)
    known = {} if units is None else units.cities
    judge = RowJudge(mapping, options, crs=crs, existing=existing, waiting=waiting, units=known, today=today)
    rows = judge.rows(layer, judged, assigned)
    accepted = {row.row for row in rows if row.result is not RowResult.REJECTED}
    return PreparedImport(
        file_name=layer.file_name,
        sha256=layer.sha256,
        layer=layer.layer,
        source_crs=crs,
        encoding=layer.encoding,
        mapping=mapping.as_text(),
        options=options,
        rows=rows,
        overlap_units=overlap_units(
            [one.polygon for row, one in enumerate(judged, 1) if one.polygon is not None and row in accepted]
        ),
        units_assumed=_units_assumed(mapping, len(layer.rows)),
    )


def source_crs(layer: RawLayer, options: ImportOptions) -> str:
    """The system of the layer, as its sender or the caller says it; '' for a table without any geometry.

    Raises CrsUnknown where nobody says it.
    """
    named = options.source_crs or layer.crs
    if named:
        return crs_name(named)
    if layer.format in TABLES and all(row.geometry is None for row in layer.rows):
        return ""
    shapes = np.array([row.geometry for row in layer.rows], dtype=object)
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    raise CrsUnknown(suggestion=crs_suggestion((west, south, east, north)))


def _units_assumed(mapping: ColumnMap, rows: int) -> dict[str, int]:
    return {
        f"{source.column}: ha": rows
        for name, source in mapping.sources.items()
        if FIELDS[name].form == "area" and source.unit_assumed
    }


def _assigned(judged: Sequence[Judged], units: UnitIndex | None) -> dict[int, UnitAssignment]:
    """The unit of each accepted polygon by its position; one that its swapped axes would place is flagged."""
    if units is None:
        return {}
    where = [position for position, one in enumerate(judged) if one.polygon is not None]
    polygons = np.array([judged[position].polygon for position in where], dtype=object)
    found = units.assign(polygons.tolist())
    outside = [place for place, one in enumerate(found) if one.adcode is None]
    for place, turned in zip(outside, units.assign(swapped(polygons[outside]).tolist()), strict=True):
        if turned.adcode is not None:
            found[place] = replace(found[place], flags=("swapped_axes",))
    return dict(zip(where, found, strict=True))
