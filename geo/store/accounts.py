"""Accounts in the store: people, their roles and units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from geo.accounts.rights import AccountRole, User
from geo.accounts.rules import check_login_name
from geo.cities import City
from geo.errors import Conflict, NotFound
from geo.store.account_tables import USER_UNITS, USERS
from geo.store.cities import get as get_city
from geo.store.types import new_key
from geo.words import Lang


class UnknownUser(NotFound):
    """No account has this name or id."""

    template = "no account is called {name!r}"


class NameTaken(Conflict):
    """The login name is taken."""

    template = "an account called {name!r} exists already"


class LastAdministrator(Conflict):
    """Nobody would be left who keeps the accounts."""

    template = "{name!r} is the last administrator: make another one first"


@dataclass(frozen=True, slots=True)
class Account:
    """A user as the store keeps them. `password_hash` is None for one who signs in elsewhere only."""

    user: User
    password_hash: str | None
    oidc_subject: str | None
    created_at: str
    created_by: str

    @property
    def user_id(self) -> int:
        """The key of the account."""
        return self.user.user_id or 0


def exist(conn: Connection) -> bool:
    """Whether there is any account besides those of the demo."""
    return conn.execute(select(USERS.c.user_id).where(USERS.c.demo == 0).limit(1)).first() is not None


def any_there(conn: Connection) -> bool:
    """Whether there is any account at all, those of the demo included."""
    return conn.execute(select(USERS.c.user_id).limit(1)).first() is not None


def add(
    conn: Connection,
    user: User,
    *,
    now: str,
    by: str,
    password_hash: str | None = None,
    oidc_subject: str | None = None,
) -> Account:
    """The new account. Raises `BadLoginName`, `NameTaken` and `UnknownCity`."""
    name = check_login_name(user.name)
    if by_name(conn, name) is not None:
        raise NameTaken(name=name)
    key = conn.execute(
        insert(USERS).values(
            name=name,
            display_name=user.display_name,
            role=None if user.role is None else user.role.value,
            password_hash=password_hash,
            must_change_password=int(user.must_change_password),
            disabled=int(user.disabled),
            demo=int(user.demo),
            lang=user.lang,
            oidc_subject=oidc_subject,
            created_at=now,
            created_by=by,
        )
    ).inserted_primary_key
    set_units(conn, new_key(key), user.units)
    return get(conn, new_key(key))


def get(conn: Connection, user_id: int) -> Account:
    """The account with this id; raises `UnknownUser`."""
    row = conn.execute(select(USERS).where(USERS.c.user_id == user_id)).mappings().first()
    if row is None:
        raise UnknownUser(name=user_id)
    return _account(conn, row)


def by_name(conn: Connection, name: str) -> Account | None:
    """The account with this login name, None without one."""
    row = conn.execute(select(USERS).where(USERS.c.name == name)).mappings().first()
    return None if row is None else _account(conn, row)


def named(conn: Connection, name: str) -> Account:
    """The account with this login name; raises `UnknownUser`."""
    found = by_name(conn, name)
    if found is None:
        raise UnknownUser(name=name)
    return found


def by_oidc_subject(conn: Connection, subject: str) -> Account | None:
    """The account of this person of the single sign-on, None without one."""
    row = conn.execute(select(USERS).where(USERS.c.oidc_subject == subject)).mappings().first()
    return None if row is None else _account(conn, row)


def find(conn: Connection) -> list[Account]:
    """Every account, in the order of names."""
    rows = conn.execute(select(USERS).order_by(USERS.c.name)).mappings().all()
    return [_account(conn, row) for row in rows]


def deciders(conn: Connection, adcodes: Iterable[str]) -> list[User]:
    """The reviewers who answer for any of these units, or the administrators where nobody else does."""
    active = [account.user for account in find(conn) if not account.user.disabled]
    codes = frozenset(adcodes)
    own = [user for user in active if user.role is AccountRole.REVIEWER and not codes.isdisjoint(user.units)]
    return own or [user for user in active if user.role is AccountRole.ADMINISTRATOR]


def set_units(conn: Connection, user_id: int, adcodes: Iterable[str]) -> None:
    """Give the account these units in place of its own. Raises `UnknownCity`."""
    units: list[City] = [get_city(conn, code) for code in sorted(set(adcodes))]
    conn.execute(delete(USER_UNITS).where(USER_UNITS.c.user_id == user_id))
    if units:
        conn.execute(insert(USER_UNITS), [{"user_id": user_id, "adcode": unit.adcode} for unit in units])


def set_role(conn: Connection, user_id: int, role: AccountRole | None) -> None:
    """Give the account a role in place of its own. Raises `LastAdministrator`."""
    if role is not AccountRole.ADMINISTRATOR:
        _keep_an_administrator(conn, user_id)
    _set(conn, user_id, role=None if role is None else role.value)


def sync_rights(conn: Connection, user_id: int, role: AccountRole | None, adcodes: Iterable[str]) -> None:
    """Give an account the rights that it has elsewhere, whatever they were here.

    The last administrator stays one: they can still sign in, and make another. Raises `UnknownCity`.
    """
    try:
        set_role(conn, user_id, role)
    except LastAdministrator:
        return
    set_units(conn, user_id, adcodes)


def set_disabled(conn: Connection, user_id: int, *, disabled: bool) -> None:
    """Shut an account, or open it again. Raises `LastAdministrator`."""
    if disabled:
        _keep_an_administrator(conn, user_id)
    _set(conn, user_id, disabled=int(disabled))


def set_password(conn: Connection, user_id: int, password_hash: str, *, must_change: bool) -> None:
    """Give the account another password."""
    _set(conn, user_id, password_hash=password_hash, must_change_password=int(must_change))


def set_lang(conn: Connection, user_id: int, lang: Lang | None) -> None:
    """Remember in which language the user reads."""
    _set(conn, user_id, lang=lang)


def set_display_name(conn: Connection, user_id: int, display_name: str) -> None:
    """Remember how the user is called."""
    _set(conn, user_id, display_name=display_name)


def _set(conn: Connection, user_id: int, **values: object) -> None:
    conn.execute(update(USERS).where(USERS.c.user_id == user_id).values(**values))


def _keep_an_administrator(conn: Connection, user_id: int) -> None:
    is_one = (USERS.c.role == AccountRole.ADMINISTRATOR.value) & (USERS.c.disabled == 0)
    left = conn.execute(select(USERS.c.user_id, USERS.c.name).where(is_one, USERS.c.demo == 0)).all()
    if [row.user_id for row in left] == [user_id]:
        raise LastAdministrator(name=left[0].name)


def _account(conn: Connection, row: RowMapping) -> Account:
    units = conn.execute(select(USER_UNITS.c.adcode).where(USER_UNITS.c.user_id == row["user_id"])).scalars()
    user = User(
        name=row["name"],
        role=None if row["role"] is None else AccountRole(row["role"]),
        units=frozenset(units),
        user_id=row["user_id"],
        display_name=row["display_name"],
        lang=cast("Lang | None", row["lang"]),
        demo=bool(row["demo"]),
        disabled=bool(row["disabled"]),
        must_change_password=bool(row["must_change_password"]),
    )
    return Account(user, row["password_hash"], row["oidc_subject"], row["created_at"], row["created_by"])
