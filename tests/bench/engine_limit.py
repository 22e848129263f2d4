"""The floor: read and decode the blocks that the sites touch, and nothing else."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
from rasterio.windows import Window

from geo.rasters import open_raster
from tests.bench.synthetic import CRS, scene_path
from tests.bench.task import Prepared


def prepare(task: str, folder: Path, years: list[int]) -> Prepared:
    """Read and decode the blocks that the sites touch, and nothing else."""
    box = gpd.read_file(folder / "sites.gpkg").to_crs(CRS).bounds
    with rasterio.open(scene_path(folder, years[0])) as dataset:
        col0, row1 = ~dataset.transform * (box.minx.to_numpy(), box.miny.to_numpy())
        col1, row0 = ~dataset.transform * (box.maxx.to_numpy(), box.maxy.to_numpy())
        size = dataset.width
    blocks = sorted(
        {
            (row, col)
            for r0, r1, c0, c1 in zip(row0 // 512, row1 // 512, col0 // 512, col1 // 512, strict=True)
            for row in range(int(r0), int(r1) + 1)
            for col in range(int(c0), int(c1) + 1)
        }
    )
    windows = [
        Window(c * 512, r * 512, min(512, size - c * 512), min(512, size - r * 512)) for r, c in blocks
    ]

    def run() -> int:
        for year in years if task == "ten" else years[:1]:
            with open_raster(scene_path(folder, year)) as dataset:
                for window in windows:
                    dataset.read(1, window=window)
        return len(windows)

    return Prepared(run, lambda blocks: np.array([[blocks, 0, 0]]))
