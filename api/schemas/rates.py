"""Rates on the wire: `CityRate` with the names that DESIGN.md section 5 gives it."""

from __future__ import annotations

from datetime import date
from typing import Self

from api.schemas.common import Json, Wire
from geo.cities import CityType
from geo.rates import Basis, GroupBy, RateDefinition
from geo.rates import CityRate as DomainRate
from geo.sites import Kind
from geo.status import Status


class ObservedOut(Wire):
    """The land cover's own rate over the same sites.

    `rate` is as mapped; `low` and `high` are the 95 % interval of `estimate`, from a checked sample of these
    very results. `indicative` holds what a sample or matrix from elsewhere would say, never more than a hint.
    """

    rate: float | None
    low: float | None
    high: float | None
    interval_kind: str | None
    indicative: Json | None
    product: str | None
    edition: str | None
    from_year: int | None
    to_year: int | None
    disturbed_baseline_ha: float | None
    recovered_ha: float | None
    valid_share: float | None
    reason: str | None
    n_sites: int
    n_outdated: int
    estimate: float | None
    sample_id: int | None
    n_checked: int | None
    interval_clipped: bool
    interval_reason: str | None


class AlternativeOut(Wire):
    """The same sites by another definition or basis."""

    definition: RateDefinition
    basis: str
    rate: float | None
    reason: str | None


class StatusShareOut(Wire):
    """What stands under one status."""

    count: int
    area_ha: float


class Rate(Wire):
    """What every rate says; `rate` is null with its `reason`, never 0, where there is no denominator."""

    name: str
    name_en: str
    city_type: CityType | None
    definition: RateDefinition
    basis: Basis
    responsible: str
    kind: Kind | None
    as_of: date
    known_at: str
    rate: float | None
    reason: str | None
    numerator_ha: float | None
    denominator_ha: float | None
    numerator_count: int | None
    denominator_count: int | None
    n_sites: int
    n_missing: int
    missing_ha: float
    n_proposed: int
    overlap_ha: float
    border_ha: float
    by_status: dict[Status, StatusShareOut]
    alternatives: list[AlternativeOut]
    observed: ObservedOut
    flags: list[str]
    seq: int
    head: str

    @classmethod
    def of(cls, rate: DomainRate) -> Self:
        """The rate of one group as the wire says it."""
        names = {name: getattr(rate, name) for name in cls.model_fields}
        return cls.model_validate(
            {**names, "by_status": {share.status: share for share in rate.by_status}}, from_attributes=True
        )


class _OfCity(Wire):
    adcode: str | None


class _OfGroup(Wire):
    group: GroupBy
    key: str


class CityRate(Rate, _OfCity):
    """One rate of one city, county or province."""


class GroupRate(Rate, _OfGroup):
    """One rate of one group that is no city."""


class RateList(Wire):
    """The rates of all groups."""

    items: list[CityRate | GroupRate]
    next: str | None


class RateSeries(Wire):
    """One rate a year: as of 31 December, of today for the current year."""

    items: list[CityRate]
    next: str | None


def rate_item(rate: DomainRate) -> CityRate | GroupRate:
    """The item of a group: `adcode` for a city, `group` and `key` for another."""
    return CityRate.of(rate) if rate.group is GroupBy.CITY else GroupRate.of(rate)
