"""Restoration rates: what is asked and what is answered.

`geo.rating` computes the figure of a group of sites, `geo.figures` reads the store and forms the groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class RateDefinition(StrEnum):
    """Which rate is meant (`data/reference/rates.csv`)."""

    TREATMENT = "treatment_rate"
    ACCEPTANCE = "acceptance_rate"
    RESTORATION = "restoration_rate"
    OBSERVED = "observed_recovery_rate"


class Basis(StrEnum):
    """What is summed."""

    AREA = "area"
    COUNT = "count"


class GroupBy(StrEnum):
    """By what the sites are grouped."""

    CITY = "city"
    PROVINCE = "province"
    CITY_TYPE = "city_type"
    KIND = "kind"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class RateQuery:
    """What is asked: one definition, one basis, the sites that count and the two times.

    `known_at` is UTC text or a date (the end of that day in UTC); None is now. `responsible` is legacy,
    liable or all. `kind` None is every kind.
    """

    definition: RateDefinition = RateDefinition.TREATMENT
    basis: Basis = Basis.AREA
    as_of: date | None = None
    known_at: str | None = None
    responsible: str = "legacy"
    kind: str | None = None
    product: str | None = None
    edition: str | None = None
    from_year: int | None = None
    to_year: int | None = None


@dataclass(frozen=True, slots=True)
class ObservedRate:
    """The land cover's own rate over the same sites; None where it cannot be computed.

    `rate` is as mapped. `low` and `high` are the 95 % interval of `estimate`, what a checked sample of these
    very results says the rate is (`interval_kind` `design`); `interval_reason` says why there is none, or
    what must be known of it. `indicative` holds what a sample or matrix from elsewhere would say
    (`interval_kind` `transferred`, `low` and `high` None).
    `n_outdated` sites are left out because their results describe what has changed since: a run is due.
    """

    rate: float | None
    low: float | None
    high: float | None
    interval_kind: str | None
    indicative: Mapping[str, object] | None
    product: str | None
    edition: str | None
    from_year: int | None
    to_year: int | None
    disturbed_baseline_ha: float | None
    recovered_ha: float | None
    valid_share: float | None
    reason: str | None = None
    n_sites: int = 0
    n_outdated: int = 0
    estimate: float | None = None
    sample_id: int | None = None
    n_checked: int | None = None
    interval_clipped: bool = False
    interval_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Alternative:
    """The same sites by another definition or basis."""

    definition: RateDefinition
    basis: str  # area | count | damaged_area
    rate: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class StatusShare:
    """What stands under one status within a group."""

    status: str
    count: int
    area_ha: float


@dataclass(frozen=True, slots=True)
class CityRate:
    """One rate of one group of sites; `rate` is None, never 0, where its denominator is 0 or unknown.

    `group` and `key` say which group (`city` and its adcode, `kind` and its slug ...).
    """

    group: GroupBy
    key: str
    name: str
    name_en: str
    adcode: str | None
    city_type: str | None
    definition: RateDefinition
    basis: Basis
    responsible: str
    kind: str | None
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
    by_status: tuple[StatusShare, ...]
    alternatives: tuple[Alternative, ...]
    observed: ObservedRate
    seq: int
    head: str
    flags: tuple[str, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)
