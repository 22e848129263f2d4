"""Course: the turning points of a series of years, whatever was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from geo.trajectory.parameters import trajectory_parameters


@dataclass(frozen=True, slots=True)
class Course:
    """The turning points of a series, the better value always the higher one here (see `course_of`).

    `start_year` is the last year at the bottom before the greatest rise, None without a rise. `reached_year`
    is the first year at or beyond `threshold`, `at_target` whether the last year is, `above_bottom` whether
    the last year is above the bottom by the least rise that counts.
    """

    years: tuple[int, ...] = ()
    threshold: float | None = None
    start_year: int | None = None
    reached_year: int | None = None
    relapse_year: int | None = None
    at_target: bool = False
    above_bottom: bool = False


def course_of(
    known: Mapping[int, float],
    *,
    direction: int,
    target: float | None,
    from_year: int | None,
    target_share: float | None = None,
) -> Course:
    """The turning points from `from_year` on (the first year where None), `known` being in rising order.

    `direction` is +1 where more is better, -1 where less is. A rise counts from the part of the way between
    bottom and target (else the series' own range) that the table sets; a relapse is a fall by such a part
    after the target was reached, to below it and not made good by the last year.
    """
    numbers = trajectory_parameters()
    threshold = None if target is None else threshold_of(target, direction, target_share)
    years = [year for year in known if from_year is None or year >= from_year]
    if not years:
        return Course(threshold=threshold)
    values = [direction * known[year] for year in years]
    bottom, peak = _greatest_rise(values)
    way = _way(values, values[bottom], None if target is None else direction * target)
    least = numbers.rise_min * way
    risen = values[peak] - values[bottom] > least
    start = max(at for at in range(bottom, peak + 1) if values[at] <= values[bottom] + least) if risen else 0
    limit = None if threshold is None else direction * threshold
    reached = (
        [] if limit is None else [year for year, value in zip(years, values, strict=True) if value >= limit]
    )
    return Course(
        years=tuple(years),
        threshold=threshold,
        start_year=years[start] if risen else None,
        reached_year=reached[0] if reached else None,
        relapse_year=None if limit is None else _relapse(years, values, limit, numbers.relapse_fall * way),
        at_target=limit is not None and values[-1] >= limit,
        above_bottom=risen and values[-1] > values[bottom] + least,
    )


def threshold_of(target: float, direction: int, target_share: float | None = None) -> float:
    """Tp = T - s (1 - p/100) abs(T): where the target T counts as reached; p / 100 is that of the table.

    >>> threshold_of(1.0, 1), round(threshold_of(-0.2, 1), 2), round(threshold_of(0.1, -1), 2)
    (0.8, -0.24, 0.12)
    """
    share = trajectory_parameters().target_percent / 100 if target_share is None else target_share
    return target - direction * (1 - share) * abs(target)


def disturbance_of(known: Mapping[int, float], direction: int) -> int | None:
    """The year of the steepest fall whose median stays down, None where no fall is deep enough.

    The median of the years from it on lies below that of the years before by the part that the table sets;
    at least two years are needed on either side, so that no single odd year counts.
    """
    numbers = trajectory_parameters()
    width = int(numbers.disturbance_window_years)
    years, values = list(known), [direction * value for value in known.values()]
    falls = {}
    for at in range(2, len(years) - 1):
        before, after = median(values[max(at - width, 0) : at]), median(values[at : at + width])
        if before - after >= numbers.disturbance_fall * abs(before) and values[at] < values[at - 1]:
            falls[years[at]] = values[at - 1] - values[at]
    return max(falls, key=lambda year: falls[year]) if falls else None


def _greatest_rise(values: Sequence[float]) -> tuple[int, int]:
    """The places of the bottom and the peak between which the series rises most, (0, 0) if it never does."""
    lowest, best = 0, (0, 0)
    for at, value in enumerate(values):
        if value < values[lowest]:
            lowest = at
        if value - values[lowest] > values[best[1]] - values[best[0]]:
            best = (lowest, at)
    return best


def _way(values: Sequence[float], bottom: float, target: float | None) -> float:
    """What rises and falls are measured by: from the bottom up to the target, else the series' range."""
    if target is not None and target > bottom:
        return target - bottom
    return max(values) - min(values)


def _relapse(years: Sequence[int], values: Sequence[float], limit: float, fall: float) -> int | None:
    """The first year of a fall below the limit that was not made good, None without one.

    Only what was below the limit before can have recovered, and so relapse.
    """
    below, peak, fallen = False, None, None
    for year, value in zip(years, values, strict=True):
        if value >= limit:
            peak = value if peak is None and below else None if peak is None else max(peak, value)
        below = below or value < limit
        if peak is None or value >= limit or peak - value <= fall:
            fallen = None
        elif fallen is None:
            fallen = year
    return fallen
