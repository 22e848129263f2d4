"""The demo's spectral composites: reflectance that follows the demo's land cover, near the sites only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product as every
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from affine import Affine
from rasterio.features import rasterize
from rasterio.shutil import copy as copy_raster
from shapely import MultiPolygon, Polygon

from geo.demo.landscape import BARREN, BUILT, CROP, FOREST, GRASS, SHRUB, UNKNOWN, WATER, WETLAND
from geo.demo.noise import LEVELS, hashed
from geo.grid import BLOCK
from geo.rasters import block_window

BANDS: Final = ("red", "nir", "swir1", "swir2")
SCALE: Final = 0.005
"""Reflectance of one step of the stored bytes; 0 is no data."""

NEAR_M: Final = 700.0
"""How far around the sites the composites are drawn: enough for a ring of comparison."""

_FINAL: Final = {
    "driver": "COG", "blocksize": BLOCK, "compress": "deflate", "level": 6, "sparse_ok": True,
    "overviews": "none", "num_threads": 2,
}  # fmt: skip
_TAGS: Final = {
    "SYNTHETIC": "yes",
    "TIFFTAG_IMAGEDESCRIPTION": "Synthetic reflectance of the Reverdure demo; shows no real place.",
}
_SIGNATURES: Final = {
    CROP: (0.070, 0.360, 0.200, 0.110),
    FOREST: (0.030, 0.380, 0.150, 0.065),
    SHRUB: (0.055, 0.330, 0.190, 0.105),
    GRASS: (0.075, 0.310, 0.220, 0.130),
    WATER: (0.045, 0.035, 0.020, 0.015),
    BARREN: (0.200, 0.250, 0.310, 0.270),
    BUILT: (0.165, 0.215, 0.240, 0.210),
    WETLAND: (0.055, 0.240, 0.120, 0.060),
}
"""Typical surface reflectance of each class in `BANDS`; invented, of the usual order."""

_GREEN: Final = (CROP, FOREST, SHRUB, GRASS, WETLAND)
_PACE: Final = 0.38
"""Share of the way to its new reflectance that greening land goes in a year; losses show at once."""

_DRY: Final = {2014: 0.97, 2019: 0.90, 2022: 0.94, 2023: 0.98}
"""Near infrared of green land in dry years, against others; a drought moves sites and surroundings alike."""

_NOISE: Final = 0.006


@dataclass(frozen=True, slots=True)
class _Block:
    """A block's window, and which of its cells lie near a site."""

    row: int
    col: int
    near: npt.NDArray[np.bool_]


def write_composites(
    covers: Sequence[Path], sites: Sequence[MultiPolygon], folder: Path, *, seed: int
) -> list[Path]:
    """The paths of the composites written into `folder`, one for each land-cover raster of `covers`.

    `covers` come in the order of their years, which their names end in; `sites` are in the metres of their
    grid. Each composite has the bands `BANDS` as bytes, reflectance in steps of `SCALE`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    years = [int(path.stem[-4:]) for path in covers]
    near = [shapely.buffer(site, NEAR_M, quad_segs=6) for site in sites]
    working = [folder / f"working_{year}.tif" for year in years]
    with ExitStack() as stack:
        sources = [stack.enter_context(rasterio.open(path)) for path in covers]
        profile = _profile(sources[0].profile)
        outputs = [stack.enter_context(rasterio.open(path, "w", **profile)) for path in working]
        for output in outputs:
            output.descriptions = BANDS
            output.update_tags(**_TAGS)
        for row, col in every(*(range(-(-size // BLOCK)) for size in sources[0].shape)):
            window = block_window(sources[0], row, col)
            mask = _near(near, sources[0].window_transform(window), (window.height, window.width))
            if mask.any():
                codes = np.stack([source.read(1, window=window) for source in sources])
                block = _Block(row * BLOCK, col * BLOCK, mask)
                for output, values in zip(outputs, _reflectance(codes, block, years, seed), strict=True):
                    output.write(values, window=window)
    return [_finish(path, folder, year) for path, year in zip(working, years, strict=True)]


def _profile(cover: dict[str, object]) -> dict[str, object]:
    kept = {name: cover[name] for name in ("width", "height", "crs", "transform")}
    return kept | {
        "driver": "GTiff", "dtype": "uint8", "count": len(BANDS), "nodata": UNKNOWN, "tiled": True,
        "blockxsize": BLOCK, "blockysize": BLOCK, "compress": "deflate", "zlevel": 1, "sparse_ok": True,
    }  # fmt: skip


def _near(
    near: Sequence[Polygon | MultiPolygon], transform: Affine, shape: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    """The cells of a block whose centre lies near a site."""
    left, top = transform * (0, 0)
    right, bottom = transform * (shape[1], shape[0])
    hit = shapely.intersects(near, shapely.box(left, bottom, right, top))
    if not hit.any():
        return np.zeros(shape, dtype=np.bool_)
    shapes = [one for one, inside in zip(near, hit, strict=True) if inside]
    burned: npt.NDArray[np.uint8] = rasterize(
        shapes, out_shape=shape, transform=transform, fill=0, default_value=1, dtype=np.uint8
    )
    return burned.astype(np.bool_)


def _reflectance(
    codes: npt.NDArray[np.uint8], block: _Block, years: Sequence[int], seed: int
) -> Iterator[npt.NDArray[np.uint8]]:
    """The stored bytes of each year, (bands, rows, cols), from the land cover (years, rows, cols)."""
    table = np.zeros((256, len(BANDS)), dtype=np.float32)
    for code, values in _SIGNATURES.items():
        table[code] = values
    rows = np.arange(block.row, block.row + codes.shape[1], dtype=np.int64)
    cols = np.arange(block.col, block.col + codes.shape[2], dtype=np.int64)
    inside = block.near & (codes[0] != UNKNOWN)
    now = table[codes[0][inside]]
    for at, year in enumerate(years):
        here = codes[at][inside]
        aim, green = table[here], np.isin(here, _GREEN)
        now = now + np.where(green & (aim[:, 1] > now[:, 1]), _PACE, 1.0)[:, None] * (aim - now)
        shown = now.copy()
        shown[green, 1] *= _DRY.get(year, 1.0)
        wobble = hashed(rows, cols, seed=seed, layer=9000 + year)[inside] / LEVELS - 0.5
        shown += (2 * _NOISE * wobble)[:, None].astype(np.float32)
        stored = np.full((len(BANDS), *inside.shape), UNKNOWN, dtype=np.uint8)
        stored[:, inside] = np.clip(np.rint(shown / SCALE), 1, 254).T
        yield stored


def _finish(working: Path, folder: Path, year: int) -> Path:
    final = folder / f"composite_demo_{year}.tif"
    copy_raster(working, final, **_FINAL)
    working.unlink()
    return final
