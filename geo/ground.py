"""The ground area of raster cells: square metres on the ellipsoid, whatever the projection."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Proj

from geo.compiled import compiled
from geo.grid import BLOCK, Grid, metres_per_unit, parsed_crs

_NODES: Final = 5
_WIDE_NODES: Final = 11
_WIDE_BLOCK_M: Final = 60_000.0
_WEB_MERCATOR: Final = "1024"


def ground_area_m2(grid: Grid, block_row: int, block_col: int) -> npt.NDArray[np.float64]:
    """Square metres on the ellipsoid of every cell of a block, (rows, columns) float64.

    A cell's value depends on the grid and the cell alone, not on who asks. On a geographic grid it is the
    closed form of the zone between two parallels; on a projected one the nominal cell divided by the
    projection's areal scale at the cell's centre (PROJ `areal_scale`), taken on a lattice of the block and
    interpolated by a polynomial, within 1e-9 of the value. Cells beyond the projection's world have 0.
    """
    rows, cols = grid.block_shape(block_row, block_col)
    return evaluate_rows(ground_rows(grid, block_row, block_col), rows, cols)


def ground_rows(grid: Grid, block_row: int, block_col: int) -> npt.NDArray[np.float64]:
    """Ground area along each row of a block, as polynomials: (BLOCK, n) float64 coefficients.

    Square metres of the cell in column c of row r are the sum of `coefficient[r, k] * t**k` with
    t = (2 c + 1) / BLOCK - 1, see `cell_area_m2`. Where the projection has no polynomial (its world ends in
    the block) n is BLOCK + 1: `coefficient[r, 1 + c]` is the value itself and `coefficient[r, 0]` is NaN.
    """
    if grid.is_geographic:
        return _zone_rows(grid, block_row)
    nodes = (
        _WIDE_NODES if max(grid.dx, grid.dy) * metres_per_unit(grid.crs) * BLOCK > _WIDE_BLOCK_M else _NODES
    )
    at = np.cos(np.pi * (np.arange(nodes) + 0.5) / nodes)
    values = _true_cell_m2(grid, _centres(at, block_col), _centres(at, block_row))
    if np.isfinite(values).all():
        return _row_polynomials(values, np.vander(at, increasing=True))
    cells = np.arange(BLOCK, dtype=np.float64)
    values = _true_cell_m2(grid, cells + block_col * BLOCK + 0.5, cells + block_row * BLOCK + 0.5)
    return np.hstack([np.full((BLOCK, 1), np.nan), np.where(np.isfinite(values), values, 0.0)])


def _centres(at: npt.NDArray[np.float64], block: int) -> npt.NDArray[np.float64]:
    """Positions in cells of the grid of lattice nodes in [-1, 1] across a block."""
    return (at + 1) / 2 * BLOCK + block * BLOCK


def _row_polynomials(
    values: npt.NDArray[np.float64], vandermonde: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    inverse = np.linalg.inv(vandermonde)
    by_x = np.einsum("kj,ij->ik", inverse, values)
    by_both = np.einsum("li,ik->lk", inverse, by_x)
    t = (2 * np.arange(BLOCK) + 1) / BLOCK - 1
    return np.ascontiguousarray(np.einsum("rl,lk->rk", np.vander(t, len(values), increasing=True), by_both))


def _true_cell_m2(
    grid: Grid, col: npt.NDArray[np.float64], row: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """True area of a cell centred at each (row, col) position, (rows, cols); NaN or inf off the world."""
    x, y = np.meshgrid(grid.x0 + col * grid.dx, grid.y0 - row * grid.dy)
    lon, lat = _projection(grid.crs)(x, y, inverse=True)
    return _projected_cell_m2(grid, lon, lat)


def _projected_cell_m2(
    grid: Grid, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """True area of a cell of a projected grid centred at each place in degrees; NaN or inf off the world."""
    crs = parsed_crs(grid.crs)
    valid = np.isfinite(lon) & np.isfinite(lat)
    factors = _projection(grid.crs).get_factors(np.where(valid, lon, 0.0), np.where(valid, lat, 0.0))
    scale = np.where(valid, factors.areal_scale, np.nan)
    operation = crs.coordinate_operation
    if operation is not None and operation.method_code == _WEB_MERCATOR:
        scale = scale * _web_mercator_correction(crs, lat)
    nominal_m2 = grid.nominal_cell_m2
    if nominal_m2 is None:
        raise ValueError("a geographic grid has no nominal cell")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(nominal_m2 / scale, dtype=np.float64)


def cell_m2_at(
    grid: Grid, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Square metres on the ellipsoid of a cell of the grid centred at each place (degrees); 0 off the world.

    On a geographic grid by the radii of curvature there, which is right to 1e-6 for cells of a kilometre.
    """
    if not grid.is_geographic:
        found = _projected_cell_m2(grid, lon, lat)
        return np.where(np.isfinite(found), found, 0.0)
    crs = parsed_crs(grid.crs)
    a, e2 = _semi_major_m(crs), _eccentricity_squared(crs)
    to_radians = float(crs.axis_info[0].unit_conversion_factor)
    sine = np.sin(np.radians(lat))
    per_square_radian = a * a * (1 - e2) * np.cos(np.radians(lat)) / (1 - e2 * sine**2) ** 2
    return np.asarray(per_square_radian * grid.dx * grid.dy * to_radians**2, dtype=np.float64)


@lru_cache(maxsize=64)
def _projection(crs: str) -> Proj:
    return Proj(parsed_crs(crs))


def _web_mercator_correction(crs: CRS, lat: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Web Mercator's true areal scale over the one PROJ gives, which takes the ellipsoid for a sphere."""
    e2 = _eccentricity_squared(crs)
    return (1 - e2 * np.sin(np.radians(lat)) ** 2) ** 2 / (1 - e2)


def _semi_major_m(crs: CRS) -> float:
    return 6378137.0 if crs.ellipsoid is None else float(crs.ellipsoid.semi_major_metre)


def _eccentricity_squared(crs: CRS) -> float:
    ellipsoid = crs.ellipsoid
    if ellipsoid is None or not ellipsoid.inverse_flattening:
        return 0.0
    f = 1 / ellipsoid.inverse_flattening
    return f * (2 - f)


def _zone_rows(grid: Grid, block_row: int) -> npt.NDArray[np.float64]:
    """Ground area of the cells of each row of a geographic grid, (BLOCK, 1) square metres.

    The zone between parallels on the ellipsoid (Snyder 1987, eq. 3-12), its difference written so that
    nothing cancels however low the row.
    """
    crs = parsed_crs(grid.crs)
    a = _semi_major_m(crs)
    e2 = _eccentricity_squared(crs)
    e = math.sqrt(e2)
    to_radians = float(crs.axis_info[0].unit_conversion_factor)
    row = np.arange(BLOCK) + block_row * BLOCK
    limit = math.pi / 2
    north = np.clip((grid.y0 - row * grid.dy) * to_radians, -limit, limit)
    south = np.clip((grid.y0 - (row + 1) * grid.dy) * to_radians, -limit, limit)
    s_north, s_south = np.sin(north), np.sin(south)
    rise = 2 * np.cos((north + south) / 2) * np.sin((north - south) / 2)
    product = e2 * s_north * s_south
    q = rise * (1 + product) / ((1 - e2 * s_north**2) * (1 - e2 * s_south**2))
    q = q + (np.arctanh(e * rise / (1 - product)) / e if e else rise)
    area = grid.dx * to_radians * a * a * (1 - e2) / 2 * q
    return np.ascontiguousarray(area[:, None])


@compiled
def cell_area_m2(row: npt.NDArray[np.float64], col: int) -> float:
    """Square metres of the cell in column `col` from one row of `ground_rows`."""
    n = row.shape[0]
    if np.isnan(row[0]):
        return float(row[1 + col])
    t = (2.0 * col + 1.0) / BLOCK - 1.0
    value = row[n - 1]
    for k in range(n - 2, -1, -1):
        value = value * t + row[k]
    return float(value)


@compiled
def evaluate_rows(ground: npt.NDArray[np.float64], rows: int, cols: int) -> npt.NDArray[np.float64]:
    """The first `rows` x `cols` cells' square metres from `ground_rows`."""
    out = np.empty((rows, cols))
    for r in range(rows):
        for c in range(cols):
            out[r, c] = cell_area_m2(ground[r], c)
    return out
