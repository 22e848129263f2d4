"""Trajectories: the course of a series in years and words, from land cover and from an index."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.recovery import Recovery, TemporalRule, YearLine
from geo.reference import reference_rows
from geo.trajectory.classes import class_trajectory, damaged_shares
from geo.trajectory.course import disturbance_of, threshold_of
from geo.trajectory.parameters import TrajectoryParameters
from geo.trajectory.projection import Present, Projection, ProjectionReason, project
from geo.trajectory.series import (
    Measure,
    TrajectoryState,
    spectral_trajectory,
    trajectory_item,
)
from geo.trajectory.slopes import Slope
from geo.trajectory.words import trajectory_sentences, trajectory_title

AREA = 1_000_000


def land_cover(
    recovered, *, disturbed=AREA, damage=None, rule=TemporalRule.MAJORITY3, relapse=None, first=2000
):
    """A recovery whose recovered and newly damaged parts of the site are given year by year."""
    damage = damage or [0.0] * len(recovered)
    lines = {
        first + n: YearLine(round(part * disturbed), disturbed, AREA, round(new * AREA))
        for n, (part, new) in enumerate(zip(recovered, damage, strict=True))
        if n > 0
    }
    shares = {first + n: part if disturbed else None for n, part in enumerate(recovered)}
    last = lines[first + len(recovered) - 1]
    return Recovery(
        site_id=1,
        product="clcd",
        edition="v1",
        from_year=first,
        to_year=first + len(recovered) - 1,
        temporal_rule=rule,
        area_units=AREA,
        class_units={},
        transitions=(),
        disturbed_baseline_units=disturbed,
        recovered_units=last.recovered_units,
        still_disturbed_units=disturbed - last.recovered_units,
        converted_units=0,
        ponded_units=0,
        new_damage_units=last.new_damage_units,
        valid_units=AREA,
        share_by_year=shares,
        lines=lines,
        relapse_year=relapse,
    )


def index(values, *, direction=1, target=0.8, disturbed=2000, restored=None, first=2000):
    return spectral_trajectory(
        dict(enumerate(values, start=first)),
        direction=direction,
        target=target,
        disturbance_year=disturbed,
        restoration_year=restored,
    )


def test_land_cover_that_recovers_step_by_step_is_projected_to_its_target():
    found = class_trajectory(land_cover([0, 0, 0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35]))
    assert (found.state, found.measure) == (TrajectoryState.RECOVERING, Measure.RECOVERED_SHARE)
    assert (found.disturbance_year, found.disturbed_before) == (2000, True)
    assert (found.recovery_start_year, found.threshold) == (2003, 0.8)
    assert (found.slope_per_year, found.n_years) == (pytest.approx(0.05), 6)
    assert found.projected_low <= found.projected_year == 2017 <= found.projected_high
    assert found.projection_reason is None


def test_reached_land_cover_is_recovered_and_not_projected():
    found = class_trajectory(land_cover([0, 0.2, 0.5, 0.8, 0.9, 0.9]))
    assert (found.state, found.reached_year) == (TrajectoryState.RECOVERED, 2003)
    assert (found.projected_year, found.projection_reason) == (None, ProjectionReason.REACHED)


def test_the_relapse_of_land_cover_is_that_of_the_verdict():
    found = class_trajectory(land_cover([0, 0.6, 0.7, 0.2, 0.2], relapse=2003))
    assert (found.state, found.relapse_year) == (TrajectoryState.RELAPSED, 2003)
    assert found.projection_reason is ProjectionReason.RELAPSED


def test_the_raw_trajectory_stands_beside_the_smoothed_one():
    raw = land_cover([0, 0.9, 0, 0, 0, 0.1], rule=TemporalRule.NONE)
    found = class_trajectory(land_cover([0, 0, 0, 0, 0, 0.1]), raw)
    assert (found.rule, found.raw.rule) == (TemporalRule.MAJORITY3, TemporalRule.NONE)
    assert (found.reached_year, found.raw.reached_year) == (None, 2001)
    assert trajectory_item(found)["raw"]["temporal_rule"] == "none"


def test_damage_after_a_sound_baseline_is_dated_and_followed_by_what_was_made_good():
    damage = [0, 0, 0.05, 0.6, 0.6, 0.4, 0.3, 0.2, 0.15, 0.1]
    found = class_trajectory(land_cover([0] * 10, disturbed=0, damage=damage))
    assert (found.disturbance_year, found.disturbed_before) == (2003, False)
    assert (found.measure, found.recovery_start_year) == (Measure.REPAIRED_SHARE, 2004)
    assert (found.state, found.reached_year) == (TrajectoryState.RECOVERED, 2009)


def test_land_that_was_never_damaged_is_undisturbed():
    found = class_trajectory(land_cover([0] * 6, disturbed=0))
    assert (found.state, found.disturbance_year) == (TrajectoryState.UNDISTURBED, None)
    assert found.projection_reason is ProjectionReason.NOT_DISTURBED
    assert (found.n_years, found.slope_per_year, found.last_year) == (0, None, 2005)


def test_land_without_a_valid_cell_is_unknown():
    empty = dataclasses.replace(
        land_cover([0, 0], disturbed=0), valid_units=0, lines={2001: YearLine(0, 0, 0, 0)}
    )
    assert class_trajectory(empty).state is TrajectoryState.UNKNOWN


def test_damaged_shares_count_what_is_not_recovered_and_what_is_new():
    assert damaged_shares(land_cover([0, 0.5], disturbed=AREA // 2, damage=[0, 0.1])) == {
        2000: 0.5,
        2001: pytest.approx(0.35),
    }


def test_an_index_is_followed_from_its_disturbance_to_its_target():
    found = index([0.7, 0.72, 0.7, 0.2, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45], target=0.7, disturbed=None)
    assert (found.disturbance_year, found.recovery_start_year) == (2003, 2005)
    assert (found.state, found.slope_per_year) == (TrajectoryState.RECOVERING, pytest.approx(0.05))
    assert (found.threshold, found.projected_year) == (pytest.approx(0.56), 2012)
    assert found.breakpoints == (2002, 2003, 2004)
    assert found.raw is None


def test_an_index_that_should_fall_is_read_the_other_way_round():
    rising = [0.2, 0.2, 0.25, 0.29, 0.35, 0.4, 0.41]
    up = index(rising, target=0.8)
    down = index([-value for value in rising], direction=-1, target=-0.8)
    assert down.slope_per_year == -up.slope_per_year
    assert (down.slope_low, down.slope_high) == (-up.slope_high, -up.slope_low)
    same = (
        "state",
        "projected_year",
        "projected_low",
        "projected_high",
        "recovery_start_year",
        "breakpoints",
    )
    assert [getattr(up, name) for name in same] == [getattr(down, name) for name in same]


def test_a_reached_index_that_falls_back_has_relapsed():
    found = index([0.1, 0.4, 0.7, 0.7, 0.3, 0.3])
    assert (found.state, found.reached_year, found.relapse_year) == (TrajectoryState.RELAPSED, 2002, 2004)


def test_a_dip_that_heals_is_no_relapse():
    found = index([0.1, 0.4, 0.7, 0.3, 0.7, 0.7])
    assert (found.state, found.relapse_year) == (TrajectoryState.RECOVERED, None)


def test_an_index_that_never_lay_below_its_target_cannot_relapse():
    found = index([0.9, 0.8, 0.5, 0.3, 0.2, 0.1])
    assert (found.state, found.relapse_year) == (TrajectoryState.DISTURBED, None)


def test_a_flat_interval_leaves_the_latest_year_open():
    found = index([0.1, 0.3, 0.12, 0.35, 0.1, 0.3, 0.25], disturbed=None, restored=2000)
    assert found.slope_low <= 0 < found.slope_per_year
    assert found.projected_year is not None
    assert (found.projected_high, found.projection_reason) == (None, ProjectionReason.INTERVAL_OPEN)


@pytest.mark.parametrize(
    ("values", "more", "state", "reason"),
    [
        ([], {}, TrajectoryState.UNKNOWN, ProjectionReason.NO_VALUES),
        ([None, None], {}, TrajectoryState.UNKNOWN, ProjectionReason.NO_VALUES),
        ([0.1, 0.2, 0.3], {}, TrajectoryState.RECOVERING, ProjectionReason.TOO_FEW_YEARS),
        ([0.1, 0.2, 0.3], {"target": None}, TrajectoryState.RECOVERING, ProjectionReason.NO_TARGET),
        ([0.3, 0.2, 0.1, 0.1], {}, TrajectoryState.DISTURBED, ProjectionReason.NO_RISE),
        ([0.1, 0.5, 0.4, 0.35, 0.3, 0.3], {}, TrajectoryState.STALLED, ProjectionReason.NO_RISE),
        ([0.8] * 5, {"disturbed": None}, TrajectoryState.UNDISTURBED, ProjectionReason.NOT_DISTURBED),
        ([n / 1000 for n in range(6)], {"target": 8.0}, TrajectoryState.DISTURBED, ProjectionReason.NO_RISE),
        (
            [0.1, 0.1, 0.1, 0.1, 0.1, 0.101, 0.101, 0.101, 0.17, 0.17],
            {"target": 0.8},
            TrajectoryState.DISTURBED,
            ProjectionReason.NO_RISE,
        ),
    ],
)
def test_where_nothing_is_projected_the_reason_is_said(values, more, state, reason):
    found = index(values, **more)
    assert (found.state, found.projected_year, found.projection_reason) == (state, None, reason)


def test_a_slow_rise_lies_beyond_the_horizon():
    slow = index([0.0, 0.1, 0.1001, 0.1002, 0.1003, 0.1004, 0.1005], target=0.9)
    assert slow.projection_reason is ProjectionReason.BEYOND_HORIZON


@pytest.mark.parametrize(
    ("slope", "expected"),
    [
        ((0.05, 0.02, 0.1), Projection(2023, 2021, 2029)),
        ((0.05, 0.045, 0.1), Projection(2023, 2021, 2024)),
        ((0.05, 0.001, 0.1), Projection(2023, 2021, None, ProjectionReason.LATEST_BEYOND_HORIZON)),
        ((0.05, -0.001, 0.1), Projection(2023, 2021, None, ProjectionReason.INTERVAL_OPEN)),
        ((0.001, -0.001, 0.1), Projection(reason=ProjectionReason.BEYOND_HORIZON)),
        ((0.0, -0.001, 0.1), Projection(reason=ProjectionReason.NO_RISE)),
        ((0.05, None, None), Projection(reason=ProjectionReason.TOO_FEW_YEARS)),
    ],
)
def test_the_bounds_of_the_slope_bound_the_year(slope, expected):
    found = project(
        Slope(*slope, n_years=9),
        Present(2020, 2019, 0.6, per_year=0.04),
        threshold=0.8,
        direction=1,
        horizon_years=100,
    )
    assert found == expected


def test_a_disturbance_must_stay_down_and_be_deep():
    def year_of(*values, direction=1):
        return disturbance_of(dict(enumerate(values, start=2000)), direction)

    assert year_of(0.7, 0.7, 0.7, 0.3, 0.3, 0.4) == 2003
    assert year_of(0.7, 0.7, 0.1, 0.7, 0.7, 0.7) is None
    assert year_of(0.7, 0.7, 0.65, 0.62, 0.61, 0.6) is None
    assert year_of(0.1, 0.1, 0.1, 0.5, 0.5, 0.5, direction=-1) == 2003


def test_a_plateau_under_the_target_is_a_stall_however_steep_the_years_before():
    found = class_trajectory(land_cover([0, 0.2, 0.4, 0.6, 0.7, 0.75, 0.75, 0.75, 0.75, 0.75, 0.751]))
    assert found.slope_low > 0
    assert (found.state, found.projection_reason) == (TrajectoryState.STALLED, ProjectionReason.NO_RISE)
    assert found.recent_slope == pytest.approx(0.0, abs=1e-9)


def test_a_recovery_that_slows_down_has_a_later_latest_year():
    found = class_trajectory(land_cover([0, 0.1, 0.2, 0.3, 0.35, 0.4, 0.42, 0.44, 0.46, 0.48]))
    assert found.state is TrajectoryState.RECOVERING
    assert found.recent_slope == pytest.approx(0.02)
    assert found.projected_high == 2008 + 17
    assert "Of the last 5 years: +2.00 percentage points a year." in trajectory_sentences(found, "en")


def test_the_threshold_is_that_of_years_to_recovery():
    assert threshold_of(100.0, 1) == pytest.approx(80.0)
    assert threshold_of(0.0, 1) == 0.0


sixty_fourths = st.integers(0, 256).map(lambda value: value / 64)
rising = st.lists(sixty_fourths, min_size=2, max_size=20).map(sorted)
series = st.lists(sixty_fourths, min_size=2, max_size=20)


@given(rising, sixty_fourths)
def test_a_rising_index_never_relapses(values, target):
    assert index(values, target=target).relapse_year is None


@given(rising, sixty_fourths)
def test_a_falling_index_never_relapses(values, target):
    assert index(values[::-1], target=target).relapse_year is None
    assert index([-value for value in values], direction=-1, target=-target).relapse_year is None


@given(series, sixty_fourths, sixty_fourths)
def test_a_constant_added_to_an_index_does_not_change_its_slope(values, target, constant):
    before = index(values, target=target)
    after = index([value + constant for value in values], target=target + constant)
    assert (before.slope_per_year, before.slope_low) == (after.slope_per_year, after.slope_low)
    assert before.recovery_start_year == after.recovery_start_year


@given(series, st.sampled_from([None, 0.5, 2.0]))
def test_no_projected_year_is_past_and_intervals_are_in_order(values, target):
    found = index(values, target=target)
    if found.projected_year is not None:
        assert found.last_year < found.projected_low <= found.projected_year
        assert found.projected_high is None or found.projected_year <= found.projected_high
    json.dumps(trajectory_item(found), allow_nan=False)


def test_a_course_is_told_in_sentences_of_both_languages():
    found = class_trajectory(land_cover([0, 0, 0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35]))
    assert trajectory_sentences(found, "en") == [
        "In 2008: Recovering.",
        "Disturbed by 2000, the first year seen.",
        "Recovery began in 2003.",
        "Slope +5.00 percentage points a year (95 % interval +5.00 to +5.00, 6 years).",
        "Of the last 5 years: +5.00 percentage points a year.",
        "At this pace the target (80.0 %) is reached in 2017, between 2017 and 2017.",
        "The course turns in 2002, 2003.",
    ]
    assert trajectory_sentences(found, "zh")[0] == "2008 年：恢复中。"
    assert trajectory_title(found, "en").endswith(": Recovered share of the land disturbed at the baseline")
    lost = index([0.1, 0.4, 0.7, 0.7, 0.3, 0.3])
    assert trajectory_sentences(lost, "en")[1:5] == [
        "Disturbed in 2000.",
        "Recovery began in 2000.",
        "Reached the target (0.640) first in 2002.",
        "Lost again from 2004 on.",
    ]
    assert "No year is projected: what had recovered was lost again." in trajectory_sentences(lost, "en")


@given(series, st.sampled_from([None, 0.5, 2.0]))
def test_every_course_has_as_many_sentences_in_both_languages(values, target):
    found = index(values, target=target)
    assert len(trajectory_sentences(found, "zh")) == len(trajectory_sentences(found, "en"))
    assert all("{" not in line for lang in ("zh", "en") for line in trajectory_sentences(found, lang))


def test_every_state_measure_reason_and_parameter_is_in_its_table():
    def slugs(table):
        return {row["slug"] for row in reference_rows(table)}

    assert slugs("trajectory_states") == set(TrajectoryState)
    assert slugs("trajectory_measures") == set(Measure)
    assert slugs("projection_reasons") == set(ProjectionReason)
    assert slugs("trajectory_parameters") == {
        field.name for field in dataclasses.fields(TrajectoryParameters)
    }
    assert all(row["source"] for row in reference_rows("trajectory_parameters"))
