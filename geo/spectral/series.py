"""Index series under polygons: the named bands of every composite, block by block, to values of pixels.

Composites may be windows of one lattice, each with an extent of its own; where one has no cell, its year has
no value. A pixel of a year has an index where every band that the formula names is valid there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rasterio.io import DatasetReader
from rasterio.windows import Window

from geo.coverage import FULL_CELL, Coverage
from geo.grid import BLOCK, Grid, union_grid
from geo.rasters import missing_of, open_raster, raster_grid, read_window
from geo.scenes import GridsDiffer, Scene, SceneChanged, refuse_replaced
from geo.spectral.indices import Formula
from geo.spectral.loops import Floats, Int64s
from geo.spectral.metrics import Pixels
from geo.tally import Cells
from geo.zonal import read_ahead

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class SiteSeries:
    """The index series of every pixel that the polygons of a coverage touch.

    `pixels` holds them site by site in the order of `sites` and, within a site, along the rows of the grid,
    so that the order does not depend on the blocks in which they were read. `cell` (entries,) is row x width
    + column in `grid`; `covered_units` (sites,) is the ground area under each polygon in 1e-4 m2.
    """

    grid: Grid
    sites: Int64s
    pixels: Pixels
    cell: Int64s
    covered_units: Int64s


def composite_grid(scenes: Sequence[Scene]) -> Grid:
    """The grid that holds all composites; raises GridsDiffer where they do not lie on one lattice."""
    found = union_grid([scene.grid for scene in scenes])
    if found is None:
        other = next(scene for scene in scenes if scene.grid.place_in(scenes[0].grid) is None)
        difference = scenes[0].grid.difference(other.grid) or "the cells do not lie on one lattice"
        raise GridsDiffer(scene_a=scenes[0].path, scene_b=other.path, difference=difference)
    return found


def site_series(
    coverage: Coverage,
    scenes: Sequence[Scene],
    formula: Formula,
    *,
    locate: Callable[[Scene], Path],
    progress: Progress | None = None,
) -> SiteSeries:
    """The series of `formula` under the polygons, one row for each of `scenes` in their order.

    The coverage lies on `composite_grid(scenes)`. Each block that a polygon touches is read once from every
    scene, the bands of the formula alone. `progress(blocks done, blocks)` may raise to stop the work.
    Raises UnknownBand, SceneChanged and NotARaster.
    """
    for scene in scenes:
        formula.check_bands(scene.bands)
    width = coverage.grid.width
    n = coverage.n_cells
    values = np.empty((len(scenes), n))
    site, cell = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    weight, units = np.empty(n), np.empty(n, dtype=np.int64)
    used = 0
    with ExitStack() as stack:
        readers = [_Reader.of(stack, scene, locate(scene), formula.bands, coverage.grid) for scene in scenes]
        for done, (block, stacks) in enumerate(read_ahead(coverage.blocks, _read_all(readers))):
            cells = Cells.of(block)
            row, col = np.divmod(cells.at, BLOCK)
            stop = used + len(cells.at)
            for at, (reader, held) in enumerate(zip(readers, stacks, strict=True)):
                values[at, used:stop] = reader.index(formula, held, row, col)
            site[used:stop] = np.repeat(block.site, np.diff(cells.groups))
            cell[used:stop] = (row.astype(np.int64) + block.row * BLOCK) * width + col + block.col * BLOCK
            weight[used:stop], units[used:stop] = cells.weight / FULL_CELL, cells.units
            used = stop
            if progress is not None:
                progress(done + 1, len(coverage.blocks))
    return _in_order(coverage, scenes, values, site, cell, weight, units)


def _in_order(
    coverage: Coverage,
    scenes: Sequence[Scene],
    values: Floats,
    site: Int64s,
    cell: Int64s,
    weight: Floats,
    units: Int64s,
) -> SiteSeries:
    order = np.lexsort((cell, site))
    starts = np.searchsorted(site[order], np.arange(len(coverage.sites) + 1))
    covered = np.zeros(len(coverage.sites), dtype=np.int64)
    np.add.at(covered, site, units)
    pixels = Pixels(
        values=values,
        years=np.array([scene.year for scene in scenes], dtype=np.int32),
        at=order,
        starts=starts.astype(np.int64),
        weight=weight[order],
    )
    return SiteSeries(coverage.grid, coverage.sites, pixels, cell[order], covered)


@dataclass(frozen=True, slots=True)
class _Held:
    """The bands of a scene in one block: values and gaps (bands, rows, columns), and where they begin."""

    values: npt.NDArray[Any]
    missing: npt.NDArray[np.bool_]
    top: int
    left: int


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads some bands of one composite in blocks of the common grid."""

    dataset: DatasetReader
    scene: Scene
    numbers: tuple[int, ...]
    place: tuple[int, int]

    @classmethod
    def of(cls, stack: ExitStack, scene: Scene, path: Path, bands: Sequence[str], grid: Grid) -> _Reader:
        """A reader of the bands; raises SceneChanged where the file is not what was registered."""
        dataset = stack.enter_context(open_raster(path))
        difference = scene.grid.difference(raster_grid(dataset, path))
        if difference is None and max(scene.bands.values()) > dataset.count:
            difference = f"{len(scene.bands)} bands and {dataset.count}"
        if difference is not None:
            raise SceneChanged(path=path, difference=difference)
        refuse_replaced(scene, path)
        place = scene.grid.place_in(grid)
        if place is None:
            raise GridsDiffer(scene_a="the coverage of the sites", scene_b=scene.path, difference="lattices")
        return cls(dataset, scene, tuple(scene.bands[name] for name in bands), place)

    def read(self, block_row: int, block_col: int) -> _Held | None:
        """The bands in the part of the block that the scene has; None where it has none."""
        down, across = self.place
        top, left = block_row * BLOCK - down, block_col * BLOCK - across
        first_row, first_col = max(top, 0), max(left, 0)
        rows = min(top + BLOCK, self.dataset.height) - first_row
        cols = min(left + BLOCK, self.dataset.width) - first_col
        if rows <= 0 or cols <= 0:
            return None
        window = Window(first_col, first_row, cols, rows)
        values = read_window(self.dataset, window, list(self.numbers))
        missing = np.stack(
            [
                missing_of(held, self.dataset, band, window, nodata=self.scene.nodata)
                for held, band in zip(values, self.numbers, strict=True)
            ]
        )
        return _Held(values, missing, first_row - top, first_col - left)

    def index(
        self, formula: Formula, held: _Held | None, row: npt.NDArray[np.int32], col: npt.NDArray[np.int32]
    ) -> Floats:
        """The index of the cells (row, col) of the block, NaN where the scene has none."""
        found = np.full(len(row), np.nan)
        if held is None:
            return found
        _, rows, cols = held.values.shape
        at_row, at_col = row - held.top, col - held.left
        inside = np.flatnonzero((at_row >= 0) & (at_row < rows) & (at_col >= 0) & (at_col < cols))
        at_row, at_col = at_row[inside], at_col[inside]
        bands = {}
        for name, values, missing in zip(formula.bands, held.values, held.missing, strict=True):
            physical = values[at_row, at_col].astype(np.float64) * self.scene.scale + self.scene.offset
            bands[name] = np.where(missing[at_row, at_col], np.nan, physical)
        found[inside] = formula.of_bands(bands)
        return found


def _read_all(readers: Sequence[_Reader]) -> Callable[[int, int], list[_Held | None]]:
    return lambda row, col: [reader.read(row, col) for reader in readers]


def part_of(series: SiteSeries, first: int, end: int) -> SiteSeries:
    """The sites from `first` to before `end` of a series."""
    pixels = series.pixels
    begin, stop = pixels.starts[first], pixels.starts[end]
    part = replace(
        pixels,
        at=pixels.at[begin:stop],
        starts=pixels.starts[first : end + 1] - begin,
        weight=pixels.weight[begin:stop],
    )
    return replace(
        series,
        sites=series.sites[first:end],
        pixels=part,
        cell=series.cell[begin:stop],
        covered_units=series.covered_units[first:end],
    )
