"""Shards: the sites of a run parted by space, so that memory is bounded by a shard and not by the country.

Sites are ordered by the block of the raster in which the middle of their box lies, along rows of blocks that
run forth and back, and by id within a block. A shard is a stretch of that order. Which shard a site falls
into decides nothing but who computes it: every figure of a site depends on the site and the rasters alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.coverage import to_grid_points
from geo.grid import BLOCK, Grid

MOST_SITES: Final = 500
"""Sites of one shard at most: what their results take in memory is some tens of megabytes."""

MOST_CELLS: Final = 20_000_000
"""Cells in the boxes of a shard's sites at most, but for one site that has more by itself."""

Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shard:
    """One part of the sites of a run: its place among the parts, and the ids, rising."""

    number: int
    site_ids: Int64s


def shards_of(
    grid: Grid,
    ids: Int64s,
    boxes: npt.NDArray[np.float64],
    *,
    most_sites: int = MOST_SITES,
    most_cells: int = MOST_CELLS,
) -> list[Shard]:
    """The sites parted by space. `boxes` (sites, 4) are min x, min y, max x and max y in degrees.

    Sites whose box has no place on the grid's CRS come last. The same sites give the same shards, in whatever
    order they come.
    """
    if most_sites < 1:
        raise ValueError(f"a shard of {most_sites} sites")
    if len(ids) == 0:
        return []
    by_id = np.argsort(ids, kind="stable")
    ids, boxes = np.asarray(ids, dtype=np.int64)[by_id], boxes[by_id]
    place, cells = _places(grid, boxes)
    order = np.argsort(place, kind="stable")
    starts = _starts(np.minimum(cells[order], most_cells), most_sites, most_cells)
    return [Shard(number, np.sort(part)) for number, part in enumerate(np.split(ids[order], starts))]


def _places(grid: Grid, boxes: npt.NDArray[np.float64]) -> tuple[Int64s, Int64s]:
    """The place of each box in the order of blocks, and about how many cells it has."""
    west, south, east, north = boxes.T
    corners_x, corners_y = to_grid_points(
        grid,
        np.concatenate([(west + east) / 2, west, east]),
        np.concatenate([(south + north) / 2, south, north]),
    )
    x, x0, x1 = np.split(corners_x, 3)
    y, y0, y1 = np.split(corners_y, 3)
    with np.errstate(invalid="ignore", over="ignore"):
        row, col = np.floor((grid.y0 - y) / grid.dy / BLOCK), np.floor((x - grid.x0) / grid.dx / BLOCK)
        cells = (np.abs(x1 - x0) / grid.dx + 1) * (np.abs(y1 - y0) / grid.dy + 1)
    known = np.isfinite(row) & np.isfinite(col) & np.isfinite(cells)
    row = np.clip(np.where(known, row, 0), -1, grid.n_block_rows).astype(np.int64)
    col = np.clip(np.where(known, col, 0), -1, grid.n_block_cols).astype(np.int64)
    wide = grid.n_block_cols + 2
    forth = np.where(row % 2 == 0, col + 1, wide - 2 - col)
    last = (grid.n_block_rows + 2) * wide
    place = np.where(known, (row + 1) * wide + forth, last)
    whole = grid.width * grid.height
    return place, np.clip(np.where(known, cells, 1), 1, whole).astype(np.int64)


def _starts(cells: Int64s, most_sites: int, most_cells: int) -> list[int]:
    """Where a new shard begins, in the order of the sites; the first begins at 0 and is not named."""
    starts: list[int] = []
    begun, total = 0, 0
    for at, more in enumerate(cells.tolist()):
        if at > begun and (at - begun >= most_sites or total + more > most_cells):
            starts.append(at)
            begun, total = at, 0
        total += more
    return starts
