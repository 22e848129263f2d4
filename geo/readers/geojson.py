"""GeoJSON, parsed without GDAL: nothing is fetched, no row is dropped and no digit is lost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape

from geo.readers.found_layer import MAX_COLUMNS, Feature, FileRefused, FoundLayer, parsed_json

_POLYGON_NESTING: Final = {"Polygon": 2, "MultiPolygon": 3}


def read(job: Mapping[str, Any]) -> FoundLayer:
    """The features of a GeoJSON file, in longitude and latitude unless its `crs` names another system."""
    text, encoding = decode_text(Path(job["path"]).read_bytes(), job.get("encoding"))
    try:
        document = parsed_json(text, _refuse_constant)
    except RecursionError:
        raise FileRefused("its JSON is nested too deeply") from None
    except ValueError as error:
        raise FileRefused(f"it is not valid JSON: {error}") from None
    features = _features(document)
    columns = _columns(features)
    return FoundLayer(
        name=_clean(str(document.get("name") or "")),
        crs=_named_crs(document.get("crs")) if "crs" in document else "OGC:CRS84",
        encoding=encoding,
        columns=columns,
        features=(_feature(feature) for feature in features),
    )


def decode_text(raw: bytes, encoding: str | None) -> tuple[str, str]:
    """The text of a file and the name of its encoding: UTF-8 where it is strictly that, else GB18030."""
    for name in (encoding,) if encoding else ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(name), "UTF-8" if name == "utf-8-sig" else name.upper()
        except (UnicodeDecodeError, LookupError):
            continue
    raise FileRefused("its text is neither UTF-8 nor GB18030; say its encoding with --encoding")


def _refuse_constant(word: str) -> float:
    raise FileRefused(f"it holds {word}, which JSON does not allow")


def _features(document: object) -> list[Any]:
    if not isinstance(document, dict):
        raise FileRefused("it is JSON but not GeoJSON")
    if document.get("type") == "Feature":
        return [document]
    features = document.get("features")
    if document.get("type") != "FeatureCollection" or not isinstance(features, list):
        raise FileRefused("it is JSON but not a GeoJSON FeatureCollection")
    return features


def _named_crs(crs: object) -> str | None:
    """The name of a `crs` member; the link form, which would have to be fetched, is refused."""
    if crs is None:
        return None
    kind = crs.get("type") if isinstance(crs, dict) else None
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if kind != "name" or not isinstance(name, str):
        raise FileRefused(
            "its `crs` is not given by name (a link is never followed); write it as a name or say --crs"
        )
    return name


def _columns(features: list[Any]) -> list[str]:
    names: dict[str, None] = {}
    for feature in features:
        if isinstance(feature, dict):
            names.update(dict.fromkeys(_values(feature)))
        if len(names) > MAX_COLUMNS:
            raise FileRefused(f"it has more than {MAX_COLUMNS} columns")
    return list(names)


def _values(feature: Mapping[str, Any]) -> dict[str, Any]:
    properties = feature.get("properties")
    values = {_clean(name): properties[name] for name in properties} if isinstance(properties, dict) else {}
    if "id" in feature and "id" not in values:
        values["id"] = feature["id"]
    return values


def _clean(name: str) -> str:
    """The name without what has no form in UTF-8."""
    return name.encode("utf-8", "replace").decode("utf-8")


def _feature(feature: object) -> Feature:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        return {}, None, "not_a_feature"
    geometry = feature.get("geometry")
    if geometry is None:
        return _values(feature), None, None
    try:
        shape = _shape(geometry)
        if not shapely.get_coordinates(shape).size:
            return _values(feature), None, None
        return _values(feature), shapely.to_wkb(shape, output_dimension=3), None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, ShapelyError):
        return _values(feature), None, "broken_geometry"


def _shape(geometry: dict[str, Any]) -> Any:
    nesting = _POLYGON_NESTING.get(str(geometry["type"]))
    if nesting is not None and not all(map(_finite, _positions(geometry["coordinates"], nesting))):
        raise ValueError("a coordinate is not a finite number")
    return shape(geometry)


def _positions(coordinates: Any, nesting: int) -> Iterator[Any]:
    if nesting == 0:
        yield coordinates
        return
    for part in coordinates:
        yield from _positions(part, nesting - 1)


def _finite(position: Any) -> bool:
    return all(isinstance(number, int | float) and math.isfinite(number) for number in position)
