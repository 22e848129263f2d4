"""Trajectory: the course of a site through the years, from its land cover or from a spectral index.

One reading of a series serves both: when the land was disturbed, when it began to recover, where it stands,
whether it relapsed, how fast it moves, and when it would reach its target if it went on so. The numbers are
those of `data/reference/trajectory_parameters.csv`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import median
from typing import Final

from geo.breakpoints import piecewise_line
from geo.projection import Present, Projection, ProjectionReason, project
from geo.recovery import Recovery, TemporalRule
from geo.slopes import Slope, theil_sen
from geo.trajectory_course import Course, course_of, disturbance_of
from geo.trajectory_parameters import trajectory_parameters

Pair = tuple[int, str, str, int, int]
"""Site, product, edition, earlier and later year."""

_ORDER: Final = (TemporalRule.MAJORITY3, TemporalRule.NONE)

WHOLE: Final = 1.0
"""The target of a class series: every disturbed hectare of the baseline recovered."""


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
    level, moving on at the slope since recovery began, reaches the threshold, `projected_low` and
    `projected_high` at the steepest and at the flattest slope of its interval; None with `projection_reason`,
    which also says why an upper end is open. `n_years`
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
    series = _Series(TemporalRule.NONE, Measure.INDEX, known, direction, target)
    return replace(
        _trajectory(series, course, disturbed=from_year is not None, relapse_year=course.relapse_year),
        disturbance_year=found,
    )


def class_trajectory(majority: Recovery, raw: Recovery | None = None) -> Trajectory:
    """The course of a site's land cover under `majority`'s rule, that of the raw series beside it.

    Followed is the recovered share of the baseline. Where less than the set part of the valid land was
    damaged at the baseline, and more later, it is how much of the greatest damage has been made good.
    """
    smoothed = _of_class(majority)
    return smoothed if raw is None else replace(smoothed, raw=_of_class(raw))


def class_trajectories(found: Iterable[Recovery]) -> dict[Pair, Trajectory]:
    """The trajectory of each site, product, edition and pair of years: under majority3, the raw one beside.

    Where only one rule is stored, its trajectory stands alone.
    """
    by_pair: dict[Pair, dict[TemporalRule, Recovery]] = {}
    for one in found:
        by_pair.setdefault(pair_of(one), {})[one.temporal_rule] = one
    return {
        pair: class_trajectory(*(of[rule] for rule in _ORDER if rule in of)) for pair, of in by_pair.items()
    }


def pair_of(recovery: Recovery) -> Pair:
    """Under what `class_trajectories` keeps the trajectory of a recovery."""
    return (recovery.site_id, recovery.product, recovery.edition, recovery.from_year, recovery.to_year)


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
        "projected_year": one.projected_year,
        "projected_low": one.projected_low,
        "projected_high": one.projected_high,
        "projection_reason": None if one.projection_reason is None else one.projection_reason.value,
        "breakpoints": list(one.breakpoints),
        "raw": None if one.raw is None else trajectory_item(one.raw),
    }


def damaged_shares(recovery: Recovery) -> dict[int, float]:
    """The damaged part of the valid land by year: the baseline not recovered, and new damage.

    Years without valid land are left out.
    """
    first = {recovery.from_year: (recovery.disturbed_baseline_units, recovery.valid_units)}
    later = {
        year: (line.disturbed_baseline_units - line.recovered_units + line.new_damage_units, line.valid_units)
        for year, line in sorted(recovery.lines.items())
    }
    return {year: damaged / valid for year, (damaged, valid) in (first | later).items() if valid > 0}


@dataclass(frozen=True, slots=True)
class _Series:
    """What is followed: the years that have a value, in rising order, and where they should go."""

    rule: TemporalRule
    measure: Measure
    known: Mapping[int, float]
    direction: int = 1
    target: float | None = WHOLE


def _of_class(recovery: Recovery) -> Trajectory:
    damaged = damaged_shares(recovery)
    limit = trajectory_parameters().disturbed_share_min
    since = next((year for year, share in damaged.items() if share >= limit), None)
    later = since is not None and since > recovery.from_year
    if since is not None and later:
        measure, from_year = Measure.REPAIRED_SHARE, since
        worst = max(damaged.values())
        known = {year: 1 - share / worst for year, share in damaged.items()}
    else:
        measure, from_year = Measure.RECOVERED_SHARE, recovery.from_year
        shares = sorted(recovery.share_by_year.items())
        known = {year: share for year, share in shares if share is not None}
    course = course_of(known, direction=1, target=WHOLE, from_year=from_year)
    found = _trajectory(
        _Series(recovery.temporal_rule, measure, known),
        course,
        disturbed=bool(known),
        relapse_year=course.relapse_year if later else recovery.relapse_year,
    )
    if not known and damaged:
        found = replace(
            found, state=TrajectoryState.UNDISTURBED, projection_reason=ProjectionReason.NOT_DISTURBED
        )
    return replace(
        found,
        disturbance_year=since,
        disturbed_before=since == recovery.from_year,
        last_year=max(damaged, default=None),
    )


def _trajectory(series: _Series, course: Course, *, disturbed: bool, relapse_year: int | None) -> Trajectory:
    """The trajectory of a series but for its year of disturbance."""
    slope = _slope(series, course)
    state = _state(course, slope, series, disturbed=disturbed, relapsed=relapse_year is not None)
    ahead = _projection(state, course, slope, series)
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
        projected_year=ahead.year,
        projected_low=ahead.low,
        projected_high=ahead.high,
        projection_reason=ahead.reason,
        breakpoints=() if line is None else line.breakpoints,
    )


def _slope(series: _Series, course: Course) -> Slope | None:
    """The slope from the start of recovery on; without one, over all years of the course."""
    numbers = trajectory_parameters()
    years = [year for year in course.years if course.start_year is None or year >= course.start_year]
    return theil_sen(
        years,
        [series.known[year] for year in years],
        confidence=numbers.confidence,
        years_min=int(numbers.slope_years_min),
    )


def _state(
    course: Course, slope: Slope | None, series: _Series, *, disturbed: bool, relapsed: bool
) -> TrajectoryState:
    if not course.years:
        return TrajectoryState.UNKNOWN
    if relapsed:
        return TrajectoryState.RELAPSED
    if not disturbed and (series.target is None or course.at_target):
        return TrajectoryState.UNDISTURBED
    if course.at_target:
        return TrajectoryState.RECOVERED
    if not course.above_bottom or slope is None:
        return TrajectoryState.DISTURBED
    rising = series.direction * slope.per_year > 0
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


def _projection(state: TrajectoryState, course: Course, slope: Slope | None, series: _Series) -> Projection:
    if state in _UNPROJECTED:
        return Projection(reason=_UNPROJECTED[state])
    if course.threshold is None or slope is None:
        return Projection(reason=ProjectionReason.NO_TARGET)
    numbers = trajectory_parameters()
    recent = course.years[-int(numbers.present_years) :]
    return project(
        slope,
        Present(recent[-1], median(recent), median(series.known[year] for year in recent)),
        threshold=course.threshold,
        direction=series.direction,
        horizon_years=int(numbers.horizon_years),
    )
