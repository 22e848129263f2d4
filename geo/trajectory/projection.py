"""Projection: when a series would reach its target if it went on as it does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Final

from geo.trajectory.slopes import Slope

_FOR_EVER: Final = 1e6
_ROUNDING: Final = 1e-9
"""What a sum of floats may be off, in years, so that a year reached exactly is not taken for the next."""


class ProjectionReason(StrEnum):
    """Why no year is projected, or one end is open (`data/reference/projection_reasons.csv`)."""

    REACHED = "reached"
    RELAPSED = "relapsed"
    NO_TARGET = "no_target"
    NO_VALUES = "no_values"
    TOO_FEW_YEARS = "too_few_years"
    NO_RISE = "no_rise"
    INTERVAL_OPEN = "interval_open"
    BEYOND_HORIZON = "beyond_horizon"
    LATEST_BEYOND_HORIZON = "latest_beyond_horizon"
    NOT_DISTURBED = "not_disturbed"


@dataclass(frozen=True, slots=True)
class Present:
    """The present level of a series, `value` at `at_year`, its last year, and its slope of late."""

    last_year: int
    at_year: float
    value: float
    per_year: float


@dataclass(frozen=True, slots=True)
class Projection:
    """The projected year, the earliest and the latest; None with the reason."""

    year: int | None = None
    low: int | None = None
    high: int | None = None
    reason: ProjectionReason | None = None


def project(
    slope: Slope, present: Present, *, threshold: float, direction: int, horizon_years: int
) -> Projection:
    """The year in which the threshold is reached from the present level, at the slope and at its bounds.

    A year is never one that is past, for the target is not reached yet. The slope of late widens the interval
    where it lies outside it, for many a recovery slows down; the latest year is None where the flattest slope
    does not rise, or only reaches beyond the horizon. The interval is that of the slope alone.

    >>> slope = Slope(0.05, 0.02, 0.1, n_years=11)
    >>> project(slope, Present(2020, 2019, 0.6, per_year=0.04), threshold=0.8, direction=1, horizon_years=100)
    Projection(year=2023, low=2021, high=2029, reason=None)
    """
    if slope.low is None or slope.high is None:
        return Projection(reason=ProjectionReason.TOO_FEW_YEARS)
    if direction * slope.per_year <= 0:
        return Projection(reason=ProjectionReason.NO_RISE)
    slopes = sorted((slope.low, slope.high, present.per_year), key=lambda one: direction * one)
    slowest, fastest = slopes[0], slopes[-1]
    end = present.last_year + horizon_years
    year = _year(slope.per_year, present, threshold)
    if year > end:
        return Projection(reason=ProjectionReason.BEYOND_HORIZON)
    early = _year(fastest, present, threshold)
    if direction * slowest <= 0:
        return Projection(year, early, None, ProjectionReason.INTERVAL_OPEN)
    late = _year(slowest, present, threshold)
    if late > end:
        return Projection(year, early, None, ProjectionReason.LATEST_BEYOND_HORIZON)
    return Projection(year, early, late)


def _year(per_year: float, present: Present, threshold: float) -> int:
    years = min((threshold - present.value) / per_year, _FOR_EVER)
    return max(present.last_year + 1, ceil(present.at_year + years - _ROUNDING))
