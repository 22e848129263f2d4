"""Spectral recovery: the five metrics of every pixel and of every site, from index series by year.

With I(t) the index in year t, r the year restoration began, d the year of the disturbance, T the target, s
the direction (1 where the index rises as land recovers, -1 where it falls), Tp = T - s (1 - p/100) abs(T):

- delta_ir = I(r+k) - I(r);  yryr = delta_ir / k
- r80p = 1 + s (I(r+k) - Tp) / abs(Tp), none for T = 0; for s = 1 and T > 0 that is I(r+k) / Tp
- y2r = least n >= 0 with s (I(r+n) - Tp) >= 0, none for never
- rri = (best of I(r+k-1), I(r+k) - I(r)) / (I(d) - I(r)), none for a zero denominator; best is the greater
  one for s = 1 and the smaller one for s = -1; where one of the two is missing the other stands

A relapse follows a y2r where the last value is short of Tp again: it is the first year of that last stretch.
The metrics are those of the package spectral-recovery 1.0.1 where both are defined; it gives -9999
for never, infinity for a zero denominator, and a share that turns around for targets below zero.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.runs.threads import side_by_side
from geo.spectral.loops import (
    DELTA_IR,
    DISTURBED,
    N_MEASURES,
    N_ROWS,
    NEAR,
    R80P,
    RELAPSE,
    RESTORATION_YEAR,
    RESTORED,
    RRI,
    SINCE,
    THEN,
    WINDOW,
    WINDOW_END,
    Y2R,
    YRYR,
    Floats,
    Int32s,
    Int64s,
    measure,
    quantiles,
)

_PIXELS_AT_ONCE: Final = 16_384
"""Pixels that one thread measures before it takes the next stretch of sites."""


class Metric(StrEnum):
    """The metrics (`data/reference/spectral_metrics.csv`)."""

    DELTA_IR = "delta_ir"
    YRYR = "yryr"
    R80P = "r80p"
    Y2R = "y2r"
    RRI = "rri"


class Scope(StrEnum):
    """What a target holds for (`data/reference/target_scopes.csv`)."""

    PIXEL = "pixel"
    FOCAL = "focal"
    POLYGON = "polygon"


ROW_OF = {
    Metric.DELTA_IR: DELTA_IR,
    Metric.YRYR: YRYR,
    Metric.R80P: R80P,
    Metric.Y2R: Y2R,
    Metric.RRI: RRI,
}
"""The row of each metric in `Measures.of_pixels`."""

RELAPSE_ROW = RELAPSE
"""The row of `Measures.of_pixels` that holds the years of relapses."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """Index series of the pixels of many sites.

    `values` (years, columns) float64, NaN for no value, rows ascending in `years` int32. Site i has the
    columns `at[starts[i]:starts[i + 1]]`, with `weight` the share of each pixel that it covers.
    """

    values: Floats
    years: Int32s
    at: Int64s
    starts: Int64s
    weight: Floats

    @classmethod
    def side_by_side(
        cls, values: npt.ArrayLike, years: npt.ArrayLike, *, starts: npt.ArrayLike | None = None
    ) -> Pixels:
        """Whole pixels in the order of their columns; each its own site unless `starts` says otherwise."""
        table = np.ascontiguousarray(values, dtype=np.float64)
        n = table.shape[1]
        return cls(
            values=table,
            years=np.asarray(years, dtype=np.int32),
            at=np.arange(n, dtype=np.int64),
            starts=np.arange(n + 1, dtype=np.int64) if starts is None else np.asarray(starts, dtype=np.int64),
            weight=np.ones(n),
        )

    @property
    def n_sites(self) -> int:
        """Sites, those without a pixel among them."""
        return len(self.starts) - 1

    def per_pixel(self, of_sites: npt.NDArray[np.float64]) -> Floats:
        """The values of sites, (..., sites), for each of their pixels, (..., entries)."""
        return np.repeat(of_sites, np.diff(self.starts), axis=-1)

    def less(self, of_sites: Floats) -> Pixels:
        """The series less those of their sites' references, (years, sites)."""
        own = self.values[:, self.at] - self.per_pixel(of_sites)
        return replace(self, values=own, at=np.arange(len(self.at), dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Years:
    """The years of each site, int32 (sites,), 0 where not known: disturbance, restoration, target window.

    The window is inclusive at both ends; a site without one has 0 for both.
    """

    disturbance: Int32s
    restoration: Int32s
    window_first: Int32s
    window_last: Int32s

    @classmethod
    def same(
        cls, n_sites: int, *, disturbance: int = 0, restoration: int = 0, window: tuple[int, int] = (0, 0)
    ) -> Years:
        """The same years for all sites."""
        return cls(*(np.full(n_sites, year, dtype=np.int32) for year in (disturbance, restoration, *window)))

    def rows(self, years: Int32s, k: int) -> Int32s:
        """Where these years lie among the rows of the series, as `geo.spectral.loops.measure` takes them."""
        found = np.full((len(self.disturbance), N_ROWS), -1, dtype=np.int32)
        restored = self.restoration > 0
        for column, year, is_known in (
            (DISTURBED, self.disturbance, self.disturbance > 0),
            (RESTORED, self.restoration, restored),
            (NEAR, self.restoration + k - 1, restored),
            (THEN, self.restoration + k, restored),
        ):
            at = np.minimum(np.searchsorted(years, year), len(years) - 1)
            found[:, column] = np.where(is_known & (years[at] == year), at, -1)
        since = np.searchsorted(years, self.restoration)
        found[:, SINCE] = np.where(restored & (since < len(years)), since, -1)
        found[:, WINDOW] = np.searchsorted(years, self.window_first)
        found[:, WINDOW_END] = np.searchsorted(years, self.window_last, side="right")
        found[:, RESTORATION_YEAR] = self.restoration
        return found


@dataclass(frozen=True, slots=True)
class Rules:
    """k in years, p as a share, and the direction of the index."""

    k_years: int = 5
    target_share: float = 0.8
    direction: int = 1


@dataclass(frozen=True, slots=True)
class Measures:
    """What came out, NaN for no value.

    `of_pixels` (N_MEASURES, entries) and `pixel_targets` (entries,) stand in the order of `Pixels.at`;
    `mean`, `valid_weight` and `n_pixels` are (years, sites) of the pixels with a value in that year;
    `of_sites` (N_MEASURES, sites) are the metrics of the mean series against `site_targets` (sites,).
    """

    of_pixels: Floats
    pixel_targets: Floats
    mean: Floats
    valid_weight: Floats
    n_pixels: Int64s
    of_sites: Floats
    site_targets: Floats


def measure_sites(
    pixels: Pixels,
    years: Years,
    rules: Rules,
    *,
    scope: Scope = Scope.PIXEL,
    targets: Floats | None = None,
    pixel_targets: Floats | None = None,
) -> Measures:
    """All metrics of all pixels and sites.

    Without `targets` the target is historic: for the scope `pixel` each pixel's median over its site's window
    (the site's own: that of the mean series), for `polygon` the weighted median of those over the site.
    `targets` (sites,) gives each site its target instead, NaN for none; `pixel_targets` (entries,) each
    pixel, while the site keeps that of its mean series, as for the scope `pixel`.
    """
    if targets is None and scope is Scope.POLYGON:
        medians = measure_pixels(pixels, years, rules).pixel_targets
        targets = site_quantile(pixels, medians[None, :], 0.5)[0]
    found = measure_pixels(pixels, years, rules, targets=targets, pixel_targets=pixel_targets)
    means = Pixels.side_by_side(found.mean, pixels.years)
    own = measure_pixels(means, years, rules, targets=targets)
    return replace(found, of_sites=own.of_pixels, site_targets=own.pixel_targets)


def measure_pixels(
    pixels: Pixels,
    years: Years,
    rules: Rules,
    *,
    targets: Floats | None = None,
    pixel_targets: Floats | None = None,
) -> Measures:
    """The metrics of all pixels and the mean series of all sites, in one pass over the series.

    The metrics of the sites are left empty. `targets` and `pixel_targets` as for `measure_sites`.
    """
    n, sites, n_years = len(pixels.at), pixels.n_sites, len(pixels.years)
    own_target = targets is None and pixel_targets is None
    target = np.empty(n) if targets is None else pixels.per_pixel(targets)
    if pixel_targets is not None:
        target = pixel_targets.copy()
    out = np.empty((n, N_MEASURES))
    mean, valid = np.empty((n_years, sites)), np.empty((n_years, sites))
    count = np.empty((n_years, sites), dtype=np.int64)
    rows = years.rows(pixels.years, rules.k_years)

    def measured(part: tuple[int, int]) -> None:
        measure(
            pixels.values, pixels.at, pixels.starts, pixels.weight, pixels.years, rows, rules.k_years,
            rules.target_share, float(rules.direction), own_target, target, out, mean, valid, count, *part,
        )  # fmt: skip

    for _ in side_by_side(measured, _parts(pixels.starts)):
        pass
    return Measures(out.T, target, mean, valid, count, np.empty((N_MEASURES, 0)), np.empty(0))


def _parts(starts: Int64s) -> list[tuple[int, int]]:
    """The sites in stretches of about `_PIXELS_AT_ONCE` pixels: the first of each, and that behind it."""
    limits = np.arange(_PIXELS_AT_ONCE, starts[-1] - _PIXELS_AT_ONCE // 2, _PIXELS_AT_ONCE)
    ends = np.unique([0, *np.searchsorted(starts, limits), len(starts) - 1]).tolist()
    return list(pairwise(ends))


def site_quantile(
    pixels: Pixels, of_pixels: Floats, share: float, *, missing: float = float("nan")
) -> Floats:
    """The weighted quantile over each site's pixels of rows (rows, entries), (rows, sites); NaN for none.

    A pixel without a value is left out, or counts as `missing`.
    """
    in_order = replace(pixels, at=np.arange(len(pixels.at), dtype=np.int64))
    found: Floats = _quantiles(in_order, of_pixels, [share], missing)[0]
    return found


def year_quantiles(pixels: Pixels, shares: list[float]) -> Floats:
    """Weighted quantiles of the valid pixels of each year and site, (shares, years, sites)."""
    return _quantiles(pixels, pixels.values, shares, float("nan"))


def _quantiles(pixels: Pixels, rows: Floats, shares: list[float], missing: float) -> Floats:
    out: Floats = np.empty((len(shares), len(rows), pixels.n_sites))
    table = np.ascontiguousarray(rows)
    quantiles(table, pixels.at, pixels.starts, pixels.weight, np.array(shares), missing, out)
    return out
