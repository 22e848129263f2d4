"""A random place in the part of a raster cell that a polygon covers."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import shapely
from pyproj import Transformer
from shapely import MultiPolygon

from geo.grid import Grid, parsed_crs

_TRIES: Final = 64
_STEPS: Final = 8


def point_in_piece(
    grid: Grid, polygon: MultiPolygon, row: int, col: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Longitude and latitude (degrees) of a place drawn uniformly from the piece of the cell in the polygon.

    A piece so small that chance misses it gives an inner point of it; the middle of the cell where the
    piece is nothing but rounding.
    """
    x = grid.x0 + (col + rng.random(_TRIES)) * grid.dx
    y = grid.y0 - (row + rng.random(_TRIES)) * grid.dy
    lon, lat = _to_degrees(grid.crs).transform(x, y)
    inside = np.flatnonzero(shapely.contains_xy(polygon, lon, lat))
    if len(inside):
        return float(lon[inside[0]]), float(lat[inside[0]])
    piece = polygon.intersection(_cell(grid, row, col))
    place = piece.representative_point() if not piece.is_empty else _cell(grid, row, col).centroid
    return float(place.x), float(place.y)


def _cell(grid: Grid, row: int, col: int) -> shapely.Polygon:
    """The cell as a polygon in degrees, its edges in small steps."""
    left, top = grid.x0 + col * grid.dx, grid.y0 - row * grid.dy
    edge = shapely.box(left, top - grid.dy, left + grid.dx, top).segmentize(max(grid.dx, grid.dy) / _STEPS)
    corners = shapely.get_coordinates(edge)
    lon, lat = _to_degrees(grid.crs).transform(corners[:, 0], corners[:, 1])
    return shapely.Polygon(np.column_stack([lon, lat]))


@lru_cache(maxsize=16)
def _to_degrees(crs: str) -> Transformer:
    return Transformer.from_crs(parsed_crs(crs), "EPSG:4326", always_xy=True)
