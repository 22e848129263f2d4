"""The web-mercator tile grid: which ground a tile z/x/y covers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.errors import InvalidInput

TILE_SIZE: Final = 256
MAX_ZOOM: Final = 22
EARTH_RADIUS_M: Final = 6_378_137.0
WORLD_M: Final = math.pi * EARTH_RADIUS_M
"""Half the width of the web-mercator square, in metres."""

FloatArray = npt.NDArray[np.float64]


class NoSuchTile(InvalidInput):
    """The numbers name no tile."""

    template = "there is no tile {z}/{x}/{y}: z is 0 to 22, x and y are 0 to 2^z - 1"


@dataclass(frozen=True, slots=True)
class MercatorBox:
    """A box in web-mercator metres (EPSG:3857), cut into `width` x `height` pixels."""

    left_m: float
    bottom_m: float
    right_m: float
    top_m: float
    width: int = TILE_SIZE
    height: int = TILE_SIZE

    def centres_x_m(self) -> FloatArray:
        """The x of every pixel column's centre, west to east; shape (width,)."""
        step = (self.right_m - self.left_m) / self.width
        return np.asarray(self.left_m + step * (np.arange(self.width) + 0.5), np.float64)

    def centres_y_m(self) -> FloatArray:
        """The y of every pixel row's centre, north to south; shape (height,)."""
        step = (self.top_m - self.bottom_m) / self.height
        return np.asarray(self.top_m - step * (np.arange(self.height) + 0.5), np.float64)


def tile_box(z: int, x: int, y: int, *, size: int = TILE_SIZE) -> MercatorBox:
    """The ground of the tile z/x/y (XYZ scheme, y from the north). Raises `NoSuchTile`.

    >>> tile_box(0, 0, 0).right_m == WORLD_M
    True
    """
    if not (0 <= z <= MAX_ZOOM and 0 <= x < 1 << z and 0 <= y < 1 << z):
        raise NoSuchTile(z=z, x=x, y=y)
    side = 2 * WORLD_M / (1 << z)
    left, top = -WORLD_M + x * side, WORLD_M - y * side
    return MercatorBox(left, top - side, left + side, top, size, size)


def lon_of(x_m: FloatArray) -> FloatArray:
    """Longitude (degrees) of web-mercator x."""
    return np.asarray(np.degrees(x_m / EARTH_RADIUS_M), np.float64)


def lat_of(y_m: FloatArray) -> FloatArray:
    """Latitude (degrees) of web-mercator y."""
    return np.asarray(np.degrees(np.arctan(np.sinh(y_m / EARTH_RADIUS_M))), np.float64)


def mercator_xy_m(lon: float, lat: float) -> tuple[float, float]:
    """Web-mercator x and y, in metres, of a longitude and latitude in degrees; latitude is cut at the square.

    >>> mercator_xy_m(0, 0)
    (0.0, 0.0)
    """
    held = max(-85.0511287798, min(85.0511287798, lat))
    y = EARTH_RADIUS_M * math.asinh(math.tan(math.radians(held)))
    return EARTH_RADIUS_M * math.radians(lon), y


def tile_at(lon: float, lat: float, z: int) -> tuple[int, int]:
    """The x and y of the tile of zoom z that holds a longitude and latitude in degrees.

    >>> tile_at(117.0, 33.9, 8)
    (211, 102)
    """
    x_m, y_m = mercator_xy_m(lon, lat)
    side = 2 * WORLD_M / (1 << z)
    top = (1 << z) - 1
    x, y = math.floor((x_m + WORLD_M) / side), math.floor((WORLD_M - y_m) / side)
    return max(0, min(top, x)), max(0, min(top, y))


def zoom_of_cell(cell_m: float, lat: float) -> int:
    """The first zoom whose pixels at that latitude are no larger than `cell_m` metres on the ground.

    >>> zoom_of_cell(30.0, 33.0)
    13
    """
    ground_m = 2 * WORLD_M / TILE_SIZE * math.cos(math.radians(min(85.0, abs(lat))))
    return max(0, min(MAX_ZOOM, math.ceil(math.log2(ground_m / cell_m))))
