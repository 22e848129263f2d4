"""The inner loops of spectral recovery: pixel series of many sites to metrics, means and quantiles.

`values` is (years, pixels) float64 with NaN where a pixel has no value, its rows in the order of time. Site i
has the pixels `at[starts[i]:starts[i + 1]]`, each with its `weight`; results stand in that order. All sums
run in that order too, so that equal pixels give equal bits however sites are dealt out to processes.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from geo.compiled import compiled

Floats = npt.NDArray[np.float64]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]

DELTA_IR: Final = 0
YRYR: Final = 1
R80P: Final = 2
Y2R: Final = 3
RRI: Final = 4
RELAPSE: Final = 5
N_MEASURES: Final = 6
"""Rows of the measures of a pixel; the last is the year of its relapse."""

DISTURBED: Final = 0
RESTORED: Final = 1
NEAR: Final = 2
THEN: Final = 3
SINCE: Final = 4
WINDOW: Final = 5
WINDOW_END: Final = 6
RESTORATION_YEAR: Final = 7
N_ROWS: Final = 8
"""Columns of `rows`: where d, r, r + k - 1, r + k, the first year from r on and the window lie; r itself."""


@compiled
def measure(
    values: Floats,
    at: Int64s,
    starts: Int64s,
    weight: Floats,
    years: Int32s,
    rows: Int32s,
    k: int,
    share: float,
    s: float,
    own_target: bool,
    target: Floats,
    out: Floats,
    mean: Floats,
    valid: Floats,
    pixels: Int64s,
    site_begin: int,
    site_end: int,
) -> None:
    """Fill the measures of the pixels of some sites and the weighted mean of each site and year, in one pass.

    `rows` (sites, N_ROWS) gives rows of `values`, -1 where no scene shows the year. `share` is p / 100 and
    `s` the direction. With `own_target` the median of each pixel over its site's window is put into
    `target` (entries,), else T is taken from there. `out` (entries, N_MEASURES) is NaN where there is no
    value, and in y2r for never. `mean`, `valid` (weight) and `pixels` (number) are (years, sites).
    """
    n_years = values.shape[0]
    series, room, sums = np.empty(n_years), np.empty(n_years), np.empty(n_years)
    for i in range(site_begin, site_end):
        sums[:] = 0.0
        total = 0.0
        first, end = rows[i, WINDOW], rows[i, WINDOW_END]
        before, now, near, then = rows[i, DISTURBED], rows[i, RESTORED], rows[i, NEAR], rows[i, THEN]
        since, restored = rows[i, SINCE], rows[i, RESTORATION_YEAR]
        for e in range(starts[i], starts[i + 1]):
            pixel = np.uintp(at[e])
            for t in range(n_years):
                series[t] = values[t, pixel]
            total += weight[e]
            for t in range(n_years):
                sums[t] += series[t] * weight[e]
            if own_target:
                target[e] = median(series, first, end, room)
            goal = target[e]
            aim = goal - s * (1.0 - share) * abs(goal)
            start, last = _at(series, now), _at(series, then)
            out[e, DELTA_IR] = last - start
            out[e, YRYR] = (last - start) / k
            out[e, R80P] = 1.0 + s * (last - aim) / abs(aim) if aim != 0.0 else np.nan
            lost = _at(series, before) - start
            out[e, RRI] = (_better(_at(series, near), last, s) - start) / lost if lost != 0.0 else np.nan
            reached = _reached(series, since, aim, s)
            out[e, Y2R] = years[reached] - restored if reached >= 0 else np.nan
            fallen = _fallen(series, reached, aim, s)
            out[e, RELAPSE] = years[fallen] if fallen >= 0 else np.nan
        n_pixels = starts[i + 1] - starts[i]
        for t in range(n_years):
            mean[t, i] = sums[t] / total if n_pixels > 0 else np.nan
            valid[t, i], pixels[t, i] = total, n_pixels
            if not np.isfinite(mean[t, i]):
                _mean_of_valid(values[t], at, weight, starts[i], starts[i + 1], (t, i), mean, valid, pixels)


@compiled
def _at(series: Floats, row: int) -> float:
    return float(series[row]) if row >= 0 else np.nan


@compiled
def _better(a: float, b: float, s: float) -> float:
    """The one of two values that is further on the way; the other where one is NaN."""
    return a if s * a >= s * b or np.isnan(b) else b


@compiled
def _reached(series: Floats, since: int, aim: float, s: float) -> int:
    """The first row from `since` on that reaches the aim, -1 for none."""
    if since >= 0:
        for t in range(since, len(series)):
            if s * (series[t] - aim) >= 0.0:
                return t
    return -1


@compiled
def _fallen(series: Floats, reached: int, aim: float, s: float) -> int:
    """The first of the last rows that are all short of the aim, after it was reached; -1 for none."""
    fallen = -1
    if reached >= 0:
        for t in range(len(series) - 1, reached, -1):
            beyond = s * (series[t] - aim)
            if beyond >= 0.0:
                break
            if beyond < 0.0:
                fallen = t
    return fallen


@compiled
def median(series: Floats, begin: int, end: int, room: Floats) -> float:
    """The median of the values from `begin` to before `end`, NaN where there is none; `room` is scratch."""
    n = 0
    for t in range(begin, end):
        value = series[t]
        if not np.isnan(value):
            for j in range(n):
                held = room[j]
                room[j] = min(held, value)
                value = max(held, value)
            room[n] = value
            n += 1
    if n == 0:
        return np.nan
    return float(room[n // 2]) if n % 2 else float((room[n // 2 - 1] + room[n // 2]) / 2)


@compiled
def _mean_of_valid(
    row: Floats,
    at: Int64s,
    weight: Floats,
    begin: int,
    end: int,
    place: tuple[int, int],
    mean: Floats,
    valid: Floats,
    pixels: Int64s,
) -> None:
    """Fill mean, weight and number of the pixels that have a value in one year, NaN where none has."""
    total, heavy, n = 0.0, 0.0, 0
    for e in range(begin, end):
        value = row[at[e]]
        if not np.isnan(value):
            total += value * weight[e]
            heavy += weight[e]
            n += 1
    mean[place] = total / heavy if n > 0 else np.nan
    valid[place] = heavy
    pixels[place] = n


@compiled
def quantiles(
    values: Floats, at: Int64s, starts: Int64s, weight: Floats, shares: Floats, missing: float, out: Floats
) -> None:
    """Fill `out` (shares, rows, sites) with weighted quantiles of each row over the pixels of each site.

    The quantile q is the value up to which the share q of the weight lies, the mean of two neighbours where
    it ends between them, so that equal weights give the common median. Pixels without a value count as
    `missing`, or not at all where that is NaN.
    """
    widest = 0
    for i in range(len(starts) - 1):
        widest = max(widest, starts[i + 1] - starts[i])
    held, heavy = np.empty(widest), np.empty(widest)
    for t in range(values.shape[0]):
        for i in range(len(starts) - 1):
            n, total = 0, 0.0
            for e in range(starts[i], starts[i + 1]):
                value = values[t, at[e]]
                if np.isnan(value):
                    value = missing
                if not np.isnan(value):
                    held[n] = value
                    heavy[n] = weight[e]
                    total += weight[e]
                    n += 1
            order = np.argsort(held[:n], kind="mergesort")
            for q in range(len(shares)):
                out[q, t, i] = _quantile(held, heavy, order, shares[q] * total)


@compiled
def _quantile(held: Floats, heavy: Floats, order: Int64s, limit: float) -> float:
    gone = 0.0
    for j in range(len(order)):
        gone += heavy[order[j]]
        if gone == limit and j + 1 < len(order):
            here, after = held[order[j]], held[order[j + 1]]
            return float(here) if here == after else float((here + after) / 2)
        if gone >= limit:
            return float(held[order[j]])
    return np.nan
