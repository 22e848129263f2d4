"""Which subjects and groups of the single sign-on have which role, in the store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from sqlalchemy import Connection, RowMapping, delete, insert, select

from geo.accounts.oidc import Mapped
from geo.accounts.rights import AccountRole
from geo.canonical import canonical_json, parse_json
from geo.errors import Conflict, NotFound
from geo.store import cities
from geo.store.account_tables import OIDC_MAPPINGS
from geo.store.types import new_key


class UnknownMapping(NotFound):
    """No mapping has this id."""

    template = "no mapping has the id {mapping_id}"


class MappingExists(Conflict):
    """The value is mapped already."""

    template = "{claim} {value!r} is mapped already"


def add(
    conn: Connection, claim: str, value: str, role: AccountRole, units: Iterable[str], *, now: str, by: str
) -> Mapped:
    """The new mapping. Raises `MappingExists` and `UnknownCity`."""
    codes = sorted({cities.get(conn, code).adcode for code in units})
    if any((one.claim, one.value) == (claim, value) for one in find(conn)):
        raise MappingExists(claim=claim, value=value)
    key = conn.execute(
        insert(OIDC_MAPPINGS).values(
            claim=claim,
            value=value,
            role=role.value,
            units=canonical_json(codes),
            created_at=now,
            created_by=by,
        )
    ).inserted_primary_key
    return Mapped(new_key(key), claim, value, role, frozenset(codes))


def find(conn: Connection) -> list[Mapped]:
    """Every mapping, by claim and value."""
    query = select(OIDC_MAPPINGS).order_by(OIDC_MAPPINGS.c.claim, OIDC_MAPPINGS.c.value)
    return [_mapped(row) for row in conn.execute(query).mappings()]


def remove(conn: Connection, mapping_id: int) -> Mapped:
    """The mapping, which is gone now. Raises `UnknownMapping`."""
    found = next((one for one in find(conn) if one.mapping_id == mapping_id), None)
    if found is None:
        raise UnknownMapping(mapping_id=mapping_id)
    conn.execute(delete(OIDC_MAPPINGS).where(OIDC_MAPPINGS.c.mapping_id == mapping_id))
    return found


def _mapped(row: RowMapping) -> Mapped:
    units = cast("list[str]", parse_json(row["units"]))
    return Mapped(row["mapping_id"], row["claim"], row["value"], AccountRole(row["role"]), frozenset(units))
