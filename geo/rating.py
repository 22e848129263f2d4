"""Rating: the one table of rate definitions, applied to the sites of a snapshot.

Areas are summed as integers of 1e-4 m2 and divided once, so no order of the sites can change a digit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.areas import ha_from_units
from geo.errors import BadValue
from geo.rates import (
    Alternative,
    CityRate,
    GroupBy,
    ObservedRate,
    RateDefinition,
    RateQuery,
    StatusShare,
)
from geo.sites import Kind, Responsible
from geo.snapshot import KINDS, RESPONSIBLES, STATUSES, UNKNOWN, Int64s, Snapshot
from geo.status import Status, status_table

_OUTDATED: Final = "results_outdated"

RESPONSIBLE_CHOICES: Final = ("legacy", "liable", "all")

FLAG_SHARE: Final = 0.001
"""From which share of a total its overlap or its area outside the unit is said."""


@dataclass(frozen=True, slots=True)
class Group:
    """Which sites a figure is about, and how the group is called."""

    group: GroupBy
    key: str
    name: str
    name_en: str
    adcode: str | None = None
    city_type: str | None = None
    flags: tuple[str, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Observations:
    """What land cover says of the sites of a snapshot, row by row; areas in units of 1e-4 m2.

    `to_year` is 0 where a site has no usable result; `outdated` marks those of them that have one which
    describes the site as it no longer is. `reason` says why nothing is known of any.
    `geometry_seq` and `terms` are the inputs of each result (`geo.recovery.Inputs`).
    """

    product: str | None
    edition: str | None
    from_year: Int64s
    to_year: Int64s
    area: Int64s
    disturbed: Int64s
    recovered: Int64s
    valid: Int64s
    reason: str | None = None
    outdated: npt.NDArray[np.bool_] | None = None
    geometry_seq: Int64s | None = None
    terms: Int64s | None = None

    def population_key(self, sites: Int64s, rows: Int64s) -> str:
        """SHA-256 (hex) of the very results of the rows that have one; `sites` are the ids of all rows.

        Two groups with one key have the same sites with the same results, however they are called. '' where
        no row has a result.
        """
        seen = np.sort(rows[self.to_year[rows] != 0])
        if len(seen) == 0 or self.geometry_seq is None or self.terms is None:
            return ""
        digest = hashlib.sha256(f"{self.product} {self.edition}".encode())
        for column in (sites, self.from_year, self.to_year, self.geometry_seq, self.terms):
            digest.update(np.ascontiguousarray(column[seen], dtype="<i8").tobytes())
        return digest.hexdigest()

    def n_outdated(self, rows: Int64s) -> int:
        """How many of the rows have an outdated result and no other."""
        return 0 if self.outdated is None else int(self.outdated[rows].sum())

    @classmethod
    def none(
        cls, n_sites: int, *, reason: str, product: str | None = None, edition: str | None = None
    ) -> Observations:
        """No result for any of `n_sites` sites."""
        zeros = np.zeros(n_sites, dtype=np.int64)
        return cls(product, edition, zeros, zeros, zeros, zeros, zeros, zeros, reason)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands beside the total of a group: areas in units of 1e-4 m2, and proposals still open."""

    overlap_units: int = 0
    border_units: int = 0
    n_proposed: int = 0


@dataclass(frozen=True, slots=True)
class Ratio:
    """One rate before it is divided; `missing` marks the sites that could not take part.

    `rate` is None where the denominator is 0, and `reason` says why.
    """

    numerator: int
    denominator: int
    missing: npt.NDArray[np.bool_]
    reason_if_zero: str

    @property
    def rate(self) -> float | None:
        """Numerator by denominator, None where there is nothing to divide by."""
        return None if self.denominator == 0 else self.numerator / self.denominator

    @property
    def reason(self) -> str | None:
        """Why there is no rate (a slug of `data/reference/reasons.csv`), None where there is one."""
        return self.reason_if_zero if self.denominator == 0 else None


def asked(snapshot: Snapshot, query: RateQuery) -> Int64s:
    """The rows of the sites that fit `kind` and `responsible`, those removed from the inventory among them.

    Raises `BadValue` for words that are in no table.
    """
    fits = np.ones(len(snapshot), dtype=bool)
    if query.kind is not None:
        if query.kind not in set(Kind):
            raise BadValue(field="kind", value=query.kind, problem=f"is none of {', '.join(Kind)}")
        fits &= snapshot.kind == KINDS.index(Kind(query.kind))
    if query.responsible != "all":
        if query.responsible not in RESPONSIBLE_CHOICES:
            words = ", ".join(RESPONSIBLE_CHOICES)
            raise BadValue(field="responsible", value=query.responsible, problem=f"is none of {words}")
        fits &= snapshot.responsible == RESPONSIBLES.index(Responsible(query.responsible))
    return np.flatnonzero(fits)


def counted(snapshot: Snapshot, members: Int64s) -> Int64s:
    """Those of the rows `members` that a rate counts: the sites not removed from the inventory."""
    rows: Int64s = members[snapshot.status[members] != STATUSES.index(Status.EXCLUDED)]
    return rows


def city_rate(
    group: Group,
    snapshot: Snapshot,
    query: RateQuery,
    *,
    members: Int64s,
    observations: Observations,
    surroundings: Surroundings,
) -> CityRate:
    """The rate of one group; `members` are the rows of its sites that `asked` let through."""
    rows = counted(snapshot, members)
    ratios = {key: measure(snapshot, rows, observations) for key, measure in _MEASURES.items()}
    asked_for = ratios.get((query.definition, query.basis.value))
    area_units = int(snapshot.area[rows].sum())
    area = ratios.get((query.definition, "area"))
    count = ratios.get((query.definition, "count"))
    missing = area.missing if area is not None else np.zeros(len(rows), dtype=bool)
    return CityRate(
        group=group.group,
        key=group.key,
        name=group.name,
        name_en=group.name_en,
        adcode=group.adcode,
        city_type=group.city_type,
        definition=query.definition,
        basis=query.basis,
        responsible=query.responsible,
        kind=query.kind,
        as_of=snapshot.as_of,
        known_at=snapshot.known_at,
        rate=None if asked_for is None else asked_for.rate,
        reason="not_defined" if asked_for is None else asked_for.reason,
        numerator_ha=_ha(area.numerator) if area is not None and len(rows) else None,
        denominator_ha=_ha(area.denominator) if area is not None and len(rows) else None,
        numerator_count=count.numerator if count is not None else None,
        denominator_count=count.denominator if count is not None else None,
        n_sites=len(rows),
        n_missing=int(missing.sum()),
        missing_ha=_ha(int(snapshot.area[rows][missing].sum())),
        n_proposed=surroundings.n_proposed,
        overlap_ha=_ha(surroundings.overlap_units),
        border_ha=_ha(surroundings.border_units),
        by_status=_by_status(snapshot, members),
        alternatives=_alternatives(ratios, query),
        observed=_observed(rows, observations, ratios[(RateDefinition.OBSERVED, "area")]),
        seq=snapshot.seq,
        head=snapshot.head,
        flags=group.flags + _flags(surroundings, area_units),
        extra=group.extra,
    )


def _treated(snapshot: Snapshot, rows: Int64s) -> npt.NDArray[np.bool_]:
    table = status_table()
    return _flagged(snapshot, rows, [table[status].treated for status in STATUSES])


def _accepted(snapshot: Snapshot, rows: Int64s) -> npt.NDArray[np.bool_]:
    return _flagged(snapshot, rows, [status in (Status.ACCEPTED, Status.CLOSED) for status in STATUSES])


def _flagged(snapshot: Snapshot, rows: Int64s, flags: list[bool]) -> npt.NDArray[np.bool_]:
    chosen: npt.NDArray[np.bool_] = np.array(flags)[snapshot.status[rows]]
    return chosen


Members = Callable[[Snapshot, Int64s], npt.NDArray[np.bool_]]
Measure = Callable[[Snapshot, Int64s, Observations], Ratio]


def _by_area(inside: Members) -> Measure:
    def measure(snapshot: Snapshot, rows: Int64s, _: Observations) -> Ratio:
        area = snapshot.area[rows]
        return _ratio(area[inside(snapshot, rows)], area, np.zeros(len(rows), dtype=bool))

    return measure


def _by_count(inside: Members) -> Measure:
    def measure(snapshot: Snapshot, rows: Int64s, _: Observations) -> Ratio:
        ones = np.ones(len(rows), dtype=np.int64)
        return _ratio(ones[inside(snapshot, rows)], ones, np.zeros(len(rows), dtype=bool))

    return measure


def _by_damaged_area(inside: Members) -> Measure:
    def measure(snapshot: Snapshot, rows: Int64s, _: Observations) -> Ratio:
        damaged = snapshot.damaged[rows]
        missing = damaged == UNKNOWN
        chosen = inside(snapshot, rows) & ~missing
        return _ratio(damaged[chosen], damaged[~missing], missing, all_missing="no_damaged_area")

    return measure


def _restoration(snapshot: Snapshot, rows: Int64s, _: Observations) -> Ratio:
    damaged = snapshot.damaged[rows]
    relapsed = snapshot.status[rows] == STATUSES.index(Status.RELAPSED)
    nothing_yet = ~_treated(snapshot, rows) & ~relapsed & (snapshot.restored[rows] == UNKNOWN)
    restored = np.where(nothing_yet, 0, snapshot.restored[rows])
    missing = (damaged == UNKNOWN) | (restored == UNKNOWN)
    return _ratio(restored[~missing], damaged[~missing], missing, all_missing="no_damaged_area")


def _observed_recovery(_: Snapshot, rows: Int64s, observations: Observations) -> Ratio:
    missing = observations.to_year[rows] == 0
    return _ratio(
        observations.recovered[rows][~missing],
        observations.disturbed[rows][~missing],
        missing,
        all_missing=observations.reason or _OUTDATED * (observations.n_outdated(rows) > 0) or "no_recovery",
        zero="no_disturbed_baseline",
    )


def _ratio(
    numerator: Int64s,
    denominator: Int64s,
    missing: npt.NDArray[np.bool_],
    *,
    all_missing: str = "no_sites",
    zero: str = "zero_denominator",
) -> Ratio:
    found = all_missing if missing.all() else zero
    reason = found if len(missing) else "no_sites"
    return Ratio(int(numerator.sum()), int(denominator.sum()), missing, reason)


_MEASURES: Final[dict[tuple[RateDefinition, str], Measure]] = {
    (RateDefinition.TREATMENT, "area"): _by_area(_treated),
    (RateDefinition.TREATMENT, "count"): _by_count(_treated),
    (RateDefinition.TREATMENT, "damaged_area"): _by_damaged_area(_treated),
    (RateDefinition.ACCEPTANCE, "area"): _by_area(_accepted),
    (RateDefinition.ACCEPTANCE, "count"): _by_count(_accepted),
    (RateDefinition.ACCEPTANCE, "damaged_area"): _by_damaged_area(_accepted),
    (RateDefinition.RESTORATION, "area"): _restoration,
    (RateDefinition.OBSERVED, "area"): _observed_recovery,
}
"""The rate table: what each definition divides on each basis; what is not here is not defined."""


def _ha(units: int) -> float:
    return ha_from_units(units)


def _by_status(snapshot: Snapshot, members: Int64s) -> tuple[StatusShare, ...]:
    status, area = snapshot.status[members], snapshot.area[members]
    return tuple(
        StatusShare(slug.value, int((status == index).sum()), _ha(int(area[status == index].sum())))
        for index, slug in enumerate(STATUSES)
    )


def _alternatives(
    ratios: Mapping[tuple[RateDefinition, str], Ratio], query: RateQuery
) -> tuple[Alternative, ...]:
    return tuple(
        Alternative(definition, basis, ratio.rate, ratio.reason)
        for (definition, basis), ratio in ratios.items()
        if (definition, basis) != (query.definition, query.basis.value)
    )


def _observed(rows: Int64s, observations: Observations, ratio: Ratio) -> ObservedRate:
    seen = rows[observations.to_year[rows] != 0]
    area = int(observations.area[seen].sum())
    n_outdated = observations.n_outdated(rows)
    return ObservedRate(
        rate=ratio.rate,
        low=None,
        high=None,
        interval_kind=None,
        indicative=None,
        product=observations.product,
        edition=observations.edition,
        from_year=_only(observations.from_year[seen]),
        to_year=_only(observations.to_year[seen]),
        disturbed_baseline_ha=_ha(ratio.denominator) if len(seen) else None,
        recovered_ha=_ha(ratio.numerator) if len(seen) else None,
        valid_share=min(1.0, int(observations.valid[seen].sum()) / area) if area else None,
        reason=ratio.reason or _OUTDATED * (n_outdated > 0) or _mixed(observations.from_year[seen]),
        n_sites=len(seen),
        n_outdated=n_outdated,
    )


def _only(years: Int64s) -> int | None:
    different = np.unique(years)
    return int(different[0]) if len(different) == 1 else None


def _mixed(years: Int64s) -> str | None:
    return "mixed_periods" if len(np.unique(years)) > 1 else None


def _flags(surroundings: Surroundings, area_units: int) -> tuple[str, ...]:
    bound = FLAG_SHARE * area_units
    flags = {"overlap": surroundings.overlap_units, "near_border": surroundings.border_units}
    return tuple(flag for flag, units in flags.items() if units > bound)
