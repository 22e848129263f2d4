"""The median slope and its interval equal a reference implementation's, and move as the series does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.trajectory.slopes import theil_sen

SCIPY = [
    ([0.0, 0.04, 0.05, 0.05, 0.1], (0.0225, 0.0, 0.05)),
    ([-0.05, 0.03, 0.13, 0.07, 0.09, 0.17], (0.035, -0.02, 0.09)),
    ([0.02, 0.04, 0.01, 0.09, 0.15, 0.08, 0.16, 0.11, 0.18], (0.02, 0.0075, 0.0325)),
    (
        [-0.09, 0.02, 0.0, 0.1, 0.13, 0.14, 0.05, 0.18, 0.24, 0.28, 0.22, 0.31],
        (0.0305, 0.022222222222222223, 0.04),
    ),
    (
        [
            *(-0.05, -0.01, 0.11, 0.05, 0.12, 0.19, 0.15, 0.2, 0.25, 0.27),
            *(0.24, 0.33, 0.43, 0.31, 0.46, 0.46, 0.45, 0.61, 0.58, 0.51),
        ],
        (0.0325, 0.027142857142857142, 0.035714285714285705),
    ),
]
"""Series from 2000 on, and what `scipy.stats.theilslopes(y, x, 0.95)` of scipy 1.17.1 gives for them."""

sixty_fourths = st.integers(-256, 256).map(lambda value: value / 64)
series = st.lists(sixty_fourths, min_size=5, max_size=20)


def slope(values, **more):
    years = range(2000, 2000 + len(values))
    return theil_sen(years, values, **{"confidence": 0.95, "years_min": 5} | more)


@pytest.mark.parametrize(("values", "expected"), SCIPY)
def test_slope_and_interval_equal_those_of_scipy(values, expected):
    found = slope(values)
    assert (found.per_year, found.low, found.high) == pytest.approx(expected, abs=1e-12)


def test_one_odd_year_does_not_move_the_slope():
    values = [0.0, 1.0, 2.0, 3.0, -50.0, 5.0, 6.0, 7.0, 8.0]
    assert slope(values).per_year == 1.0


def test_few_years_have_a_slope_without_interval_and_one_year_has_none():
    found = slope([0.0, 1.0, 2.0, 3.0])
    assert (found.per_year, found.low, found.high, found.n_years) == (1.0, None, None, 4)
    assert slope([1.0]) is None


@given(series, sixty_fourths)
def test_a_constant_added_leaves_slope_and_interval(values, constant):
    before, after = slope(values), slope([value + constant for value in values])
    assert (before.per_year, before.low, before.high) == (after.per_year, after.low, after.high)


@given(series, st.sampled_from([0.25, 0.5, 2.0, 4.0]))
def test_scaling_a_series_scales_its_slope(values, factor):
    before, after = slope(values), slope([value * factor for value in values])
    assert (before.per_year * factor, before.low * factor) == (after.per_year, after.low)


@given(series)
def test_the_interval_holds_the_slope(values):
    found = slope(values)
    assert found.low <= found.per_year <= found.high
