"""Well-known binary: the one form in which polygons are stored, hashed and compared."""

from __future__ import annotations

from typing import cast

import shapely
from shapely import MultiPolygon, Polygon


def multi(geometry: Polygon | MultiPolygon) -> MultiPolygon:
    """The geometry as a MultiPolygon."""
    return MultiPolygon([geometry]) if isinstance(geometry, Polygon) else geometry


def wkb_of(geometry: Polygon | MultiPolygon) -> bytes:
    """Little-endian two-dimensional WKB of the geometry as a MultiPolygon, to the last bit."""
    return bytes(shapely.to_wkb(multi(geometry), byte_order=1, output_dimension=2, include_srid=False))


def geometry_of(wkb: bytes) -> MultiPolygon:
    """The MultiPolygon of a WKB."""
    return multi(cast("Polygon | MultiPolygon", shapely.from_wkb(wkb)))
