"""Figures: the rates of the groups of a store's sites, as of a day and known at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from geo.cities import City, Listing
from geo.grouping import Grouping, GroupOfSites
from geo.ledger import Ledger, known_at_us
from geo.observed import ObservedSource
from geo.proposals import Proposal, ProposalState
from geo.rates import CityRate, GroupBy, RateQuery
from geo.rating import Observations, Surroundings, asked, city_rate, counted
from geo.readings import Pending, PolygonOverlaps, known_until, ledger_of, overlaps_of, pending_in
from geo.samples.intervals import Intervals, SampleSource
from geo.site_results import site_evidence, site_recoveries
from geo.snapshot import Snapshot
from geo.store import Connection, Store, cities, proposals
from geo.worklist import WorklistItem, worklist

GroupChooser = Callable[[Grouping], list[GroupOfSites]]

__all__ = [
    "WorklistItem",
    "rate_of",
    "rate_series",
    "rates_of",
    "site_evidence",
    "site_recoveries",
    "worklist",
]


def rates_of(
    store: Store, query: RateQuery, group_by: GroupBy, *, adcode: str | None = None, today: date
) -> list[CityRate]:
    """The rate of every group, only of the sites under `adcode` where one is given; `as_of` None is today.

    A group without a site is there with rate None. Raises `UnknownCity`, `BadValue`.
    """
    with store.read() as conn:
        desk = _Desk.open(store, conn, query)
        return desk.rates(query.as_of or today, lambda grouping: grouping.groups(group_by, adcode))


def rate_of(store: Store, adcode: str, query: RateQuery, today: date) -> CityRate:
    """The rate of all sites under one unit. Raises `UnknownCity`, `BadValue`."""
    with store.read() as conn:
        desk = _Desk.open(store, conn, query)
        return desk.rates(query.as_of or today, lambda grouping: [grouping.unit(adcode)])[0]


def rate_series(
    store: Store, adcode: str | None, query: RateQuery, from_year: int, to_year: int, today: date
) -> list[CityRate]:
    """One rate a year, as of 31 December, as of today for the current year; years to come are left out.

    All sites where `adcode` is None. Raises `UnknownCity`, `BadValue`.
    """
    with store.read() as conn:
        desk = _Desk.open(store, conn, query)
        days = [min(date(year, 12, 31), today) for year in range(from_year, min(to_year, today.year) + 1)]
        return [rate for day in days for rate in desk.rates(day, lambda grouping: _one(grouping, adcode))]


def _one(grouping: Grouping, adcode: str | None) -> list[GroupOfSites]:
    return grouping.groups(GroupBy.ALL) if adcode is None else [grouping.unit(adcode)]


@dataclass(frozen=True, slots=True)
class _Desk:
    """All that the rates of one query need, read once for any number of days."""

    store: Store
    conn: Connection
    query: RateQuery
    ledger: Ledger
    known_us: int
    cities: Mapping[str, City]
    listings: Sequence[Listing]
    observed: ObservedSource
    samples: SampleSource
    concerned: list[tuple[int, ...]]

    @classmethod
    def open(cls, store: Store, conn: Connection, query: RateQuery) -> _Desk:
        ledger = ledger_of(store, conn)
        observed = ObservedSource(conn, query, ledger)
        return cls(
            store=store,
            conn=conn,
            query=query,
            ledger=ledger,
            known_us=known_until(ledger, query.known_at),
            cities=cities.all(conn),
            listings=cities.listings(conn),
            observed=observed,
            samples=SampleSource(conn, query, observed.product, observed.edition),
            concerned=_concerned(conn, query.known_at),
        )

    def rates(self, as_of: date, groups_of: GroupChooser) -> list[CityRate]:
        snapshot = self.ledger.snapshot(as_of=as_of, known_us=self.known_us)
        rows = asked(snapshot, self.query)
        grouping = Grouping(snapshot, rows, cities=self.cities, listings=self.listings)
        observations = self.observed.of(snapshot)
        overlaps = overlaps_of(self.store, self.conn, self.ledger)
        pending = pending_in(self.concerned, snapshot)
        intervals = Intervals(self.samples, snapshot, grouping, observations)
        found = [
            (
                sites,
                self._rate(sites, snapshot, observations=observations, overlaps=overlaps, pending=pending),
            )
            for sites in groups_of(grouping)
        ]
        return [
            replace(rate, observed=intervals.of(rate.observed, sites.group, sites.members))
            for sites, rate in found
        ]

    def _rate(
        self,
        sites: GroupOfSites,
        snapshot: Snapshot,
        *,
        observations: Observations,
        overlaps: PolygonOverlaps,
        pending: Pending,
    ) -> CityRate:
        rows = counted(snapshot, sites.members)
        group = sites.group
        if self.query.known_at is not None:
            group = replace(group, flags=(*group.flags, "known_in_past"))
        return city_rate(
            group,
            snapshot,
            self.query,
            members=sites.members,
            observations=observations,
            surroundings=Surroundings(
                overlap_units=overlaps.units(snapshot.geometry_seq[rows]),
                border_units=sites.border_units(rows),
                n_proposed=pending.count(sites.members),
            ),
        )


def _concerned(conn: Connection, known_at: str | None) -> list[tuple[int, ...]]:
    """The sites of every proposal that was open at that time."""
    if known_at is None:
        return [one.site_ids for one in proposals.find(conn, state=ProposalState.OPEN)]
    return [one.site_ids for one in proposals.find(conn) if _was_open(one, known_at)]


def _was_open(proposal: Proposal, known_at: str) -> bool:
    known = known_at_us(known_at)
    decided = proposal.decided_at
    return known_at_us(proposal.proposed_at) <= known and (decided is None or known_at_us(decided) > known)
