"""Coordinate systems: null between WGS 84 and CGCS2000, and what a file without one looks like."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer
from shapely import box

from geo.crs import (
    CrsUnreadable,
    area_of_use,
    crs_name,
    crs_suggestion,
    guess_crs,
    is_approximate,
    is_lonlat,
    to_lonlat,
)


def array(*shapes):
    made = np.empty(len(shapes), dtype=object)
    made[:] = shapes
    return made


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4490", "OGC:CRS84", "urn:ogc:def:crs:EPSG::4490"])
def test_longitude_and_latitude_are_kept_as_the_very_same_objects(crs):
    shapes = array(box(117.123456789012345, 33, 118, 34))
    assert is_lonlat(crs)
    assert to_lonlat(shapes, crs) is shapes


@given(st.integers(25, 45), st.floats(-1.4, 1.4), st.floats(20, 50))
def test_zone_prefixed_eastings_come_back_to_where_they_were(zone, east_of_meridian, latitude):
    longitude = zone * 3 + east_of_meridian
    crs = f"EPSG:{4488 + zone}"
    easting, northing = Transformer.from_crs("EPSG:4490", crs, always_xy=True).transform(longitude, latitude)
    assert int(easting // 1_000_000) == zone
    assert guess_crs((easting, northing, easting, northing)).codes == (crs,)
    (back,) = to_lonlat(array(shapely.Point(easting, northing)), crs)
    assert (back.x, back.y) == pytest.approx((longitude, latitude), abs=1e-9)


@pytest.mark.parametrize(
    ("crs", "east"),
    [
        ("EPSG:4527", 39_488_280.6329),
        ("EPSG:4548", 488_280.6329),
        ("urn:ogc:def:crs:EPSG::4548", 488_280.6329),
    ],
)
def test_chinese_zones_give_the_longitude_and_latitude_that_their_own_projection_does(crs, east):
    # of +proj=tmerc +lon_0=117 +k=1 +x_0=(39)500000 on the ellipsoid 6378137 m, 1/298.257222101
    corners = shapely.Polygon([(east, 3_758_601.8794), (east + 100, 3_758_601.8794), (east, 3_758_701.8794)])
    (moved,) = to_lonlat(array(corners), crs)
    first, second, third, _ = shapely.get_coordinates(moved).tolist()
    assert first == pytest.approx((116.873214, 33.954321), abs=1e-9)
    assert second[0] > first[0] == pytest.approx(third[0], abs=1e-5)
    assert third[1] > first[1] == pytest.approx(second[1], abs=1e-5)
    back = Transformer.from_crs("EPSG:4490", crs, always_xy=True).transform(*first)
    assert back == pytest.approx((east, 3_758_601.8794), abs=1e-4)


def test_another_datum_is_transformed():
    (moved,) = to_lonlat(array(shapely.Point(117, 33)), "EPSG:4214")
    assert 1e-5 < abs(moved.x - 117) < 0.01
    assert not is_approximate("EPSG:4214")


def test_a_datum_without_a_public_transformation_is_told():
    assert is_approximate("EPSG:4610")
    assert not any(map(is_approximate, ("EPSG:4490", "EPSG:4527", "EPSG:31976")))


def test_none_stays_none():
    assert to_lonlat(array(None), "EPSG:4527")[0] is None


@pytest.mark.parametrize(
    ("bounds", "codes"),
    [
        ((117, 33, 118, 34), ("EPSG:4490", "EPSG:4326")),
        ((-82, 37, -81, 38), ("EPSG:4326",)),
        ((20_480_000, 3_700_000, 20_520_000, 3_750_000), ("EPSG:4498",)),
        ((480_000, 3_700_000, 520_000, 3_750_000), tuple(f"EPSG:{code}" for code in range(4534, 4555))),
    ],
)
def test_numbers_are_recognised(bounds, codes):
    assert guess_crs(bounds).codes == codes


@pytest.mark.parametrize(
    "bounds",
    [
        (38_900_000, 3_700_000, 39_100_000, 3_800_000),
        (-5e6, 1, 2, 3),
        (1e6, 1, 5e6, 2),
        (117, 33, math.inf, 34),
        (-math.inf, 1, 2, 3),
        (math.nan, math.nan, math.nan, math.nan),
    ],
)
def test_numbers_that_say_nothing_are_not_guessed(bounds):
    assert guess_crs(bounds) is None
    assert "ask the sender" in crs_suggestion(bounds)


def test_the_suggestion_names_the_option():
    assert "--crs EPSG:4527" in crs_suggestion((39_480_000, 3_700_000, 39_520_000, 3_750_000))
    assert "central meridian" in crs_suggestion((480_000, 3_700_000, 520_000, 3_750_000))


def test_names_that_are_no_system_are_refused():
    with pytest.raises(CrsUnreadable, match="EPSG:4490"):
        crs_name("the usual one")


def test_systems_have_their_code_and_area_of_use():
    assert crs_name("urn:ogc:def:crs:OGC:1.3:CRS84") == "OGC:CRS84"
    west, _, east, _ = area_of_use("EPSG:4527")
    assert (west, east) == (115.5, 118.5)
