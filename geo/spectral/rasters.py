"""Metric rasters: the metrics of every pixel of the sites as GeoTIFF, one file a metric."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.io import DatasetWriter
from rasterio.transform import from_origin
from rasterio.windows import Window

from geo.errors import StoreError
from geo.grid import BLOCK, Grid
from geo.spectral.assessment import measures_of
from geo.spectral.loops import Floats, Int64s
from geo.spectral.metrics import RELAPSE_ROW, ROW_OF
from geo.spectral.params import SpectralParams
from geo.spectral.plan import SpectralPlan, plan_spectral, subjects_of
from geo.spectral.shard import SpectralTask, compared_with, gather
from geo.store import Store

_SITES_AT_ONCE: Final = 100

RELAPSE: Final = "relapse_year"
"""The name of the raster of relapses, beside those of the metrics."""


class FolderNotWritable(StoreError):
    """The rasters cannot be written where they should be."""

    template = "{folder} cannot be written to: {problem}"


def write_metric_rasters(
    store: Store,
    params: SpectralParams,
    folder: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """One float32 GeoTIFF on the composites' grid for each metric and for the year of a relapse.

    Only pixels that a site touches hold values; all others, and pixels without a value, are nodata (NaN).
    A pixel that several sites touch has the value for the site with the lowest id that gives it one. Files of
    these names are replaced. Raises what a spectral run does, and FolderNotWritable.
    """
    with store.read() as conn:
        plan = plan_spectral(conn, params)
        ids = plan.boxes(conn)[0].tolist()
    names = [metric.value for metric in ROW_OF] + [RELAPSE]
    paths = [folder / f"{plan.terms.index.slug}_{name}.tif" for name in names]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            files = [stack.enter_context(_new_raster(path, plan.terms.grid)) for path in paths]
            for cell, values, done in _pixels(store, plan, ids):
                _put(files, plan.terms.grid, cell, values[[*ROW_OF.values(), RELAPSE_ROW]])
                if progress is not None:
                    progress(done, len(ids))
    except (OSError, RasterioError) as error:
        raise FolderNotWritable(folder=folder, problem=error) from error
    return paths


def _pixels(store: Store, plan: SpectralPlan, ids: Sequence[int]) -> Iterator[tuple[Int64s, Floats, int]]:
    """Cells of the grid with their measures (N_MEASURES, cells), some sites at a time by id; and how many."""
    terms = plan.terms
    files = {scene.path: store.locate(scene) for scene in terms.scenes}
    compared = compared_with(terms, files, plan.references, lambda: None)
    for first in range(0, len(ids), _SITES_AT_ONCE):
        part = ids[first : first + _SITES_AT_ONCE]
        with store.read() as conn:
            subjects = tuple(subjects_of(conn, plan, part).by_id.values())
        gathered = gather(SpectralTask(terms, files, subjects, compared))
        found = measures_of(terms, subjects, gathered)
        yield gathered.series.cell, found.of_pixels, first + len(part)


def _new_raster(path: Path, grid: Grid) -> DatasetWriter:
    return rasterio.open(
        path,
        "w+",
        driver="GTiff",
        width=grid.width,
        height=grid.height,
        count=1,
        dtype="float32",
        crs=grid.crs,
        transform=from_origin(grid.x0, grid.y0, grid.dx, grid.dy),
        nodata=float("nan"),
        tiled=True,
        blockxsize=BLOCK,
        blockysize=BLOCK,
        compress="deflate",
        sparse_ok=True,
    )


def _put(files: Sequence[DatasetWriter], grid: Grid, cell: Int64s, values: Floats) -> None:
    """Write the values of cells, block by block, where no value stands yet."""
    row, col = np.divmod(cell, grid.width)
    block = row // BLOCK * grid.n_block_cols + col // BLOCK
    for number in np.unique(block).tolist():
        at = np.flatnonzero(block == number)
        top, left = (part * BLOCK for part in divmod(number, grid.n_block_cols))
        rows, cols = grid.block_shape(top // BLOCK, left // BLOCK)
        window = Window(left, top, cols, rows)
        where = row[at] - top, col[at] - left
        for file, own in zip(files, values, strict=True):
            held = file.read(1, window=window)
            fresh = np.full(held.shape, np.nan, dtype=np.float32)
            fresh[where[0][::-1], where[1][::-1]] = own[at][::-1]
            file.write(np.where(np.isnan(held), fresh, held), 1, window=window)
