from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from affine import Affine

from geo.errors import ReverdureError
from geo.rasters import (
    MISSING_CODE,
    NoCrs,
    NotARaster,
    NotWholeNumbers,
    RotatedGrid,
    open_raster,
    read_block,
)
from geo.scenes import (
    BandsUnknown,
    GridsDiffer,
    NodataUndeclared,
    SameYearTwice,
    Scene,
    UnknownClass,
    YearUnknown,
    check_same_grid,
    inspect_scenes,
)

LEGEND = (1, 2, 3)
Write = Callable[..., Path]


def inspect(*paths: Path, **options: object) -> list[Scene]:
    return inspect_scenes(paths, product="clcd", edition="v1", legend_codes=LEGEND, **options)  # type: ignore[arg-type]  # options vary by test


def codes(*values: float, dtype: str = "uint8") -> np.ndarray:
    return np.array([values, values], dtype=dtype)


def test_scene_is_described_in_full(write_raster: Write) -> None:
    path = write_raster(codes(1, 2, 9), nodata=9)
    (scene,) = inspect(path)
    assert (scene.product, scene.edition, scene.year, scene.band, scene.nodata) == ("clcd", "v1", 2020, 1, 9)
    assert (scene.grid.crs, scene.grid.width, scene.grid.height) == ("EPSG:32650", 3, 2)
    assert scene.path == str(path)
    assert len(scene.sha256) == 64


def test_year_given_wins_over_the_name(write_raster: Write) -> None:
    assert inspect(write_raster(codes(1)), year=1999)[0].year == 1999


@pytest.mark.parametrize("name", ["cover.tif", "cover_2010_2020.tif", "cover_20201.tif", "cover_1899.tif"])
def test_year_is_asked_for_where_the_name_does_not_tell(write_raster: Write, name: str) -> None:
    with pytest.raises(YearUnknown, match="say which year"):
        inspect(write_raster(codes(1), name=name))


def test_one_year_cannot_be_that_of_two_files(write_raster: Write) -> None:
    paths = [write_raster(codes(1), name=f"{name}.tif") for name in "ab"]
    with pytest.raises(YearUnknown, match="2 files"):
        inspect(*paths, year=2020)


def test_bands_are_years(write_raster: Write) -> None:
    stack = np.array([codes(1), codes(2), codes(3)])
    scenes = inspect(write_raster(stack, name="85a87.tif"), bands=(1985, 1987))
    assert [(scene.band, scene.year) for scene in scenes] == [(1, 1985), (2, 1986), (3, 1987)]


@pytest.mark.parametrize("options", [{"bands": (1985, 1990)}, {"year": 1985}, {}])
def test_bands_must_match_the_years(write_raster: Write, options: dict[str, object]) -> None:
    with pytest.raises(BandsUnknown, match="has 2 bands"):
        inspect(write_raster(np.array([codes(1), codes(2)])), **options)


def test_same_year_twice_is_refused(write_raster: Write) -> None:
    paths = [write_raster(codes(1), name=name) for name in ("a_2020.tif", "b_2020.tif")]
    with pytest.raises(SameYearTwice, match="both show 2020"):
        inspect(*paths)


def test_raster_without_crs_is_refused(write_raster: Write) -> None:
    with pytest.raises(NoCrs, match="names no coordinate reference system"):
        inspect(write_raster(codes(1), crs=None))


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_raster_without_position_is_refused(write_raster: Write) -> None:
    with pytest.raises(NoCrs, match="where its cells lie"):
        inspect(write_raster(codes(1), transform=Affine.identity()))


@pytest.mark.parametrize(
    "transform",
    [Affine(30, 1, 5e5, 1, -30, 4e6), Affine(30, 0, 5e5, 0, 30, 4e6), Affine(-30, 0, 5e5, 0, -30, 4e6)],
)
def test_rotated_or_turned_grid_is_refused(write_raster: Write, transform: Affine) -> None:
    with pytest.raises(RotatedGrid, match="north-up"):
        inspect(write_raster(codes(1), transform=transform))


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(0, "uint8"), (255, "uint8"), (-9999, "int16"), (65535, "uint16"), (-9999.0, "float32")],
)
def test_fill_value_without_declared_nodata_is_refused(write_raster: Write, value: float, dtype: str) -> None:
    with pytest.raises(NodataUndeclared, match=f"2 cells have the value {int(value)}") as caught:
        inspect(write_raster(codes(1, value, dtype=dtype)))
    assert caught.value.context["value"] == value


def test_nodata_given_stands_for_one_not_declared(write_raster: Write) -> None:
    path = write_raster(codes(1, 0))
    (scene,) = inspect(path, nodata=0)
    assert scene.nodata == 0
    with open_raster(path) as dataset:
        assert read_block(dataset, 1, 0, 0, nodata=0).tolist() == [[1, MISSING_CODE]] * 2


def test_class_missing_in_the_legend_is_named_with_its_cells(write_raster: Write) -> None:
    with pytest.raises(UnknownClass, match=r"no class 7, which 2 cells have; nor 8 \(4 cells\)") as caught:
        inspect(write_raster(codes(1, 7, 8, 8), nodata=0))
    assert caught.value.context["code"] == 7


def test_class_missing_in_the_legend_is_found_in_the_last_corner(write_raster: Write) -> None:
    values = np.ones((600, 700), dtype=np.uint8)
    values[-1, -1] = 9
    with pytest.raises(UnknownClass, match="no class 9, which 1 cells have"):
        inspect(write_raster(values, nodata=0))


def test_fractions_are_not_classes(write_raster: Write) -> None:
    with pytest.raises(NotWholeNumbers, match=r"1\.5"):
        inspect(write_raster(codes(1, 1.5, dtype="float32")))


def test_floats_with_whole_numbers_are_classes(write_raster: Write) -> None:
    lowest = float(np.finfo(np.float32).min)
    path = write_raster(codes(1, 2, lowest, np.nan, dtype="float32"), nodata=lowest)
    assert inspect(path)[0].nodata is None
    with open_raster(path) as dataset:
        assert read_block(dataset, 1, 0, 0).tolist() == [[1, 2, MISSING_CODE, MISSING_CODE]] * 2


def test_signed_raster_with_declared_nodata_is_read(write_raster: Write) -> None:
    path = write_raster(codes(3, -9999, dtype="int16"), nodata=-9999)
    assert inspect(path)[0].nodata == -9999
    with open_raster(path) as dataset:
        assert read_block(dataset, 1, 0, 0).tolist() == [[3, MISSING_CODE]] * 2


def test_other_grid_is_refused_by_name(write_raster: Write) -> None:
    paths = [
        write_raster(codes(1, 2), name="a_2019.tif"),
        write_raster(codes(1, 2), name="b_2020.tif", origin=(500_010.0, 4_000_000.0)),
    ]
    with pytest.raises(GridsDiffer, match=r"a_2019.tif and .*b_2020.tif have .*: corners 0.333 cells"):
        inspect(*paths)


def test_no_scenes_share_a_grid() -> None:
    check_same_grid([])


def test_virtual_raster_named_tif_is_refused(tmp_path: Path, write_raster: Write) -> None:
    source = write_raster(codes(1))
    path = tmp_path / "trick_2020.tif"
    path.write_text(
        f'<VRTDataset rasterXSize="1" rasterYSize="2"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        f"<SourceFilename>{source}</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>"
        "</VRTDataset>"
    )
    with pytest.raises(NotARaster, match="does not begin as a TIFF"):
        inspect(path)


@pytest.mark.parametrize("content", [b"", b"II*\0", b"II*\0\xff\xff\xff\xff", b"PNG"])
def test_broken_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken_2020.tif"
    path.write_bytes(content)
    with pytest.raises(NotARaster):
        inspect(path)


def test_file_cut_short_is_refused_by_name(write_raster: Write) -> None:
    values = np.random.default_rng(1).integers(1, 4, size=(600, 700)).astype(np.uint8)
    path = write_raster(values, tiled=True, blockxsize=256, blockysize=256, compress="deflate")
    path.write_bytes(path.read_bytes()[:-20_000])
    with pytest.raises(NotARaster, match=r"2020\.tif: .*broken or cut short"):
        inspect(path)


@pytest.mark.parametrize("path", ["/vsimem/x_2020.tif", "http://127.0.0.1:9/x_2020.tif", "nowhere_2020.tif"])
def test_what_is_no_file_is_refused(path: str) -> None:
    with pytest.raises(NotARaster, match="no such file"):
        inspect(Path(path))


def test_sidecar_files_are_not_read(write_raster: Write) -> None:
    path = write_raster(codes(1, 0))
    Path(f"{path}.aux.xml").write_text(
        "<PAMDataset><PAMRasterBand band='1'><NoDataValue>0</NoDataValue></PAMRasterBand></PAMDataset>"
    )
    with pytest.raises(NodataUndeclared):
        inspect(path)


def test_every_error_is_one_of_the_domain() -> None:
    for error in (BandsUnknown, GridsDiffer, NodataUndeclared, NotARaster, UnknownClass, YearUnknown):
        assert issubclass(error, ReverdureError)
