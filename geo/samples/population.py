"""The population of a sample: the sites of a group whose results a rate sums."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from geo.errors import NotFound
from geo.grouping import Grouping
from geo.observed import ObservedSource
from geo.rates import GroupBy, RateQuery
from geo.rating import Group, asked, counted
from geo.readings import known_until, ledger_of
from geo.snapshot import Int64s
from geo.store import Store, cities


class UnknownGroup(NotFound):
    """No group of this kind has this key."""

    template = "no group of {group_by} is called {key!r}"


@dataclass(frozen=True, slots=True)
class Population:
    """The sites of a group that have a usable result, as the observed rate of the group counts them.

    `key` names those very results, '' where there is none (`geo.rating.Observations.population_key`).
    """

    query: RateQuery
    group: Group
    product: str | None
    edition: str | None
    to_year: int
    sites: Int64s
    from_year: Int64s
    key: str


def population_of(store: Store, query: RateQuery, group_by: GroupBy, key: str, *, today: date) -> Population:
    """The population of one group as of today; `key` is an adcode, or the slug of a type or kind.

    Raises `UnknownGroup`, `BadValue`.
    """
    with store.read() as conn:
        ledger = ledger_of(store, conn)
        snapshot = ledger.snapshot(as_of=query.as_of or today, known_us=known_until(ledger, query.known_at))
        grouping = Grouping(
            snapshot,
            asked(snapshot, query),
            cities=cities.all(conn),
            listings=cities.listings(conn),
        )
        found = grouping.named(group_by, key)
        if found is None:
            raise UnknownGroup(group_by=group_by.value, key=key)
        observations = ObservedSource(conn, query, ledger).of(snapshot)
    rows = counted(snapshot, found.members)
    seen = rows[observations.to_year[rows] != 0]
    return Population(
        query=replace(query, product=observations.product, edition=observations.edition),
        group=found.group,
        product=observations.product,
        edition=observations.edition,
        to_year=int(observations.to_year[seen].max()) if len(seen) else 0,
        sites=snapshot.site[seen],
        from_year=observations.from_year[seen],
        key=observations.population_key(snapshot.site, rows),
    )
