"""Entering: new sites come into the inventory, each with the first rows of its history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, func, insert, select

from geo.canonical import canonical_json
from geo.changes import NewSite
from geo.entry import first_rows
from geo.errors import Conflict
from geo.history import Fact
from geo.store import cities as city_store
from geo.store import history, sites
from geo.store.recording import head_of
from geo.store.tables import HISTORY, SITES

_CHUNK = 2_000


class SiteCodeExists(Conflict):
    """The code is taken."""

    template = "a site with the code {site_code!r} exists already"


def create_sites(
    conn: Connection,
    new: Sequence[NewSite],
    *,
    actor: str,
    source: str,
    now: str,
    approved: bool = True,
    approved_by: str | None = None,
    proposed_at: str | None = None,
    reason: str = "",
    today: date | None = None,
) -> list[int]:
    """The ids of the new sites, in order. Past statuses count as approved by `source` where `approved`.

    `approved_by` names a second person who released all of it, as a split or merge needs one.

    Raises `SiteCodeExists` and the errors of `geo.entry.first_rows`.
    """
    refuse_taken_codes(conn, new)
    first = int(conn.execute(select(func.coalesce(func.max(SITES.c.fid), 0))).scalar_one()) + 1
    first = max(
        first, int(conn.execute(select(func.coalesce(func.max(HISTORY.c.site_id), 0))).scalar_one()) + 1
    )
    names: dict[str | None, city_store.UnitNames] = {}
    for start in range(0, len(new), _CHUNK):
        chunk = new[start : start + _CHUNK]
        entries = [
            history.Entry(
                site_id=first + start + index,
                row=row,
                actor=actor,
                reason=reason,
                source=source,
                proposed_at=proposed_at or now,
                approved_by=approved_by or (source if approved and row.fact is Fact.STATUS else None),
            )
            for index, site in enumerate(chunk)
            for row in first_rows(site, approved=approved, today=today)
        ]
        by_site = history.of_sites(history.append(conn, entries, now=now))
        heads = []
        for index, site in enumerate(chunk):
            site_id = first + start + index
            heads.append(head_of(conn, by_site[site_id], names) | _fixed(site, site_id))
        conn.execute(insert(SITES), heads)
    return list(range(first, first + len(new)))


def refuse_taken_codes(conn: Connection, new: Sequence[NewSite]) -> None:
    """Raise `SiteCodeExists` for a code that a site has or had, or that comes twice."""
    taken = sites.taken_codes(conn, [site.site_code for site in new])
    for site in new:
        if site.site_code in taken:
            raise SiteCodeExists(site_code=site.site_code)
        taken.add(site.site_code)


def _fixed(site: NewSite, site_id: int) -> dict[str, object]:
    return {
        "fid": site_id,
        "site_code": site.site_code,
        "source_crs": site.source_crs,
        "extra": canonical_json(site.extra),
        "version": 1,
    }
