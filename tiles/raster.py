"""Land-cover tiles: the pixels of a registered scene, nearest cell, in the colours of its legend."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from weakref import WeakSet

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.windows import Window

from geo.grid import Grid
from geo.landcover import LegendClass, Role
from geo.remote import opener_of, url_of
from geo.scenes import Scene
from tiles.grid import MercatorBox, tile_box
from tiles.png import palette_png
from tiles.sampling import cell_places

PNG: Final = "image/png"
MISSING_CODE: Final = -(2**31)
_RECIPE: Final = "1"  # raised whenever the same input gives other pixels
_OPEN_A_THREAD: Final = 16
_REMOTE_S: Final = 60.0  # how long a remote raster is kept open before it is looked at anew
_MAX_READ_CELLS: Final = 4096 * 4096
_GDAL: Final = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_CACHEMAX": 64,
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
}

CodeArray = npt.NDArray[np.int64]
Legend = Mapping[int, LegendClass]


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile as it goes out."""

    content: bytes
    media_type: str
    etag: str
    empty: bool = False


@dataclass(frozen=True, slots=True)
class _Level:
    """An open raster at one of its resolutions: `factor` full cells across one of its own."""

    dataset: rasterio.DatasetReader
    factor_x: float
    factor_y: float


class _OpenFiles:
    """The open rasters of one thread, the least recently used closed first."""

    def __init__(self) -> None:
        self.levels: OrderedDict[tuple[str, int, int, int], rasterio.DatasetReader] = OrderedDict()

    def open(self, path: Path, overview: int) -> rasterio.DatasetReader:
        """The dataset of `path` at overview `overview`, -1 for full resolution; GeoTIFF only."""
        url = url_of(path)
        if url is None:
            found = path.stat()
            key = (os.fspath(path), found.st_mtime_ns, found.st_size, overview)
        else:
            key = (url, int(time.monotonic() // _REMOTE_S), 0, overview)
        if key in self.levels:
            self.levels.move_to_end(key)
            return self.levels[key]
        options: dict[str, Any] = {} if overview < 0 else {"overview_level": overview}
        if url is not None:
            options["opener"] = opener_of(url, [])
        self.levels[key] = rasterio.open(url or path, driver="GTiff", **options)
        while len(self.levels) > _OPEN_A_THREAD:
            self.levels.popitem(last=False)[1].close()
        return self.levels[key]

    def close(self) -> None:
        while self.levels:
            self.levels.popitem()[1].close()


class _OfThread(threading.local):
    """The open rasters of the thread that asks; GDAL's handles are not to be shared between threads."""

    def __init__(self) -> None:
        self.files = _OpenFiles()
        with _GUARD:
            _EVERY.add(self.files)


_GUARD: Final = threading.Lock()
_EVERY: Final[WeakSet[_OpenFiles]] = WeakSet()
_OPEN: Final = _OfThread()


def close_open_rasters() -> None:
    """Close the rasters that the tiles of any thread hold open; not while a tile is being drawn."""
    with _GUARD:
        for files in tuple(_EVERY):
            files.close()


def sample_codes(scene: Scene, path: Path, box: MercatorBox) -> CodeArray:
    """The class code under each pixel centre of `box`, shape (height, width); MISSING_CODE where none is.

    The nearest cell of the scene, never a blend. Where a pixel is coarser than two cells, the coarsest
    overview that is still finer than the pixel stands for the scene (a file without overviews is read
    thinned out). Missing is outside the scene's grid and the declared nodata value.
    """
    codes = np.full((box.height, box.width), MISSING_CODE, np.int64)
    columns, rows = cell_places(box, scene.grid)
    inside_columns = (columns >= 0) & (columns < scene.grid.width)
    inside_rows = (rows >= 0) & (rows < scene.grid.height)
    inside = np.broadcast_to(inside_columns & inside_rows, codes.shape)
    if not inside.any():
        return codes
    columns = np.broadcast_to(columns, codes.shape)[inside]
    rows = np.broadcast_to(rows, codes.shape)[inside]
    with rasterio.Env(**_GDAL):
        values = _values_at(scene, path, columns, rows, _cells_a_pixel(columns, rows, inside))
    if scene.nodata is not None:
        values[values == scene.nodata] = MISSING_CODE
    codes[inside] = values
    return codes


def _cells_a_pixel(
    columns: npt.NDArray[np.float64], rows: npt.NDArray[np.float64], inside: npt.NDArray[np.bool_]
) -> float:
    """How many cells one pixel spans, by the extent of the pixels that fall inside the grid."""
    spans_x = inside.any(axis=0).sum()
    spans_y = inside.any(axis=1).sum()
    across = (columns.max() - columns.min()) / max(1, spans_x - 1)
    down = (rows.max() - rows.min()) / max(1, spans_y - 1)
    return float(max(across, down))


def _values_at(
    scene: Scene,
    path: Path,
    columns: npt.NDArray[np.float64],
    rows: npt.NDArray[np.float64],
    cells_a_pixel: float,
) -> CodeArray:
    level = _level(scene, path, cells_a_pixel)
    width, height = level.dataset.width, level.dataset.height
    column = np.minimum((columns / level.factor_x).astype(np.int64), width - 1)
    row = np.minimum((rows / level.factor_y).astype(np.int64), height - 1)
    first_column, first_row = int(column.min()), int(row.min())
    window = Window(
        first_column, first_row, int(column.max()) - first_column + 1, int(row.max()) - first_row + 1
    )
    thin = _thinning(window, cells_a_pixel / max(level.factor_x, level.factor_y))
    shape = (-(-int(window.height) // thin), -(-int(window.width) // thin))
    cells = level.dataset.read(scene.band, window=window, out_shape=shape)
    picked = cells[(row - first_row) // thin, (column - first_column) // thin]
    return np.asarray(picked, np.int64)


def _thinning(window: Window, cells_a_pixel: float) -> int:
    """Every how many cells one is read: 1 unless the window is too large to be read whole."""
    if window.width * window.height <= _MAX_READ_CELLS:
        return 1
    return max(1, int(cells_a_pixel))


def _level(scene: Scene, path: Path, cells_a_pixel: float) -> _Level:
    full = _OPEN.files.open(path, -1)
    factors = full.overviews(scene.band)
    usable = [index for index, factor in enumerate(factors) if factor <= cells_a_pixel]
    if not usable or cells_a_pixel < 2:
        return _Level(full, 1.0, 1.0)
    reduced = _OPEN.files.open(path, max(usable, key=lambda index: factors[index]))
    return _Level(reduced, scene.grid.width / reduced.width, scene.grid.height / reduced.height)


@lru_cache(maxsize=32)
def _palette(classes: tuple[tuple[int, str], ...]) -> tuple[CodeArray, tuple[tuple[int, int, int], ...]]:
    """The sorted codes and, in their order, the colours as red-green-blue triples."""
    ordered = sorted(classes)
    codes = np.array([code for code, _ in ordered], np.int64)
    return codes, tuple((int(c[1:3], 16), int(c[3:5], 16), int(c[5:7], 16)) for _, c in ordered)


def drawn_classes(legend: Legend) -> tuple[tuple[int, str], ...]:
    """The (code, colour) pairs of a legend that are drawn: all but those whose role is no data."""
    return tuple((code, row.colour) for code, row in legend.items() if row.role is not Role.NO_DATA)


def codes_png(codes: CodeArray, legend: Legend) -> bytes:
    """The PNG of class codes in the legend's colours; missing, no-data and unlisted codes are transparent."""
    known, colours = _palette(drawn_classes(legend))
    place = np.minimum(np.searchsorted(known, codes), known.size - 1)
    indexes = np.where(known[place] == codes, place + 1, 0).astype(np.uint8)
    return palette_png(indexes, colours)


@lru_cache(maxsize=4)
def empty_tile(size: int) -> Tile:
    """The one fully transparent tile that stands wherever there is no data."""
    content = palette_png(np.zeros((size, size), np.uint8), ())
    return Tile(content, PNG, f'"{hashlib.sha256(content).hexdigest()[:32]}"', empty=True)


def scene_version(scene: Scene, legend: Legend) -> str:
    """12 hex digits of the file and the colours, for a tile's address, so that no cache holds a stale one."""
    parts = (_RECIPE, scene.sha256, scene.band, scene.nodata, scene.grid, drawn_classes(legend))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def tile_etag(scene: Scene, legend: Legend, z: int, x: int, y: int, *, size: int = 256) -> str:
    """The ETag of a tile, known without drawing it (quoted, as HTTP wants it)."""
    return f'"{scene_version(scene, legend)}-{z}-{x}-{y}-{size}"'


def scene_tile(scene: Scene, path: Path, legend: Legend, z: int, x: int, y: int, *, size: int = 256) -> Tile:
    """The tile z/x/y of a scene as a palette PNG; the shared empty tile where nothing of it is drawn.

    `path` is the scene's file. Raises `NoSuchTile` for numbers that name no tile.
    """
    codes = sample_codes(scene, path, tile_box(z, x, y, size=size))
    known, _ = _palette(drawn_classes(legend))
    if not np.isin(codes, known).any():
        return empty_tile(size)
    return Tile(codes_png(codes, legend), PNG, tile_etag(scene, legend, z, x, y, size=size))


def grid_of(path: Path) -> Grid:
    """The grid of a GeoTIFF, for drawing a raster that is not registered."""
    with rasterio.Env(**_GDAL), rasterio.open(path, driver="GTiff") as dataset:
        epsg = dataset.crs.to_epsg()
        moved = dataset.transform
        return Grid(
            crs=f"EPSG:{epsg}" if epsg else dataset.crs.to_wkt(),
            x0=moved.c,
            y0=moved.f,
            dx=moved.a,
            dy=-moved.e,
            width=dataset.width,
            height=dataset.height,
        )
