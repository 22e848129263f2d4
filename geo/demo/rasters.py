"""The demo's land-cover rasters: one sparse cloud-optimised GeoTIFF a year, with data near the sites only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from affine import Affine
from rasterio.features import rasterize
from rasterio.shutil import copy as copy_raster
from rasterio.windows import Window
from shapely import MultiPolygon, Polygon
from shapely.affinity import affine_transform

from geo.demo.histories import Story
from geo.demo.landscape import CODES, UNKNOWN, Patch, background, flicker, site_patch
from geo.demo.region import CRS
from geo.grid import BLOCK, Grid
from geo.reference import reference_rows

YEARS: Final = tuple(range(2013, 2025))
CELL_M: Final = 30.0
REACH_M: Final = 3_300.0
"""How far around the sites the land cover is drawn."""

EDITION: Final = "demo"
TAGS: Final = {
    "SYNTHETIC": "yes",
    "TIFFTAG_IMAGEDESCRIPTION": "Synthetic land cover of the Reverdure demo; shows no real place.",
    "LEGEND": "codes of the annual China land-cover dataset (CLCD)",
}

_WORKING: Final = {
    "driver": "GTiff", "dtype": "uint8", "count": 1, "tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK,
    "compress": "deflate", "zlevel": 1, "sparse_ok": True, "nodata": UNKNOWN,
}  # fmt: skip
_FINAL: Final = {
    "driver": "COG", "blocksize": BLOCK, "compress": "deflate", "level": 6, "predictor": "no",
    "sparse_ok": True, "overview_resampling": "mode", "overview_compress": "deflate", "num_threads": 2,
}  # fmt: skip

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Window2D:
    """A rectangle of cells of a grid: `row` and `col` of its upper left corner, `height` and `width`."""

    row: int
    col: int
    height: int
    width: int


def grid_for(sites: Sequence[MultiPolygon]) -> Grid:
    """The grid of 30 m cells, on multiples of 30 m in `CRS`, that holds `sites` (metres) and their reach."""
    left, bottom, right, top = shapely.total_bounds(np.asarray(sites, dtype=object))
    col, end_col = (int(np.floor((left - REACH_M) / CELL_M)), int(np.ceil((right + REACH_M) / CELL_M)))
    row, end_row = (int(np.floor((bottom - REACH_M) / CELL_M)), int(np.ceil((top + REACH_M) / CELL_M)))
    return Grid(CRS, col * CELL_M, end_row * CELL_M, CELL_M, CELL_M, end_col - col, end_row - row)


def draw_patches(
    stories: Sequence[Story], grid: Grid, *, seed: int, years: Sequence[int] = YEARS
) -> list[Patch]:
    """The cells of every site over `years`, in the order of the stories."""
    patches = []
    for story in stories:
        shape = _in_cells(story.site.metres, grid)
        window = _window(shape, grid)
        inside = _burn([shape], window)
        patches.append(
            site_patch(story.ground, inside, row=window.row, col=window.col, years=years, seed=seed)
        )
    return patches


def draw_blocks(
    stories: Sequence[Story],
    grid: Grid,
    *,
    seed: int,
    years: Sequence[int] = YEARS,
    progress: Progress | None = None,
) -> Iterator[tuple[Window2D, npt.NDArray[np.uint8]]]:
    """The blocks of the grid that hold data, each with its codes (years, rows, cols), block by block.

    Cells farther than `REACH_M` from every site are `UNKNOWN`.
    """
    patches = draw_patches(stories, grid, seed=seed, years=years)
    near = [_in_cells(shapely.buffer(story.site.metres, REACH_M, quad_segs=12), grid) for story in stories]
    tree = shapely.STRtree(near)
    windows = list(_block_windows(grid, tree))
    for done, window in enumerate(windows):
        box = shapely.box(window.col, window.row, window.col + window.width, window.row + window.height)
        hits = sorted(tree.query(box, predicate="intersects").tolist())
        known = _burn([near[i] for i in hits], window)
        if known.any():
            yield window, _draw_block(window, known, [patches[i] for i in hits], years=years, seed=seed)
        if progress:
            progress(done + 1, len(windows))


def write_rasters(
    stories: Sequence[Story],
    folder: Path,
    *,
    seed: int,
    years: Sequence[int] = YEARS,
    progress: Progress | None = None,
) -> list[Path]:
    """The paths of the rasters written into `folder`, one a year of `years`, named `clcd_demo_<year>.tif`.

    All years are drawn block by block into sparse working files beside them, which are then turned into
    cloud-optimised GeoTIFFs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    grid = grid_for([story.site.metres for story in stories])
    profile = _WORKING | {
        "width": grid.width,
        "height": grid.height,
        "crs": CRS,
        "transform": Affine(grid.dx, 0, grid.x0, 0, -grid.dy, grid.y0),
    }
    working = [folder / f"working_{year}.tif" for year in years]
    with ExitStack() as stack:
        outputs = [stack.enter_context(rasterio.open(path, "w", **profile)) for path in working]
        for output, year in zip(outputs, years, strict=True):
            output.update_tags(**TAGS, YEAR=str(year))
            output.write_colormap(1, _colours())
        halfway = None if progress is None else _first_half(progress)
        for window, codes in draw_blocks(stories, grid, seed=seed, years=years, progress=halfway):
            place = Window(window.col, window.row, window.width, window.height)
            for output, layer in zip(outputs, codes, strict=True):
                output.write(layer, 1, window=place)
    finished = []
    for path, year in zip(working, years, strict=True):
        finished.append(_finish(path, folder, year))
        if progress is not None:
            progress(len(years) + len(finished), 2 * len(years))
    return finished


def _first_half(progress: Progress) -> Progress:
    def step(done: int, total: int) -> None:
        progress(done, 2 * total)

    return step


def _finish(working: Path, folder: Path, year: int) -> Path:
    final = folder / f"clcd_{EDITION}_{year}.tif"
    copy_raster(working, final, **_FINAL)
    working.unlink()
    return final


def _colours() -> dict[int, tuple[int, int, int, int]]:
    colours = {UNKNOWN: (0, 0, 0, 0)}
    for row in reference_rows("legends/clcd"):
        if int(row["code"]) in CODES:
            red, green, blue = (int(row["colour"][i : i + 2], 16) for i in (1, 3, 5))
            colours[int(row["code"])] = (red, green, blue, 255)
    return colours


def _draw_block(
    window: Window2D,
    known: npt.NDArray[np.bool_],
    patches: Sequence[Patch],
    *,
    years: Sequence[int],
    seed: int,
) -> npt.NDArray[np.uint8]:
    rows, cols = np.flatnonzero(known.any(axis=1)), np.flatnonzero(known.any(axis=0))
    top, left = int(rows[0]), int(cols[0])
    height, width = int(rows[-1]) + 1 - top, int(cols[-1]) + 1 - left
    row, col = window.row + top, window.col + left
    seen = background(row, col, (height, width), years=years, seed=seed)
    for patch in patches:
        _paste(patch, seen, row, col)
    seen = flicker(seen, row, col, years=years, seed=seed)
    codes = np.full((len(years), window.height, window.width), UNKNOWN, dtype=np.uint8)
    codes[:, top : top + height, left : left + width] = seen
    codes[:, ~known] = UNKNOWN
    return codes


def _paste(patch: Patch, seen: npt.NDArray[np.uint8], row: int, col: int) -> None:
    """Lay the part of `patch` that falls on `seen` over it, in place; (row, col) is the corner of `seen`."""
    _, height, width = patch.codes.shape
    top, bottom = max(patch.row, row), min(patch.row + height, row + seen.shape[1])
    left, right = max(patch.col, col), min(patch.col + width, col + seen.shape[2])
    if top >= bottom or left >= right:
        return
    piece = patch.codes[:, top - patch.row : bottom - patch.row, left - patch.col : right - patch.col]
    target = seen[:, top - row : bottom - row, left - col : right - col]
    np.copyto(target, piece, where=piece != UNKNOWN)


def _block_windows(grid: Grid, tree: shapely.STRtree) -> Iterator[Window2D]:
    for row in range(0, grid.height, BLOCK):
        for col in range(0, grid.width, BLOCK):
            height, width = min(BLOCK, grid.height - row), min(BLOCK, grid.width - col)
            if tree.query(shapely.box(col, row, col + width, row + height), predicate="intersects").size:
                yield Window2D(row, col, height, width)


def _in_cells(geometry: Polygon | MultiPolygon, grid: Grid) -> Polygon | MultiPolygon:
    """The polygon (metres) in columns and rows of the grid."""
    moved: Polygon | MultiPolygon = affine_transform(
        geometry, [1 / grid.dx, 0, 0, -1 / grid.dy, -grid.x0 / grid.dx, grid.y0 / grid.dy]
    )
    return moved


def _window(shape: Polygon | MultiPolygon, grid: Grid) -> Window2D:
    left, top, right, bottom = shape.bounds
    col, row = max(0, int(np.floor(left))), max(0, int(np.floor(top)))
    end_col, end_row = min(grid.width, int(np.ceil(right))), min(grid.height, int(np.ceil(bottom)))
    return Window2D(row, col, end_row - row, end_col - col)


def _burn(shapes: Sequence[Polygon | MultiPolygon], window: Window2D) -> npt.NDArray[np.bool_]:
    """The cells of `window` whose centre lies in one of `shapes` (columns and rows)."""
    burned: npt.NDArray[np.uint8] = rasterize(
        shapes,
        out_shape=(window.height, window.width),
        transform=Affine.translation(window.col, window.row),
        fill=0,
        default_value=1,
        dtype=np.uint8,
    )
    return burned.astype(np.bool_)
