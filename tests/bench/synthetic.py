"""The synthetic input of the zonal bench: one categorical COG a year and a file of mine-like polygons."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from pyproj import Transformer
from rasterio.transform import from_origin

CRS = "EPSG:32650"
CELL_M = 30.0
CLASSES = np.arange(1, 10, dtype=np.uint8)
SITES_X0, SITES_Y0 = 300_000.0, 4_000_000.0
MARGIN, RADIUS_CELLS = 0.06, 6.1
"""No site within this share of the edge; the median radius. 20,000 sites have some 5 million cells."""


def scene_path(folder: Path, year: int) -> Path:
    """Where the scene of `year` lies."""
    return folder / f"scene_{year}.tif"


def write_scene(path: Path, *, size: int, seed: int) -> None:
    """Write a size x size uint8 GeoTIFF of clumped classes, tiles of 512, deflate, with a nodata value."""
    rng = np.random.default_rng(seed)
    coarse = rng.choice(CLASSES, size=(size // 8 + 1, size // 8 + 1))
    cells = np.kron(coarse, np.ones((8, 8), dtype=np.uint8))[:size, :size]
    speckle = rng.random((size, size), dtype=np.float32) < 0.05
    cells[speckle] = rng.choice(CLASSES, size=int(speckle.sum()))
    profile = {
        "driver": "GTiff", "dtype": "uint8", "count": 1, "width": size, "height": size, "crs": CRS,
        "nodata": 255,
        "transform": from_origin(SITES_X0, SITES_Y0, CELL_M, CELL_M), "tiled": True, "blockxsize": 512,
        "blockysize": 512, "compress": "deflate", "predictor": 1, "zlevel": 6,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(cells, 1)


def make_sites(n: int, *, size: int, seed: int) -> gpd.GeoDataFrame:
    """n star-shaped polygons of 30 to 200 vertices in longitude and latitude, id in the column `site`."""
    rng = np.random.default_rng(seed)
    span = size * CELL_M
    x = SITES_X0 + rng.uniform(MARGIN, 1 - MARGIN, n) * span
    y = SITES_Y0 - rng.uniform(MARGIN, 1 - MARGIN, n) * span
    radius = CELL_M * np.clip(rng.lognormal(np.log(RADIUS_CELLS), 0.55, n), 1.0, 60.0)
    rings = [_star(rng, x[i], y[i], radius[i]) for i in range(n)]
    to_lonlat = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    polygons = shapely.transform(np.array(rings, dtype=object), to_lonlat.transform, interleaved=False)
    return gpd.GeoDataFrame({"site": np.arange(1, n + 1)}, geometry=polygons, crs="EPSG:4326")


def _star(rng: np.random.Generator, x: float, y: float, radius: float) -> shapely.MultiPolygon:
    angle = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(30, 200)))
    reach = radius * (1 + 0.25 * np.sin(3 * angle + rng.uniform(0, 6)) + rng.uniform(-0.1, 0.1, len(angle)))
    ring = np.column_stack([x + reach * np.cos(angle), y + reach * np.sin(angle)])
    return shapely.MultiPolygon([shapely.Polygon(ring)])
