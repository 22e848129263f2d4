"""Breakpoints: the best continuous piecewise line, beside a reference implementation."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.trajectory.breakpoints import piecewise_line, squares_of

PWLF = [
    {
        "y": [0.507, 0.557, 0.622, 0.687, 0.724, 0.79, 0.841, 0.828, 0.796, 0.784, 0.769, 0.761],
        "knots": (2006,),
        "squares": 0.0004649968036529681,
        "free": (2005.901,),
        "free_squares": 0.0004260225328625101,
    },
    {
        "y": [
            *(0.48, 0.363, 0.234, 0.116, -0.023, -0.165, -0.298, -0.376),
            *(-0.294, -0.248, -0.183, -0.111, -0.051, 0.013, 0.068, 0.144),
        ],
        "knots": (2006, 2007),
        "squares": 0.0008435833333333199,
        "free": (2002.994, 2006.663),
        "free_squares": 0.00037513054989948364,
    },
    {
        "y": [
            *(0.497, 0.576, 0.631, 0.702, 0.748, 0.83, 0.875, 0.937, 1.019, 1.011),
            *(1.019, 1.038, 1.004, 1.004, 1.01, 1.011, 1.071, 1.137, 1.213, 1.278),
        ],
        "knots": (2008, 2015),
        "squares": 0.0015624291025641032,
        "free": (2008.178, 2015.109),
        "free_squares": 0.0013773251394566355,
    },
    {
        "y": [
            *(0.51, 0.505, 0.508, 0.505, 0.513, 0.498, 0.401, 0.31, 0.311),
            *(0.367, 0.367, 0.418, 0.428, 0.47, 0.49, 0.387, 0.33, 0.246),
        ],
        "knots": (2005, 2007, 2014),
        "squares": 0.0014599510426574964,
        "free": (2004.862, 2007.149, 2013.863),
        "free_squares": 0.001133100173521671,
    },
]
"""Series from 2000 on, from pwlf 2.7.0: the squares that it leaves with `knots` given (`fit_with_breaks`),
and the places and squares of its own search over all real places (`fit`)."""

numbers = st.lists(st.integers(-64, 64).map(lambda value: value / 16), min_size=2, max_size=12)


def by_year(values, first=2000):
    return dict(enumerate(values, start=first))


@pytest.mark.parametrize("case", PWLF)
def test_the_squares_of_given_breakpoints_equal_those_of_pwlf(case):
    assert squares_of(by_year(case["y"]), case["knots"]) == pytest.approx(case["squares"], rel=1e-9)


def best_of_all(case):
    series, number = by_year(case["y"]), len(case["free"])
    return min(combinations(range(2001, 1999 + len(series)), number), key=lambda one: squares_of(series, one))


@pytest.mark.parametrize("case", PWLF)
def test_the_best_years_leave_no_less_than_the_free_places_of_pwlf(case):
    series, number = by_year(case["y"]), len(case["free"])
    best = squares_of(series, best_of_all(case))
    assert case["free_squares"] - 1e-12 <= best <= 2.3 * case["free_squares"]
    found = piecewise_line(series, breakpoints_max=number)
    assert len(found.breakpoints) < number or found.squares == pytest.approx(best, rel=1e-9)


@pytest.mark.parametrize("case", [PWLF[0], PWLF[2], PWLF[3]])
def test_the_best_years_lie_beside_the_free_places_of_pwlf(case):
    pairs = zip(best_of_all(case), case["free"], strict=True)
    assert all(abs(ours - theirs) <= 0.5 for ours, theirs in pairs)


def test_a_bend_between_two_years_takes_a_knot_at_each():
    assert best_of_all(PWLF[1]) == PWLF[1]["knots"]
    assert PWLF[1]["knots"][0] < PWLF[1]["free"][1] < PWLF[1]["knots"][1]


@pytest.mark.parametrize("case", [PWLF[0], PWLF[2], PWLF[3]])
def test_the_breakpoints_that_made_a_series_are_found_again(case):
    assert piecewise_line(by_year(case["y"]), breakpoints_max=3).breakpoints == case["knots"]


def test_a_straight_line_has_no_breakpoint_and_its_slope():
    found = piecewise_line(by_year([1.0 + 0.5 * n for n in range(10)]), breakpoints_max=3)
    assert found.breakpoints == ()
    assert found.segments[0].per_year == pytest.approx(0.5)
    assert found.squares == pytest.approx(0.0, abs=1e-20)


def test_a_constant_series_has_no_breakpoint():
    assert piecewise_line(by_year([0.1] * 12), breakpoints_max=3).breakpoints == ()


def test_fall_bottom_and_rise_are_told_apart_and_missing_years_left_out():
    values = by_year([9.0, 9.0, 9.0, 3.0, 3.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])
    values[2004] = None
    found = piecewise_line(values, breakpoints_max=3)
    assert found.breakpoints == (2002, 2003, 2005)
    assert [segment.per_year for segment in found.segments] == pytest.approx([0.0, -6.0, 0.0, 1.0])


def test_a_short_series_is_not_merely_joined_up():
    zigzag = [0.0, 5.0, 0.0, 5.0, 0.0]
    assert piecewise_line(by_year(zigzag), breakpoints_max=3).breakpoints == ()
    assert piecewise_line({2000: 1.0}, breakpoints_max=3) is None


@settings(max_examples=40, deadline=None)
@given(numbers)
def test_more_breakpoints_never_leave_more_squares(values):
    left = [piecewise_line(by_year(values), breakpoints_max=most).squares for most in range(3)]
    assert left[2] <= left[1] + 1e-9
    assert left[1] <= left[0] + 1e-9


@settings(max_examples=40, deadline=None)
@given(numbers, st.integers(-8, 8), st.sampled_from([0.5, 2.0, 4.0]))
def test_breakpoints_do_not_move_with_level_scale_or_calendar(values, constant, factor):
    before = piecewise_line(by_year(values), breakpoints_max=2)
    moved = [factor * value + constant for value in values]
    after = piecewise_line(by_year(moved, first=1950), breakpoints_max=2)
    assert after.squares == pytest.approx(factor**2 * before.squares, abs=1e-9)
    assert np.isclose(len(after.breakpoints), len(before.breakpoints))
