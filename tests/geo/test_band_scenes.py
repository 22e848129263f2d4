from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from geo.band_scenes import (
    BandNamesUnknown,
    EmptyBand,
    EpochsUnknown,
    NotReflectance,
    Scaling,
    StretchedComposite,
    inspect_composites,
    inspect_displacements,
)
from geo.grid import union_grid
from geo.registration import ProductTaken, RasterRequest, register_scenes
from geo.scenes import GridsDiffer, SameYearTwice, Scene, SceneKind, YearUnknown
from geo.store import Store, scenes
from geo.store.scenes import KindDiffers, SceneExists

Write = Callable[..., Path]
NAMES = ("red", "nir")
ZERO, FIRST, SECOND = date(2006, 6, 19), date(2006, 8, 28), date(2006, 10, 2)


def composite(write: Write, name: str = "c_2005.tif", **options: object) -> Path:
    values = np.array([[[0.05, 0.10], [0.07, 0.02]], [[0.3, 0.4], [0.35, 0.2]]], dtype="float32")
    return write(values, name=name, **options)


def composites(*paths: Path, **options: object) -> list[Scene]:
    given = {"band_names": NAMES, **options}
    return inspect_composites(paths, product="bc", edition="v1", **given)  # type: ignore[arg-type]  # options vary


def displacements(*paths: Path, **options: object) -> list[Scene]:
    given = {"unit": "mm", "zero": ZERO, "days": (FIRST, SECOND), **options}
    return inspect_displacements(paths, product="insar", edition="v1", **given)  # type: ignore[arg-type]  # options vary


def test_a_composite_names_its_bands_and_its_year(write_raster: Write) -> None:
    (scene,) = composites(composite(write_raster))
    assert (scene.kind, scene.year, scene.is_annual) == (SceneKind.SPECTRAL, 2005, True)
    assert scene.bands == {"red": 1, "nir": 2}


def test_a_day_in_the_name_is_the_period(write_raster: Write) -> None:
    (scene,) = composites(composite(write_raster, "flow_20190114_B4-5.tif"))
    assert (scene.period_start, scene.period_end) == (date(2019, 1, 14), date(2019, 1, 14))
    assert not scene.is_annual


@pytest.mark.parametrize("name", ["composite.tif", "c_2005_2006.tif", "c_20190230.tif"])
def test_a_composite_without_one_date_asks_for_it(write_raster: Write, name: str) -> None:
    with pytest.raises(YearUnknown):
        composites(composite(write_raster, name))


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (("red",), "1 names are given"),
        (("red", "red"), "comes twice"),
        (("red", "NIR)"), "no name of"),
        (None, "does not name them all"),
    ],
)
def test_bands_must_all_have_a_name_of_their_own(
    write_raster: Write, names: tuple[str, ...] | None, problem: str
) -> None:
    with pytest.raises(BandNamesUnknown, match=problem):
        composites(composite(write_raster), band_names=names)


@pytest.mark.parametrize("top", [1.0, 255.0])
def test_a_composite_stretched_band_by_band_is_refused(write_raster: Write, top: float) -> None:
    values = np.array([[[0, 0.5 * top], [0.1 * top, top]]] * 2, dtype="float32")
    with pytest.raises(StretchedComposite, match="stretched band by band"):
        composites(write_raster(values, name="c_2005.tif"))


def test_one_band_from_zero_to_one_among_others_is_no_stretch(write_raster: Write) -> None:
    values = np.array([[[0, 0.5], [0.1, 1.0]], [[0.2, 0.3], [0.1, 0.4]]], dtype="float32")
    assert len(composites(write_raster(values, name="c_2005.tif"))) == 1


def test_digital_numbers_need_their_scale(write_raster: Write) -> None:
    path = write_raster(np.array([[[7273, 20000]], [[14545, 25000]]], dtype="uint16"), name="c_2005.tif")
    with pytest.raises(NotReflectance, match="--scale"):
        composites(path)
    (scene,) = composites(path, scaling=Scaling(0.0000275, -0.2))
    assert (scene.scale, scene.offset) == (0.0000275, -0.2)


def test_a_band_without_a_value_is_refused(write_raster: Write) -> None:
    values = np.array([[[0.1, 0.2]], [[np.nan, np.nan]]], dtype="float32")
    with pytest.raises(EmptyBand, match="band 2"):
        composites(write_raster(values, name="c_2005.tif"))


def test_composites_may_be_windows_of_one_lattice(write_raster: Write) -> None:
    east = composite(write_raster, "c_2006.tif", origin=(500_060.0, 3_999_970.0))
    first, second = composites(composite(write_raster), east)
    assert second.grid.place_in(first.grid) == (1, 2)
    whole = union_grid([first.grid, second.grid])
    assert whole is not None
    assert (whole.x0, whole.y0, whole.width, whole.height) == (500_000.0, 4_000_000.0, 4, 3)
    assert union_grid([second.grid, first.grid]) == whole


def test_composites_share_a_lattice_and_differ_in_period(write_raster: Write) -> None:
    first = composite(write_raster)
    with pytest.raises(GridsDiffer):
        composites(first, composite(write_raster, "c_2006.tif", origin=(500_015.0, 4_000_000.0)))
    with pytest.raises(SameYearTwice):
        composites(first, composite(write_raster, "d_2005.tif"))


def test_each_band_of_a_displacement_series_is_an_epoch(write_raster: Write) -> None:
    stack = np.array([[[1.0, 2.0]], [[3.0, -4.0]]], dtype="float32")
    found = displacements(write_raster(stack, name="series.tif"))
    assert [(one.band, one.period_start, one.period_end) for one in found] == [
        (1, ZERO, FIRST),
        (2, ZERO, SECOND),
    ]
    assert {one.unit for one in found} == {"mm"}


def test_a_rate_has_its_sigma_beside_it(write_raster: Write) -> None:
    path = write_raster(np.array([[[1.0, 2.0]], [[0.1, 0.2]]], dtype="float32"), name="rate.tif")
    (scene,) = displacements(path, unit="mm_per_year", days=(SECOND,), sigma_band=2)
    assert (scene.band, scene.bands) == (1, {"displacement": 1, "sigma": 2})


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"zero": None}, "no first day"),
        ({"days": (FIRST,)}, "2 bands and 1 days"),
        ({"days": (FIRST, ZERO)}, "does not follow"),
        ({"unit": "inch"}, "'inch' is none of"),
        ({"sigma_band": 3, "days": (FIRST,)}, "sigma is band 3 of 2"),
    ],
)
def test_an_impossible_displacement_series_is_refused(
    write_raster: Write, options: dict[str, object], problem: str
) -> None:
    path = write_raster(np.array([[[1.0, 2.0]], [[3.0, -4.0]]], dtype="float32"), name="series.tif")
    with pytest.raises(EpochsUnknown, match=problem):
        displacements(path, **options)


def test_a_registered_composite_reads_back_as_it_was(store: Store, write_raster: Write) -> None:
    request = RasterRequest("bc", "v1", SceneKind.SPECTRAL, band_names=NAMES, scaling=Scaling(0.5, 0.1, -1))
    (added,) = register_scenes(store, [composite(write_raster)], request)
    with store.read() as conn:
        assert scenes.find(conn, kind=SceneKind.SPECTRAL) == [added]
        assert scenes.find(conn, kind=None) == [added]
        assert scenes.find(conn) == []
    assert (added.bands, added.scale, added.offset, added.nodata) == ({"red": 1, "nir": 2}, 0.5, 0.1, -1)


def test_the_same_raster_with_another_scale_is_another_scene(store: Store, write_raster: Write) -> None:
    path = composite(write_raster)
    request = RasterRequest("bc", "v1", SceneKind.SPECTRAL, band_names=NAMES)
    assert register_scenes(store, [path], request) == register_scenes(store, [path], request)
    other = RasterRequest("bc", "v1", SceneKind.SPECTRAL, band_names=NAMES, scaling=Scaling(0.5))
    with pytest.raises(SceneExists):
        register_scenes(store, [path], other)


def test_a_product_holds_one_kind(store: Store, write_raster: Write) -> None:
    path = composite(write_raster)
    with pytest.raises(ProductTaken):
        register_scenes(store, [path], RasterRequest("clcd", "v1", SceneKind.SPECTRAL, band_names=NAMES))
    register_scenes(store, [path], RasterRequest("bc", "v1", SceneKind.SPECTRAL, band_names=NAMES))
    rate = write_raster(np.array([[[1.0, 2.0]]], dtype="float32"), name="rate.tif")
    request = RasterRequest("bc", "v2", SceneKind.DISPLACEMENT, zero=ZERO, days=(FIRST,))
    with pytest.raises(KindDiffers):
        register_scenes(store, [rate], request)


def test_a_season_of_land_cover_is_no_annual_scene(store: Store, write_raster: Write) -> None:
    path = write_raster(np.array([[2, 5], [7, 7]], dtype="uint8"), name="wet.tif")
    summer = (date(2020, 6, 1), date(2020, 8, 31))
    (added,) = register_scenes(store, [path], RasterRequest("clcd", "v1", period=summer))
    with store.read() as conn:
        assert scenes.find(conn, product="clcd") == []
        assert scenes.find(conn, product="clcd", seasons=True) == [added]
