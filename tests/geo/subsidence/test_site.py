"""Displacement and subsidence: lines with a known slope, weighted statistics, the judgement and its noise."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from geo.sites import Settlement
from geo.subsidence.displacement import linear_fit, weighted_percentile, years_since
from geo.subsidence.rules import confidence_factors, subsidence_rules
from geo.subsidence.site import (
    CellRates,
    Source,
    Span,
    settlement_disagreement,
    subsidence,
    subsidence_reasons,
)

ZERO = date(2020, 1, 1)
YEARS = years_since(ZERO, [ZERO + timedelta(days=35 * step) for step in range(8)])
RULES = subsidence_rules()
SPAN = Span("insar", "e", Source.CUMULATIVE, ZERO, date(2020, 12, 31), 8, 6, ZERO, 10.0)
SERIES = arrays(np.float64, (8, 5), elements=st.floats(-1000, 1000))


def cells(rate, *, sigma=None, units=None, last=None):
    rate = np.asarray(rate, dtype=float)
    sigma = np.full(len(rate), np.nan) if sigma is None else np.asarray(sigma, dtype=float)
    units = np.full(len(rate), 100, dtype=np.int64) if units is None else np.asarray(units, dtype=np.int64)
    last = rate if last is None else np.asarray(last, dtype=float)
    return CellRates(units, rate, sigma, last, sigma * 2.6)


def judged(found, area_units=None):
    area_units = int(found.units.sum()) if area_units is None else area_units
    return subsidence(1, area_units, found, span=SPAN, rules=RULES)


def test_a_straight_line_gives_its_slope_and_no_error():
    fit = linear_fit(np.outer(YEARS, [12.5, -3.0, 0.0]), YEARS, min_epochs=3)
    assert fit.rate == pytest.approx([12.5, -3.0, 0.0], abs=1e-12)
    assert fit.error == pytest.approx([0, 0, 0], abs=1e-12)
    assert fit.epochs.tolist() == [8, 8, 8]


def test_the_slope_and_its_error_are_those_of_ordinary_regression():
    rng = np.random.default_rng(3)
    series = rng.normal(size=(8, 20)).cumsum(axis=0)
    series[rng.random(series.shape) < 0.3] = np.nan
    fit = linear_fit(series, YEARS, min_epochs=3)
    for column, rate, error, n in zip(series.T, fit.rate, fit.error, fit.epochs, strict=True):
        known = np.isfinite(column)
        assert n == known.sum()
        if n < 3:
            assert np.isnan(rate)
            continue
        (slope, _), covariance = np.polyfit(YEARS[known], column[known], 1, cov=True)
        assert rate == pytest.approx(slope)
        assert error == pytest.approx(np.sqrt(covariance[0, 0]))


def test_too_few_epochs_give_no_rate_and_two_give_no_error():
    series = np.full((8, 2), np.nan)
    series[0], series[7] = 0, 5
    assert np.isnan(linear_fit(series, YEARS, min_epochs=3).rate).all()
    fit = linear_fit(series, YEARS, min_epochs=2)
    assert fit.rate == pytest.approx(5 / YEARS[7])
    assert np.isnan(fit.error).all()


@given(SERIES, st.floats(-1000, 1000))
def test_a_constant_added_at_every_epoch_leaves_the_rate(series, constant):
    before = linear_fit(series, YEARS, min_epochs=3)
    after = linear_fit(series + constant, YEARS, min_epochs=3)
    assert after.rate == pytest.approx(before.rate, abs=1e-8)


@given(SERIES, st.floats(-100, 100))
def test_scaling_the_displacement_scales_the_rate(series, factor):
    before = linear_fit(series, YEARS, min_epochs=3)
    after = linear_fit(series * factor, YEARS, min_epochs=3)
    assert after.rate == pytest.approx(before.rate * factor, abs=1e-6)


@given(arrays(np.float64, 9, elements=st.floats(-50, 50)), st.permutations(range(9)))
def test_the_order_of_the_cells_changes_nothing(rate, order):
    units = np.arange(1, 10, dtype=np.int64) * 1_000_003
    one = judged(cells(rate, units=units))
    assert judged(cells(rate[list(order)], units=units[list(order)])) == one


def test_the_percentile_is_weighted_by_area():
    values, units = np.array([1.0, 2.0, 9.0]), np.array([90, 5, 5], dtype=np.int64)
    assert weighted_percentile(values, units, 95) == 2.0
    assert weighted_percentile(values, np.array([90, 4, 6], dtype=np.int64), 95) == 9.0
    assert weighted_percentile(values[:0], units[:0], 95) is None


def test_figures_of_a_site_are_weighted_by_area():
    one = judged(cells([12, -20, 1], units=[50, 30, 20]))
    assert one.mean == pytest.approx((12 * 50 - 20 * 30 + 20) / 100)
    assert (one.p95, one.p95_abs) == (12, 20)
    assert one.moving_share == 0.8
    assert one.valid_share == 1.0


def test_fast_ground_is_still_moving_and_slow_ground_settled():
    assert judged(cells([20, 1, 1, 1], sigma=[1, 1, 1, 1])).settlement is Settlement.STILL_MOVING
    assert judged(cells([2, 1, 1, 1], sigma=[1, 1, 1, 1])).settlement is Settlement.SETTLED


def test_noise_makes_neither_settled_nor_moving():
    slow_but_noisy = judged(cells([2, 1, 1, 1], sigma=[30, 30, 30, 30]))
    assert (slow_but_noisy.settlement, slow_but_noisy.reason) == (None, "within_noise")
    fast_but_noisy = judged(cells([20, 20], sigma=[30, 30]))
    assert (fast_but_noisy.settlement, fast_but_noisy.reason) == (None, "within_noise")


@pytest.mark.parametrize("dof", [1, 2, 4, 9, 20])
def test_the_confidence_is_that_of_students_t(dof):
    (factor,) = confidence_factors(np.array([dof]))
    t = np.tan(np.linspace(-np.pi / 2, np.pi / 2, 2_000_001)[1:-1])
    density = (1 + t**2 / dof) ** (-(dof + 1) / 2) * (1 + t**2)
    assert density[np.abs(t) > factor].sum() / density.sum() == pytest.approx(0.01, abs=2e-5)


def test_ground_that_moved_and_rests_now_is_settled():
    one = judged(cells([40, 40], sigma=[1, 1], last=[1, 1]))
    assert (one.moving_share, one.settlement) == (1.0, Settlement.SETTLED)


def test_a_site_that_the_radar_hardly_sees_is_not_judged():
    assert judged(cells([1, 1]), area_units=401).reason == "low_valid_share_displacement"
    empty = judged(cells([]), area_units=400)
    assert (empty.mean, empty.p95, empty.sigma, empty.moving_share) == (None,) * 4
    assert empty.reason == "no_displacement"


@pytest.mark.parametrize(
    ("recorded", "found", "reason"),
    [
        (Settlement.SETTLED, Settlement.STILL_MOVING, "recorded_settled_but_moving"),
        (Settlement.STILL_MOVING, Settlement.SETTLED, "recorded_moving_but_settled"),
        (Settlement.SETTLED, Settlement.SETTLED, None),
        (None, Settlement.SETTLED, None),
        (Settlement.SETTLED, None, None),
    ],
)
def test_record_and_radar_disagree_only_where_both_speak(recorded, found, reason):
    assert settlement_disagreement(recorded, found) == reason


def test_reasons_say_what_the_radar_sees():
    assert subsidence_reasons(judged(cells([20], sigma=[1]))) == ("displacement_moving",)
    assert subsidence_reasons(judged(cells([1], sigma=[1]))) == ("displacement_settled",)
    assert subsidence_reasons(judged(cells([]), area_units=9)) == ("no_displacement",)
