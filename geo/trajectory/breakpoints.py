"""Breakpoints: the years in which a series of years changes its course.

The method is least squares on a continuous piecewise line whose knots are years of the series: every set of
knots is tried, so that the fit is the best one and not one that a search happened on, and the number of
knots is chosen by the Bayesian information criterion (Schwarz 1978) with a knot's place counted as a
parameter (Muggeo 2003, doi 10.1002/sim.1545, for the model). Series are short: a few dozen years at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise
from math import comb, log
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_MOST_SETS: Final = 10_000
"""So many sets of knots are tried at most; longer series get fewer breakpoints."""

_EXACT: Final = 1e-12
"""A fit that leaves less than this part of the series' own variation counts as exact."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One straight piece: its first and last year, the value of the line there, and its slope a year."""

    from_year: int
    to_year: int
    from_value: float
    to_value: float

    @property
    def per_year(self) -> float:
        """The slope, in units of the series per year."""
        return (self.to_value - self.from_value) / (self.to_year - self.from_year)


@dataclass(frozen=True, slots=True)
class PiecewiseLine:
    """The best continuous piecewise line through a series; `breakpoints` are its inner knots.

    `squares` is the sum of squared residuals.
    """

    breakpoints: tuple[int, ...]
    segments: tuple[Segment, ...]
    squares: float


def piecewise_line(values: Mapping[int, float | None], *, breakpoints_max: int) -> PiecewiseLine | None:
    """The best piecewise line through the years with a value, None for fewer than two of them.

    At least two years more than the line has parameters are kept, so that a short series is not merely
    joined up: 6 years may have one breakpoint, 8 two, 10 three.

    >>> series = {2000: 4.0, 2001: 3.0, 2002: 2.0, 2003: 1.0, 2004: 2.0, 2005: 3.0, 2006: None, 2007: 5.0}
    >>> piecewise_line(series, breakpoints_max=2).breakpoints
    (2003,)
    """
    known = {year: value for year, value in sorted(values.items()) if value is not None}
    if len(known) < 2:
        return None
    years = tuple(known)
    y = np.array(list(known.values()), dtype=np.float64)
    centred = y - y.mean()
    best = min(
        (
            (_criterion(squares, len(years), len(knots), centred), len(knots), knots)
            for knots, squares in _best_by_number(years, centred, breakpoints_max)
        ),
        key=lambda one: one[:2],
    )
    return _line(years, y, best[2])


def squares_of(values: Mapping[int, float], knots: tuple[int, ...]) -> float:
    """The sum of squared residuals of the best continuous line with these inner knots (years)."""
    years = tuple(sorted(values))
    y = np.array([values[year] for year in years], dtype=np.float64)
    return float(np.square(y - _fitted(years, y, knots)).sum())


def _best_by_number(years: tuple[int, ...], y: Floats, most: int) -> list[tuple[tuple[int, ...], float]]:
    """The best knots and what they leave over, for each number of knots that the series can bear."""
    n, found = len(years), []
    for number in range(most + 1):
        if number > 0 and (n < 2 * number + 4 or comb(n - 2, number) > _MOST_SETS):
            break
        sets, bases = _bases(years, number)
        explained = np.square(bases @ y).reshape(len(sets), -1).sum(axis=1)
        place = int(np.argmax(explained))
        found.append((sets[place], max(float(y @ y - explained[place]), 0.0)))
    return found


@lru_cache(maxsize=8)
def _bases(years: tuple[int, ...], number: int) -> tuple[list[tuple[int, ...]], Floats]:
    """Every set of so many inner years, and the orthonormal bases of their lines, p rows for each set."""
    sets = list(combinations(years[1:-1], number))
    designs = np.stack([_design(years, knots) for knots in sets])
    bases = np.linalg.qr(designs).Q.transpose(0, 2, 1)
    return sets, np.ascontiguousarray(bases).reshape(-1, len(years))


def _design(years: tuple[int, ...], knots: tuple[int, ...]) -> Floats:
    """The columns of a continuous piecewise line: a constant, the years, and a hinge at each knot."""
    x = np.array(years, dtype=np.float64)
    span = max(x[-1] - x[0], 1.0)
    hinges = [np.maximum(x - knot, 0.0) / span for knot in knots]
    return np.column_stack([np.ones_like(x), (x - x.mean()) / span, *hinges])


def _criterion(squares: float, n: int, number: int, centred: Floats) -> float:
    least = _EXACT * float(centred @ centred)
    if least == 0.0:
        return float(number)
    return n * log(max(squares, least) / n) + log(n) * (2 + 2 * number)


def _line(years: tuple[int, ...], y: Floats, knots: tuple[int, ...]) -> PiecewiseLine:
    fitted = _fitted(years, y, knots)
    at = dict(zip(years, fitted.tolist(), strict=True))
    ends = (years[0], *knots, years[-1])
    segments = tuple(Segment(first, last, at[first], at[last]) for first, last in pairwise(ends))
    return PiecewiseLine(knots, segments, float(np.square(y - fitted).sum()))


def _fitted(years: tuple[int, ...], y: Floats, knots: tuple[int, ...]) -> Floats:
    design = _design(years, knots)
    fitted: Floats = design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return fitted
