"""Trajectory: the course of a site through the years, from its land cover or from a spectral index.

One reading of a series serves both: when the land was disturbed, when it began to recover, where it stands,
whether it relapsed, how fast it moves, and when it would reach its target if it went on so. The numbers are
those of `data/reference/trajectory_parameters.csv`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import median
from typing import Final

from geo.recovery import TemporalRule
from geo.trajectory.breakpoints import piecewise_line
from geo.trajectory.course import Course, course_of, disturbance_of
from geo.trajectory.parameters import trajectory_parameters
from geo.trajectory.projection import Present, Projection, ProjectionReason, project
from geo.trajectory.slopes import Slope, theil_sen


class TrajectoryState(StrEnum):
    """Where a site stands in the last year of its series (`data/reference/trajectory_states.csv`)."""

    UNDISTURBED = "undisturbed"
    DISTURBED = "disturbed"
    RECOVERING = "recovering"
    STALLED = "stalled"
    RECOVERED = "recovered"
    RELAPSED = "relapsed"
    UNKNOWN = "unknown"


class Measure(StrEnum):
    """What a trajectory follows (`data/reference/trajectory_measures.csv`)."""

    RECOVERED_SHARE = "recovered_share"
    REPAIRED_SHARE = "repaired_share"
    INDEX = "index"


@dataclass(frozen=True, slots=True)
class Trajectory:
    """The course of one series. Slopes are in units of the series per year: shares, or those of the index.

    `disturbed_before`: the first year seen was disturbed already, so `disturbance_year` is the latest that it
    can be. `recovery_start_year` is the last year at the bottom before the rise. `threshold` is the part
    of `target` at which it counts as reached, first in `reached_year`. `projected_year` is when the present
    level, moving on at the slope since recovery began, reaches the threshold; `projected_low` and
    `projected_high` at the steepest and the flattest of the bounds of that slope and of `recent_slope`, that
    of the last years. None with `projection_reason`, which also says why an upper end is open. `n_years`
    counts the years with a value that the slope rests on. `raw` is the same of the raw series, beside one
    under a rule against flicker.
    """

    rule: TemporalRule
    measure: Measure
    state: TrajectoryState
    n_years: int = 0
    last_year: int | None = None
    disturbance_year: int | None = None
    disturbed_before: bool = False
    recovery_start_year: int | None = None
    reached_year: int | None = None
    relapse_year: int | None = None
    target: float | None = None
    threshold: float | None = None
    slope_per_year: float | None = None
    slope_low: float | None = None
    slope_high: float | None = None
    recent_slope: float | None = None
    projected_year: int | None = None
    projected_low: int | None = None
    projected_high: int | None = None
    projection_reason: ProjectionReason | None = None
    breakpoints: tuple[int, ...] = ()
    raw: Trajectory | None = None


def spectral_trajectory(
    values: Mapping[int, float | None],
    *,
    direction: int,
    target: float | None,
    disturbance_year: int | None,
    restoration_year: int | None,
    target_share: float | None = None,
) -> Trajectory:
    """The course of an index by year; `direction` is +1 where it should rise, -1 where it should fall.

    A year without a value is None and left out. Without `disturbance_year` it is sought: the steepest fall
    whose median stays down. Recovery is reckoned from the restoration on, else from the disturbance, else
    from the first year. The target counts as reached at Tp = T - s (1 - p/100) abs(T), as for Y2R; p / 100 is
    `target_share`, else that of the table.
    """
    known = {year: value for year, value in sorted(values.items()) if value is not None}
    found = disturbance_year if disturbance_year is not None else disturbance_of(known, direction)
    from_year = found if restoration_year is None else restoration_year
    course = course_of(
        known, direction=direction, target=target, from_year=from_year, target_share=target_share
    )
    series = Series(TemporalRule.NONE, Measure.INDEX, known, direction, target)
    return replace(
        trajectory_of_series(
            series, course, disturbed=from_year is not None, relapse_year=course.relapse_year
        ),
        disturbance_year=found,
    )


def trajectory_item(trajectory: Trajectory) -> dict[str, object]:
    """The trajectory as JSON values, the raw one beside it under `raw`; what is not known is None."""
    one = trajectory
    return {
        "temporal_rule": one.rule.value,
        "measure": one.measure.value,
        "state": one.state.value,
        "n_years": one.n_years,
        "last_year": one.last_year,
        "disturbance_year": one.disturbance_year,
        "disturbed_before": one.disturbed_before,
        "recovery_start_year": one.recovery_start_year,
        "reached_year": one.reached_year,
        "relapse_year": one.relapse_year,
        "target": one.target,
        "threshold": one.threshold,
        "slope_per_year": one.slope_per_year,
        "slope_low": one.slope_low,
        "slope_high": one.slope_high,
        "recent_slope": one.recent_slope,
        "projected_year": one.projected_year,
        "projected_low": one.projected_low,
        "projected_high": one.projected_high,
        "projection_reason": None if one.projection_reason is None else one.projection_reason.value,
        "breakpoints": list(one.breakpoints),
        "raw": None if one.raw is None else trajectory_item(one.raw),
    }


@dataclass(frozen=True, slots=True)
class Series:
    """What is followed: the years that have a value, in rising order, and where they should go."""

    rule: TemporalRule
    measure: Measure
    known: Mapping[int, float]
    direction: int = 1
    target: float | None = None


def trajectory_of_series(
    series: Series, course: Course, *, disturbed: bool, relapse_year: int | None
) -> Trajectory:
    """The trajectory of a series but for its year of disturbance."""
    slope, recent = _slope(series, course), _recent_slope(series, course)
    state = _state(course, slope, recent, series, disturbed=disturbed, relapsed=relapse_year is not None)
    ahead = _projection(state, course, slope, recent, series)
    line = piecewise_line(series.known, breakpoints_max=int(trajectory_parameters().breakpoints_max))
    return Trajectory(
        rule=series.rule,
        measure=series.measure,
        state=state,
        n_years=0 if slope is None else slope.n_years,
        last_year=max(series.known, default=None),
        recovery_start_year=course.start_year,
        reached_year=course.reached_year,
        relapse_year=relapse_year,
        target=series.target,
        threshold=course.threshold,
        slope_per_year=None if slope is None else slope.per_year,
        slope_low=None if slope is None else slope.low,
        slope_high=None if slope is None else slope.high,
        recent_slope=None if recent is None else recent.per_year,
        projected_year=ahead.year,
        projected_low=ahead.low,
        projected_high=ahead.high,
        projection_reason=ahead.reason,
        breakpoints=() if line is None else line.breakpoints,
    )


def _slope(series: Series, course: Course) -> Slope | None:
    """The slope from the start of recovery on; without one, over all years of the course."""
    return _slope_of(series, _years_since_start(course))


def _recent_slope(series: Series, course: Course) -> Slope | None:
    """The slope of the last years, of those since recovery began where they are fewer."""
    return _slope_of(series, _years_since_start(course)[-int(trajectory_parameters().recent_years) :])


def _years_since_start(course: Course) -> list[int]:
    return [year for year in course.years if course.start_year is None or year >= course.start_year]


def _slope_of(series: Series, years: Sequence[int]) -> Slope | None:
    numbers = trajectory_parameters()
    return theil_sen(
        years,
        [series.known[year] for year in years],
        confidence=numbers.confidence,
        years_min=int(numbers.slope_years_min),
    )


def _state(
    course: Course,
    slope: Slope | None,
    recent: Slope | None,
    series: Series,
    *,
    disturbed: bool,
    relapsed: bool,
) -> TrajectoryState:
    if not course.years:
        return TrajectoryState.UNKNOWN
    if relapsed:
        return TrajectoryState.RELAPSED
    if not disturbed and (series.target is None or course.at_target):
        return TrajectoryState.UNDISTURBED
    if course.at_target:
        return TrajectoryState.RECOVERED
    if not course.above_bottom or slope is None or recent is None:
        return TrajectoryState.DISTURBED
    pace, of_late = series.direction * slope.per_year, series.direction * recent.per_year
    rising = pace > 0 and of_late > trajectory_parameters().stall_share * pace
    return TrajectoryState.RECOVERING if rising else TrajectoryState.STALLED


_UNPROJECTED: Final[Mapping[TrajectoryState, ProjectionReason]] = {
    TrajectoryState.UNKNOWN: ProjectionReason.NO_VALUES,
    TrajectoryState.UNDISTURBED: ProjectionReason.NOT_DISTURBED,
    TrajectoryState.DISTURBED: ProjectionReason.NO_RISE,
    TrajectoryState.STALLED: ProjectionReason.NO_RISE,
    TrajectoryState.RECOVERED: ProjectionReason.REACHED,
    TrajectoryState.RELAPSED: ProjectionReason.RELAPSED,
}
"""Why the series of a site in such a state is not drawn out."""


def _projection(
    state: TrajectoryState, course: Course, slope: Slope | None, recent: Slope | None, series: Series
) -> Projection:
    if state in _UNPROJECTED:
        return Projection(reason=_UNPROJECTED[state])
    if course.threshold is None or slope is None or recent is None:
        return Projection(reason=ProjectionReason.NO_TARGET)
    numbers = trajectory_parameters()
    last = course.years[-int(numbers.present_years) :]
    return project(
        slope,
        Present(last[-1], median(last), median(series.known[year] for year in last), recent.per_year),
        threshold=course.threshold,
        direction=series.direction,
        horizon_years=int(numbers.horizon_years),
    )
