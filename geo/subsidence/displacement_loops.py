"""The inner loops of displacement: lines through the epochs of each cell, and sums by site and epoch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.compiled import compiled


@compiled
def fit_lines(
    values: npt.NDArray[np.float64],
    years: npt.NDArray[np.float64],
    least: int,
    rate: npt.NDArray[np.float64],
    error: npt.NDArray[np.float64],
    epochs: npt.NDArray[np.int32],
) -> None:
    """Fill `rate`, `error` and `epochs` (cells,) from `values` (epochs, cells), NaN where there is none.

    A cell's epochs without a value are left out. `rate` is NaN below `least` epochs or where all fall on one
    day, `error` (the standard error of the slope) also where two epochs leave no residual.
    """
    for c in range(values.shape[1]):
        n, t_sum, v_sum = 0, 0.0, 0.0
        for e in range(values.shape[0]):
            if not np.isnan(values[e, c]):
                n += 1
                t_sum += years[e]
                v_sum += values[e, c]
        epochs[c], rate[c], error[c] = n, np.nan, np.nan
        if n >= least and n >= 2:
            rate[c], error[c] = _slope(values[:, c], years, n, t_sum / n, v_sum / n)


@compiled
def _slope(
    column: npt.NDArray[np.float64], years: npt.NDArray[np.float64], n: int, t_mean: float, v_mean: float
) -> tuple[float, float]:
    """The slope of one cell and its standard error, NaN where they cannot be known."""
    spread, joint = 0.0, 0.0
    for e in range(len(column)):
        if not np.isnan(column[e]):
            spread += (years[e] - t_mean) ** 2
            joint += (years[e] - t_mean) * (column[e] - v_mean)
    if spread == 0.0:
        return np.nan, np.nan
    slope = joint / spread
    if n == 2:
        return slope, np.nan
    rest = 0.0
    for e in range(len(column)):
        if not np.isnan(column[e]):
            rest += (column[e] - v_mean - slope * (years[e] - t_mean)) ** 2
    return slope, np.sqrt(rest / (n - 2) / spread)


@compiled
def add_epochs(
    values: npt.NDArray[np.float64],
    quantum: float,
    site: npt.NDArray[np.int32],
    groups: npt.NDArray[np.int64],
    units: npt.NDArray[np.uint32 | np.int64],
    high: npt.NDArray[np.int64],
    low: npt.NDArray[np.int64],
    covered: npt.NDArray[np.int64],
) -> None:
    """Add value x area of every cell to its site's sum of each epoch, in whole numbers.

    `values` (epochs, cells) are rounded to whole quanta; the sum of value x units of a site and epoch is
    `high` x 2**32 + `low`, both (sites, epochs), and `covered` its units with a value. Sums of integers do
    not depend on their order, so neither blocks nor shards change a digit.
    """
    for g in range(len(site)):
        s = site[g]
        for c in range(groups[g], groups[g + 1]):
            area = np.int64(units[c])
            for e in range(values.shape[0]):
                if np.isnan(values[e, c]):
                    continue
                product = np.int64(np.rint(values[e, c] / quantum)) * area
                high[s, e] += product >> 32
                low[s, e] += product & 0xFFFFFFFF
                covered[s, e] += area
