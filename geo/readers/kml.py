"""KML, parsed as a stream without GDAL: no link is followed, no entity resolved, no placemark dropped."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from xml.parsers import expat

import shapely
from shapely import GeometryCollection, LineString, Point, Polygon
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from geo.readers.found_layer import MAX_COLUMNS, MAX_FEATURES, Feature, FileRefused, FoundLayer

_DEEPEST: Final = 100
_CHUNK: Final = 1 << 20
_TEXTS: Final = frozenset({"name", "description", "coordinates", "value", "SimpleData"})
_OTHER_SHAPES: Final = {"Point": Point, "LineString": LineString}


def read(job: Mapping[str, Any]) -> FoundLayer:
    """The placemarks of a KML file, in longitude and latitude."""
    found = _Placemarks()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = found.start, found.end
    parser.CharacterDataHandler = found.characters
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        with Path(job["path"]).open("rb") as file:
            while block := file.read(_CHUNK):
                parser.Parse(block, False)
            parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise FileRefused(f"it is not valid XML: {error}") from None
    columns = list(dict.fromkeys(name for values, _, _ in found.features for name in values))
    if len(columns) > MAX_COLUMNS:
        raise FileRefused(f"it has more than {MAX_COLUMNS} columns")
    return FoundLayer("", "OGC:CRS84", "UTF-8", columns, found.features)


def _refuse_doctype(*_: object) -> None:
    raise FileRefused("it declares a document type; entities are never resolved")


class _Placemarks:
    """Collects placemarks while the parser walks through the document."""

    def __init__(self) -> None:
        self.features: list[Feature] = []
        self._path: list[str] = []
        self._text: list[str] | None = None
        self._values: dict[str, Any] | None = None
        self._polygons: list[tuple[list[str], list[str]]] = []
        self._others: list[tuple[str, str]] = []
        self._data_name = ""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = tag.rpartition(":")[2]
        self._path.append(name)
        if len(self._path) > _DEEPEST:
            raise FileRefused("its elements are nested too deeply")
        if name == "Placemark":
            self._values, self._polygons, self._others = {}, [], []
        elif self._values is not None:
            if name == "Polygon":
                self._polygons.append(([], []))
            elif name in {"Data", "SimpleData"}:
                self._data_name = attributes.get("name", "")
        self._text = [] if name in _TEXTS else None

    def characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        self._path.pop()
        text = None if self._text is None else "".join(self._text).strip()
        if self._values is not None and text is not None:
            self._take(name, text)
        self._text = None
        if name == "Placemark":
            self._finish()

    def _take(self, name: str, text: str) -> None:
        values, parent = self._values, self._path[-1] if self._path else ""
        if values is None:
            return
        if name in {"name", "description"} and parent == "Placemark" and text:
            values[name] = text
        elif name in {"value", "SimpleData"} and self._data_name:
            values[self._data_name] = text or None
        elif name == "coordinates" and parent in _OTHER_SHAPES:
            self._others.append((parent, text))
        elif name == "coordinates" and self._polygons:
            outer, holes = self._polygons[-1]
            (holes if "innerBoundaryIs" in self._path else outer).append(text)

    def _finish(self) -> None:
        if len(self.features) >= MAX_FEATURES:
            raise FileRefused(f"it has more than {MAX_FEATURES} features")
        values, self._values = self._values or {}, None
        try:
            parts: list[BaseGeometry] = [
                Polygon(list(_positions(outer[0])), [list(_positions(hole)) for hole in holes])
                for outer, holes in self._polygons
            ]
            parts += [_OTHER_SHAPES[kind](list(_positions(text))) for kind, text in self._others]
        except (ValueError, IndexError, ShapelyError):
            self.features.append((values, None, "broken_geometry"))
            return
        shape = parts[0] if len(parts) == 1 else GeometryCollection(parts)
        self.features.append((values, bytes(shapely.to_wkb(shape)) if parts else None, None))


def _positions(text: str) -> Iterator[tuple[float, float]]:
    """Longitude and latitude of each position; a height is left out, as KML has it everywhere."""
    for position in text.split():
        x, y = (float(part) for part in position.split(",")[:2])
        if not (math.isfinite(x) and math.isfinite(y)):
            raise ValueError("a coordinate is not a finite number")
        yield x, y
