"""Subsidence, ponding and carbon on the wire."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from api.schemas.common import Wire
from geo.sites import Ponding, Settlement
from geo.subsidence.site import Source


class EpochOut(Wire):
    """Mean displacement since the zero epoch over the hectares that have a value; null where none has."""

    on: date
    mean_mm: float | None
    valid_ha: float


class SubsidenceItem(Wire):
    """What one product and edition of displacement says of a site.

    Rates are mm a year in the line of sight, positive away from the satellite; not vertical. `p95` is of the
    signed rate, `p95_abs` of the speed, both weighted by area. `sigma` is the mean standard error of a cell.
    `moving_share` is faster than the threshold over the whole span; `settlement` is judged by the last
    epochs and null, with `reason`, where noise or missing data leave it open. `disagreement` says where the
    record contradicts.
    """

    product: str
    edition: str
    source: Source
    period_start: date
    period_end: date
    n_epochs: int
    direction: str
    mean_mm_per_year: float | None
    p95_mm_per_year: float | None
    p95_abs_mm_per_year: float | None
    sigma_mm_per_year: float | None
    threshold_mm_per_year: float
    moving_share: float | None
    moving_ha: float
    valid_share: float | None
    valid_ha: float
    last_epochs: int
    last_from: date
    last_mean_mm_per_year: float | None
    fast_ha: float
    maybe_fast_ha: float
    settlement: Settlement | None
    reason: str | None
    recorded_settlement: Settlement | None
    disagreement: str | None
    series: list[EpochOut]
    outdated: bool


class PondingYearOut(Wire):
    """Water of one year. `perennial_ha` and `seasonal_ha` are null where only the whole year was seen."""

    year: int
    n_seasons: int
    water_ha: float
    annual_ha: float | None
    perennial_ha: float | None
    seasonal_ha: float | None
    valid_share: float | None
    outdated: bool


class PondingItem(Wire):
    """The water on a site by year; `ponding` is that of the last year seen, null with `reason` if unknown."""

    product: str
    edition: str
    ponding: Ponding | None
    reason: str | None
    year: int | None
    recorded_ponding: Ponding | None
    disagreement: str | None
    years: list[PondingYearOut]


class SubsidenceAnswer(Wire):
    """Displacement and ponding of a site, with everything that contradicts its record."""

    items: list[SubsidenceItem]
    ponding: list[PondingItem]
    disagreements: list[str]
    next: str | None = None


class Contradiction(Wire):
    """A site whose record the scenes contradict; `disagreements` are slugs of the reasons."""

    site_id: int
    site_code: str
    disagreements: list[str]


class ContradictionList(Wire):
    """The sites whose record the scenes contradict, by code."""

    items: list[Contradiction]
    next: str | None = None


class TonnesOut(Wire):
    """Tonnes of CO2, at least `low` and at most `high`."""

    low: float
    high: float


class CarbonPartOut(Wire):
    """New cover of one class; without a factor its uptake is unknown."""

    class_code: int | None
    ha: float
    factor: str | None
    t_co2_per_ha_year: list[float] | None
    source: str | None
    verified: bool | None
    t_co2_per_year: TonnesOut | None
    t_co2_so_far: TonnesOut | None


class CarbonItem(Wire):
    """What the new cover of a site takes up, by one product and edition; null, with `reason`, if unknown."""

    product: str
    edition: str
    from_year: int
    year: int
    new_cover_ha: float
    with_factor_ha: float
    unverified_ha: float
    t_co2_per_year: TonnesOut | None
    t_co2_so_far: TonnesOut | None
    reason: str | None
    parts: list[CarbonPartOut]
    assumptions: list[str]
    outdated: bool


class CarbonList(Wire):
    """The uptake of a site, one item a product and edition."""

    items: list[CarbonItem]
    next: str | None = None


class CarbonTotalItem(Wire):
    """The uptake of a site, a city or all in one year; a range, null with `reason` if unknown.

    Land that several of the sites claim (`overlap_ha`) is counted in each.
    """

    key: str
    name: str
    name_en: str
    product: str | None
    edition: str | None
    year: int | None
    n_sites: int
    n_known: int
    n_outdated: int
    new_cover_ha: float
    with_factor_ha: float
    unverified_ha: float
    overlap_ha: float
    t_co2_per_year: TonnesOut | None
    t_co2_so_far: TonnesOut | None
    reason: str | None


class CarbonTotals(Wire):
    """The uptake of every group, with what it assumes (slugs of the reasons)."""

    items: list[CarbonTotalItem]
    assumptions: list[str] = Field(default_factory=list)
    next: str | None = None
