"""DXF, read by ezdxf: closed lines and hatches are polygons, a text inside one is its code.

Chinese layer names and texts come through in the drawing's own code page. The drawing names no coordinate
system, so the sender is asked for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import shapely
from ezdxf import path, recover
from ezdxf.lldxf.const import DXFError
from shapely import MultiPolygon, Point, Polygon, STRtree
from shapely.errors import ShapelyError

from geo.readers.found_layer import MAX_FEATURES, FileRefused, FoundLayer
from geo.readers.points import nested

COLUMNS: Final = ("dxf_text", "dxf_layer", "dxf_handle")
_LINES: Final = "LWPOLYLINE POLYLINE"
_TEXTS: Final = "TEXT MTEXT"
ARC_TOLERANCE: Final = 0.05
"""How far, in drawing units, a chord may lie from the arc that it stands for."""


def read(job: Mapping[str, Any]) -> FoundLayer:
    """The closed shapes of one layer of the drawing's model space."""
    try:
        drawing, _ = recover.readfile(job["path"])
    except (DXFError, OSError, ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise FileRefused(f"it is no sound DXF drawing ({type(error).__name__})") from None
    model = drawing.modelspace()
    shapes = list(_shapes(model))
    layer = _layer(job.get("layer"), sorted({name for name, _, _ in shapes}))
    chosen = [one for one in shapes if one[0] == layer]
    texts = _texts(model, [shape for _, _, shape in chosen])
    features = (
        (
            {"dxf_text": texts.get(place), "dxf_layer": name, "dxf_handle": handle},
            None if shape is None else bytes(shapely.to_wkb(shape)),
            "broken_geometry" if shape is None else None,
        )
        for place, (name, handle, shape) in enumerate(chosen)
    )
    return FoundLayer(layer, None, str(drawing.encoding), list(COLUMNS), features)


Found = tuple[str, str, Polygon | MultiPolygon | None]


def _shapes(model: Any) -> Iterator[Found]:
    """Layer, handle and polygon of each closed shape; an open line is none."""
    count = 0
    for entity in model.query(f"{_LINES} HATCH"):
        hatch = entity.dxftype() == "HATCH"
        if not hatch and not _closed(entity):
            continue
        count += 1
        if count > MAX_FEATURES:
            raise FileRefused(f"it has more than {MAX_FEATURES} features")
        paths = path.from_hatch(entity) if hatch else [path.make_path(entity)]
        yield str(entity.dxf.layer), str(entity.dxf.handle), _polygon(paths)


def _closed(entity: Any) -> bool:
    return bool(entity.closed if entity.dxftype() == "LWPOLYLINE" else entity.is_closed) or _ends_meet(entity)


def _ends_meet(entity: Any) -> bool:
    line = path.make_path(entity)
    return len(line) > 2 and bool(line.start.isclose(line.end, abs_tol=1e-6))


def _polygon(paths: Any) -> Polygon | MultiPolygon | None:
    try:
        rings = [Polygon([(p.x, p.y) for p in one.flattening(ARC_TOLERANCE)]) for one in paths]
        return nested(rings) if rings else None
    except (ValueError, ShapelyError):
        return None


def _layer(asked: str | None, names: list[str]) -> str:
    if not names:
        raise FileRefused("it holds no closed polyline and no hatch")
    if asked is None and len(names) > 1:
        raise FileRefused(f"it has closed shapes on the layers {', '.join(names)}; choose one with --layer")
    if asked is not None and asked not in names:
        raise FileRefused(f"it has no closed shape on a layer {asked!r}; there are {', '.join(names)}")
    return asked or names[0]


def _texts(model: Any, shapes: list[Polygon | MultiPolygon | None]) -> dict[int, str]:
    """The text inside each shape by its position; of several the one on the shape's smallest enclosure."""
    tree = STRtree([shape if shape is not None else Polygon() for shape in shapes])
    found: dict[int, str] = {}
    for entity in model.query(_TEXTS):
        point = Point(entity.dxf.insert.x, entity.dxf.insert.y)
        text = entity.plain_text() if entity.dxftype() == "MTEXT" else entity.dxf.text
        inside = [int(place) for place in tree.query(point, predicate="within")]
        if inside and str(text).strip():
            smallest = min(inside, key=lambda place: _area(shapes[place]))
            found.setdefault(smallest, str(text).strip())
    return found


def _area(shape: Polygon | MultiPolygon | None) -> float:
    return float("inf") if shape is None else shape.area
