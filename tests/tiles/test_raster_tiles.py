"""Land-cover tiles, against GDAL's own warper and against their decoded pixels."""

import hashlib
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from PIL import Image
from rasterio.enums import Resampling
from rasterio.transform import from_origin
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform
from rasterio.windows import Window

from geo.grid import Grid
from geo.landcover import LegendClass, Role
from geo.scenes import Scene
from tiles import raster
from tiles.grid import NoSuchTile, tile_at, tile_box
from tiles.raster import MISSING_CODE, empty_tile, sample_codes, scene_tile, tile_etag

NODATA = 255
LEGEND = {
    code: LegendClass(code, f"class_{code}", f"类{code}", f"Class {code}", colour, Role.GREEN)
    for code, colour in ((1, "#faed8f"), (2, "#446f33"), (3, "#33a02c"), (4, "#1e69b4"), (5, "#cfbda3"))
}
UTM_50N = (500_000.0, 3_760_000.0)


@pytest.fixture(autouse=True)
def _no_raster_stays_open() -> Iterator[None]:
    yield
    raster.close_open_rasters()


def patches(size: int, seed: int = 7) -> npt.NDArray[np.uint8]:
    """Clumps of classes of six cells across, with a corner of nodata."""
    rng = np.random.default_rng(seed)
    small = rng.integers(1, 6, (size // 6 + 1, size // 6 + 1), dtype=np.uint8)
    cells = np.kron(small, np.ones((6, 6), np.uint8))[:size, :size]
    cells[: size // 5, : size // 5] = NODATA
    return cells


def write_scene(
    path: Path,
    cells: npt.NDArray[np.uint8],
    *,
    crs: str = "EPSG:32650",
    origin: tuple[float, float] = UTM_50N,
    step: float = 30.0,
    overviews: tuple[int, ...] = (),
) -> Scene:
    height, width = cells.shape
    with rasterio.open(
        path, "w", driver="GTiff", dtype="uint8", count=1, width=width, height=height, crs=crs, nodata=NODATA,
        transform=from_origin(*origin, step, step), tiled=True, blockxsize=256, blockysize=256,
    ) as file:  # fmt: skip
        file.write(cells, 1)
        if overviews:
            file.build_overviews(list(overviews), Resampling.nearest)
    grid = Grid(crs=crs, x0=origin[0], y0=origin[1], dx=step, dy=step, width=width, height=height)
    day = date(2020, 12, 31)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Scene(1, "clcd", "demo", day, day, path.name, 1, grid, NODATA, digest)


def warped(path: Path, z: int, x: int, y: int) -> npt.NDArray[np.int64]:
    """The tile's codes by GDAL's warper, nearest, from the full resolution."""
    box = tile_box(z, x, y)
    step = (box.right_m - box.left_m) / 256
    with (
        rasterio.open(path) as source,
        WarpedVRT(
            source, crs="EPSG:3857", resampling=Resampling.nearest, width=256, height=256, tolerance=0.001,
            transform=from_origin(box.left_m, box.top_m, step, step), nodata=NODATA,
        ) as vrt,
    ):  # fmt: skip
        codes = vrt.read(1).astype(np.int64)
    return np.where(codes == NODATA, MISSING_CODE, codes)


@pytest.mark.parametrize("z", [10, 11, 12, 13, 14, 15])
def test_projected_pixels_are_those_of_gdals_warper(tmp_path: Path, z: int) -> None:
    scene = write_scene(tmp_path / "utm.tif", patches(1200))
    x, y = tile_at(117.16, 33.85, z)
    codes = sample_codes(scene, tmp_path / "utm.tif", tile_box(z, x, y))
    expected = warped(tmp_path / "utm.tif", z, x, y)
    assert (expected != MISSING_CODE).any()
    assert (codes == expected).mean() >= 0.99


@pytest.mark.parametrize("z", [9, 12, 14])
def test_geographic_pixels_are_those_of_gdals_warper(tmp_path: Path, z: int) -> None:
    scene = write_scene(
        tmp_path / "deg.tif", patches(1200), crs="EPSG:4326", origin=(117.0, 34.0), step=0.0003
    )
    x, y = tile_at(117.15, 33.85, z)
    codes = sample_codes(scene, tmp_path / "deg.tif", tile_box(z, x, y))
    assert (codes == warped(tmp_path / "deg.tif", z, x, y)).mean() >= 0.99


def test_far_from_the_central_meridian_the_lattice_still_holds(tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "far.tif", patches(900), origin=(1_100_000.0, 3_760_000.0))
    with rasterio.open(tmp_path / "far.tif") as file:
        lon, lat = transform(file.crs, "EPSG:4326", [1_113_000.0], [3_746_000.0])
    z, (x, y) = 9, tile_at(lon[0], lat[0], 9)
    codes = sample_codes(scene, tmp_path / "far.tif", tile_box(z, x, y))
    expected = warped(tmp_path / "far.tif", z, x, y)
    drawn = expected != MISSING_CODE
    assert drawn.any()
    assert (codes == expected)[drawn].mean() >= 0.98


def test_a_coarse_tile_reads_the_overview_that_is_still_finer_than_its_pixels(tmp_path: Path) -> None:
    cells = patches(1024)
    scene = write_scene(tmp_path / "cog.tif", cells, overviews=(2, 4, 8))
    x, y = tile_at(117.16, 33.85, 10)  # pixels of about 127 m: 4 cells
    codes = sample_codes(scene, tmp_path / "cog.tif", tile_box(10, x, y))
    with rasterio.open(tmp_path / "cog.tif", overview_level=1) as overview:
        reduced = overview.read(1)
    columns, rows = raster.cell_places(tile_box(10, x, y), scene.grid)
    inside = (columns >= 0) & (columns < 1024) & (rows >= 0) & (rows < 1024)
    picked = reduced[(rows[inside] / 4).astype(int), (columns[inside] / 4).astype(int)].astype(np.int64)
    assert np.array_equal(codes[inside], np.where(picked == NODATA, MISSING_CODE, picked))


def test_a_huge_raster_without_overviews_is_read_thinned_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = write_scene(tmp_path / "plain.tif", np.full((1024, 1024), 3, np.uint8))
    monkeypatch.setattr(raster, "_MAX_READ_CELLS", 1000)
    x, y = tile_at(117.16, 33.85, 8)
    codes = sample_codes(scene, tmp_path / "plain.tif", tile_box(8, x, y))
    assert set(np.unique(codes)) == {3, MISSING_CODE}


def decoded(content: bytes) -> npt.NDArray[np.uint8]:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGBA"))


@pytest.mark.parametrize("n_classes", [5, 40])
def test_the_decoded_tile_holds_the_legends_colours(tmp_path: Path, n_classes: int) -> None:
    legend = LEGEND | {
        code: LegendClass(code, f"c{code}", "", "", f"#{code:02x}{code:02x}00", Role.GREEN)
        for code in range(6, n_classes + 1)
    }
    scene = write_scene(tmp_path / "utm.tif", patches(1200))
    z, (x, y) = 12, tile_at(117.16, 33.85, 12)
    tile = scene_tile(scene, tmp_path / "utm.tif", legend, z, x, y)
    codes = sample_codes(scene, tmp_path / "utm.tif", tile_box(z, x, y))
    pixels = decoded(tile.content)
    for code, row in LEGEND.items():
        colour = [int(row.colour[i : i + 2], 16) for i in (1, 3, 5)]
        assert (pixels[codes == code] == [*colour, 255]).all()
    assert tile.media_type == "image/png"


def test_a_code_outside_the_legend_and_nodata_are_transparent(tmp_path: Path) -> None:
    cells = np.full((600, 600), 9, np.uint8)
    cells[:300] = 2
    cells[:, 300:] = NODATA
    scene = write_scene(tmp_path / "odd.tif", cells)
    z, (x, y) = 13, tile_at(117.09, 33.9, 13)
    pixels = decoded(scene_tile(scene, tmp_path / "odd.tif", LEGEND, z, x, y).content)
    codes = sample_codes(scene, tmp_path / "odd.tif", tile_box(z, x, y))
    assert (codes == 2).any()
    assert np.array_equal(pixels[..., 3] == 255, codes == 2)


def test_outside_the_scene_there_is_one_shared_transparent_tile(tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "utm.tif", patches(300))
    tile = scene_tile(scene, tmp_path / "utm.tif", LEGEND, 12, 0, 0)
    assert tile is empty_tile(256)
    assert tile.empty
    assert (decoded(tile.content)[..., 3] == 0).all()


def test_the_etag_follows_the_file_and_the_colours(tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "a.tif", patches(300))
    other = write_scene(tmp_path / "b.tif", patches(300, seed=8))
    recoloured = LEGEND | {1: LegendClass(1, "class_1", "类1", "Class 1", "#000000", Role.GREEN)}
    tags = {tile_etag(scene, LEGEND, 12, 1, 1), tile_etag(other, LEGEND, 12, 1, 1)}
    tags |= {tile_etag(scene, recoloured, 12, 1, 1), tile_etag(scene, LEGEND, 12, 1, 2)}
    assert len(tags) == 4
    assert tile_etag(scene, LEGEND, 12, 1, 1) in tags


def test_a_tile_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "a.tif", patches(300))
    with pytest.raises(NoSuchTile):
        scene_tile(scene, tmp_path / "a.tif", LEGEND, 3, 9, 0)


def test_a_thread_keeps_a_bounded_number_of_rasters_open(tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "0.tif", patches(60))
    content = (tmp_path / "0.tif").read_bytes()
    x, y = tile_at(117.005, 33.975, 12)
    for number in range(40):
        path = tmp_path / f"{number}.tif"
        path.write_bytes(content)
        scene_tile(scene, path, LEGEND, 12, x, y)
    assert len(raster._OPEN.files.levels) == raster._OPEN_A_THREAD


def test_the_rasters_of_every_thread_are_closed_together(tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "a.tif", patches(60))
    x, y = tile_at(117.005, 33.975, 12)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(scene_tile, scene, tmp_path / "a.tif", LEGEND, 12, x, y).result()
        held = pool.submit(lambda: list(raster._OPEN.files.levels.values())).result()
        assert held
        assert not any(dataset.closed for dataset in held)
        raster.close_open_rasters()
        assert all(dataset.closed for dataset in held)
        pool.submit(scene_tile, scene, tmp_path / "a.tif", LEGEND, 12, x, y).result()
        raster.close_open_rasters()


def test_a_virtual_raster_named_tif_is_not_opened(tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "a.tif", patches(300))
    fake = tmp_path / "fake.tif"
    fake.write_text('<VRTDataset rasterXSize="1" rasterYSize="1"></VRTDataset>')
    x, y = tile_at(117.02, 33.95, 12)
    with pytest.raises(rasterio.errors.RasterioIOError):
        scene_tile(scene, fake, LEGEND, 12, x, y)


def test_the_window_of_one_pixel_is_read(tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "a.tif", patches(300))
    z, (x, y) = 22, tile_at(117.06, 33.93, 22)
    codes = sample_codes(scene, tmp_path / "a.tif", tile_box(z, x, y))
    with rasterio.open(tmp_path / "a.tif") as file:
        columns, rows = raster.cell_places(tile_box(z, x, y), scene.grid)
        cell = file.read(1, window=Window(int(columns[0, 0]), int(rows[0, 0]), 1, 1))[0, 0]
    assert codes[0, 0] == cell
