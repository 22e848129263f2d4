"""A random place in the part of a raster cell that a polygon covers."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer
from shapely import MultiPolygon

from geo.grid import Grid, parsed_crs

Floats = npt.NDArray[np.float64]

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
    lon, lat = _degrees(grid, x, y)
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
    return shapely.Polygon(np.column_stack(_degrees(grid, corners[:, 0], corners[:, 1])))


def _degrees(grid: Grid, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Longitude and latitude of places of the grid; a grid of 0 to 360 degrees is taken to -180 to 180."""
    lon, lat = _to_degrees(grid.crs).transform(x, y)
    return np.where(lon > 180, lon - 360, lon), lat


@lru_cache(maxsize=16)
def _to_degrees(crs: str) -> Transformer:
    return Transformer.from_crs(parsed_crs(crs), "EPSG:4326", always_xy=True)
