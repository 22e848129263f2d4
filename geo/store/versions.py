"""Versions in the store: whatever is changed under a version is kept as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Connection, insert, select

from geo.canonical import canonical_json, parse_json
from geo.planning import RecordKind, StaleRecord
from geo.store.workflow_tables import RECORD_VERSIONS


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which version of a record this is, who made it and when (UTC text)."""

    record_id: int
    version: int
    actor: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class RecordVersion:
    """One version of a record, `value` its fields as JSON values."""

    stamp: Stamp
    value: Mapping[str, object]


def check_version(
    kind: RecordKind, stamp: Stamp, seen: int | None, difference: Sequence[Mapping[str, object]] = ()
) -> None:
    """Raise `StaleRecord` with the difference unless the version that was seen, if any, is current."""
    if seen is not None and seen != stamp.version:
        raise StaleRecord(
            kind=kind.value,
            record_id=stamp.record_id,
            given=seen if seen != -1 else "an unknown one",
            current_version=stamp.version,
            difference=list(difference),
        )


def keep(conn: Connection, kind: RecordKind, stamp: Stamp, value: Mapping[str, object]) -> None:
    """Keep a version of a record for ever."""
    conn.execute(
        insert(RECORD_VERSIONS).values(
            kind=kind.value,
            record_id=stamp.record_id,
            version=stamp.version,
            value=canonical_json(value),
            actor=stamp.actor,
            recorded_at=stamp.updated_at,
        )
    )


def of(conn: Connection, kind: RecordKind, record_id: int) -> list[RecordVersion]:
    """Every version of a record, the first first."""
    columns = RECORD_VERSIONS.c
    query = (
        select(RECORD_VERSIONS)
        .where(columns.kind == kind.value, columns.record_id == record_id)
        .order_by(columns.version)
    )
    return [
        RecordVersion(
            Stamp(record_id, row["version"], row["actor"], row["recorded_at"]),
            cast("Mapping[str, object]", parse_json(row["value"])),
        )
        for row in conn.execute(query).mappings()
    ]
