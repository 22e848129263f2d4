from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, box

from geo.areas import geodesic_area_units
from geo.coverage import FULL_CELL, cover
from geo.errors import UnknownScene
from geo.grid import Grid
from geo.ground import ground_area_m2
from geo.rasters import MISSING_CODE
from geo.scenes import GridsDiffer, Scene, SceneChanged, inspect_scenes
from geo.transitions import MixedScenes, SeriesAreas, series_areas
from geo.zonal import ClassAreas, class_areas, scene_class_areas, scene_joint_areas

Write = Callable[..., Path]
DEGREE = {"crs": "EPSG:4326", "origin": (0.0, 4.0), "cell": (1.0, 1.0)}
CODES = tuple(range(1, 60))


def scenes_of(*paths: Path, **options: object) -> list[Scene]:
    return inspect_scenes(paths, product="clcd", edition="v1", legend_codes=CODES, **options)  # type: ignore[arg-type]  # options vary by test


def located(scene: Scene) -> Path:
    return Path(scene.path)


def cells(areas: ClassAreas) -> dict[tuple[int, int], float]:
    return {
        (int(site), int(code)): float(n / FULL_CELL)
        for site, code, n in zip(areas.site, areas.code, areas.cells, strict=True)
    }


def squares(*boxes: tuple[float, float, float, float]) -> list[MultiPolygon]:
    return [MultiPolygon([box(*bounds)]) for bounds in boxes]


def quilt(size: tuple[int, int] = (600, 700), *, seed: int = 1, dtype: str = "uint8") -> np.ndarray:
    return np.random.default_rng(seed).integers(1, 6, size=size).astype(dtype)


def test_class_areas_of_a_known_raster(write_raster: Write) -> None:
    path = write_raster(np.array([[1, 1, 2, 2]] * 2 + [[1, 3, 3, 9]] * 2, dtype=np.uint8), nodata=9, **DEGREE)
    (scene,) = scenes_of(path)
    sites = cover(scene.grid, np.array([5, 3]), squares((0, 0, 2, 4), (1.5, 0.5, 4, 2)))
    areas = class_areas(sites, scene, path)
    assert cells(areas) == {(3, 3): 0.75 + 1.5, (3, MISSING_CODE): 1.5, (5, 1): 6.0, (5, 3): 2.0}
    assert areas.site.tolist() == [3, 3, 5, 5]
    assert areas.code.tolist() == [MISSING_CODE, 3, 1, 3]


def test_units_are_true_ground_area(write_raster: Write) -> None:
    path = write_raster(np.array([[1], [2], [1], [1]], dtype=np.uint8), **DEGREE)
    (scene,) = scenes_of(path)
    areas = class_areas(cover(scene.grid, np.array([1]), squares((0, 0, 1, 4))), scene, path)
    ground = np.rint(ground_area_m2(scene.grid, 0, 0)[:, 0] * 1e4).astype(np.int64)
    assert areas.units.tolist() == [ground[0] + ground[2] + ground[3], ground[1]]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float32"])
def test_type_of_the_raster_does_not_matter(write_raster: Write, dtype: str) -> None:
    path = write_raster(quilt(dtype=dtype), nodata=5)
    (scene,) = scenes_of(path)
    areas = scene_class_areas(scene, path)
    counts = np.bincount(quilt().ravel())
    assert cells(areas) == {(0, MISSING_CODE): counts[5], **{(0, c): counts[c] for c in range(1, 5)}}


@pytest.mark.parametrize(
    "layout",
    [{"tiled": True, "blockxsize": 256, "blockysize": 128, "compress": "deflate"}, {"blockysize": 7}],
)
def test_tiling_of_the_file_does_not_matter(write_raster: Write, layout: dict[str, object]) -> None:
    plain, other = (
        write_raster(quilt(), name="a_2020.tif"),
        write_raster(quilt(), name="b_2020.tif", **layout),
    )
    (a,), (b,) = scenes_of(plain), scenes_of(other)
    assert cells(scene_class_areas(a, plain)) == cells(scene_class_areas(b, other))


def test_file_mask_hides_cells(write_raster: Write) -> None:
    import rasterio  # noqa: PLC0415  # one test writes a mask

    path = write_raster(np.array([[1, 2], [1, 2]], dtype=np.uint8), **DEGREE)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK="YES"), rasterio.open(path, "r+") as dataset:
        dataset.write_mask(np.array([[True, False], [True, True]]))
    (scene,) = scenes_of(path)
    assert cells(scene_class_areas(scene, path)) == {(0, MISSING_CODE): 1, (0, 1): 2, (0, 2): 1}


def test_raster_that_covers_half_of_a_site_counts_that_half(write_raster: Write) -> None:
    path = write_raster(np.ones((4, 4), dtype=np.uint8), **DEGREE)
    (scene,) = scenes_of(path)
    areas = class_areas(cover(scene.grid, np.array([1]), squares((2, 1, 6, 3))), scene, path)
    assert cells(areas) == {(1, 1): 4.0}


def test_coverage_of_another_grid_is_refused(write_raster: Write) -> None:
    path = write_raster(np.ones((4, 4), dtype=np.uint8), **DEGREE)
    (scene,) = scenes_of(path)
    other = cover(replace(scene.grid, x0=0.5), np.array([1]), squares((1, 1, 2, 2)))
    with pytest.raises(GridsDiffer, match=r"corners 0\.5 cells apart"):
        class_areas(other, scene, path)


def test_file_that_changed_its_grid_is_refused(write_raster: Write) -> None:
    path = write_raster(np.ones((4, 4), dtype=np.uint8), **DEGREE)
    (scene,) = scenes_of(path)
    write_raster(np.ones((4, 5), dtype=np.uint8), **DEGREE)
    with pytest.raises(SceneChanged, match="size 4 x 4 and 5 x 4"):
        scene_class_areas(scene, path)


def test_joint_areas_of_two_scenes(write_raster: Write) -> None:
    before = write_raster(np.array([[1, 1], [2, 9]], dtype=np.uint8), name="a_2010.tif", nodata=9, **DEGREE)
    after = write_raster(np.array([[1, 3], [3, 3]], dtype=np.uint8), name="b_2020.tif", nodata=9, **DEGREE)
    a, b = scenes_of(before, after)
    joint = scene_joint_areas(a, before, b, after)
    rows = zip(joint.from_code.tolist(), joint.to_code.tolist(), joint.cells // FULL_CELL, strict=True)
    assert list(rows) == [(MISSING_CODE, 3, 1), (1, 1, 1), (1, 3, 1), (2, 3, 1)]


@pytest.fixture(scope="module")
def patches() -> tuple[Grid, list[MultiPolygon]]:
    """A UTM grid of four blocks and a dozen overlapping discs, some across its blocks and its edge."""
    grid = Grid("EPSG:32650", 500_000, 4_000_000, 30, 30, 700, 600)
    rng = np.random.default_rng(3)
    west, south, east, north = 117.0, 35.985, 117.235, 36.15
    centres = zip(rng.uniform(west, east, 12), rng.uniform(south, north, 12), strict=True)
    return grid, [MultiPolygon([Point(*centre).buffer(rng.uniform(0.0002, 0.03), 5)]) for centre in centres]


@given(st.permutations(range(12)))
@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_order_of_sites_changes_nothing(
    write_raster: Write, patches: tuple[Grid, list[MultiPolygon]], order: list[int]
) -> None:
    grid, shapes = patches
    path = write_raster(quilt(), nodata=5)
    (scene,) = scenes_of(path)
    straight = class_areas(cover(grid, np.arange(12), shapes), scene, path)
    shuffled = class_areas(cover(grid, np.array(order), [shapes[i] for i in order]), scene, path)
    assert len(straight.site) > 30
    for one, other in zip(fields(straight), fields(shuffled), strict=True):
        assert np.array_equal(one, other)


@given(st.integers(1, 11))
@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_shards_of_sites_change_nothing(
    write_raster: Write, patches: tuple[Grid, list[MultiPolygon]], cut: int
) -> None:
    grid, shapes = patches
    path = write_raster(quilt(), nodata=5)
    (scene,) = scenes_of(path)
    ids = np.arange(12)
    whole = class_areas(cover(grid, ids, shapes), scene, path)
    shards = [
        class_areas(cover(grid, ids[part], shapes[part]), scene, path)
        for part in (slice(0, cut), slice(cut, 12))
    ]
    for one, *others in zip(fields(whole), *map(fields, shards), strict=True):
        assert np.array_equal(one, np.concatenate(others))


def fields(areas: ClassAreas) -> tuple[np.ndarray, ...]:
    return areas.site, areas.code, areas.units, areas.cells


def test_class_areas_add_up_to_the_polygon(write_raster: Write) -> None:
    path = write_raster(quilt(), nodata=0)
    (scene,) = scenes_of(path)
    disc = MultiPolygon([Point(117.11, 35.06 + 1.0).buffer(0.004)])
    hole = MultiPolygon([box(117.09, 36.04, 117.13, 36.08).difference(disc.geoms[0])])
    areas = class_areas(cover(scene.grid, np.array([1, 2]), [disc, hole]), scene, path)
    for site, shape in ((1, disc), (2, hole)):
        assert areas.units[areas.site == site].sum() == pytest.approx(geodesic_area_units(shape), rel=1e-6)


def series(paths: Sequence[Path], **options: object) -> dict[str, SeriesAreas]:
    """Series of two sites, left and right half of a 2 x 4 raster in degrees."""
    scenes = scenes_of(*paths)
    coverage = cover(scenes[0].grid, np.array([7, 8]), squares((0, 2, 2, 4), (2, 2, 4, 4)))
    given: dict[str, object] = {
        "baseline_years": np.array([2010, 2012], dtype=np.int32),
        "years": [2010, 2011, 2012, 2013],
        "rules": ["none", "majority3"],
        "locate": located,
    }
    return series_areas(coverage, scenes, **(given | options))  # type: ignore[arg-type]  # options vary by test


@pytest.fixture
def four_years(write_raster: Write) -> list[Path]:
    """2 x 4 cells, all of one class by year but for a flicker: left 1 2 1 3, right 1 9 1 1 (9 is no data)."""
    return [
        write_raster(
            np.array([[left, left, right, right]] * 2, dtype=np.uint8), name=f"{year}.tif", nodata=9, **DEGREE
        )
        for year, left, right in ((2010, 1, 1), (2011, 2, 9), (2012, 1, 1), (2013, 3, 1))
    ]  # fmt: skip


def test_series_counts_each_year_as_it_is(four_years: list[Path]) -> None:
    areas = series(four_years)["none"]
    assert cells(areas.classes[2011]) == {(7, 2): 4, (8, MISSING_CODE): 4}
    assert cells(areas.classes[2013]) == {(7, 3): 4, (8, 1): 4}


def test_majority_of_three_years_removes_flicker_and_fills_gaps(four_years: list[Path]) -> None:
    areas = series(four_years)["majority3"]
    assert cells(areas.classes[2011]) == {(7, 1): 4, (8, 1): 4}


def test_majority_leaves_end_years_and_real_change(four_years: list[Path]) -> None:
    areas = series(four_years)["majority3"]
    assert cells(areas.classes[2010]) == {(7, 1): 4, (8, 1): 4}
    assert cells(areas.classes[2012]) == {(7, 1): 4, (8, 1): 4}
    assert cells(areas.classes[2013]) == {(7, 3): 4, (8, 1): 4}


def test_majority_uses_neighbours_that_were_not_asked_for(four_years: list[Path]) -> None:
    areas = series(four_years, years=[2011], baseline_years=np.array([2011, 2011], dtype=np.int32))
    assert cells(areas["majority3"].classes[2011]) == {(7, 1): 4, (8, 1): 4}
    assert list(areas["majority3"].classes) == [2011]


def test_majority_needs_the_years_right_beside(four_years: list[Path]) -> None:
    areas = series(
        [four_years[0], four_years[1], four_years[3]],
        years=[2011],
        baseline_years=np.zeros(2, dtype=np.int32),
    )
    assert cells(areas["majority3"].classes[2011]) == {(7, 2): 4, (8, MISSING_CODE): 4}


def test_no_data_on_both_sides_hides_nothing(write_raster: Write) -> None:
    paths = [
        write_raster(np.full((2, 4), code, dtype=np.uint8), name=f"{year}.tif", nodata=9, **DEGREE)
        for year, code in ((2010, 9), (2011, 1), (2012, 9))
    ]
    areas = series(paths, years=[2011], baseline_years=np.zeros(2, dtype=np.int32))
    assert cells(areas["majority3"].classes[2011]) == {(7, 1): 4, (8, 1): 4}


def test_joint_areas_start_at_each_sites_baseline(four_years: list[Path]) -> None:
    joint = series(four_years)["none"].joint
    rows = {
        year: list(zip(t.site.tolist(), t.from_code.tolist(), t.to_code.tolist(), strict=True))
        for year, t in joint.items()
    }
    assert rows == {
        2010: [(7, 1, 1)],
        2011: [(7, 1, 2)],
        2012: [(7, 1, 1), (8, 1, 1)],
        2013: [(7, 1, 3), (8, 1, 1)],
    }


def test_site_without_baseline_has_no_joint_areas(four_years: list[Path]) -> None:
    joint = series(four_years, baseline_years=np.array([0, 2010], dtype=np.int32))["none"].joint
    assert set(joint[2013].site.tolist()) == {8}


def test_joint_areas_add_up_to_the_class_areas(
    write_raster: Write, patches: tuple[Grid, list[MultiPolygon]]
) -> None:
    grid, shapes = patches
    paths = [write_raster(quilt(seed=year), name=f"{year}.tif", nodata=5) for year in range(2010, 2015)]
    coverage = cover(grid, np.arange(12), shapes)
    both = series_areas(
        coverage, scenes_of(*paths), baseline_years=np.full(12, 2010, dtype=np.int32), years=[2010, 2013],
        rules=["none", "majority3"], locate=located,
    )  # fmt: skip
    for areas in both.values():
        joint, classes = areas.joint[2013], areas.classes[2013]
        for site, code, units, n in zip(*fields(classes), strict=True):
            rows = (joint.site == site) & (joint.to_code == code)
            assert (joint.units[rows].sum(), joint.cells[rows].sum()) == (units, n)
    single = class_areas(coverage, scenes_of(paths[3])[0], paths[3])
    for one, other in zip(fields(single), fields(both["none"].classes[2013]), strict=True):
        assert np.array_equal(one, other)


def test_bands_of_one_file_give_what_files_of_one_band_give(
    write_raster: Write, four_years: list[Path]
) -> None:
    import rasterio  # noqa: PLC0415  # one test stacks files

    stack = []
    for path in four_years:
        with rasterio.open(path) as dataset:
            stack.append(dataset.read(1))
    path = write_raster(np.array(stack), name="stack.tif", nodata=9, interleave="pixel", **DEGREE)
    scenes = scenes_of(path, bands=(2010, 2013))
    coverage = cover(scenes[0].grid, np.array([7, 8]), squares((0, 2, 2, 4), (2, 2, 4, 4)))
    one = series_areas(
        coverage,
        scenes,
        baseline_years=np.array([2010, 2012], dtype=np.int32),
        years=[2011, 2013],
        rules=["majority3"],
        locate=located,
    )
    for year in (2011, 2013):
        assert cells(one["majority3"].classes[year]) == cells(series(four_years)["majority3"].classes[year])


def test_year_without_a_scene_is_named(four_years: list[Path]) -> None:
    with pytest.raises(
        UnknownScene, match="for 2015 is registered; registered years: 2010, 2011, 2012, 2013"
    ):
        series(four_years, years=[2015])
    with pytest.raises(UnknownScene, match="for 2001"):
        series(four_years, baseline_years=np.array([2001, 2010], dtype=np.int32))


def test_editions_never_mix_in_a_series(four_years: list[Path]) -> None:
    a, b = scenes_of(*four_years[:2])
    coverage = cover(a.grid, np.array([1]), squares((0, 2, 2, 4)))
    for scenes in ([a, replace(b, edition="v2")], [a, replace(a, band=2)]):
        with pytest.raises(MixedScenes):
            series_areas(
                coverage,
                scenes,
                baseline_years=np.zeros(1, dtype=np.int32),
                years=[2010],
                rules=["none"],
                locate=located,
            )


def test_unknown_rule_is_refused(four_years: list[Path]) -> None:
    with pytest.raises(ValueError, match="median5"):
        series(four_years, rules=["median5"])


def test_progress_counts_blocks_and_may_stop_the_work(four_years: list[Path]) -> None:
    seen = []
    series(four_years, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 1)]

    def stop(done: int, total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        series(four_years, progress=stop)
