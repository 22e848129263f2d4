"""The zonal engine on real scenes: published figures, both editions of one field, and exactextract."""

from __future__ import annotations

import csv
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from exactextract import exact_extract
from shapely import MultiPolygon, Polygon

from geo.coverage import FULL_CELL, cover
from geo.rasters import MISSING_CODE
from geo.scenes import Scene, UnknownClass, inspect_scenes
from geo.transitions import series_areas
from geo.zonal import ClassAreas, JointAreas, class_areas, scene_class_areas, scene_joint_areas

pytestmark = pytest.mark.real_data

MINING = 30
NOT_MAPPED = 0
"""Nine years of Collection 6 hold one or two cells of code 0, outside both their legend and their nodata."""


def legend(folder: Path) -> set[int]:
    with (folder / "legend.csv").open(encoding="utf-8") as file:
        return {int(row["code"]) for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def folder(real_data: Path) -> Path:
    return real_data / "amapa_lourenco"


@pytest.fixture(scope="module")
def collection_6(folder: Path) -> dict[int, Scene]:
    paths = sorted((folder / "col6").glob("*.tif"))
    codes = legend(folder) | {NOT_MAPPED}
    scenes = inspect_scenes(paths, product="mapbiomas", edition="c6", legend_codes=codes)
    return {scene.year: scene for scene in scenes}


@pytest.fixture(scope="module")
def collection_8(folder: Path) -> dict[int, Scene]:
    path = folder / "col8" / "lorenco_85a22.tif"
    scenes = inspect_scenes(
        [path], product="mapbiomas", edition="c8", legend_codes=legend(folder), bands=(1985, 2022)
    )
    return {scene.year: scene for scene in scenes}


@pytest.fixture(scope="module")
def titles(folder: Path) -> list[MultiPolygon]:
    return polygons(folder / "sites.geojson")


def polygons(path: Path) -> list[MultiPolygon]:
    shapes = gpd.read_file(path, columns=[]).geometry
    return [MultiPolygon([shape]) if isinstance(shape, Polygon) else shape for shape in shapes]


def grid_ha(scene: Scene, cells: int) -> float:
    assert scene.grid.nominal_cell_ha is not None
    return cells / FULL_CELL * scene.grid.nominal_cell_ha


def mining_to(joint: JointAreas, to_code: int | None = None) -> int:
    rows = joint.from_code == MINING
    return int(joint.cells[rows if to_code is None else rows & (joint.to_code == to_code)].sum())


def test_scenes_are_those_of_36_and_38_years(
    collection_6: dict[int, Scene], collection_8: dict[int, Scene]
) -> None:
    assert list(collection_6) == list(range(1985, 2021))
    assert list(collection_8) == list(range(1985, 2023))
    assert {scene.nodata for scene in collection_6.values()} == {65535}
    assert {scene.nodata for scene in collection_8.values()} == {27}
    assert collection_6[1985].grid.crs == "EPSG:31976"


def test_class_outside_the_legend_is_named_with_its_cells(folder: Path) -> None:
    path = folder / "col6" / "utm_cover_AP_lorenco_2002.tif"
    with pytest.raises(UnknownClass, match="no class 0, which 2 cells have"):
        inspect_scenes([path], product="mapbiomas", edition="c6", legend_codes=legend(folder))


def test_class_areas_of_1985_are_the_published_ones(folder: Path, collection_6: dict[int, Scene]) -> None:
    with (folder / "metricas_lourenco_1985_published.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter=";") if row["metric"] == "ca"]
    scene = collection_6[1985]
    areas = scene_class_areas(scene, Path(scene.path))
    ours = {code: grid_ha(scene, n) for code, n in zip(areas.code.tolist(), areas.cells, strict=True)}
    assert len(rows) == 7
    assert set(ours) == {int(row["class"]) for row in rows} | {MISSING_CODE}
    for row in rows:
        digits = len(row["value"].partition(",")[2])
        assert f"{ours[int(row['class'])]:.{digits}f}" == row["value"].replace(",", ".")


@pytest.mark.parametrize(("edition", "before", "still"), [("c6", 526.5, 289.1), ("c8", 870.9, 860.4)])
def test_mining_of_1985_that_is_still_mining_in_2020(
    collection_6: dict[int, Scene], collection_8: dict[int, Scene], edition: str, before: float, still: float
) -> None:
    scenes = collection_6 if edition == "c6" else collection_8
    first, last = scenes[1985], scenes[2020]
    joint = scene_joint_areas(first, Path(first.path), last, Path(last.path))
    assert round(grid_ha(first, mining_to(joint)), 1) == before
    assert round(grid_ha(first, mining_to(joint, MINING)), 1) == still


@pytest.mark.parametrize(("year", "hectares"), [(1995, 736.4), (2005, 296.4)])
def test_mining_by_year(collection_6: dict[int, Scene], year: int, hectares: float) -> None:
    scene = collection_6[year]
    areas = scene_class_areas(scene, Path(scene.path))
    assert round(grid_ha(scene, int(areas.cells[areas.code == MINING][0])), 1) == hectares


def test_majority_of_three_years_moves_mining_of_2005(collection_6: dict[int, Scene]) -> None:
    grid = collection_6[2005].grid
    west, south, east, north = gpd.GeoSeries([box_of(grid.bounds)], crs=grid.crs).to_crs(4326).total_bounds
    whole = MultiPolygon([box_of((west - 1, south - 1, east + 1, north + 1))])
    areas = series_areas(
        cover(grid, np.array([1]), [whole]),
        list(collection_6.values()),
        baseline_years=np.zeros(1, dtype=np.int32),
        years=[2005],
        rules=["none", "majority3"],
        locate=lambda scene: Path(scene.path),
    )
    mining = {rule: table.classes[2005] for rule, table in areas.items()}
    hectares = {
        rule: round(grid_ha(collection_6[2005], int(t.cells[t.code == MINING][0])), 1)
        for rule, t in mining.items()
    }
    assert hectares == {"none": 296.4, "majority3": 300.6}


def box_of(bounds: tuple[float, float, float, float]) -> Polygon:
    return Polygon.from_bounds(*bounds)


def test_titles_hold_more_mining_than_the_scene_since_they_overlap(
    collection_6: dict[int, Scene], titles: list[MultiPolygon]
) -> None:
    scene = collection_6[1985]
    areas = class_areas(cover(scene.grid, np.arange(len(titles)), titles), scene, Path(scene.path))
    mining = grid_ha(scene, int(areas.cells[areas.code == MINING].sum()))
    assert len(titles) == 12
    assert mining == pytest.approx(587, abs=3)


def test_ground_hectares_exceed_grid_hectares_by_the_projection(collection_6: dict[int, Scene]) -> None:
    scene = collection_6[1985]
    areas = scene_class_areas(scene, Path(scene.path))
    ratio = grid_ha(scene, int(areas.cells.sum())) / (areas.units.sum() / 1e8)
    assert ratio == pytest.approx(0.9993, abs=1e-4)


def assert_equals_exactextract(scene: Scene, shapes: list[MultiPolygon]) -> int:
    """Weighted cells of every site and class equal exactextract's to 1e-6 cells; how many were compared."""
    path = Path(scene.path)
    areas: ClassAreas = class_areas(cover(scene.grid, np.arange(len(shapes)), shapes), scene, path)
    ours = {
        (site, code): n / FULL_CELL
        for site, code, n in zip(areas.site.tolist(), areas.code.tolist(), areas.cells.tolist(), strict=True)
        if code != MISSING_CODE
    }
    frame = gpd.GeoDataFrame({"site": np.arange(len(shapes))}, geometry=shapes, crs=4326).to_crs(
        scene.grid.crs
    )
    with rasterio.open(path) as dataset:
        result = exact_extract(
            dataset, frame, ["unique", "frac", "count"], include_cols=["site"], output="pandas"
        )
    theirs = {
        (int(site), int(code)): share * count
        for site, codes, shares, count in result.itertuples(index=False)
        for code, share in zip(codes, shares, strict=True)
    }
    for key in ours.keys() | theirs.keys():
        assert ours.get(key, 0.0) == pytest.approx(theirs.get(key, 0.0), rel=0, abs=1e-6)
    return len(theirs)


@pytest.mark.parametrize("file", ["sites.geojson", "patches_mining_1985_c6.geojson"])
def test_class_areas_equal_exactextract(folder: Path, collection_6: dict[int, Scene], file: str) -> None:
    assert assert_equals_exactextract(collection_6[1985], polygons(folder / file)) > 20


@pytest.mark.parametrize("mask", ["mudriver", "whiteoak", "bencreek"])
def test_mined_masks_under_permits_equal_exactextract(real_data: Path, mask: str) -> None:
    folder = real_data / "wv_coal_permits"
    (scene,) = inspect_scenes(
        [folder / f"{mask}_mined_mask_10m.tif"], product="mask", edition="1", legend_codes={0, 1}, year=2015
    )
    assert assert_equals_exactextract(scene, polygons(folder / "wv_coal_permits.geojson")) > 0
