"""Recording: planned rows enter the history, and the site is brought up to it in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Connection, update

from geo.changes import PlannedRow
from geo.errors import Conflict
from geo.history import HistoryRow
from geo.proposals import Proposal
from geo.sites import Site
from geo.store import cities as city_store
from geo.store import history, sites
from geo.store.heads import head_columns
from geo.store.tables import SITES


class ProposalOutdated(Conflict):
    """What the proposal changes has changed since."""

    template = "{fact} of site {site_id} has changed since proposal {proposal_id} was made; propose it anew"


@dataclass(frozen=True, slots=True)
class Applied:
    """What a change came to: the site now, the rows recorded, or the proposal that waits.

    `entered` are the ids of the sites that entered with it, after a split or a merge.
    """

    site: Site
    seqs: tuple[int, ...]
    proposal: Proposal | None = None
    entered: tuple[int, ...] = ()


def record(
    conn: Connection,
    site_id: int,
    planned: Sequence[PlannedRow],
    *,
    actor: str,
    reason: str,
    source: str,
    proposed_at: str,
    now: str,
    approved_by: str | None = None,
) -> Applied:
    """The planned rows appended to the history and the site brought up to it."""
    entries = [
        history.Entry(site_id, row, actor, reason, source, proposed_at, approved_by) for row in planned
    ]
    rows = history.append(conn, entries, now=now)
    return Applied(replay(conn, site_id), tuple(row.seq for row in rows))


def replay(conn: Connection, site_id: int) -> Site:
    """The site, made anew from its history, its version raised by one."""
    rows = history.rows(conn, site_id=site_id, with_wkb=True)
    columns = head_of(conn, rows, {})
    conn.execute(update(SITES).where(SITES.c.fid == site_id).values(**columns, version=SITES.c.version + 1))
    return sites.get(conn, site_id)


def head_of(
    conn: Connection, rows: Sequence[HistoryRow], names: dict[str | None, city_store.UnitNames]
) -> dict[str, object]:
    """The columns of a site from all its rows; `names` keeps the names of units between calls."""
    columns = head_columns(rows)
    adcode = cast("str | None", columns["adcode"])
    if adcode not in names:
        names[adcode] = city_store.unit_names(conn, adcode)
    unit = names[adcode]
    return columns | {
        "county": unit.county,
        "prefecture": unit.prefecture,
        "province": unit.province,
        "updated_at": max(row.recorded_at for row in rows),
    }
