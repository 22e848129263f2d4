"""Geometry as it is drawn: simplified and rounded, never used for a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

DRAWN_DECIMALS: Final = 6
_MAP_PIXELS: Final = 1000
_SITE_DETAIL: Final = 8
_PLACE_DEG: Final = 0.02

Bounds = tuple[float, float, float, float]
"""West, south, east, north in degrees."""


def bounds_of(geometries: Sequence[BaseGeometry]) -> Bounds | None:
    """The bounds of all geometries together; None where there is nothing."""
    if not geometries:
        return None
    west, south, east, north = shapely.total_bounds(np.array(geometries, dtype=object)).tolist()
    return None if np.isnan(west) else (west, south, east, north)


def padded(bounds: Bounds, share: float) -> Bounds:
    """The bounds, wider by `share` of their size (0.002 degrees at least) on every side."""
    west, south, east, north = bounds
    pad_x, pad_y = max(0.002, (east - west) * share), max(0.002, (north - south) * share)
    return (
        max(-180.0, west - pad_x),
        max(-85.0, south - pad_y),
        min(180.0, east + pad_x),
        min(85.0, north + pad_y),
    )


def detail_deg(bounds: Bounds) -> float:
    """The tolerance (degrees) below which detail is lost on a map that is fitted to `bounds`."""
    west, south, east, north = bounds
    return max(1e-5, max(east - west, north - south) / _MAP_PIXELS)


def name_places(outlines: Sequence[MultiPolygon]) -> list[tuple[float, float]]:
    """Where a name fits best into each outline: the centre (lon, lat) of the largest circle inside it."""
    if not outlines:
        return []
    shapes = np.array(outlines, dtype=object)
    spokes = shapely.maximum_inscribed_circle(shapes, tolerance=_PLACE_DEG)
    centres = shapely.get_coordinates(shapely.get_point(spokes, 0))
    return [(round(x, 3), round(y, 3)) for x, y in centres.tolist()]


def drawn_outlines(outlines: Sequence[MultiPolygon], tolerance_deg: float) -> list[dict[str, Any]]:
    """GeoJSON geometries of neighbouring units, simplified together so that shared borders stay shared.

    Source: the coverage simplification of GEOS (Visvalingam-Whyatt); its tolerance is the root of an area.
    """
    if not outlines:
        return []
    drawn = shapely.coverage_simplify(np.array(outlines, dtype=object), tolerance_deg)
    decimals = max(2, min(5, int(np.ceil(-np.log10(tolerance_deg))) + 1))
    return [geojson_geometry(outline, decimals=decimals) for outline in drawn]


def drawn_sites(geometries: Sequence[MultiPolygon], tolerance_deg: float) -> list[dict[str, Any]]:
    """GeoJSON geometries of sites, each simplified on its own, to an eighth of the map's detail."""
    if not geometries:
        return []
    rough = shapely.simplify(np.array(geometries, dtype=object), tolerance_deg / _SITE_DETAIL)
    return [geojson_geometry(geometry) for geometry in rough]


def geojson_geometry(geometry: BaseGeometry, *, decimals: int = DRAWN_DECIMALS) -> dict[str, Any]:
    """The GeoJSON of a polygon, multipolygon or point with coordinates rounded for drawing."""
    if isinstance(geometry, MultiPolygon):
        parts = [_rings(part, decimals) for part in geometry.geoms]
        if len(parts) == 1:
            return {"type": "Polygon", "coordinates": parts[0]}
        return {"type": "MultiPolygon", "coordinates": parts}
    if isinstance(geometry, Polygon):
        return {"type": "Polygon", "coordinates": _rings(geometry, decimals)}
    return {"type": "Point", "coordinates": np.round(shapely.get_coordinates(geometry)[0], decimals).tolist()}


def _rings(polygon: Polygon, decimals: int) -> list[list[list[float]]]:
    rings = (polygon.exterior, *polygon.interiors)
    return [_rounded(shapely.get_coordinates(ring), decimals) for ring in rings if not ring.is_empty]


def _rounded(places: npt.NDArray[np.float64], decimals: int) -> list[list[float]]:
    """The places rounded, those that now repeat their neighbour left out (four at least are kept)."""
    rounded = np.round(places, decimals)
    moves = np.ones(len(rounded), np.bool_)
    moves[1:] = (np.diff(rounded, axis=0) != 0).any(axis=1)
    kept = rounded[moves]
    result: list[list[float]] = (kept if len(kept) >= 4 else rounded).tolist()
    return result
