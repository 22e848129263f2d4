"""Carbon of sites and groups: which stored recovery stands for a year, and whole-kilogram sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from geo.carbon.query import CarbonGroup, CarbonQuery
from geo.carbon.uptake import KgRange, SiteCarbon, site_carbon, summed
from geo.grouping import Grouping
from geo.landcover import products
from geo.ledger import Ledger
from geo.observed import default_product
from geo.rates import GroupBy, RateQuery
from geo.rating import Group, asked, counted
from geo.readings import known_until, ledger_of, overlaps_of
from geo.recovery import Recovery, TemporalRule
from geo.site_results import Marker
from geo.sites import Site
from geo.snapshot import Snapshot
from geo.store import Connection, Store, cities, recoveries, scenes, sites
from geo.store.sites import SiteFilter


@dataclass(frozen=True, slots=True)
class CarbonTotal:
    """The uptake of a group of sites in one year, by one product and edition; areas in units of 1e-4 m2.

    `n_sites` are in the group (those removed from the inventory left out), `n_known` of them have a recovery
    that reaches the year, `n_outdated` one that no longer holds. Land that several of them claim, by
    `overlap_units`, is counted in each. `a_year` and `so_far` are None where no site has a figure, with
    `reason`.
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
    recovered_units: int
    factored_units: int
    unverified_units: int
    overlap_units: int
    a_year: KgRange | None
    so_far: KgRange | None
    reason: str | None


def site_carbons(store: Store, site_id: int, *, year: int | None = None) -> list[SiteCarbon]:
    """The uptake of one site by product and edition, in `year` or the last of each; raises `UnknownSite`."""
    with store.read() as conn:
        site = sites.get(conn, site_id)
        found = recoveries.find(conn, site_id=site_id, rule=TemporalRule.NONE)
        marked = Marker(conn, ledger_of(store, conn)).recoveries(found)
    by_place: dict[tuple[str, str], list[Recovery]] = {}
    for one in marked:
        by_place.setdefault((one.product, one.edition), []).append(one)
    chosen = [standing(group, year) for _, group in sorted(by_place.items())]
    return [_carbon(one, site, year or one.to_year) for one in chosen if one is not None]


def carbon_totals(
    store: Store, query: CarbonQuery, group_by: CarbonGroup, *, today: date
) -> list[CarbonTotal]:
    """The uptake by site, by city or of all, by code; outdated recoveries stand for nothing.

    The sites are those of today's inventory, whoever answers for them, without those removed from it.
    """
    with store.read() as conn:
        product = query.product or default_product(conn)
        edition = query.edition or (None if product is None else scenes.current_edition(conn, product))
        ledger = ledger_of(store, conn)
        snapshot = ledger.snapshot(as_of=today, known_us=known_until(ledger, None))
        records = {site.site_id: site for site in sites.find(conn, SiteFilter(limit=None))}
        marked = _marked(conn, ledger, product, edition)
        groups = _groups(conn, snapshot, records, group_by)
        overlaps = overlaps_of(store, conn, ledger)
    year = query.year or max((one.to_year for one in marked), default=None)
    known, outdated = _carbons(marked, records, year)
    return [
        _total(
            group,
            [known[site_id] for site_id in members if site_id in known],
            scope=(product, edition, year),
            n_sites=len(members),
            overlap_units=overlaps.units(snapshot.geometry_seq[np.isin(snapshot.site, members)]),
            n_outdated=sum(site_id in outdated for site_id in members),
        )
        for group, members in groups
    ]


def standing(found: Sequence[Recovery], year: int | None) -> Recovery | None:
    """The recovery that tells of a year: that with the nearest later year at or after it, else None.

    Without a year the latest counts; of several the one with the earliest baseline, which saw the most. One
    that no longer holds counts only where no other does.
    """
    reaching = [one for one in found if year is None or one.from_year < year <= one.to_year]
    return min(
        reaching,
        key=lambda one: (one.outdated, -one.to_year if year is None else one.to_year, one.from_year),
        default=None,
    )


def _marked(conn: Connection, ledger: Ledger, product: str | None, edition: str | None) -> list[Recovery]:
    if product is None or edition is None:
        return []
    found = recoveries.find(conn, product=product, edition=edition, rule=TemporalRule.NONE)
    return Marker(conn, ledger).recoveries(found)


def _carbons(
    marked: Sequence[Recovery], records: Mapping[int, Site], year: int | None
) -> tuple[dict[int, SiteCarbon], set[int]]:
    """The uptake of every site with a recovery that holds, and the sites with none but outdated ones."""
    by_site: dict[int, list[Recovery]] = {}
    for one in marked:
        by_site.setdefault(one.site_id, []).append(one)
    known: dict[int, SiteCarbon] = {}
    outdated: set[int] = set()
    for site_id, found in by_site.items():
        chosen = standing(found, year)
        if chosen is None or site_id not in records:
            continue
        if chosen.outdated:
            outdated.add(site_id)
        else:
            known[site_id] = _carbon(chosen, records[site_id], year or chosen.to_year)
    return known, outdated


def _carbon(one: Recovery, site: Site, year: int) -> SiteCarbon:
    legend = products()[one.product].legend if one.product in products() else {}
    return site_carbon(one, year=year, approach=site.approach, legend=legend)


def _groups(
    conn: Connection, snapshot: Snapshot, records: Mapping[int, Site], group_by: CarbonGroup
) -> list[tuple[Group, list[int]]]:
    """Each group with the ids of its sites."""
    rows = counted(snapshot, asked(snapshot, RateQuery(responsible="all")))
    if group_by is CarbonGroup.SITE:
        chosen = [records[site_id] for site_id in snapshot.site[rows].tolist() if site_id in records]
        return [
            (Group(GroupBy.ALL, site.site_code, site.name, ""), [site.site_id])
            for site in sorted(chosen, key=lambda site: site.site_code)
        ]
    grouping = Grouping(snapshot, rows, cities=cities.all(conn), listings=cities.listings(conn))
    wanted = GroupBy.CITY if group_by is CarbonGroup.CITY else GroupBy.ALL
    return [(one.group, snapshot.site[one.members].tolist()) for one in grouping.groups(wanted)]


def _total(
    group: Group,
    found: Sequence[SiteCarbon],
    *,
    scope: tuple[str | None, str | None, int | None],
    n_sites: int,
    n_outdated: int,
    overlap_units: int,
) -> CarbonTotal:
    told = [one for one in found if one.reason is None]
    reasons = [one.reason for one in found if one.reason is not None]
    reason = None
    if not told:
        reason = max(set(reasons), key=reasons.count) if reasons else "no_recovery"
        reason = "results_outdated" if not reasons and n_outdated else reason
        reason = "no_sites" if not n_sites else reason
    product, edition, year = scope
    return CarbonTotal(
        key=group.key,
        name=group.name,
        name_en=group.name_en,
        product=product,
        edition=edition,
        year=year,
        n_sites=n_sites,
        n_known=len(found),
        n_outdated=n_outdated,
        recovered_units=sum(one.recovered_units for one in found),
        factored_units=sum(one.factored_units for one in found),
        unverified_units=sum(one.unverified_units for one in found),
        overlap_units=overlap_units,
        a_year=summed(one.a_year for one in told) if told else None,
        so_far=summed(one.so_far for one in told) if told else None,
        reason=reason,
    )
