"""exactextract, on sites already in the raster's CRS; `first-lonlat` starts from longitude and latitude."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
from exactextract import exact_extract
from exactextract.raster import RasterioRasterSource

from tests.bench.synthetic import CRS, scene_path
from tests.bench.task import Prepared, Table


def prepare(task: str, folder: Path, years: list[int]) -> Prepared:
    """The task on exactextract, which weights cells exactly as ours does."""
    lonlat = gpd.read_file(folder / "sites.gpkg")
    projected = lonlat.to_crs(CRS)
    used = years if task == "ten" else years[:1]
    names = [f"y{year}" for year in used] if len(used) > 1 else None

    def run() -> object:
        frame = lonlat.to_crs(CRS) if task == "first-lonlat" else projected
        sources = [
            RasterioRasterSource(rasterio.open(scene_path(folder, year)), name=names[i] if names else None)
            for i, year in enumerate(used)
        ]
        return exact_extract(
            sources, frame, ["unique", "frac", "count"], include_cols=["site"], output="pandas"
        )

    def table(result: object) -> Table:
        prefix = f"{names[0]}_" if names else ""
        rows = []
        columns = (result[f"{prefix}{name}"] for name in ("unique", "frac", "count"))
        for site, classes, shares, count in zip(result["site"], *columns, strict=True):
            # The id column comes back as text: as text it would sort, and join, wrongly.
            rows += [(int(site), int(c), share * count) for c, share in zip(classes, shares, strict=True)]
        return np.array(rows, dtype=np.float64)

    return Prepared(run, table)
