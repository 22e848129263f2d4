"""Projection: when a series would reach its target if it went on as it does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from geo.slopes import Slope


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
    NOT_DISTURBED = "not_disturbed"


@dataclass(frozen=True, slots=True)
class Projection:
    """The projected year, the earliest and the latest; None with the reason."""

    year: int | None = None
    low: int | None = None
    high: int | None = None
    reason: ProjectionReason | None = None


def project(
    slope: Slope, *, threshold: float, direction: int, last_year: int, horizon_years: int
) -> Projection:
    """The year in which the line reaches the threshold, and those of its steepest and its flattest slope.

    All lines pass through the medians of the series. A year is never one that is past, for the target is
    not reached yet. None for the flattest where it does not rise, or only beyond the horizon.

    >>> slope = Slope(0.05, 0.02, 0.1, at_year=2015, at_value=0.4, n_years=11)
    >>> project(slope, threshold=0.8, direction=1, last_year=2020, horizon_years=100)
    Projection(year=2023, low=2021, high=2035, reason=None)
    """
    if slope.low is None or slope.high is None:
        return Projection(reason=ProjectionReason.TOO_FEW_YEARS)
    if direction * slope.per_year <= 0:
        return Projection(reason=ProjectionReason.NO_RISE)
    bounds = (slope.high, slope.low) if direction > 0 else (slope.low, slope.high)
    early, middle, late = (
        _year(one, slope, threshold, direction, last_year) for one in (bounds[0], slope.per_year, bounds[1])
    )
    end = last_year + horizon_years
    if middle is None or middle > end:
        return Projection(reason=ProjectionReason.BEYOND_HORIZON)
    if late is None:
        return Projection(middle, early, None, ProjectionReason.INTERVAL_OPEN)
    if late > end:
        return Projection(middle, early, None, ProjectionReason.BEYOND_HORIZON)
    return Projection(middle, early, late)


def _year(per_year: float, slope: Slope, threshold: float, direction: int, last_year: int) -> int | None:
    if direction * per_year <= 0:
        return None
    years = (threshold - slope.at_value) / per_year
    return max(last_year + 1, ceil(slope.at_year + min(years, 1e6)))
