"""Raster grids: a CRS, an affine transform and a size that always travel together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Proj

from geo.compiled import compiled

BLOCK: int = 512
"""Cells along one side of the square blocks in which every raster is walked, whatever its own tiling."""

SAME_GRID_CELLS: Final = 1e-6
"""Grids whose corners lie within this share of a cell are one grid: files differ in their last digits."""

_NODES: Final = 5
_WIDE_NODES: Final = 11
_WIDE_BLOCK_M: Final = 60_000.0
_WEB_MERCATOR: Final = "1024"


@dataclass(frozen=True, slots=True)
class Grid:
    """A north-up raster grid.

    `crs` is an authority code such as `EPSG:31976` where one is known, else WKT. The cell (row 0, column 0)
    has its upper left corner at (`x0`, `y0`); cells are `dx` wide and `dy` high, both positive, in the unit
    of the CRS. `width` and `height` count cells.
    """

    crs: str
    x0: float
    y0: float
    dx: float
    dy: float
    width: int
    height: int

    @property
    def is_geographic(self) -> bool:
        """Whether the grid's coordinates are longitude and latitude."""
        return parsed_crs(self.crs).is_geographic

    @property
    def nominal_cell_m2(self) -> float | None:
        """Square metres of a cell as the map projection counts them; None on a geographic grid."""
        if self.is_geographic:
            return None
        unit_m = metres_per_unit(self.crs)
        return self.dx * unit_m * self.dy * unit_m

    @property
    def nominal_cell_ha(self) -> float | None:
        """Hectares of a cell as the map projection counts them; None on a geographic grid."""
        cell_m2 = self.nominal_cell_m2
        return None if cell_m2 is None else cell_m2 / 10_000

    @property
    def n_block_rows(self) -> int:
        """Rows of blocks; the last may be lower than `BLOCK`."""
        return -(-self.height // BLOCK)

    @property
    def n_block_cols(self) -> int:
        """Columns of blocks; the last may be narrower than `BLOCK`."""
        return -(-self.width // BLOCK)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north in the unit of the CRS."""
        return (self.x0, self.y0 - self.height * self.dy, self.x0 + self.width * self.dx, self.y0)

    def block_shape(self, block_row: int, block_col: int) -> tuple[int, int]:
        """Rows and columns of the block, cut at the grid's edge."""
        return (
            min(BLOCK, self.height - block_row * BLOCK),
            min(BLOCK, self.width - block_col * BLOCK),
        )

    def difference(self, other: Grid) -> str | None:
        """What tells the two grids apart, in words, or None where they are one grid.

        Corners may differ by `SAME_GRID_CELLS` of a cell.
        """
        if self.crs != other.crs and not _same_crs(self.crs, other.crs):
            return f"CRS {crs_name(self.crs)} and {crs_name(other.crs)}"
        if (self.width, self.height) != (other.width, other.height):
            return f"size {self.width} x {self.height} and {other.width} x {other.height} cells"
        steps = (self.dx, self.dy, self.dx, self.dy)
        off = max(abs(a - b) / step for a, b, step in zip(self.bounds, other.bounds, steps, strict=True))
        if off > SAME_GRID_CELLS:
            return f"corners {off:.3g} cells apart"
        return None

    def place_in(self, other: Grid) -> tuple[int, int] | None:
        """Row and column of the other grid's lattice at which this grid's first cell lies; None off it.

        Both may be negative or beyond the other's size: grids of one lattice are windows of each other.
        """
        if self.crs != other.crs and not _same_crs(self.crs, other.crs):
            return None
        row, col = (other.y0 - self.y0) / other.dy, (self.x0 - other.x0) / other.dx
        off = max(abs(row - round(row)), abs(col - round(col)))
        wide = max(self.width, other.width) * abs(self.dx / other.dx - 1)
        tall = max(self.height, other.height) * abs(self.dy / other.dy - 1)
        return None if max(off, wide, tall) > SAME_GRID_CELLS else (round(row), round(col))


def union_grid(grids: Sequence[Grid]) -> Grid | None:
    """The smallest grid on the lattice of the first that holds all of them; None where one is off it."""
    places = [grid.place_in(grids[0]) for grid in grids]
    known = [place for place in places if place is not None]
    if len(known) < len(places):
        return None
    top, left = (min(place[axis] for place in known) for axis in (0, 1))
    bottom = max(place[0] + grid.height for place, grid in zip(known, grids, strict=True))
    right = max(place[1] + grid.width for place, grid in zip(known, grids, strict=True))
    first = grids[0]
    return replace(
        first,
        x0=first.x0 + left * first.dx,
        y0=first.y0 - top * first.dy,
        width=right - left,
        height=bottom - top,
    )


@lru_cache(maxsize=64)
def parsed_crs(crs: str) -> CRS:
    """The pyproj CRS of an authority code or WKT."""
    return CRS.from_user_input(crs)


@lru_cache(maxsize=64)
def _same_crs(crs: str, other: str) -> bool:
    return parsed_crs(crs).equals(parsed_crs(other), ignore_axis_order=True)


def crs_name(crs: str) -> str:
    """A short name for people: the authority code, or the name inside the WKT."""
    return crs if len(crs) < 20 else parsed_crs(crs).name


def metres_per_unit(crs: str) -> float:
    """Metres of one unit of a projected CRS: 1 for metres, 0.3048 for feet."""
    return float(parsed_crs(crs).axis_info[0].unit_conversion_factor)


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
    crs = parsed_crs(grid.crs)
    projection = _projection(grid.crs)
    x, y = np.meshgrid(grid.x0 + col * grid.dx, grid.y0 - row * grid.dy)
    lon, lat = projection(x, y, inverse=True)
    valid = np.isfinite(lon) & np.isfinite(lat)
    factors = projection.get_factors(np.where(valid, lon, 0.0), np.where(valid, lat, 0.0))
    scale = np.where(valid, factors.areal_scale, np.nan)
    operation = crs.coordinate_operation
    if operation is not None and operation.method_code == _WEB_MERCATOR:
        scale = scale * _web_mercator_correction(crs, lat)
    nominal_m2 = grid.nominal_cell_m2
    if nominal_m2 is None:
        raise ValueError("a geographic grid has no nominal cell")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(nominal_m2 / scale, dtype=np.float64)


@lru_cache(maxsize=64)
def _projection(crs: str) -> Proj:
    return Proj(parsed_crs(crs))


def _web_mercator_correction(crs: CRS, lat: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Web Mercator's true areal scale over the one PROJ gives, which takes the ellipsoid for a sphere."""
    e2 = _eccentricity_squared(crs)
    return (1 - e2 * np.sin(np.radians(lat)) ** 2) ** 2 / (1 - e2)


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
    ellipsoid = crs.ellipsoid
    a = 6378137.0 if ellipsoid is None else float(ellipsoid.semi_major_metre)
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
