"""Raster grids: a CRS, an affine transform and a size that always travel together."""

from __future__ import annotations

from dataclasses import dataclass

BLOCK: int = 512
"""Cells along one side of the square blocks in which every raster is walked, whatever its own tiling."""


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
