"""Trajectories from land cover: the series of a recovery by year, under each temporal rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from geo.recovery import Recovery, TemporalRule
from geo.trajectory.course import course_of
from geo.trajectory.parameters import trajectory_parameters
from geo.trajectory.projection import ProjectionReason
from geo.trajectory.series import Measure, Series, Trajectory, TrajectoryState, trajectory_of_series

Pair = tuple[int, str, str, int, int]
"""Site, product, edition, earlier and later year."""

_ORDER: Final = (TemporalRule.MAJORITY3, TemporalRule.NONE)

WHOLE: Final = 1.0
"""The target of a class series: every disturbed hectare recovered."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What is followed of a recovery: its values by year, reckoned from `from_year` on.

    `disturbed_in` is the first year in which the damaged part of the valid land reaches that of the table.
    """

    measure: Measure
    values: Mapping[int, float]
    from_year: int
    disturbed_in: int | None
    last_year: int | None


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


def followed(recovery: Recovery) -> Followed:
    """The recovered share of the baseline by year; of a site damaged later, the share made good.

    Years without a value are left out.
    """
    damaged = damaged_shares(recovery)
    limit = trajectory_parameters().disturbed_share_min
    since = next((year for year, share in damaged.items() if share >= limit), None)
    last = max(damaged, default=None)
    if since is not None and since > recovery.from_year:
        worst = max(damaged.values())
        repaired = {year: 1 - share / worst for year, share in damaged.items()}
        return Followed(Measure.REPAIRED_SHARE, repaired, since, since, last)
    shares = sorted(recovery.share_by_year.items())
    known = {year: share for year, share in shares if share is not None}
    return Followed(Measure.RECOVERED_SHARE, known, recovery.from_year, since, last)


def _of_class(recovery: Recovery) -> Trajectory:
    seen = followed(recovery)
    course = course_of(seen.values, direction=1, target=WHOLE, from_year=seen.from_year)
    later = seen.measure is Measure.REPAIRED_SHARE
    found = trajectory_of_series(
        Series(recovery.temporal_rule, seen.measure, seen.values, direction=1, target=WHOLE),
        course,
        disturbed=bool(seen.values),
        relapse_year=course.relapse_year if later else recovery.relapse_year,
    )
    if not seen.values and seen.last_year is not None:
        found = replace(
            found, state=TrajectoryState.UNDISTURBED, projection_reason=ProjectionReason.NOT_DISTURBED
        )
    return replace(
        found,
        disturbance_year=seen.disturbed_in,
        disturbed_before=seen.disturbed_in == recovery.from_year,
        last_year=seen.last_year,
    )
