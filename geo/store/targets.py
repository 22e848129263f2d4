"""Annual targets in the store."""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping, select

from geo.planning import RecordKind, TakenKey, Target
from geo.store.records import row_of, stamp_of, write
from geo.store.versions import Stamp
from geo.store.workflow_tables import TARGETS


def put(
    conn: Connection,
    target: Target,
    *,
    actor: str,
    now: str,
    target_id: int | None = None,
    if_version: int | None = None,
) -> tuple[Target, Stamp]:
    """The target, new or in place of a version. Raises `TakenKey`, `UnknownRecord`, `StaleRecord`."""
    columns = TARGETS.c
    query = select(columns.target_id).where(columns.adcode == target.adcode, columns.year == target.year)
    owner = conn.execute(query).scalar()
    if owner is not None and owner != target_id:
        raise TakenKey(kind=RecordKind.TARGET.value, key=f"{target.adcode} {target.year}")
    values = {
        "adcode": target.adcode,
        "year": target.year,
        "units": target.units,
        "notes": target.notes,
    }
    stamp = write(
        conn,
        RecordKind.TARGET,
        values,
        values,
        record_id=target_id,
        if_version=if_version,
        actor=actor,
        now=now,
    )
    return get(conn, stamp.record_id)


def get(conn: Connection, target_id: int) -> tuple[Target, Stamp]:
    """The target and its version; raises `UnknownRecord`."""
    row = row_of(conn, RecordKind.TARGET, target_id)
    return _target(row), stamp_of(row, "target_id")


def find(
    conn: Connection,
    *,
    year: int | None = None,
    adcode: str | None = None,
    after: int | None = None,
    limit: int | None = None,
) -> list[tuple[Target, Stamp]]:
    """The targets in order of their ids, of a year or a unit where asked."""
    columns = TARGETS.c
    query = select(TARGETS).order_by(columns.target_id).limit(limit)
    if year is not None:
        query = query.where(columns.year == year)
    if adcode is not None:
        query = query.where(columns.adcode == adcode)
    if after is not None:
        query = query.where(columns.target_id > after)
    return [(_target(row), stamp_of(row, "target_id")) for row in conn.execute(query).mappings()]


def _target(row: RowMapping) -> Target:
    return Target(adcode=row["adcode"], year=row["year"], units=row["units"], notes=row["notes"])
