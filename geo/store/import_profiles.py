"""Remembered mappings in the store, one for each department and set of columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from sqlalchemy import Connection, delete, insert, select

from geo.canonical import canonical_json, parse_json
from geo.imports.profiles import Profile, columns_key
from geo.store.import_tables import IMPORT_PROFILES as PROFILES


def get(conn: Connection, department: str, columns: Iterable[str]) -> Profile | None:
    """What the department said of these columns the last time, None where it never did."""
    query = select(PROFILES).where(
        PROFILES.c.department == department, PROFILES.c.columns_key == columns_key(columns)
    )
    row = conn.execute(query).mappings().first()
    if row is None:
        return None
    fields, statuses, units = (cast("Mapping[str, str]", parse_json(row[name])) for name in _MAPS)
    ignored = tuple(cast("list[str]", parse_json(row["ignored"])))
    return Profile(fields, statuses, units, ignored, row["saved_by"], row["saved_at"])


def put(
    conn: Connection, department: str, columns: Iterable[str], profile: Profile, *, actor: str, now: str
) -> None:
    """Remember the profile in place of the one before; one that says nothing forgets it."""
    key = columns_key(columns)
    conn.execute(delete(PROFILES).where(PROFILES.c.department == department, PROFILES.c.columns_key == key))
    if profile.says_nothing:
        return
    maps = {name: canonical_json(dict(getattr(profile, name))) for name in _MAPS}
    conn.execute(
        insert(PROFILES).values(
            department=department,
            columns_key=key,
            ignored=canonical_json(list(profile.ignored)),
            saved_by=actor,
            saved_at=now,
            **maps,
        )
    )


_MAPS = ("field_map", "status_map", "area_units")
