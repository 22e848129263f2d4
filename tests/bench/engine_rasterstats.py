"""rasterstats (pixel centres only), on sites already in the raster's CRS."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
from rasterstats import zonal_stats

from tests.bench.synthetic import CRS, scene_path
from tests.bench.task import Prepared, Table


def prepare(task: str, folder: Path, years: list[int]) -> Prepared:
    frame = gpd.read_file(folder / "sites.gpkg").to_crs(CRS)
    ids, polygons = frame["site"].tolist(), list(frame.geometry)
    path = str(scene_path(folder, years[0]))

    def table(result: object) -> Table:
        return np.array(
            [(i, c, n) for i, counts in zip(ids, result, strict=True) for c, n in counts.items()], dtype=float
        )

    return Prepared(lambda: zonal_stats(polygons, path, categorical=True, nodata=255), table)
