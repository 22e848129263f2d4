"""Records: what is changed under a version, whatever it is; every version is kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from sqlalchemy import Connection, RowMapping, Table, delete, insert, select, update

from geo.planning import RecordKind, UnknownRecord
from geo.store import versions
from geo.store.types import new_key
from geo.store.versions import Stamp
from geo.store.workflow_tables import INSPECTIONS, PROJECTS, TARGETS

_KEYS: Final[Mapping[RecordKind, tuple[Table, str]]] = {
    RecordKind.PROJECT: (PROJECTS, "project_id"),
    RecordKind.TARGET: (TARGETS, "target_id"),
    RecordKind.INSPECTION: (INSPECTIONS, "inspection_id"),
}


def write(
    conn: Connection,
    kind: RecordKind,
    columns: Mapping[str, object],
    value: Mapping[str, object],
    *,
    record_id: int | None,
    if_version: int | None,
    actor: str,
    now: str,
) -> Stamp:
    """Insert or update one record, its version kept; the stamp of it."""
    table, key = _KEYS[kind]
    if record_id is None:
        made = conn.execute(insert(table).values(**columns, actor=actor, updated_at=now, version=1))
        stamp = Stamp(new_key(made.inserted_primary_key), 1, actor, now)
    else:
        before = stamp_of(row_of(conn, kind, record_id), key)
        versions.check_version(kind, before, if_version, _difference(conn, kind, before, value))
        stamp = Stamp(record_id, before.version + 1, actor, now)
        conn.execute(
            update(table)
            .where(table.c[key] == record_id)
            .values(**columns, actor=actor, updated_at=now, version=stamp.version)
        )
    versions.keep(conn, kind, stamp, value)
    return stamp


def remove(
    conn: Connection,
    kind: RecordKind,
    record_id: int,
    *,
    reason: str,
    if_version: int | None,
    actor: str,
    now: str,
) -> Stamp:
    """Take one record off, its removal kept as its last version; the stamp of that.

    Raises `UnknownRecord`, and `StaleRecord` with what has changed since the version that was seen.
    """
    table, key = _KEYS[kind]
    before = stamp_of(row_of(conn, kind, record_id), key)
    kept = {one.stamp.version: one.value for one in versions.of(conn, kind, record_id)}
    versions.check_version(kind, before, if_version, _since(kept, if_version, before))
    stamp = Stamp(record_id, before.version + 1, actor, now)
    conn.execute(delete(table).where(table.c[key] == record_id))
    value = {**kept[before.version], "removed": True, "removal_reason": reason}
    versions.keep(conn, kind, stamp, value)
    return stamp


def _since(
    kept: Mapping[int, Mapping[str, object]], seen: int | None, stamp: Stamp
) -> list[dict[str, object]]:
    """What the record is now beside what it was in the version that was seen, field by field."""
    was = kept.get(-1 if seen is None else seen, {})
    now = kept[stamp.version]
    return [_line(name, value, was.get(name), stamp) for name, value in now.items() if was.get(name) != value]


def _difference(
    conn: Connection, kind: RecordKind, stamp: Stamp, asked: Mapping[str, object]
) -> list[dict[str, object]]:
    """What the record is now beside what was asked for, field by field where they differ."""
    now = versions.of(conn, kind, stamp.record_id)[-1].value
    return [
        _line(name, now.get(name), value, stamp) for name, value in asked.items() if now.get(name) != value
    ]


def _line(name: str, current: object, yours: object, stamp: Stamp) -> dict[str, object]:
    return {
        "fact": name,
        "current": current,
        "yours": yours,
        "recorded_at": stamp.updated_at,
        "actor": stamp.actor,
    }


def row_of(conn: Connection, kind: RecordKind, record_id: int) -> RowMapping:
    """The stored row of a record; raises `UnknownRecord`."""
    table, key = _KEYS[kind]
    row = conn.execute(select(table).where(table.c[key] == record_id)).mappings().first()
    if row is None:
        raise UnknownRecord(kind=kind.value, record_id=record_id)
    return row


def stamp_of(row: RowMapping, key: str) -> Stamp:
    """The version of a stored row."""
    return Stamp(row[key], row["version"], row["actor"], row["updated_at"])


def day_of(text: str | None) -> date | None:
    """The day of an ISO text, None for None."""
    return None if text is None else date.fromisoformat(text)


def day_text(day: date | None) -> str | None:
    """The ISO text of a day, None for None."""
    return None if day is None else day.isoformat()
