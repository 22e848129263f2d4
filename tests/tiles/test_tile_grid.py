"""The tile grid."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiles.grid import WORLD_M, NoSuchTile, lat_of, lon_of, mercator_xy_m, tile_at, tile_box, zoom_of_cell


def test_four_tiles_fill_their_parent() -> None:
    parent = tile_box(7, 105, 51)
    corner = tile_box(8, 210, 102)
    assert (corner.left_m, corner.top_m) == (parent.left_m, parent.top_m)
    assert corner.right_m == pytest.approx((parent.left_m + parent.right_m) / 2)


@pytest.mark.parametrize("numbers", [(-1, 0, 0), (0, 1, 0), (3, 0, 8), (23, 0, 0), (2, -1, 0)])
def test_numbers_outside_the_square_name_no_tile(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(NoSuchTile):
        tile_box(*numbers)


@given(st.floats(-180, 179.999), st.floats(-85, 85), st.integers(0, 18))
def test_the_tile_at_a_place_holds_it(lon: float, lat: float, z: int) -> None:
    x_m, y_m = mercator_xy_m(lon, lat)
    box = tile_box(z, *tile_at(lon, lat, z))
    slack = 1e-6
    assert box.left_m - slack <= x_m <= box.right_m + slack
    assert box.bottom_m - slack <= y_m <= box.top_m + slack


@given(st.floats(-180, 180), st.floats(-85, 85))
def test_mercator_and_back_is_the_same_place(lon: float, lat: float) -> None:
    x_m, y_m = mercator_xy_m(lon, lat)
    assert lon_of(np.array([x_m]))[0] == pytest.approx(lon, abs=1e-9)
    assert lat_of(np.array([y_m]))[0] == pytest.approx(lat, abs=1e-9)


def test_pixel_centres_lie_half_a_pixel_inside() -> None:
    box = tile_box(0, 0, 0)
    assert box.centres_x_m()[0] == pytest.approx(-WORLD_M * (1 - 1 / 256))
    assert box.centres_y_m()[-1] == pytest.approx(-WORLD_M * (1 - 1 / 256))


def test_the_native_zoom_has_pixels_no_larger_than_a_cell() -> None:
    zoom = zoom_of_cell(30.0, 33.0)
    pixel_m = 2 * WORLD_M / 256 / 2**zoom * math.cos(math.radians(33.0))
    assert pixel_m <= 30.0 < 2 * pixel_m
