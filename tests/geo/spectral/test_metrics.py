"""Spectral metrics: published examples, the definitions in plain loops, and what must never change."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.runs import threads
from geo.spectral import metrics as spectral_metrics
from geo.spectral.metrics import (
    RELAPSE_ROW,
    ROW_OF,
    Metric,
    Pixels,
    Rules,
    Scope,
    Years,
    measure_pixels,
    measure_sites,
    site_quantile,
    year_quantiles,
)

NAN = math.nan
RULES = Rules()


def metrics_of(series, *, d=0, r, target=None, window=(0, 0), rules=RULES, first=2000):
    """The metrics of one pixel by name, None for no value; and the year of its relapse."""
    years = np.arange(first, first + len(series))
    pixels = Pixels.side_by_side(np.array(series, dtype=float)[:, None], years)
    targets = None if target is None else np.array([float(target)])
    found = measure_pixels(
        pixels, Years.same(1, disturbance=d, restoration=r, window=window), rules, targets=targets
    ).of_pixels[:, 0]
    values = {metric.value: found[row] for metric, row in ROW_OF.items()} | {"relapse": found[RELAPSE_ROW]}
    return {name: None if math.isnan(value) else float(value) for name, value in values.items()}


def plain(series, years, *, d, r, k, p, s, target):
    """The definitions in plain Python: one pixel, {year: value or None}."""
    at = {year: None if math.isnan(value) else value for year, value in zip(years, series, strict=True)}
    now, then, near, before = (at.get(year) for year in (r, r + k, r + k - 1, d))
    short = None if target is None else target - s * (1 - p / 100) * abs(target)
    found = dict.fromkeys([*Metric, "relapse"])
    if now is not None and then is not None:
        found["delta_ir"] = then - now
        found["yryr"] = (then - now) / k
    if then is not None and target:
        found["r80p"] = 1 + s * (then - short) / abs(short)
    if short is not None:
        reached = [
            year for year in years if year >= r and at[year] is not None and s * (at[year] - short) >= 0
        ]
        if reached:
            found["y2r"] = reached[0] - r
            after = [year for year in years if year > reached[-1] and at[year] is not None]
            found["relapse"] = after[0] if after else None
    best = [value for value in (near, then) if value is not None]
    if best and now is not None and before is not None and before != now:
        found["rri"] = (max(best, key=lambda value: s * value) - now) / (before - now)
    return {str(name): value for name, value in found.items()}


def test_years_to_recovery_of_70_80_100_to_100_is_1():
    assert metrics_of([70, 80, 100], r=2000, target=100)["y2r"] == 1


def test_r80p_of_60_where_80_are_asked_for_is_three_quarters():
    assert metrics_of([40, 45, 50, 55, 60, 60], r=2000, target=100)["r80p"] == 0.75
    assert metrics_of([40, 50, 60, 70, 80, 120], r=2000, target=100)["r80p"] == 1.5


def test_yryr_of_40_to_90_in_five_years_is_10():
    found = metrics_of([40, 50, 60, 70, 80, 90], r=2000)
    assert (found["yryr"], found["delta_ir"]) == (10, 50)


@pytest.mark.parametrize("series", [[70, 60, 70, 80, 90, 100, 80], [70, 60, 70, 80, 100, 80, 100]])
def test_rri_takes_the_best_of_the_last_two_years(series):
    assert metrics_of(series, d=2000, r=2001)["rri"] == 4.0


def test_rri_without_a_loss_has_no_value_and_is_no_infinity():
    assert metrics_of([10, 10, 70, 80, 90, 100, 110], d=2000, r=2001)["rri"] is None


def test_never_reaching_the_target_gives_no_years_and_no_relapse():
    found = metrics_of([60, 70, 75, 79], r=2000, target=100)
    assert (found["y2r"], found["relapse"]) == (None, None)


def test_a_later_fall_is_reported_beside_the_years_to_recovery():
    found = metrics_of([60, 85, 90, 70, 60], r=2000, target=100)
    assert (found["y2r"], found["relapse"]) == (1, 2003)


def test_a_dip_that_healed_is_no_relapse():
    found = metrics_of([60, 85, 70, 85, NAN], r=2000, target=100)
    assert (found["y2r"], found["relapse"]) == (1, None)


def test_a_target_of_0_has_no_r80p_and_is_reached_where_the_index_is_0():
    found = metrics_of([-2, -1, 0, 1, 1, 1], r=2000, target=0)
    assert (found["r80p"], found["y2r"]) == (None, 2)


def test_a_negative_target_is_not_inverted():
    found = metrics_of([-0.9, -0.8, -0.5, -0.3, -0.2, -0.1], r=2000, target=-0.25)
    assert found["y2r"] == 3
    assert found["r80p"] > 1
    assert metrics_of([-0.9, -0.9, -0.9, -0.9, -0.9, -0.9], r=2000, target=-0.25)["r80p"] < 0


def test_an_index_that_should_fall_recovers_by_falling():
    falling = Rules(direction=-1)
    found = metrics_of(
        [0.1, 0.5, 0.4, 0.3, 0.2, 0.1, 0.1], d=2000, r=2001, window=(2000, 2000), rules=falling
    )
    assert found["y2r"] == 4
    assert found["r80p"] == pytest.approx(1 + 0.02 / 0.12)
    assert found["rri"] == pytest.approx(1)
    assert found["delta_ir"] == pytest.approx(-0.4)


def test_years_without_a_scene_count_as_years_and_give_no_value_of_their_own():
    pixels = Pixels.side_by_side([[9.0], [1.0], [5.0], [9.0]], [2000, 2001, 2004, 2007])
    years = Years.same(1, disturbance=2000, restoration=2001)
    found = measure_pixels(pixels, years, Rules(), targets=np.array([10.0])).of_pixels[:, 0]
    assert found[ROW_OF[Metric.Y2R]] == 6
    assert np.isnan(found[[ROW_OF[Metric.DELTA_IR], ROW_OF[Metric.R80P], ROW_OF[Metric.RRI]]]).all()


def test_a_site_whose_restoration_year_is_not_known_has_a_series_and_no_metrics():
    pixels = Pixels.side_by_side([[1.0], [2.0]], [2000, 2001])
    found = measure_sites(pixels, Years.same(1), Rules(), targets=np.array([2.0]))
    assert np.isnan(found.of_pixels).all()
    assert found.mean[:, 0].tolist() == [1, 2]


def test_the_mean_of_a_site_weighs_its_pixels_and_leaves_out_those_without_a_value():
    pixels = Pixels(
        values=np.array([[1.0, 5.0, 9.0], [NAN, 5.0, 9.0], [NAN, NAN, 9.0]]),
        years=np.array([2000, 2001, 2002], dtype=np.int32),
        at=np.array([1, 0], dtype=np.int64),
        starts=np.array([0, 2, 2], dtype=np.int64),
        weight=np.array([0.25, 0.75]),
    )
    found = measure_sites(pixels, Years.same(2), Rules())
    assert found.mean[:2, 0].tolist() == [2, 5]
    assert np.isnan(found.mean[2, 0])
    assert np.isnan(found.mean[:, 1]).all()
    assert found.n_pixels[:, 0].tolist() == [2, 1, 0]
    assert found.valid_weight[:, 0].tolist() == [1, 0.25, 0]


def test_a_target_per_polygon_is_the_median_over_the_pixels_of_their_medians_over_the_years():
    pixels = Pixels.side_by_side([[1, 5, 9], [3, 5, 7], [2, 9, 8]], [2000, 2001, 2002], starts=[0, 3])
    years = Years.same(1, restoration=2002, window=(2000, 2001))
    by_pixel = measure_sites(pixels, years, Rules())
    assert by_pixel.pixel_targets.tolist() == [2, 5, 8]
    assert by_pixel.site_targets.tolist() == [5]
    by_polygon = measure_sites(pixels, years, Rules(), scope=Scope.POLYGON)
    assert by_polygon.pixel_targets.tolist() == [5, 5, 5]
    assert by_polygon.of_pixels[ROW_OF[Metric.Y2R]].tolist()[1:] == [0, 0]
    assert np.isnan(by_polygon.of_pixels[ROW_OF[Metric.Y2R], 0])


def test_a_weighted_median_of_equal_weights_is_the_common_median():
    pixels = Pixels.side_by_side([[1, 2, 10, 20, 5]], [2000], starts=[0, 4, 5])
    assert year_quantiles(pixels, [0.5])[0].tolist() == [[6, 5]]


def test_pixels_that_never_recover_come_last_in_the_median_of_years():
    pixels = Pixels.side_by_side(np.zeros((1, 3)), [2000], starts=[0, 3])
    of_pixels = np.array([[1.0, NAN, NAN]])
    assert site_quantile(pixels, of_pixels, 0.5, missing=math.inf)[0].tolist() == [math.inf]
    assert site_quantile(pixels, of_pixels, 0.5)[0].tolist() == [1]


VALUES = st.one_of(st.just(NAN), st.integers(-64, 64).map(lambda n: n / 64))
SERIES = st.lists(st.lists(VALUES, min_size=8, max_size=8), min_size=1, max_size=7)


@given(SERIES, st.sampled_from([1, -1]), st.integers(2000, 2008), st.integers(2000, 2008), st.integers(1, 6))
def test_every_pixel_has_what_the_definitions_written_out_give(rows, s, d, r, k):
    years = list(range(2000, 2008))
    table = np.array(rows).T
    rules = Rules(k_years=k, target_share=0.75, direction=s)
    pixels = Pixels.side_by_side(table, years)
    given_years = Years.same(len(rows), disturbance=d, restoration=r, window=(2000, 2002))
    found = measure_pixels(pixels, given_years, rules)
    for e, series in enumerate(rows):
        window = [value for value in series[:3] if not math.isnan(value)]
        target = statistics.median(window) if window else None
        expected = plain(series, years, d=d, r=r, k=k, p=75, s=s, target=target)
        got = {metric.value: found.of_pixels[row, e] for metric, row in ROW_OF.items()}
        got["relapse"] = found.of_pixels[RELAPSE_ROW, e]
        for name, value in expected.items():
            assert got[name] == pytest.approx(NAN if value is None else value, nan_ok=True), name


@given(st.lists(st.integers(-64, 64), min_size=2, max_size=12), st.sampled_from([1, -1]))
def test_a_series_that_only_ever_improves_never_relapses(steps, s):
    series = s * np.sort(np.array(steps) / 64)
    found = metrics_of(series, r=2000, window=(2000, 2000 + len(series)), rules=Rules(direction=s))
    assert found["relapse"] is None


@given(SERIES, st.sampled_from([0.25, 0.5, 2.0, 8.0]))
def test_scaling_an_index_scales_delta_ir_and_leaves_years_and_shares(rows, factor):
    table = np.array(rows).T
    years = Years.same(len(rows), disturbance=2001, restoration=2002, window=(2000, 2000))
    small, large = (
        measure_pixels(
            Pixels.side_by_side(values, range(2000, 2008)), years, Rules(target_share=0.5)
        ).of_pixels
        for values in (table, table * factor)
    )
    for metric, scale in (
        (Metric.DELTA_IR, factor),
        (Metric.YRYR, factor),
        (Metric.Y2R, 1),
        (Metric.R80P, 1),
    ):
        row = ROW_OF[metric]
        np.testing.assert_allclose(large[row], small[row] * scale, rtol=1e-12)


@given(SERIES)
def test_turning_an_index_and_its_direction_around_changes_no_share_and_no_year(rows):
    table = np.array(rows).T
    years = Years.same(len(rows), disturbance=2001, restoration=2002, window=(2000, 2001))
    up, down = (
        measure_pixels(Pixels.side_by_side(s * table, range(2000, 2008)), years, Rules(direction=s)).of_pixels
        for s in (1, -1)
    )
    for metric in (Metric.R80P, Metric.Y2R, Metric.RRI):
        np.testing.assert_allclose(down[ROW_OF[metric]], up[ROW_OF[metric]], rtol=1e-12)
    np.testing.assert_array_equal(down[ROW_OF[Metric.DELTA_IR]], -up[ROW_OF[Metric.DELTA_IR]])


@given(st.permutations(range(5)), st.integers(0, 2**32 - 1))
def test_permuting_the_sites_permutes_the_results_to_the_bit(order, seed):
    rng = np.random.default_rng(seed)
    table = rng.random((8, 30))
    table[rng.random(table.shape) < 0.1] = NAN
    starts = np.array([0, 4, 11, 11, 25, 30])
    years = Years(*(rng.integers(2000, 2008, 5).astype(np.int32) for _ in range(4)))
    straight = measure_sites(Pixels.side_by_side(table, range(2000, 2008), starts=starts), years, Rules())
    at = np.concatenate([np.arange(starts[i], starts[i + 1]) for i in order]).astype(np.int64)
    moved = Pixels(
        values=table,
        years=np.arange(2000, 2008, dtype=np.int32),
        at=at,
        starts=np.concatenate([[0], np.cumsum(np.diff(starts)[list(order)])]),
        weight=np.ones(30),
    )
    of = Years(*(getattr(years, name)[list(order)] for name in Years.__slots__))
    found = measure_sites(moved, of, Rules())
    np.testing.assert_array_equal(found.of_sites, straight.of_sites[:, list(order)])
    np.testing.assert_array_equal(found.mean, straight.mean[:, list(order)])
    np.testing.assert_array_equal(found.of_pixels, straight.of_pixels[:, at])


def test_the_number_of_threads_changes_no_bit(monkeypatch):
    rng = np.random.default_rng(3)
    values = rng.normal(0.5, 0.2, (9, 400))
    values[rng.random(values.shape) < 0.1] = np.nan
    starts = np.array([0, 0, 150, 151, 290, 400])
    pixels = Pixels.side_by_side(values, np.arange(2000, 2009), starts=starts)
    years = Years.same(5, disturbance=2001, restoration=2002, window=(2000, 2001))
    alone = measure_sites(pixels, years, RULES)
    monkeypatch.setattr(spectral_metrics, "_PIXELS_AT_ONCE", 40)
    monkeypatch.setattr(threads, "threads", lambda: 3)
    assert len(spectral_metrics._parts(pixels.starts)) > 2
    together = measure_sites(pixels, years, RULES)
    for name in (
        "of_pixels",
        "pixel_targets",
        "mean",
        "valid_weight",
        "n_pixels",
        "of_sites",
        "site_targets",
    ):
        assert np.array_equal(getattr(alone, name), getattr(together, name), equal_nan=True)
