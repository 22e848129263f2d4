"""Exact coverage: which share of each raster cell each polygon covers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.grid import Grid

FULL_CELL: Final = 1 << 31
"""The weight of a wholly covered cell: weights are unsigned integers in units of 2**-31 of a cell."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Weights of cells by site on one grid, sorted by block.

    `sites` (n_sites,) are the caller's ids in the caller's order. Block b is the square of `BLOCK` cells at
    block row and column `blocks[b]`; its entries are `[starts[b], starts[b + 1])` of the three entry arrays:
    `cell` int32 the offset in the block (row in block x BLOCK + column in block), `site` int32 an index into
    `sites`, `weight` uint32 in units of 1 / FULL_CELL. Parts of polygons beyond the grid have no entry.
    """

    grid: Grid
    sites: npt.NDArray[np.int64]
    blocks: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    cell: npt.NDArray[np.int32]
    site: npt.NDArray[np.int32]
    weight: npt.NDArray[np.uint32]
