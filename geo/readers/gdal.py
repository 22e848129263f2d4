"""GeoPackage, Shapefile and FileGDB, read by GDAL with every other driver switched off by the parent."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pyogrio.raw
from pyogrio import list_drivers
from pyogrio.errors import DataLayerError, DataSourceError

from geo.readers.found_layer import MAX_COLUMNS, Feature, FileRefused, FoundLayer, parsed_json
from geo.readers.vector_formats import drivers_for


def read(job: Mapping[str, Any]) -> FoundLayer:
    """The features of one layer of a GeoPackage, a Shapefile or a FileGDB."""
    if not set(list_drivers()) <= drivers_for(job["kind"]):
        raise FileRefused("the reader could not switch off the formats that it must not open")
    try:
        layer = _gdb_layer(job) if job["kind"] == "gdb" else job["layer"]
        meta, _, shapes, columns = pyogrio.raw.read(
            job["path"], layer=layer, encoding=job.get("encoding"), datetime_as_string=True
        )
    except (DataSourceError, DataLayerError) as error:
        raise FileRefused(
            f"GDAL cannot read it: {str(error).replace(str(job['path']), 'the file')}"
        ) from None
    except UnicodeDecodeError:
        raise FileRefused(
            f"its text is not in {job.get('encoding') or 'UTF-8'}; say its encoding with --encoding"
        ) from None
    names = [str(name) for name in meta["fields"]]
    if len(names) > MAX_COLUMNS:
        raise FileRefused(f"it has more than {MAX_COLUMNS} columns")
    cells = [
        _cells(column, kind, subtype)
        for column, kind, subtype in zip(columns, meta["ogr_types"], meta["ogr_subtypes"], strict=True)
    ]
    return FoundLayer(
        name=str(layer or ""),
        crs=meta["crs"],
        encoding=str(job.get("encoding") or meta["encoding"] or ""),
        columns=names,
        features=_gdal_features(names, cells, shapes),
    )


def _gdb_layer(job: Mapping[str, Any]) -> str:
    """The layer asked for, else the only one of the geodatabase that has a geometry."""
    layers = [str(name) for name, kind in pyogrio.list_layers(job["path"]) if kind is not None]
    if job["layer"] is not None and job["layer"] not in layers:
        raise FileRefused(f"it has no layer {job['layer']!r} with geometry; it has {', '.join(layers)}")
    if job["layer"] is None and len(layers) != 1:
        raise FileRefused(f"it has the layers {', '.join(layers) or '(none)'}; choose one with --layer")
    return str(job["layer"] or layers[0])


def _gdal_features(names: list[str], cells: list[list[Any]], shapes: Any) -> Iterator[Feature]:
    if shapes is None:
        raise FileRefused("the layer has no geometry")
    for position, wkb in enumerate(shapes):
        values = {name: column[position] for name, column in zip(names, cells, strict=True)}
        yield values, None if wkb is None else bytes(wkb), None


def _cells(column: Any, kind: str, subtype: str) -> list[Any]:
    """The values of one column as JSON values; what is missing is None."""
    values = column.tolist()
    if kind in {"OFTInteger", "OFTInteger64"}:
        return [_whole(value, boolean=subtype == "OFSTBoolean") for value in values]
    if subtype == "OFSTJSON":
        return [_parsed(value) for value in values]
    return [_plain(value) for value in values]


def _whole(value: Any, *, boolean: bool) -> int | bool | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return bool(value) if boolean else int(value)


def _parsed(value: Any) -> Any:
    try:
        return None if value is None else parsed_json(value, str)
    except (ValueError, RecursionError):
        return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else value if math.isfinite(value) else str(value)
    if isinstance(value, bytes):
        return value.hex()
    if value is None or isinstance(value, str | int | bool):
        return value
    if hasattr(value, "tolist"):
        return [_plain(part) for part in value.tolist()]
    return str(value)
