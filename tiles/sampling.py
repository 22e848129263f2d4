"""Nearest-cell sampling of a raster at web-mercator pixel centres."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer

from geo.grid import Grid
from tiles.grid import MercatorBox, lat_of, lon_of

FloatArray = npt.NDArray[np.float64]
CellPlaces = tuple[FloatArray, FloatArray]
"""Fractional columns and rows in a grid, each of shape (height, width) or broadcastable to it."""

_TOLERANCE_CELLS: Final = 0.04
_FIRST_LATTICE: Final = 8
_LAST_LATTICE: Final = 64


def cell_places(box: MercatorBox, grid: Grid) -> CellPlaces:
    """Where each pixel centre of `box` falls in `grid`, in fractional columns and rows from its upper left.

    Longitude-latitude grids and web mercator are exact. Other projections are computed on a lattice and
    interpolated; the lattice is refined until halving it moves no lattice point by more than 0.04 cell
    (the finer one, whose error is about a quarter of that, is used), and computed pixel by pixel where that
    does not hold. A place without a projection is infinite.
    """
    kind = _kind(grid.crs)
    if kind == "mercator":
        return _places(box.centres_x_m()[None, :], box.centres_y_m()[:, None], grid)
    if kind == "lonlat":
        columns, rows = _places(lon_of(box.centres_x_m())[None, :], lat_of(box.centres_y_m())[:, None], grid)
        turn = 360.0 / grid.dx
        return np.where(columns < 0, columns + turn, np.where(columns >= turn, columns - turn, columns)), rows
    return _projected_places(box, grid)


def _places(x: FloatArray, y: FloatArray, grid: Grid) -> CellPlaces:
    return (x - grid.x0) / grid.dx, (grid.y0 - y) / grid.dy


@lru_cache(maxsize=64)
def _kind(crs: str) -> str:
    parsed = CRS.from_user_input(crs)
    if parsed.to_epsg() == 3857:
        return "mercator"
    # CGCS2000 and WGS 84 are taken as one (geo.crs); any other datum goes through its transformation.
    if parsed.is_geographic and parsed.to_epsg() in {4326, 4490}:
        return "lonlat"
    return "projected"


@lru_cache(maxsize=64)
def _transformer(crs: str) -> Transformer:
    return Transformer.from_crs("EPSG:4326", crs, always_xy=True)


def _projected_places(box: MercatorBox, grid: Grid) -> CellPlaces:
    transformer = _transformer(grid.crs)

    def exact(x_m: FloatArray, y_m: FloatArray) -> CellPlaces:
        lon, lat = np.meshgrid(lon_of(x_m), lat_of(y_m))
        x, y = transformer.transform(lon, lat)
        return _places(x, y, grid)

    x_m, y_m = box.centres_x_m(), box.centres_y_m()
    steps = _FIRST_LATTICE
    while steps <= min(_LAST_LATTICE, box.width // 2, box.height // 2):
        found = _lattice_places(exact, x_m, y_m, steps)
        if found is not None:
            return found
        steps *= 2
    return exact(x_m, y_m)


def _lattice_places(
    exact: Callable[[FloatArray, FloatArray], CellPlaces], x_m: FloatArray, y_m: FloatArray, steps: int
) -> CellPlaces | None:
    """The places interpolated from a lattice of 2 x steps; None where the lattice is not fine enough."""
    fine_x, fine_y = np.linspace(x_m[0], x_m[-1], 2 * steps + 1), np.linspace(y_m[0], y_m[-1], 2 * steps + 1)
    lattices = exact(fine_x, fine_y)
    halves = _hat_weights(np.arange(2 * steps + 1), 2 * steps, steps)
    for lattice in lattices:
        if not np.isfinite(lattice).all():
            return None
        if np.abs(halves @ lattice[::2, ::2] @ halves.T - lattice).max() > _TOLERANCE_CELLS:
            return None
    across = _hat_weights(np.arange(x_m.size), x_m.size - 1, 2 * steps)
    down = _hat_weights(np.arange(y_m.size), y_m.size - 1, 2 * steps)
    return down @ lattices[0] @ across.T, down @ lattices[1] @ across.T


def _hat_weights(positions: npt.NDArray[np.int64], last: int, steps: int) -> FloatArray:
    """Linear interpolation weights, (positions, steps + 1), of positions 0 .. last on `steps` intervals."""
    place = positions * (steps / last)
    hats = 1.0 - np.abs(place[:, None] - np.arange(steps + 1)[None, :])
    return np.asarray(np.maximum(0.0, hats), np.float64)
