"""Areas of many polygons at once are those of each alone."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, box

from geo.areas import geodesic_area_units, geodesic_areas_units


def at_once(shapes):
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    return geodesic_areas_units(array, only=np.ones(len(shapes), dtype=bool))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(-179, 178), st.floats(-80, 80), st.floats(0.001, 1)), max_size=6))
def test_areas_at_once_are_equal_to_the_last_digit(places):
    shapes = [MultiPolygon([Point(x, y).buffer(size).reverse()]) for x, y, size in places]
    assert at_once(shapes) == [geodesic_area_units(shape) for shape in shapes]


def test_holes_parts_and_what_is_left_out_are_counted_as_alone():
    hole = Polygon(box(0, 0, 1, 1).exterior, [box(0.2, 0.2, 0.4, 0.4).exterior])
    shapes = [MultiPolygon([hole]), MultiPolygon([box(0, 0, 1, 1), box(2, 0, 3, 1)]), MultiPolygon(), None]
    alone = [geodesic_area_units(shape) for shape in shapes[:3]]
    assert at_once(shapes) == [*alone, 0]
    array = np.array([shapely.box(0, 0, 1, 1)], dtype=object)
    assert geodesic_areas_units(array, only=np.array([False])) == [0]
