"""Zonal areas: the hectares of every class in every site, from exact coverage and true ground area."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from rasterio.io import DatasetReader

from geo.coverage import BlockCoverage, Coverage
from geo.grid import BLOCK, Grid
from geo.ground import ground_rows
from geo.rasters import CodeReader, open_raster, raster_grid
from geo.scenes import GridsDiffer, Scene, SceneChanged, refuse_replaced
from geo.tally import Cells, Slots, Tally

Codes = tuple[npt.NDArray[np.uint8 | np.uint16], int]
"""The codes of one band in a block, and the one that marks no data."""

_Read = TypeVar("_Read")

WHOLE_SCENE: int = 0
"""The site id under which a whole scene is counted."""


@dataclass(frozen=True, slots=True)
class ClassAreas:
    """A long table, sorted by (site, code), without empty rows.

    `site` int64 ids as given to the coverage (0 for a whole scene); `code` int32, `MISSING_CODE` for nodata;
    `units` int64 true ground area in 1e-4 m2; `cells` int64 weighted cells in 1 / FULL_CELL.
    """

    site: npt.NDArray[np.int64]
    code: npt.NDArray[np.int32]
    units: npt.NDArray[np.int64]
    cells: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class JointAreas:
    """A long table, sorted by (site, from_code, to_code), without empty rows.

    `site` int64 ids as given to the coverage (0 for a whole scene); codes int32, `MISSING_CODE` for nodata;
    `units` int64 true ground area in 1e-4 m2; `cells` int64 weighted cells in 1 / FULL_CELL.
    """

    site: npt.NDArray[np.int64]
    from_code: npt.NDArray[np.int32]
    to_code: npt.NDArray[np.int32]
    units: npt.NDArray[np.int64]
    cells: npt.NDArray[np.int64]


def class_areas(coverage: Coverage, scene: Scene, path: Path) -> ClassAreas:
    """The area of every class in every site, from the raster of `scene` at `path`.

    Reads each block that a site touches once. Raises GridsDiffer where the coverage was made for another
    grid and SceneChanged where the file no longer has the grid it was registered with.
    """
    refuse_other_grid(coverage, scene)
    return _class_areas(coverage.blocks, coverage.sites, scene, path)


def scene_class_areas(scene: Scene, path: Path) -> ClassAreas:
    """The area of every class in the whole scene, under the site id 0."""
    return _class_areas(whole_blocks(scene.grid), _whole_sites(), scene, path)


def scene_joint_areas(from_scene: Scene, from_path: Path, to_scene: Scene, to_path: Path) -> JointAreas:
    """The area that went from class to class between two whole scenes of one grid, under the site id 0."""
    difference = from_scene.grid.difference(to_scene.grid)
    if difference is not None:
        raise GridsDiffer(scene_a=from_scene.path, scene_b=to_scene.path, difference=difference)
    slots, tally = Slots(), Tally()
    baseline = np.zeros(1, dtype=np.int32)
    with open_scene(from_scene, from_path) as before, open_scene(to_scene, to_path) as after:
        readers = [scene_reader(before, [from_scene]), scene_reader(after, [to_scene])]
        for block, codes in read_ahead(whole_blocks(from_scene.grid), read_all(readers)):
            cells = Cells.of(block)
            both = np.empty((2, len(cells.at)), dtype=np.uint16)
            for row, (values, missing) in zip(both, codes, strict=True):
                slots.gather(cells, values, missing, row)
            tally.add_pairs(cells, both, slots.used, baseline=baseline, year=1)
    return JointAreas(*tally.by_pair(_whole_sites(), slots))


def _class_areas(
    blocks: Iterable[BlockCoverage], sites: npt.NDArray[np.int64], scene: Scene, path: Path
) -> ClassAreas:
    slots, tally = Slots(), Tally()
    with open_scene(scene, path) as dataset:
        reader = scene_reader(dataset, [scene])
        for block, ((values, missing),) in read_ahead(blocks, reader.read):
            tally.add_values(block, slots, values, missing)
    return ClassAreas(*tally.by_class(sites, slots))


def scene_reader(dataset: DatasetReader, scenes: Sequence[Scene]) -> CodeReader:
    """A reader of scenes that are bands of one raster."""
    return CodeReader.of(dataset, [scene.band for scene in scenes], [scene.nodata for scene in scenes])


def read_ahead(
    blocks: Iterable[BlockCoverage], read: Callable[[int, int], _Read]
) -> Iterator[tuple[BlockCoverage, _Read]]:
    """Each block with what `read(row, col)` gives for it; the next is read while the last is worked on."""
    waiting: tuple[BlockCoverage, Future[_Read]] | None = None
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="read-ahead") as pool:
        for block in blocks:
            coming = pool.submit(read, block.row, block.col)
            if waiting is not None:
                yield waiting[0], waiting[1].result()
            waiting = (block, coming)
        if waiting is not None:
            yield waiting[0], waiting[1].result()


def read_all(readers: Sequence[CodeReader]) -> Callable[[int, int], list[Codes]]:
    """A function of block row and column that gives the codes of every band of every reader."""
    return lambda row, col: [codes for reader in readers for codes in reader.read(row, col)]


@contextmanager
def open_scene(scene: Scene, path: Path) -> Iterator[DatasetReader]:
    """The scene's raster, open; SceneChanged where it no longer has the band or grid of its registration."""
    with open_raster(path) as dataset:
        refuse_changed(scene, dataset, path)
        yield dataset


def refuse_changed(scene: Scene, dataset: DatasetReader, path: Path) -> None:
    """Raises SceneChanged where the raster no longer has the grid or the band that the scene was given.

    A remote raster must be the very one that was registered.
    """
    difference = scene.grid.difference(raster_grid(dataset, path))
    if difference is None and scene.band > dataset.count:
        difference = f"band {scene.band} of {dataset.count}"
    if difference is not None:
        raise SceneChanged(path=path, difference=difference)
    refuse_replaced(scene, path)


def refuse_other_grid(coverage: Coverage, scene: Scene) -> None:
    """Raises GridsDiffer where the coverage was made for another grid than the scene's."""
    difference = coverage.grid.difference(scene.grid)
    if difference is not None:
        raise GridsDiffer(scene_a="the coverage of the sites", scene_b=scene.path, difference=difference)


def whole_blocks(grid: Grid) -> Iterator[BlockCoverage]:
    """Every block of the grid as one site that covers all of it, made one at a time."""
    for row in range(grid.n_block_rows):
        for col in range(grid.n_block_cols):
            rows, cols = grid.block_shape(row, col)
            yield BlockCoverage(
                row=row,
                col=col,
                site=np.zeros(1, dtype=np.int32),
                edges=np.zeros(2, dtype=np.int32),
                runs=np.array([0, rows], dtype=np.int32),
                edge_at=np.empty(0, dtype=np.int32),
                edge_weight=np.empty(0, dtype=np.uint32),
                edge_units=np.empty(0, dtype=np.int64),
                run_at=np.arange(rows, dtype=np.int32) * BLOCK,
                run_cells=np.full(rows, cols, dtype=np.int32),
                ground=ground_rows(grid, row, col),
            )


def _whole_sites() -> npt.NDArray[np.int64]:
    return np.array([WHOLE_SCENE], dtype=np.int64)
