"""Subsidence of a site: how fast its ground moves in the line of sight, and whether it has come to rest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from geo.recovery import NO_INPUTS, Inputs
from geo.sites import Settlement
from geo.subsidence.displacement import Floats, weighted_percentile
from geo.subsidence.rules import SubsidenceRules

PERCENT = 95


class Source(StrEnum):
    """What the rates of a site come from (`data/reference/displacement_sources.csv`)."""

    CUMULATIVE = "cumulative"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class EpochMean:
    """Mean displacement of a site since the zero epoch, over the units (1e-4 m2) that have a value."""

    on: date
    mean_mm: float | None
    valid_units: int


@dataclass(frozen=True, slots=True)
class Subsidence:
    """What one product and edition of displacement says of a site, in mm a year along the line of sight.

    Positive is away from the satellite. Areas in units of 1e-4 m2, weighted by exact coverage and true ground
    area; `valid_units` is where a rate is known. `mean`, `p95` (of the signed rate: 95 % of the valid area
    move away no faster) and `p95_abs` (of the speed) are None where nothing is. `sigma` is the mean standard
    error of a cell, from the sigma band where there is one, else from the fit; None where unknown.
    `moving_units` lie where the speed is above `threshold` over the whole span. The judgement uses the last
    `last_epochs` epochs (from `last_from`): `fast_units` are above the threshold and surely not at rest,
    `maybe_fast_units` cannot be excluded to be above it. `settlement` is None where it cannot be told, with
    `reason`, which also says where it rests on rates without a known noise. `outdated` is found out on
    reading, never stored.
    """

    site_id: int
    product: str
    edition: str
    source: Source
    period_start: date
    period_end: date
    n_epochs: int
    area_units: int
    valid_units: int
    mean: float | None
    p95: float | None
    p95_abs: float | None
    sigma: float | None
    threshold: float
    moving_units: int
    last_epochs: int
    last_from: date
    last_mean: float | None
    fast_units: int
    maybe_fast_units: int
    settlement: Settlement | None
    reason: str | None
    epochs: tuple[EpochMean, ...] = ()
    content_key: str = ""
    inputs: Inputs = NO_INPUTS
    outdated: bool = False

    @property
    def valid_share(self) -> float | None:
        """Share of the site's area with a rate."""
        return None if self.area_units == 0 else min(1.0, self.valid_units / self.area_units)

    @property
    def moving_share(self) -> float | None:
        """Share of the valid area that moves faster than the threshold."""
        return None if self.valid_units == 0 else self.moving_units / self.valid_units


@dataclass(frozen=True, slots=True)
class CellRates:
    """The cells of one site that have a rate, with that of the last epochs beside that of the whole span.

    Arrays (cells,); `units` int64 in 1e-4 m2; `last_noise` is how far the last rate may be off (the half
    width of its interval, `subsidence_rules.confidence_factors`). NaN where something is not known.
    """

    units: npt.NDArray[np.int64]
    rate: Floats
    sigma: Floats
    last_rate: Floats
    last_noise: Floats


@dataclass(frozen=True, slots=True)
class Span:
    """What was measured, and how: the same for every site of a run."""

    product: str
    edition: str
    source: Source
    period_start: date
    period_end: date
    n_epochs: int
    last_epochs: int
    last_from: date
    threshold: float


def subsidence(
    site_id: int,
    area_units: int,
    cells: CellRates,
    *,
    span: Span,
    rules: SubsidenceRules,
    epochs: Sequence[EpochMean] = (),
    content_key: str = "",
    inputs: Inputs = NO_INPUTS,
) -> Subsidence:
    """The subsidence of a site from its cells; the order of the cells changes nothing."""
    fast = _fast_units(cells, span.threshold)
    maybe_fast = _maybe_fast_units(cells, span.threshold)
    valid_units = int(cells.units.sum(dtype=np.int64))
    settlement, reason = settled_or_moving(
        area_units=area_units,
        judged_units=int(cells.units[np.isfinite(cells.last_rate)].sum(dtype=np.int64)),
        fast_units=fast,
        maybe_fast_units=maybe_fast,
        noise_known=bool(np.isfinite(cells.last_noise).any()),
        rules=rules,
    )
    return Subsidence(
        site_id=site_id,
        product=span.product,
        edition=span.edition,
        source=span.source,
        period_start=span.period_start,
        period_end=span.period_end,
        n_epochs=span.n_epochs,
        area_units=area_units,
        valid_units=valid_units,
        mean=weighted_mean(cells.rate, cells.units),
        p95=weighted_percentile(cells.rate, cells.units, PERCENT),
        p95_abs=weighted_percentile(np.abs(cells.rate), cells.units, PERCENT),
        sigma=weighted_mean(cells.sigma, cells.units),
        threshold=span.threshold,
        moving_units=int(cells.units[np.abs(cells.rate) > span.threshold].sum(dtype=np.int64)),
        last_epochs=span.last_epochs,
        last_from=span.last_from,
        last_mean=weighted_mean(cells.last_rate, cells.units),
        fast_units=fast,
        maybe_fast_units=maybe_fast,
        settlement=settlement,
        reason=reason,
        epochs=tuple(epochs),
        content_key=content_key,
        inputs=inputs,
    )


def weighted_mean(values: Floats, units: npt.NDArray[np.int64]) -> float | None:
    """The mean of the values that are there, weighted by area; exactly rounded, so that no order matters."""
    known = np.isfinite(values)
    total = int(units[known].sum(dtype=np.int64))
    return math.fsum(values[known] * units[known]) / total if total else None


def _fast_units(cells: CellRates, threshold: float) -> int:
    """Area lately above the threshold and surely not at rest; without its noise the rate decides."""
    speed = np.abs(cells.last_rate)
    noise = np.nan_to_num(cells.last_noise, nan=0.0)
    return int(cells.units[(speed > threshold) & (speed > noise)].sum(dtype=np.int64))


def _maybe_fast_units(cells: CellRates, threshold: float) -> int:
    """Area that may be above the threshold in the last epochs, its noise allowed for."""
    noise = np.nan_to_num(cells.last_noise, nan=0.0)
    return int(cells.units[np.abs(cells.last_rate) + noise > threshold].sum(dtype=np.int64))


def settled_or_moving(
    *,
    area_units: int,
    judged_units: int,
    fast_units: int,
    maybe_fast_units: int,
    noise_known: bool,
    rules: SubsidenceRules,
) -> tuple[Settlement | None, str | None]:
    """Settled, still moving, or None; and the reason, or what must be said beside the judgement.

    Moving where enough of the valid area is fast; settled only where even what may be fast is not enough.
    """
    if judged_units == 0:
        return None, "no_displacement"
    if judged_units < rules.displacement_valid_share * area_units:
        return None, "low_valid_share_displacement"
    said = None if noise_known else "noise_unknown"
    if fast_units >= rules.moving_share * judged_units:
        return Settlement.STILL_MOVING, said
    if maybe_fast_units < rules.moving_share * judged_units:
        return Settlement.SETTLED, said
    return None, "within_noise"


def subsidence_reasons(result: Subsidence) -> tuple[str, ...]:
    """What displacement says beside a verdict of land cover, as slugs of `data/reference/reasons.csv`.

    Useful where land cover has no data: an underground working, a site without a disturbed baseline.
    """
    if result.outdated:
        return ("results_outdated",)
    words = {
        Settlement.STILL_MOVING: "displacement_moving",
        Settlement.SETTLED: "displacement_settled",
        None: None,
    }
    return tuple(slug for slug in (words[result.settlement], result.reason) if slug is not None)


def settlement_disagreement(recorded: Settlement | None, found: Settlement | None) -> str | None:
    """The reason slug where record and radar contradict each other, None where they agree or are silent."""
    if recorded is None or found is None or recorded is found:
        return None
    return (
        "recorded_settled_but_moving" if found is Settlement.STILL_MOVING else "recorded_moving_but_settled"
    )


def epoch_means(
    days: Sequence[date],
    *,
    high: npt.NDArray[np.int64],
    low: npt.NDArray[np.int64],
    covered: npt.NDArray[np.int64],
    quantum: float,
) -> tuple[EpochMean, ...]:
    """The means of one site from its whole-number sums (see `displacement_loops.add_epochs`)."""
    sums: Mapping[date, tuple[int, int, int]] = dict(
        zip(days, zip(high.tolist(), low.tolist(), covered.tolist(), strict=True), strict=True)
    )
    return tuple(
        EpochMean(day, ((first << 32) + rest) * quantum / units if units else None, units)
        for day, (first, rest, units) in sums.items()
    )
