from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pyproj import Geod, Proj

from geo.grid import Grid, parsed_crs
from geo.ground import cell_m2_at, ground_area_m2

WORLD = Grid("EPSG:4326", -180, 90, 1, 1, 360, 180)
UTM = Grid("EPSG:31976", 409829.47, 276306.31, 29.877, 29.877, 1341, 1341)
FINE = Grid("EPSG:4490", 117, 34, 0.00025, 0.00025, 600, 600)


def geodesic_cell_m2(grid: Grid, row: int, col: int) -> float:
    """The cell's outline, taken to longitude and latitude in 400 steps, on the ellipsoid."""
    step = np.linspace(0, 1, 100, endpoint=False)
    x = grid.x0 + grid.dx * (col + np.concatenate([step, np.ones(100), 1 - step, np.zeros(100)]))
    y = grid.y0 - grid.dy * (row + np.concatenate([np.zeros(100), step, np.ones(100), 1 - step]))
    crs = parsed_crs(grid.crs)
    lon, lat = (x, y) if grid.is_geographic else Proj(crs)(x, y, inverse=True)
    geod = crs.get_geod() or Geod(ellps="WGS84")
    return abs(geod.polygon_area_perimeter(lon, lat)[0])


@pytest.mark.parametrize(
    "grid",
    [
        UTM,
        Grid("EPSG:2225", 6_561_000, 2_065_000, 100, 100, 600, 600),  # US survey feet
        Grid("EPSG:2193", 1_515_000, 5_460_000, 30, 30, 600, 600),  # axes northing, easting
        Grid("EPSG:3857", 11_100_000, 5_600_000, 30, 30, 600, 600),
        Grid("EPSG:3413", -500_000, -900_000, 100, 100, 600, 600),
        Grid("EPSG:27572", 651_000, 2_111_000, 30, 30, 600, 600),  # Paris meridian
        Grid("EPSG:4326", 117, 34, 0.00025, 0.00025, 600, 600),
        FINE,
    ],
    ids=lambda grid: grid.crs,
)
def test_cell_has_its_area_on_the_ellipsoid(grid: Grid) -> None:
    area = ground_area_m2(grid, 0, 0)
    for row, col in ((0, 0), (511, 3), (200, 511)):
        assert area[row, col] == pytest.approx(geodesic_cell_m2(grid, row, col), rel=1e-7)


@pytest.mark.parametrize("grid", [UTM, Grid("EPSG:3857", 11_100_000, 5_600_000, 30, 30, 600, 600), FINE])
def test_the_cell_at_a_place_has_the_area_of_the_cell_that_lies_there(grid: Grid) -> None:
    x, y = grid.x0 + grid.dx * 3.5, grid.y0 - grid.dy * 200.5
    lon, lat = (x, y) if grid.is_geographic else Proj(parsed_crs(grid.crs))(x, y, inverse=True)
    area = cell_m2_at(grid, np.array([lon]), np.array([lat]))
    assert area[0] == pytest.approx(ground_area_m2(grid, 0, 0)[200, 3], rel=1e-7)


def test_cells_of_the_world_add_up_to_the_ellipsoid() -> None:
    total = ground_area_m2(WORLD, 0, 0).sum()
    assert total == pytest.approx(510_065_621_724_088.44, rel=1e-14)


def test_rows_beyond_the_poles_have_no_area() -> None:
    area = ground_area_m2(Grid("EPSG:4326", -180, 90.5, 1, 1, 360, 181), 0, 0)
    assert area[0, 0] == pytest.approx(area[180, 0])
    assert area.sum() == pytest.approx(510_065_621_724_088.44, rel=1e-14)


@pytest.mark.parametrize("cell_m", [10, 30, 1000])
def test_interpolated_area_is_that_of_the_cell_centre(cell_m: float) -> None:
    grid = Grid("EPSG:31976", 409_829, 276_306, cell_m, cell_m, 512, 512)
    area = ground_area_m2(grid, 0, 0)
    projection = Proj(parsed_crs(grid.crs))
    for row, col in ((0, 0), (511, 511), (100, 400)):
        lon, lat = projection(grid.x0 + cell_m * (col + 0.5), grid.y0 - cell_m * (row + 0.5), inverse=True)
        true = cell_m**2 / projection.get_factors(lon, lat).areal_scale
        assert area[row, col] == pytest.approx(true, rel=1e-9)


def test_area_of_a_cell_does_not_depend_on_the_size_of_the_grid() -> None:
    small = replace(UTM, width=100, height=90)
    assert np.array_equal(ground_area_m2(small, 0, 0), ground_area_m2(UTM, 0, 0)[:90, :100])


def test_cells_off_the_projected_world_have_no_area() -> None:
    world = Grid("ESRI:54008", -20_100_000, 10_100_000, 100_000, 100_000, 402, 202)
    area = ground_area_m2(world, 0, 0)
    assert area[0, 0] == 0
    assert area[101, 201] == pytest.approx(1e10, rel=1e-6)


def test_nominal_cell_counts_feet_as_feet() -> None:
    assert Grid("EPSG:2225", 0, 0, 100, 100, 1, 1).nominal_cell_ha == pytest.approx(0.0929034, rel=1e-5)
    assert WORLD.nominal_cell_ha is None
    assert WORLD.is_geographic


def test_blocks_are_cut_at_the_edge() -> None:
    assert (UTM.n_block_rows, UTM.n_block_cols) == (3, 3)
    assert UTM.block_shape(2, 0) == (317, 512)
    assert UTM.bounds == pytest.approx((409829.47, 236241.253, 449894.527, 276306.31))


def test_grids_that_differ_in_the_last_digits_are_one() -> None:
    assert UTM.difference(replace(UTM, x0=UTM.x0 + 1e-9)) is None
    assert UTM.difference(replace(UTM, crs=parsed_crs("EPSG:31976").to_wkt())) is None


@pytest.mark.parametrize(
    ("other", "word"),
    [
        (replace(UTM, x0=UTM.x0 + 15), "corners 0.502 cells"),
        (replace(UTM, dx=29.8771), "corners"),
        (replace(UTM, width=1340), "size"),
        (replace(UTM, crs="EPSG:32622"), "CRS EPSG:31976 and EPSG:32622"),
    ],
)
def test_difference_of_grids_is_named(other: Grid, word: str) -> None:
    assert word in (UTM.difference(other) or "")
