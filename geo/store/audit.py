"""The audit in the store: rows are added at the end, each with the hash of the one before; none changes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from sqlalchemy import Connection, RowMapping, insert, select

from geo.accounts.audit import AuditEntry, AuditEvent, AuditRow
from geo.canonical import canonical_json, parse_json
from geo.store.account_tables import AUDIT

FIRST_HASH: Final = "0" * 64
_HASHED: Final = ("seq", "at", "actor", "address", "event", "target", "detail", "request_id")


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which rows are asked for; None asks for all. Pages backwards by `before`, the last seq of a page."""

    event: AuditEvent | None = None
    actor: str | None = None
    since: str | None = None
    until: str | None = None
    before: int | None = None
    limit: int | None = 100


def add(conn: Connection, entry: AuditEntry, *, now: str) -> int:
    """The number of the new last row. Its time is never earlier than that of the row before."""
    last = conn.execute(
        select(AUDIT.c.seq, AUDIT.c.at, AUDIT.c.hash).order_by(AUDIT.c.seq.desc()).limit(1)
    ).first()
    row = {
        "seq": 1 if last is None else last.seq + 1,
        "at": now if last is None else max(now, last.at),
        "actor": entry.actor,
        "address": entry.address,
        "event": entry.event.value,
        "target": entry.target,
        "detail": canonical_json(entry.detail),
        "request_id": entry.request_id,
    }
    previous = FIRST_HASH if last is None else last.hash
    conn.execute(insert(AUDIT).values(**row, previous_hash=previous, hash=_hash(previous, row)))
    return cast("int", row["seq"])


def find(conn: Connection, wanted: AuditFilter) -> list[AuditRow]:
    """The rows that match, the newest first."""
    columns = AUDIT.c
    query = select(AUDIT).order_by(columns.seq.desc()).limit(wanted.limit)
    if wanted.event is not None:
        query = query.where(columns.event == wanted.event.value)
    if wanted.actor is not None:
        query = query.where(columns.actor == wanted.actor)
    if wanted.since is not None:
        query = query.where(columns.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(columns.at <= wanted.until)
    if wanted.before is not None:
        query = query.where(columns.seq < wanted.before)
    return [_row(row) for row in conn.execute(query).mappings()]


@dataclass(frozen=True, slots=True)
class Link:
    """A row's place in the chain and its hash; before the first row it is 0 and zeros."""

    seq: int
    hash: str


START: Final = Link(0, FIRST_HASH)


def first_bad_row(conn: Connection) -> int | None:
    """The number of the first row that was altered or taken out, None where the chain holds."""
    return first_bad_after(conn, None)[0]


def first_bad_after(conn: Connection, since: Link | None) -> tuple[int | None, Link]:
    """The first row after `since` (None: of all) that was altered or taken out, and the last good one."""
    good = since or START
    query = select(AUDIT).where(AUDIT.c.seq > good.seq).order_by(AUDIT.c.seq)
    for row in conn.execute(query).mappings():
        expected = good.seq + 1
        if row["seq"] != expected or row["previous_hash"] != good.hash:
            return expected, good
        if row["hash"] != _hash(good.hash, {name: row[name] for name in _HASHED}):
            return expected, good
        good = Link(expected, row["hash"])
    return None, good


def holds(conn: Connection, link: Link) -> bool:
    """Whether the row is still there with this hash."""
    found = conn.execute(select(AUDIT.c.hash).where(AUDIT.c.seq == link.seq)).scalar()
    return link == START or found == link.hash


def _hash(previous: str, row: Mapping[str, object]) -> str:
    return hashlib.sha256(f"{previous}{canonical_json(row)}".encode()).hexdigest()


def _row(row: RowMapping) -> AuditRow:
    entry = AuditEntry(
        event=AuditEvent(row["event"]),
        actor=row["actor"],
        target=row["target"],
        address=row["address"],
        request_id=row["request_id"],
        detail=cast("Mapping[str, object]", parse_json(row["detail"])),
    )
    return AuditRow(row["seq"], row["at"], entry, row["hash"])
