"""Overlap: the sum of areas less the area of the union."""

from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, box, union_all

from geo.areas import geodesic_area_units
from geo.overlap import Overlaps, overlap_units


def square(x, y, side=0.01):
    return MultiPolygon([box(x, y, x + side, y + side)])


def test_polygons_that_touch_or_lie_apart_do_not_overlap():
    assert overlap_units([square(0, 0), square(0.01, 0), square(1, 1)]) == 0
    assert overlap_units([square(0, 0)]) == 0
    assert overlap_units([]) == 0


def test_a_polygon_twice_overlaps_by_its_whole_area():
    assert overlap_units([square(0, 0), square(0, 0)]) == geodesic_area_units(square(0, 0))


def test_only_the_asked_polygons_count():
    overlaps = Overlaps([square(0, 0), square(0, 0), square(5, 5)])
    assert overlaps.units([0, 2]) == 0
    assert overlaps.units([0, 1, 2]) == geodesic_area_units(square(0, 0))


PLACES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=6)


@settings(max_examples=40)
@given(places=PLACES)
def test_overlap_is_sum_less_union_to_a_millionth_of_the_area(places):
    polygons = [square(x * 0.005, y * 0.005) for x, y in places]
    total = sum(map(geodesic_area_units, polygons))
    united = union_all(polygons)
    exact = total - (geodesic_area_units(united) if polygons else 0)
    assert abs(overlap_units(polygons) - exact) <= total * 1e-6


@settings(max_examples=40)
@given(places=PLACES)
def test_the_pieces_cover_the_union_once(places):
    polygons = [square(x * 0.005, y * 0.005) for x, y in places]
    pieces = Overlaps(polygons).pieces()
    once = sum(geodesic_area_units(pieces.get(i, polygon)) for i, polygon in enumerate(polygons))
    total = sum(map(geodesic_area_units, polygons))
    assert abs(once - (total - overlap_units(polygons))) <= total * 1e-6
