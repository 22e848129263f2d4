"""Exact coverage: which share of each raster cell each polygon covers.

The share is exact for polygons with straight edges on the grid: each edge adds the signed area between
itself and the cells to its right, as font rasterisers do, and a running sum along the row gives the share.
Heights are counted in whole units of 1 / FULL_CELL and each edge is taken upwards whichever way its ring
runs, so every sum is one of integers: polygons that share an edge add up to their union to the last unit, a
cell inside is exactly full, and neither order nor shard changes a bit.
"""

from __future__ import annotations

import threading
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
from geo.coverage_loops import block_coverage, fault, to_cells
from geo.errors import InvalidInput
from geo.grid import BLOCK, Grid, crs_name, parsed_crs
from geo.ground import ground_rows
from geo.runs.threads import side_by_side

FULL_CELL: Final = 1 << 31
"""The weight of a wholly covered cell: weights are unsigned integers in units of 2**-31 of a cell."""

Units = npt.NDArray[np.uint32 | np.int64]
"""Ground areas in 1e-4 m2; 32 bits hold cells of up to 42 hectares."""

_LONLAT: Final = "EPSG:4326"
_SITES_AT_ONCE: Final = 1_000
_FAULTS: Final = {
    1: "some of its vertices have no place there",
    2: "it crosses the seam of longitudes; split it there into two parts",
}


class OffTheMap(InvalidInput):
    """A polygon that the grid's CRS cannot show as it is: part of it off its world, or across its seam."""

    template = "site {site}: its polygon cannot be laid on {crs}: {problem}"


@dataclass(frozen=True, slots=True)
class BlockCoverage:
    """What the polygons cover of the block (`row`, `col`), site by site: edge cells and runs of full cells.

    Group g belongs to the site with index `site[g]`. It holds the edge cells `[edges[g], edges[g + 1])` of
    `edge_at` int32 (offset in the block, row x BLOCK + column), `edge_weight` uint32 (share of the cell in
    1 / FULL_CELL) and `edge_units` (its ground area in 1e-4 m2; uint32, or int64 where cells are large), and
    the runs `[runs[g], runs[g + 1])` of `run_at` int32 (offset of the first cell) and `run_cells` int32
    (neighbouring cells of one row that are wholly covered). `ground` is that of `ground_rows`, from which
    the full cells have their area.
    """

    row: int
    col: int
    site: npt.NDArray[np.int32]
    edges: npt.NDArray[np.int32]
    runs: npt.NDArray[np.int32]
    edge_at: npt.NDArray[np.int32]
    edge_weight: npt.NDArray[np.uint32]
    edge_units: Units
    run_at: npt.NDArray[np.int32]
    run_cells: npt.NDArray[np.int32]
    ground: npt.NDArray[np.float64]

    @property
    def n_cells(self) -> int:
        """Weighted cells, one for every pair of a site and a cell that it touches."""
        return len(self.edge_at) + int(self.run_cells.sum(dtype=np.int64))


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
        return sum(block.n_cells for block in self.blocks)


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
    exactly; where parts of one multipolygon overlap, a cell counts once at most. A part that lies wholly off
    the world of the grid's CRS has no cells.

    Raises OffTheMap for a polygon of which some vertices have no place in the grid's CRS and for one that
    crosses the seam of its longitudes.
    """
    if len(sites) != len(geometries):
        raise ValueError(f"{len(sites)} site ids for {len(geometries)} geometries")
    if len(sites) == 0:
        return Coverage(grid, np.asarray(sites, dtype=np.int64), ())
    ids = np.asarray(sites, dtype=np.int64)
    polygons = cell_polygons(grid, ids, geometries)
    own = threading.local()

    def covered(place: tuple[int, npt.NDArray[np.int64]]) -> BlockCoverage | None:
        if not hasattr(own, "sums"):
            own.sums = np.zeros((BLOCK + 1) * (BLOCK + 1), dtype=np.int64)
        return _cover_block(grid, polygons, *place, own.sums)

    found = side_by_side(covered, _sites_by_block(grid, polygons.box))
    return Coverage(grid, ids, tuple(block for block in found if block is not None))


def cell_polygons(
    grid: Grid, sites: npt.NDArray[np.int64], geometries: Sequence[MultiPolygon]
) -> CellPolygons:
    """The polygons in cell coordinates of the grid, ready to be rasterised; raises OffTheMap."""
    flat = np.asarray(geometries, dtype=object)
    x = np.empty(shapely.get_num_coordinates(flat).sum(dtype=np.int64))
    y = np.empty_like(x)
    counts: list[tuple[npt.NDArray[np.int64], ...]] = []
    used = 0
    starts = range(0, len(flat), _SITES_AT_ONCE)
    pieces = side_by_side(lambda start: _laid(grid, flat[start : start + _SITES_AT_ONCE]), starts)
    for start, piece in zip(starts, pieces, strict=True):
        if piece.problem:
            site = sites[start + piece.at_fault].item()
            raise OffTheMap(site=site, crs=crs_name(grid.crs), problem=_FAULTS[piece.problem])
        stop = used + len(piece.x)
        x[used:stop], y[used:stop] = piece.x, piece.y
        counts.append((piece.vertices, piece.exterior, piece.site_rings))
        used = stop
    vertices, exterior, site_rings = (np.concatenate(column) for column in zip(*counts, strict=True))
    rings, site_rings = _starts(vertices), _starts(site_rings)
    sign, box = to_cells(
        grid.x0, grid.y0, grid.dx, grid.dy, grid.height, grid.width, x, y, rings, exterior == 1, site_rings
    )
    return CellPolygons(x, y, rings, sign, site_rings, box)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some polygons in the grid's CRS: vertices of each ring, 1 for its exterior, rings of each site.

    `problem` is a key of `_FAULTS`, 0 for none, of the site with the index `at_fault`.
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    vertices: npt.NDArray[np.int64]
    exterior: npt.NDArray[np.int64]
    site_rings: npt.NDArray[np.int64]
    problem: int
    at_fault: int


def _laid(grid: Grid, flat: npt.NDArray[np.object_]) -> _Piece:
    """Some polygons, their vertices taken to the grid's CRS."""
    coordinates, rings, part_rings, site_parts = _ragged(flat)
    x, y = _to_grid_crs(grid, coordinates, rings[part_rings])
    lon, lat = coordinates[:, 0], coordinates[:, 1]
    part, problem = fault(lon, lat, x, y, rings, part_rings, *_seam(grid))
    exterior = np.zeros(len(rings) - 1, dtype=np.int64)
    exterior[part_rings[:-1][np.diff(part_rings) > 0]] = 1
    return _Piece(
        x=x,
        y=y,
        vertices=np.diff(rings),
        exterior=exterior,
        site_rings=np.diff(part_rings[site_parts]),
        problem=problem,
        at_fault=int(np.searchsorted(site_parts, part, side="right")) - 1,
    )


def _ragged(
    geometries: npt.NDArray[np.object_],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Longitude and latitude (vertices, 2), and where rings, the rings of parts and parts of sites start."""
    if shapely.has_z(geometries).any():
        geometries = shapely.force_2d(geometries)
    kind, coordinates, offsets = shapely.to_ragged_array(geometries)
    if kind == shapely.GeometryType.POLYGON:
        offsets = (offsets[0], offsets[1], np.arange(len(offsets[1]), dtype=np.int32))
    elif kind != shapely.GeometryType.MULTIPOLYGON:
        raise ValueError(f"polygons are needed, not {kind.name}")
    rings, part_rings, site_parts = (np.asarray(offset).astype(np.int64) for offset in offsets)
    return coordinates, rings, part_rings, site_parts


def _starts(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])


def _turn(grid: Grid) -> float:
    """A whole turn of longitude in the unit of a geographic grid."""
    return float(2 * np.pi / parsed_crs(grid.crs).axis_info[0].unit_conversion_factor)


def _seam(grid: Grid) -> tuple[float, float, float]:
    """West and east edge of a geographic grid and a whole turn; a turn of 0 on a projected grid."""
    return grid.x0, grid.x0 + grid.width * grid.dx, _turn(grid) if grid.is_geographic else 0.0


def _to_grid_crs(
    grid: Grid, coordinates: npt.NDArray[np.float64], part_starts: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Coordinates in the grid's CRS; on a geographic grid the turn of longitude nearest the grid."""
    x, y = to_grid_points(grid, coordinates[:, 0], coordinates[:, 1])
    if grid.is_geographic and len(x):
        turn, middle = _turn(grid), grid.x0 + grid.width * grid.dx / 2
        first = x[np.minimum(part_starts[:-1], len(x) - 1)]
        x = x + np.repeat(np.rint((middle - first) / turn) * turn, np.diff(part_starts))
    return x, y


def to_grid_points(
    grid: Grid, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Points in degrees in the grid's CRS, inf where they have no place there."""
    return (lon, lat) if grid.crs == _LONLAT else _to_crs(grid.crs).transform(lon, lat)


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
    n_edges, n_runs = _room(polygons.box[members], row * BLOCK, col * BLOCK, rows, cols)
    edge_at, edge_weight = np.empty(n_edges, dtype=np.int32), np.empty(n_edges, dtype=np.uint32)
    edge_units = np.empty(n_edges, dtype=_units_dtype(ground))
    run_at, run_cells = np.empty(n_runs, dtype=np.int32), np.empty(n_runs, dtype=np.int32)
    edges, runs = np.zeros((2, len(members) + 1), dtype=np.int32)
    used_edges, used_runs = block_coverage(
        row * BLOCK, col * BLOCK, rows, cols, members, polygons.x, polygons.y, polygons.rings, polygons.sign,
        polygons.site_rings, polygons.box, ground, sums, edges, runs, edge_at, edge_weight, edge_units,
        run_at, run_cells,
    )  # fmt: skip
    if used_edges == 0 and used_runs == 0:
        return None
    kept = np.flatnonzero(np.diff(edges) + np.diff(runs))
    ends = np.append(kept, len(members))
    return BlockCoverage(
        row=row,
        col=col,
        site=members[kept].astype(np.int32),
        edges=edges[ends],
        runs=runs[ends],
        edge_at=edge_at[:used_edges].copy(),
        edge_weight=edge_weight[:used_edges].copy(),
        edge_units=edge_units[:used_edges].copy(),
        run_at=run_at[:used_runs].copy(),
        run_cells=run_cells[:used_runs].copy(),
        ground=ground,
    )


def _room(box: npt.NDArray[np.int64], row0: int, col0: int, rows: int, cols: int) -> tuple[int, int]:
    """Edge cells and runs that the boxes of the sites can hold at most inside a block."""
    tall = np.minimum(box[:, 1], row0 + rows - 1) - np.maximum(box[:, 0], row0) + 1
    wide = np.minimum(box[:, 3], col0 + cols - 1) - np.maximum(box[:, 2], col0) + 1
    return int((tall * wide).sum()), int((tall * (wide // 2 + 1)).sum())


def _units_dtype(ground: npt.NDArray[np.float64]) -> type[np.uint32 | np.int64]:
    """uint32 where every cell of the block surely fits, int64 elsewhere."""
    largest_m2 = float(np.nansum(np.abs(ground), axis=1).max()) if np.isfinite(ground).all() else np.inf
    return np.uint32 if largest_m2 * UNITS_PER_M2 < np.iinfo(np.uint32).max else np.int64
