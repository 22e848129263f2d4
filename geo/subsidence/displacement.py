"""Displacement: how fast the ground moves in a radar's line of sight, cell by cell.

Values are millimetres along the line of sight, positive away from the satellite (ground that sinks, mostly),
and not vertical movement: a raster that counts the other way round is registered with the scale -1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.subsidence.displacement_loops import fit_lines

DAYS_PER_YEAR: Final = 365.25

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LinearFit:
    """The least-squares line through the epochs of each cell; arrays of the shape of one epoch.

    `rate` mm a year, NaN where a cell has too few epochs; `error` its standard error (from the residuals, as
    ordinary regression gives it), NaN where the epochs leave none; `epochs` how many values were used.
    """

    rate: Floats
    error: Floats
    epochs: npt.NDArray[np.int32]


def years_since(zero: date, days: Sequence[date]) -> Floats:
    """Years of 365.25 days from `zero` to each day.

    >>> years_since(date(2006, 6, 19), [date(2006, 6, 19), date(2010, 6, 19)]).tolist()
    [0.0, 4.0]
    """
    return np.array([(day - zero).days / DAYS_PER_YEAR for day in days])


def linear_fit(series: npt.ArrayLike, years: npt.ArrayLike, *, min_epochs: int) -> LinearFit:
    """The line through each cell of `series` (epochs, ...), mm at `years` (epochs,); NaN is no value.

    An epoch that a cell lacks is left out for that cell alone, as PyRate does (`linear_rate_pixel`); below
    `min_epochs` there is no rate. PyRate takes two epochs for enough, of which no error can be known.
    """
    values = np.asarray(series, dtype=np.float64)
    shape = values.shape[1:]
    flat = np.ascontiguousarray(values.reshape(len(values), -1))
    n = flat.shape[1]
    rate, error, epochs = np.empty(n), np.empty(n), np.empty(n, dtype=np.int32)
    fit_lines(flat, np.asarray(years, dtype=np.float64), min_epochs, rate, error, epochs)
    return LinearFit(rate.reshape(shape), error.reshape(shape), epochs.reshape(shape))


def weighted_percentile(values: Floats, units: npt.NDArray[np.int64], percent: int) -> float | None:
    """The least value such that cells with no greater one hold `percent` % of the area; None for no cell.

    >>> weighted_percentile(np.array([3.0, 1.0, 2.0]), np.array([1, 18, 1]), 95)
    2.0
    """
    if len(values) == 0:
        return None
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(units[order], dtype=np.int64)
    least = -(-int(reached[-1]) * percent // 100)
    return float(values[order][np.searchsorted(reached, least)])


def propagated_error(series: Floats, sigmas: Floats, years: Floats) -> Floats:
    """The standard error of each cell's slope from the sigmas, (cells,); NaN where one is missing.

    `series` and `sigmas` (epochs, cells) in mm. Errors of the epochs count as independent.
    """
    known = np.isfinite(series)
    n = known.sum(axis=0)
    times = np.where(known, years[:, None], 0.0)
    off = np.where(known, years[:, None] - times.sum(axis=0) / np.maximum(n, 1), 0.0)
    spread = (off**2).sum(axis=0)
    variance = (off**2 * np.where(known, sigmas, 0.0) ** 2).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > 0, np.sqrt(variance) / spread, np.nan)
