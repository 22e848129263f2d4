"""A synthetic country: a store of many small sites on a lattice, and one raster a year under them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import rasterio
import shapely
from pyproj import Transformer
from rasterio.transform import from_origin

from geo.areas import geodesic_area_units
from geo.changes import NewSite
from geo.history import Fact
from geo.landcover import product
from geo.scenes import Scene, inspect_scenes
from geo.status import Status
from geo.store import Store, changes, scenes

CRS = "EPSG:32650"
CELL_M = 30.0
X0, Y0 = 300_000.0, 4_400_000.0
SPACING = 12
"""Cells from one site to the next; a site is up to 9 cells wide, so that none overlaps another."""

_AT_ONCE = 5_000
_NOW = "2024-06-01T08:00:00.000000Z"


def side_of(n_sites: int) -> int:
    """Sites along one side of the lattice."""
    return int(np.ceil(np.sqrt(n_sites)))


def write_scenes(folder: Path, n_sites: int, n_years: int, *, files: int = 3) -> list[Scene]:
    """The scenes of `n_years` years over the lattice, in `files` rasters that take turns."""
    size = -(-(side_of(n_sites) * SPACING + SPACING) // 512) * 512
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for number in range(min(files, n_years)):
        path = folder / f"made_{2020 - number}.tif"
        _write(path, size, seed=number)
        found += inspect_scenes(
            [path], product="clcd", edition="made", legend_codes=product("clcd").legend.keys()
        )
    years = range(2021 - n_years, 2021)
    return [
        replace(found[year % len(found)], period_start=date(year, 1, 1), period_end=date(year, 12, 31))
        for year in years
    ]


def _write(path: Path, size: int, *, seed: int) -> None:
    """A size x size GeoTIFF of clumped classes 1 to 9, block row by block row."""
    rng = np.random.default_rng(seed)
    profile = {
        "driver": "GTiff", "dtype": "uint8", "count": 1, "width": size, "height": size, "crs": CRS,
        "nodata": 255, "transform": from_origin(X0, Y0, CELL_M, CELL_M), "tiled": True, "blockxsize": 512,
        "blockysize": 512, "compress": "deflate", "zlevel": 1,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as dataset:
        for row in range(0, size, 512):
            coarse = rng.integers(1, 10, (128, size // 4), dtype=np.uint8)
            cells = np.kron(coarse, np.ones((4, 4), dtype=np.uint8))
            dataset.write(cells, 1, window=((row, row + 512), (0, size)))


def polygons(n_sites: int, first: int, count: int) -> list[shapely.MultiPolygon]:
    """The polygons of the sites `first` to `first + count`, in longitude and latitude."""
    side = side_of(n_sites)
    index = np.arange(first, min(first + count, n_sites))
    rng = np.random.default_rng(first)
    row, col = np.divmod(index, side)
    x = X0 + (col + 1) * SPACING * CELL_M
    y = Y0 - (row + 1) * SPACING * CELL_M
    angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    reach = rng.uniform(2.0, 4.5, (len(index), 16)) * CELL_M
    ring = np.stack([x[:, None] + reach * np.cos(angle), y[:, None] + reach * np.sin(angle)], axis=-1)
    lon, lat = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform(ring[..., 0], ring[..., 1])
    made = shapely.polygons(np.stack([lon, lat], axis=-1))
    return [shapely.MultiPolygon([one]) for one in made]


def fill(
    store: Store, n_sites: int, found: list[Scene], *, report: Callable[[int], None] = lambda _: None
) -> None:
    """Put the sites and the scenes into an empty store, a few thousand sites at a time."""
    facts = {Fact.RESPONSIBLE: "legacy", Fact.KIND: "open_pit"}
    for first in range(0, n_sites, _AT_ONCE):
        new = [
            NewSite(
                site_code=f"S{first + number:07d}",
                geometry=polygon,
                area_units=geodesic_area_units(polygon),
                facts=facts,
                entered_on=date(1990, 1, 1),
                status_rows=((Status.UNTREATED, date(1990, 1, 1)),),
            )
            for number, polygon in enumerate(polygons(n_sites, first, _AT_ONCE))
        ]
        with store.write() as conn:
            changes.create_sites(conn, new, actor="bench", source="bench", now=_NOW)
        report(first + len(new))
    with store.write() as conn:
        scenes.add(conn, [replace(scene, path=store.relative(Path(scene.path))) for scene in found], now=_NOW)
