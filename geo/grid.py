"""Raster grids: a CRS, an affine transform and a size that always travel together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from pyproj import CRS

BLOCK: int = 512
"""Cells along one side of the square blocks in which every raster is walked, whatever its own tiling."""

SAME_GRID_CELLS: Final = 1e-6
"""Grids whose corners lie within this share of a cell are one grid: files differ in their last digits."""


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
