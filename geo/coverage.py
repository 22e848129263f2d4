"""Exact coverage: which share of each raster cell each polygon covers.

The share is exact for polygons with straight edges on the grid: each edge adds the signed area between
itself and the cells to its right, as font rasterisers do, and a running sum along the row gives the share.
Heights are counted in whole units of 1 / FULL_CELL and each edge is taken upwards whichever way its ring
runs, so every sum is one of integers: polygons that share an edge add up to their union to the last unit, a
cell inside is exactly full, and neither order nor shard changes a bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer
from shapely import MultiPolygon

from geo.areas import UNITS_PER_M2
from geo.coverage_loops import block_coverage, to_cells
from geo.grid import BLOCK, Grid, ground_rows, parsed_crs

FULL_CELL: Final = 1 << 31
"""The weight of a wholly covered cell: weights are unsigned integers in units of 2**-31 of a cell."""

Units = npt.NDArray[np.uint32 | np.int64]
"""Ground areas in 1e-4 m2; 32 bits hold cells of up to 42 hectares."""

_LONLAT: Final = "EPSG:4326"


@dataclass(frozen=True, slots=True)
class BlockCoverage:
    """What the polygons cover of the block (`row`, `col`), site by site.

    Group g belongs to the site with index `site[g]` and holds the spans `[spans[g], spans[g + 1])`. Span k
    is a run of neighbouring cells of one row: `first[k]` the offset in the block of its first cell (row x
    BLOCK + column), its cells' entries `[entries[k], entries[k + 1])` of `weight` uint32 (share of the cell
    in 1 / FULL_CELL) and `units` (its ground area in 1e-4 m2; uint32, or int64 where cells are large).
    """

    row: int
    col: int
    site: npt.NDArray[np.int32]
    spans: npt.NDArray[np.int32]
    first: npt.NDArray[np.int32]
    entries: npt.NDArray[np.int32]
    weight: npt.NDArray[np.uint32]
    units: Units


@dataclass(frozen=True, slots=True)
class Coverage:
    """Weights of cells by site on one grid, block by block in row-major order.

    `sites` (n_sites,) are the caller's ids in the caller's order. Parts of polygons beyond the grid have no
    entry; nor have blocks that no polygon touches.
    """

    grid: Grid
    sites: npt.NDArray[np.int64]
    blocks: tuple[BlockCoverage, ...]

    @property
    def n_cells(self) -> int:
        """Weighted cells, one for every pair of a site and a cell that it touches."""
        return sum(len(block.weight) for block in self.blocks)


@dataclass(frozen=True, slots=True)
class CellPolygons:
    """Polygons in cell coordinates of a grid: x from its left, y down from its top edge, in cells.

    Ring r has the vertices `[rings[r], rings[r + 1])` of `x` and `y` and is counted `sign[r]` times (1 or -1;
    0 where the projection cannot show it); site s has the rings `[site_rings[s], site_rings[s + 1])`. `box`
    (n_sites, 4) is its first and last row and first and last column in the grid, last before first where it
    misses the grid.
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    rings: npt.NDArray[np.int64]
    sign: npt.NDArray[np.int64]
    site_rings: npt.NDArray[np.int64]
    box: npt.NDArray[np.int64]


def cover(grid: Grid, sites: npt.NDArray[np.int64], geometries: Sequence[MultiPolygon]) -> Coverage:
    """The exact share of every cell that every polygon covers.

    `geometries` are in longitude and latitude (degrees), one for each of `sites`, whose ids differ. Their
    vertices are taken to the grid's CRS and joined there by straight lines. A polygon beyond the edge is cut
    exactly; where parts of one multipolygon overlap, a cell counts once at most.
    """
    if len(sites) != len(geometries):
        raise ValueError(f"{len(sites)} site ids for {len(geometries)} geometries")
    if len(sites) == 0:
        return Coverage(grid, np.asarray(sites, dtype=np.int64), ())
    polygons = cell_polygons(grid, geometries)
    sums = np.zeros((BLOCK + 1) * (BLOCK + 1), dtype=np.int64)
    blocks = tuple(
        block
        for number, members in _sites_by_block(grid, polygons.box)
        if (block := _cover_block(grid, polygons, number, members, sums)) is not None
    )
    return Coverage(grid, np.asarray(sites, dtype=np.int64), blocks)


def cell_polygons(grid: Grid, geometries: Sequence[MultiPolygon]) -> CellPolygons:
    """The polygons in cell coordinates of the grid, ready to be rasterised."""
    flat = np.asarray(geometries, dtype=object)
    if shapely.has_z(flat).any():
        flat = shapely.force_2d(flat)
    kind, coordinates, offsets = shapely.to_ragged_array(flat)
    if kind == shapely.GeometryType.POLYGON:
        offsets = (offsets[0], offsets[1], np.arange(len(offsets[1]), dtype=np.int32))
    elif kind != shapely.GeometryType.MULTIPOLYGON:
        raise ValueError(f"polygons are needed, not {kind.name}")
    rings, part_rings, site_parts = (np.asarray(offset).astype(np.int64) for offset in offsets)
    site_rings = part_rings[site_parts]
    exterior = np.zeros(len(rings) - 1, dtype=np.bool_)
    exterior[part_rings[:-1][np.diff(part_rings) > 0]] = True
    x, y = _to_grid_crs(grid, coordinates, rings[part_rings])
    sign, box = to_cells(
        grid.x0, grid.y0, grid.dx, grid.dy, grid.height, grid.width, x, y, rings, exterior, site_rings
    )
    return CellPolygons(x, y, rings, sign, site_rings, box)


def _to_grid_crs(
    grid: Grid, coordinates: npt.NDArray[np.float64], part_starts: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Coordinates in the grid's CRS; on a geographic grid the turn of longitude nearest the grid."""
    x, y = coordinates[:, 0], coordinates[:, 1]
    if grid.crs != _LONLAT:
        x, y = _to_crs(grid.crs).transform(x, y)
    x, y = np.ascontiguousarray(x, dtype=np.float64), np.ascontiguousarray(y, dtype=np.float64)
    if grid.is_geographic and len(x):
        turn = 2 * np.pi / float(parsed_crs(grid.crs).axis_info[0].unit_conversion_factor)
        middle = grid.x0 + grid.width * grid.dx / 2
        counts = np.diff(part_starts)
        first = x[np.minimum(part_starts[:-1], len(x) - 1)]
        x = x + np.repeat(np.rint((middle - first) / turn) * turn, counts)
    return x, y


@lru_cache(maxsize=64)
def _to_crs(crs: str) -> Transformer:
    return Transformer.from_crs(_LONLAT, parsed_crs(crs), always_xy=True)


def _sites_by_block(grid: Grid, box: npt.NDArray[np.int64]) -> list[tuple[int, npt.NDArray[np.int64]]]:
    """The number of each block that a bounding box touches, row-major, with the indices of its sites."""
    first_row, last_row, first_col, last_col = (box // BLOCK).T
    inside = (box[:, 1] >= box[:, 0]) & (box[:, 3] >= box[:, 2])
    tall = np.where(inside, last_row - first_row + 1, 0)
    wide = np.where(inside, last_col - first_col + 1, 0)
    count = tall * wide
    site = np.repeat(np.arange(len(box)), count)
    nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    down, across = np.divmod(nth, np.maximum(wide, 1)[site])
    number = (first_row[site] + down) * grid.n_block_cols + first_col[site] + across
    order = np.argsort(number, kind="stable")
    number, site = number[order], site[order]
    numbers, at = np.unique(number, return_index=True)
    return list(zip(numbers.tolist(), np.split(site, at[1:]), strict=True)) if len(numbers) else []


def _cover_block(
    grid: Grid,
    polygons: CellPolygons,
    number: int,
    members: npt.NDArray[np.int64],
    sums: npt.NDArray[np.int64],
) -> BlockCoverage | None:
    row, col = divmod(number, grid.n_block_cols)
    rows, cols = grid.block_shape(row, col)
    ground = ground_rows(grid, row, col)
    n_cells, n_spans = _room(polygons.box[members], row * BLOCK, col * BLOCK, rows, cols)
    weight = np.empty(n_cells, dtype=np.uint32)
    units = np.empty(n_cells, dtype=_units_dtype(ground))
    first, entries = np.empty(n_spans, dtype=np.int32), np.empty(n_spans + 1, dtype=np.int32)
    spans = np.zeros(len(members) + 1, dtype=np.int32)
    used_spans, used_cells = block_coverage(
        row * BLOCK, col * BLOCK, rows, cols, members, polygons.x, polygons.y, polygons.rings, polygons.sign,
        polygons.site_rings, polygons.box, ground, sums, spans, first, entries, weight, units,
    )  # fmt: skip
    if used_cells == 0:
        return None
    kept = np.flatnonzero(np.diff(spans))
    return BlockCoverage(
        row=row,
        col=col,
        site=members[kept].astype(np.int32),
        spans=spans[np.append(kept, len(members))],
        first=first[:used_spans].copy(),
        entries=entries[: used_spans + 1].copy(),
        weight=weight[:used_cells].copy(),
        units=units[:used_cells].copy(),
    )


def _room(box: npt.NDArray[np.int64], row0: int, col0: int, rows: int, cols: int) -> tuple[int, int]:
    """Cells and spans that the boxes of the sites can hold at most inside a block."""
    tall = np.minimum(box[:, 1], row0 + rows - 1) - np.maximum(box[:, 0], row0) + 1
    wide = np.minimum(box[:, 3], col0 + cols - 1) - np.maximum(box[:, 2], col0) + 1
    return int((tall * wide).sum()), int((tall * (wide // 2 + 1)).sum())


def _units_dtype(ground: npt.NDArray[np.float64]) -> type[np.uint32 | np.int64]:
    """uint32 where every cell of the block surely fits, int64 elsewhere."""
    largest_m2 = float(np.nansum(np.abs(ground), axis=1).max()) if np.isfinite(ground).all() else np.inf
    return np.uint32 if largest_m2 * UNITS_PER_M2 < np.iinfo(np.uint32).max else np.int64
