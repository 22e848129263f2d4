"""The demo's ground displacement: bowls that sink where a subsidence area has not settled, else noise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from affine import Affine
from rasterio.features import rasterize

from geo.demo.histories import Story
from geo.demo.noise import LEVELS, hashed
from geo.demo.rasters import grid_for
from geo.demo.region import CRS
from geo.sites import Kind, Settlement

ZERO: Final = date(2022, 12, 11)
"""The first acquisition, from which displacement is reckoned."""

EPOCHS: Final = tuple(
    date.fromordinal(ZERO.toordinal() + days) for days in (96, 192, 288, 384, 480, 576, 672, 768)
)
SCALE: Final = 0.1
"""Millimetres of one step of the stored integers."""

_NODATA: Final = -32_768
_COARSER: Final = 3
_NEAR_M: Final = 400.0
_NOISE_MM: Final = 2.0
_MOVING: Final = (18.0, 1_500.0, 90.0)
"""Sinking (mm a year) in the middle of a bowl that has not settled: at least, more by the share of the site
that its pond takes in a year, at most."""

_TAGS: Final = {
    "SYNTHETIC": "yes",
    "UNITS": "mm in line of sight, positive away from the satellite",
    "TIFFTAG_IMAGEDESCRIPTION": "Synthetic displacement of the Reverdure demo; shows no real place.",
}


def write_displacement(stories: Sequence[Story], path: Path, *, seed: int) -> Path:
    """The raster written to `path`: one band for each of `EPOCHS`, displacement since `ZERO`.

    Cells of 90 m, data within 400 m of subsidence areas. Stored integers are steps of `SCALE` millimetres.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    grid = grid_for([story.site.metres for story in stories])
    width, height = -(-grid.width // _COARSER), -(-grid.height // _COARSER)
    cell = grid.dx * _COARSER
    transform = Affine(cell, 0, grid.x0, 0, -cell, grid.y0)
    rate = np.full((height, width), np.nan, dtype=np.float32)
    for story in stories:
        if story.site.kind is Kind.SUBSIDENCE:
            _sink(rate, story, transform)
    profile = {
        "driver": "GTiff", "dtype": "int16", "count": len(EPOCHS), "width": width, "height": height,
        "crs": CRS, "transform": transform, "nodata": _NODATA, "tiled": True, "blockxsize": 256,
        "blockysize": 256, "compress": "deflate", "predictor": 2,
    }  # fmt: skip
    rows, cols = np.arange(height, dtype=np.int64), np.arange(width, dtype=np.int64)
    with rasterio.open(path, "w", **profile) as output:
        output.update_tags(**_TAGS)
        for band, day in enumerate(EPOCHS, start=1):
            noise = hashed(rows, cols, seed=seed, layer=12_000 + band) / LEVELS - 0.5
            moved = rate * ((day - ZERO).days / 365.25) + 2 * _NOISE_MM * noise
            stored = np.where(np.isnan(rate), _NODATA, np.rint(np.nan_to_num(moved) / SCALE))
            output.write(stored.astype(np.int16), band)
            output.set_band_description(band, day.isoformat())
    return path


def _sink(rate: npt.NDArray[np.float32], story: Story, transform: Affine) -> None:
    """Lay the rates around one site (mm a year) over `rate`, in place."""
    near = shapely.buffer(story.site.metres, _NEAR_M, quad_segs=6)
    inside = rasterize([near], out_shape=rate.shape, transform=transform, fill=0, dtype=np.uint8) == 1
    rows, cols = np.nonzero(inside)
    x = transform.c + (cols + 0.5) * transform.a
    y = transform.f + (rows + 0.5) * transform.e
    middle = shapely.point_on_surface(story.site.metres)
    reach = 0.6 * np.sqrt(story.site.metres.area)
    off = ((x - middle.x) ** 2 + (y - middle.y) ** 2) / reach**2
    least, more, most = _MOVING
    moving = story.traits.settlement is Settlement.STILL_MOVING or story.ground.pond_growth > 0
    peak = min(most, least + more * story.ground.pond_growth) if moving else 0.0
    bowl = peak * np.exp(-off)
    rate[rows, cols] = np.fmax(rate[rows, cols], bowl)
