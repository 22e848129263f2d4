"""Slopes: the median slope of a series by year, with an interval that a few odd years do not move."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, median


@dataclass(frozen=True, slots=True)
class Slope:
    """A slope in units of its series per year; `low` and `high` are None with too few years for them."""

    per_year: float
    low: float | None
    high: float | None
    n_years: int


def theil_sen(
    years: Sequence[int], values: Sequence[float], *, confidence: float, years_min: int
) -> Slope | None:
    """The median of the slopes between all pairs of years, with its interval; None for fewer than two years.

    The interval is that of Sen (1968, doi 10.1080/01621459.1968.10480934): the order statistics of the
    pairwise slopes at the normal quantile of Kendall's statistic, ties among values allowed for (Hollander,
    Wolfe & Chicken 2014, section 9.3). It says how sure the slope is, not how much a single year scatters.

    >>> theil_sen([2000, 2001, 2002], [1.0, 2.0, 9.0], confidence=0.95, years_min=5)
    Slope(per_year=4.0, low=None, high=None, n_years=3)
    """
    n = len(years)
    if n < 2:
        return None
    slopes = sorted(
        (values[last] - values[first]) / (years[last] - years[first])
        for first in range(n)
        for last in range(first + 1, n)
    )
    low, high = _interval(slopes, values, confidence) if n >= years_min else (None, None)
    return Slope(median(slopes), low, high, n)


def _interval(slopes: Sequence[float], values: Sequence[float], confidence: float) -> tuple[float, float]:
    n = len(values)
    ties = sum(_spread(count) for count in Counter(values).values())
    half = NormalDist().inv_cdf((1 + confidence) / 2) * sqrt((_spread(n) - ties) / 18)
    low = max(round((len(slopes) - half) / 2) - 1, 0)
    high = min(round((len(slopes) + half) / 2), len(slopes) - 1)
    return slopes[low], slopes[high]


def _spread(n: int) -> int:
    return n * (n - 1) * (2 * n + 5)
