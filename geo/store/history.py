"""The history in the store: appended under the writer's lock, read in order, verified by its chain."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Any

from shapely import MultiPolygon
from sqlalchemy import Connection, LargeBinary, Row, func, null, select, type_coerce
from sqlalchemy.exc import DatabaseError

from geo.canonical import NotCanonical, canonical_text
from geo.changes import PlannedRow, UnknownRow
from geo.history import GENESIS_HASH, Fact, HistoryRow
from geo.store.heads import head_columns
from geo.store.tables import HISTORY, SITES, insert_many
from geo.wkb import geometry_of

_CHUNK = 5_000
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_KINDS: dict[str, tuple[type, ...]] = {
    column.name: (
        {"seq": int, "site_id": int, "voids_seq": int, "wkb": bytes}.get(column.name, str),
        *([type(None)] if column.nullable else []),
    )
    for column in HISTORY.c
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One row to append: what is planned, for which site, and by whom."""

    site_id: int
    row: PlannedRow
    actor: str
    reason: str
    source: str
    proposed_at: str
    approved_by: str | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` found. `seq` and `head` are the last row's; `problem` is for people, None if all is well.

    `first_bad_seq` is the first row that breaks the chain; None where the rows are whole but a site, or the
    expected head, does not fit them.
    """

    ok: bool
    rows_checked: int
    seq: int
    head: str
    first_bad_seq: int | None = None
    problem: str | None = None


_Unsigned = tuple[Any, ...]

_quoted = lru_cache(maxsize=1024)(canonical_text)


def row_json(row: HistoryRow) -> str:
    """The canonical JSON (RFC 8785) of a row without its two hashes, its polygon as hexadecimal WKB."""
    return _json(_fields(row)[:-2])


def chain_hash(previous_hash: str, row: HistoryRow) -> str:
    """SHA-256 (hex) of the previous hash followed by the row's canonical JSON, as UTF-8."""
    return _digest(previous_hash, _fields(row)[:-2])


def _json(unsigned: _Unsigned) -> str:
    seq, site_id, fact, value, wkb, effective_on, recorded_at, proposed_at, actor, *rest = unsigned
    approved_by, voids_seq, reason, source = rest
    approved = "null" if approved_by is None else _quoted(approved_by)
    voids = "null" if voids_seq is None else voids_seq
    polygon = "null" if wkb is None else f'"{wkb.hex()}"'
    return (
        f'{{"actor":{_quoted(actor)},"approved_by":{approved},"effective_on":"{effective_on.isoformat()}",'
        f'"fact":"{fact.value}","proposed_at":"{proposed_at}","reason":{_quoted(reason)},'
        f'"recorded_at":"{recorded_at}","seq":{seq},"site_id":{site_id},"source":{_quoted(source)},'
        f'"value":{value},"voids_seq":{voids},"wkb":{polygon}}}'
    )


def _digest(previous_hash: str, unsigned: _Unsigned) -> str:
    return hashlib.sha256((previous_hash + _json(unsigned)).encode()).hexdigest()


def stamp(conn: Connection, now: str) -> str:
    """The time at which something is recorded: `now`, or that of the last row if the clock was set back."""
    last = conn.execute(select(HISTORY.c.recorded_at).order_by(HISTORY.c.seq.desc()).limit(1)).scalar()
    return now if last is None else max(now, last)


def append(conn: Connection, entries: Iterable[Entry], *, now: str) -> list[HistoryRow]:
    """The entries as rows at the end of the history, recorded `now`, or with the last row if later."""
    last = conn.execute(
        select(HISTORY.c.seq, HISTORY.c.hash, HISTORY.c.recorded_at).order_by(HISTORY.c.seq.desc()).limit(1)
    ).first()
    seq, previous, recorded = (
        (0, GENESIS_HASH, now) if last is None else (last[0], last[1], max(now, last[2]))
    )
    rows: list[HistoryRow] = []
    stored: list[tuple[object, ...]] = []
    for number, entry in enumerate(entries, start=seq + 1):
        unsigned = _unsigned(entry, seq=number, recorded_at=recorded)
        digest = _digest(previous, unsigned)
        signed: _Unsigned = (*unsigned, previous, digest)
        rows.append(HistoryRow(*signed))
        stored.append(_stored(signed))
        previous = digest
    insert_many(conn, HISTORY, stored)
    return rows


def _unsigned(entry: Entry, *, seq: int, recorded_at: str) -> _Unsigned:
    """The fields of a row in their order, but for its two hashes."""
    planned = entry.row
    return (
        seq,
        entry.site_id,
        planned.fact,
        planned.value,
        planned.wkb,
        planned.effective_on,
        recorded_at,
        min(entry.proposed_at, recorded_at),
        entry.actor,
        entry.approved_by,
        planned.voids_seq,
        entry.reason,
        entry.source,
    )


_fields = attrgetter(*(column.name for column in HISTORY.c))


def _stored(fields: _Unsigned) -> tuple[object, ...]:
    """All fields of a row as the table's columns have them, in their order."""
    seq, site_id, fact, value, wkb, effective_on, *rest = fields
    return (seq, site_id, fact.value, value, wkb, effective_on.isoformat(), *rest)


def _history_row(row: Row[Any]) -> HistoryRow:
    seq, site_id, fact, value, wkb, effective_on, *rest = tuple(row)
    return HistoryRow(seq, site_id, Fact(fact), value, wkb, date.fromisoformat(effective_on), *rest)


def rows(
    conn: Connection,
    *,
    site_id: int | None = None,
    site_ids: Sequence[int] | None = None,
    after_seq: int = 0,
    limit: int | None = None,
    with_wkb: bool = False,
) -> list[HistoryRow]:
    """The rows after `after_seq` in order, of one site, of some or of all; polygons only where asked for."""
    columns = [column if with_wkb or column.name != "wkb" else null().label("wkb") for column in HISTORY.c]
    query = select(*columns).where(HISTORY.c.seq > after_seq).order_by(HISTORY.c.seq).limit(limit)
    if site_id is not None:
        query = query.where(HISTORY.c.site_id == site_id)
    if site_ids is not None:
        query = query.where(HISTORY.c.site_id.in_(site_ids))
    return [_history_row(row) for row in conn.execute(query)]


def last_seqs(conn: Connection, site_ids: Sequence[int]) -> dict[int, int]:
    """{site id: its last history row}."""
    columns = HISTORY.c
    query = select(columns.site_id, func.max(columns.seq)).where(columns.site_id.in_(site_ids))
    return {site_id: int(seq) for site_id, seq in conn.execute(query.group_by(columns.site_id))}


def head(conn: Connection) -> tuple[int, str]:
    """(seq, hash) of the last row; (0, GENESIS_HASH) where there is none."""
    last = conn.execute(select(HISTORY.c.seq, HISTORY.c.hash).order_by(HISTORY.c.seq.desc()).limit(1)).first()
    return (0, GENESIS_HASH) if last is None else (last[0], last[1])


def site_of(conn: Connection, seq: int) -> int:
    """The id of the site that row `seq` speaks of; raises `UnknownRow`."""
    found = conn.execute(select(HISTORY.c.site_id).where(HISTORY.c.seq == seq)).scalar()
    if found is None:
        raise UnknownRow(site_id="any", seq=seq)
    return int(found)


def geometry_at(conn: Connection, seq: int) -> MultiPolygon:
    """The polygon of the geometry row `seq`, in longitude and latitude; raises `UnknownRow`."""
    row = conn.execute(select(HISTORY.c.site_id, HISTORY.c.wkb).where(HISTORY.c.seq == seq)).first()
    if row is None or row[1] is None:
        raise UnknownRow(site_id="any" if row is None else row[0], seq=seq)
    return geometry_of(row[1])


def verify(conn: Connection, *, expect: tuple[int, str] | None = None) -> Verification:
    """Whether the chain is whole, ends no earlier than `expect` (seq, hash), and says what the sites say."""
    found, seen = _chain(conn, expect)
    if found.problem is not None:
        return found
    if not seen and expect is not None:
        return replace(found, ok=False, problem=_missing(expect, found.seq))
    problem = _misfit(conn)
    return replace(found, ok=problem is None, problem=problem)


def _chain(conn: Connection, expect: tuple[int, str] | None) -> tuple[Verification, bool]:
    """What the rows themselves show, and whether the row `expect` was among them."""
    seq, previous, recorded, seen = 0, GENESIS_HASH, "", expect is None or expect == (0, GENESIS_HASH)
    try:
        for stored in _stored_rows(conn):
            row = _readable(stored)
            if row is None:
                problem: str | None = f"row {stored.seq} holds what no row can hold"
            else:
                problem = _broken(row, seq=seq, previous=previous, recorded=recorded)
            if row is None or problem is not None:
                return Verification(False, seq, seq, previous, stored.seq, problem), seen
            seq, previous, recorded = row.seq, row.hash, row.recorded_at
            seen = seen or expect == (seq, previous)
    except DatabaseError:
        bad = _first_undecodable(conn, seq)
        return Verification(False, seq, seq, previous, bad, f"row {bad} cannot be read"), seen
    return Verification(True, seq, seq, previous), seen


def _first_undecodable(conn: Connection, after: int) -> int | None:
    """The first row after `after` that the database itself cannot give as text."""
    later = select(HISTORY.c.seq).where(HISTORY.c.seq > after).order_by(HISTORY.c.seq)
    for seq in conn.execute(later).scalars().all():
        try:
            conn.execute(select(HISTORY).where(HISTORY.c.seq == seq)).first()
        except DatabaseError:
            return int(seq)
    return None


def verify_site(conn: Connection, site_id: int) -> Verification:
    """Whether every row of one site is as it was recorded; `seq` and `head` are those of the whole history.

    Quick: the links between rows of other sites are not followed, as `verify` does.
    """
    found = rows(conn, site_id=site_id, with_wkb=True)
    seq, head_hash = head(conn)
    bad = next((row for row in found if chain_hash(row.previous_hash, row) != row.hash), None)
    problem = None if bad is None else f"row {bad.seq} was altered after it was recorded"
    return Verification(bad is None, len(found), seq, head_hash, None if bad is None else bad.seq, problem)


def _missing(expect: tuple[int, str], seq: int) -> str:
    if expect[0] > seq:
        return f"the history ends at row {seq}; rows up to {expect[0]} are missing"
    return f"row {expect[0]} has not the expected hash {expect[1]}: the history was rewritten"


def _stored_rows(conn: Connection, *, by_site: bool = False) -> Iterator[Row[Any]]:
    order = (HISTORY.c.site_id, HISTORY.c.seq) if by_site else (HISTORY.c.seq,)
    yield from conn.execution_options(yield_per=_CHUNK).execute(select(HISTORY).order_by(*order))


def _readable(stored: Row[Any]) -> HistoryRow | None:
    """The row, None where a field is of a kind that Reverdure never writes there."""
    if not all(isinstance(value, _KINDS[name]) for name, value in zip(_KINDS, stored, strict=True)):
        return None
    times = (stored.recorded_at, stored.proposed_at)
    if not all(_TIME.fullmatch(text) for text in times) or not _DAY.fullmatch(stored.effective_on):
        return None
    try:
        return _history_row(stored)
    except ValueError:
        return None


def _broken(row: HistoryRow, *, seq: int, previous: str, recorded: str) -> str | None:
    """What is wrong with a row after row `seq`, None where nothing is."""
    if row.seq != seq + 1:
        return f"row {row.seq} follows row {seq}: rows between are missing"
    if row.previous_hash != previous:
        return f"row {row.seq} does not continue the chain of row {seq}"
    try:
        expected = chain_hash(previous, row)
    except (NotCanonical, UnicodeEncodeError):
        return f"row {row.seq} has no canonical form"
    if expected != row.hash:
        return f"row {row.seq} was altered after it was recorded"
    if row.recorded_at < recorded:
        return f"row {row.seq} was recorded before row {seq}"
    return None


def _misfit(conn: Connection) -> str | None:
    """The first site that is not what its history says, None where all are."""
    sites = conn.execution_options(yield_per=_CHUNK).execute(
        select(*(type_coerce(c, LargeBinary) if c.name == "geom" else c for c in SITES.c)).order_by(
            SITES.c.fid
        )
    )
    replayed = groupby(map(_history_row, _stored_rows(conn, by_site=True)), key=attrgetter("site_id"))
    n_sites = conn.execute(select(func.count()).select_from(SITES)).scalar_one()
    n_replayed = 0
    for site, (site_id, facts) in zip(sites.mappings(), replayed, strict=False):
        n_replayed += 1
        if site["fid"] != site_id:
            return f"site {min(site['fid'], site_id)} is in the sites or in the history alone"
        for column, value in head_columns(list(facts)).items():
            if site[column] != value:
                return f"site {site_id} ({site['site_code']}): {column} is not what the history says"
    if n_replayed < n_sites or next(replayed, None) is not None:
        return "the sites and the sites of the history differ in number"
    return None


def of_sites(found: Sequence[HistoryRow]) -> dict[int, list[HistoryRow]]:
    """The rows by site, in their order."""
    by_site: dict[int, list[HistoryRow]] = {}
    for row in found:
        by_site.setdefault(row.site_id, []).append(row)
    return by_site
