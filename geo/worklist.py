"""The worklist: sites whose status and land cover disagree, worst first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from geo import clock
from geo.areas import ha_from_units
from geo.cities import CityIndex
from geo.errors import BadValue, UnknownCity
from geo.evidence.standing import standing_evidence
from geo.evidence.verdict import Evidence, Verdict
from geo.evidence.words import evidence_item_words
from geo.readings import known_until, ledger_of
from geo.sites import Site
from geo.snapshot import Snapshot
from geo.store import Connection, Store, cities, sites

_AFTER = re.compile(r"(\d+)-(\d+)")


@dataclass(frozen=True, slots=True)
class WorklistItem:
    """One site on the worklist. `status` is that of the verdict's year, `status_today` the present one.

    `words` tells the verdict in both languages, by language. `cursor` is what `after` takes to go on behind
    this item.
    """

    site_id: int
    site_code: str
    name: str
    adcode: str | None
    kind: str
    status: str
    status_today: str
    verdict: Verdict
    reasons: tuple[str, ...]
    words: Mapping[str, str]
    worklist_ha: float
    area_ha: float
    recovered_share: float | None
    raw_recovered_share: float | None
    valid_share: float | None
    product: str
    edition: str
    from_year: int
    to_year: int
    cursor: str


def worklist(
    store: Store,
    *,
    adcode: str | None = None,
    product: str | None = None,
    edition: str | None = None,
    limit: int = 100,
    after: str | None = None,
) -> list[WorklistItem]:
    """The sites under `adcode` that are contradicted or show an unclaimed recovery, most hectares first.

    The product is the one with most results, the edition its current one, the year each site's last, unless
    given. Sites that have left the inventory are not on it, nor are those whose results no longer describe
    them. Raises `UnknownCity`, `BadValue`.
    """
    with store.read() as conn:
        listed = _listed(store, conn, adcode, product=product, edition=edition)
        if after is not None:
            listed = [one for one in listed if _rank(one) > _place(after)]
        return [_item(sites.get(conn, one.site_id), one) for one in listed[:limit]]


def worklist_size(store: Store, *, adcode: str | None = None) -> tuple[int, float]:
    """How many sites the whole worklist of a unit (None: of all) has, and their hectares in doubt.

    Raises `UnknownCity`.
    """
    with store.read() as conn:
        listed = _listed(store, conn, adcode)
    return len(listed), ha_from_units(sum(one.worklist_units for one in listed))


def _listed(
    store: Store,
    conn: Connection,
    adcode: str | None,
    *,
    product: str | None = None,
    edition: str | None = None,
) -> list[Evidence]:
    """The verdicts that put the sites of a unit on the worklist, worst first."""
    found = standing_evidence(store, conn, product=product, edition=edition)
    inside = _sites_under(conn, _today(store, conn), adcode)
    return sorted(
        (one for one in found.values() if one.worklist_units > 0 and one.site_id in inside), key=_rank
    )


def _today(store: Store, conn: Connection) -> Snapshot:
    ledger = ledger_of(store, conn)
    return ledger.snapshot(as_of=clock.today(), known_us=known_until(ledger, None))


def _sites_under(conn: Connection, snapshot: Snapshot, adcode: str | None) -> frozenset[int]:
    if adcode is None:
        return frozenset(snapshot.site.tolist())
    index = CityIndex(cities.all(conn))
    if adcode not in index.cities:
        raise UnknownCity(adcode=adcode)
    codes = index.under(adcode)
    units = [unit.adcode in codes for unit in snapshot.units]
    return frozenset(
        site for site, unit in zip(snapshot.site.tolist(), snapshot.unit.tolist(), strict=True) if units[unit]
    )


def _rank(one: Evidence) -> tuple[int, int]:
    return -one.worklist_units, one.site_id


def _place(after: str) -> tuple[int, int]:
    match = _AFTER.fullmatch(after)
    if match is None:
        raise BadValue(field="after", value=after, problem="is not a place in the worklist")
    return -int(match[1]), int(match[2])


def _item(site: Site, one: Evidence) -> WorklistItem:
    if one.verdict is None:
        raise BadValue(field="verdict", value=None, problem="a site on the worklist has one")
    return WorklistItem(
        site_id=site.site_id,
        site_code=site.site_code,
        name=site.name,
        adcode=site.adcode,
        kind=site.kind.value,
        status=one.status.value,
        status_today=site.status.value,
        verdict=one.verdict,
        reasons=one.reasons,
        words=evidence_item_words(replace(one, status_today=site.status)),
        worklist_ha=ha_from_units(one.worklist_units),
        area_ha=site.area_ha,
        recovered_share=one.recovered_share,
        raw_recovered_share=one.raw_recovered_share,
        valid_share=one.valid_share,
        product=one.product,
        edition=one.edition,
        from_year=one.from_year,
        to_year=one.to_year,
        cursor=f"{one.worklist_units}-{one.site_id}",
    )
