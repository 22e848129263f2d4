"""The named accounts of the demo, from `data/reference/demo_accounts.csv`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from api.auth.secrets import hash_password
from geo import clock
from geo.accounts.rights import AccountRole, User
from geo.errors import Refused
from geo.reference import reference_rows
from geo.store import Store, accounts, cities, get_setting
from geo.words import Lang


class NotADemo(Refused):
    """The store holds more than synthetic data."""

    template = "{path} is not a demo: accounts with public passwords are refused there"


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One account of the demo and its public password."""

    name: str
    password: str
    role: AccountRole
    units: frozenset[str]
    display_name: str


def demo_accounts() -> tuple[DemoAccount, ...]:
    """The accounts of the demo."""
    return tuple(
        DemoAccount(
            name=row["name"],
            password=row["password"],
            role=AccountRole(row["role"]),
            units=frozenset(row["units"].split()),
            display_name=_both(row),
        )
        for row in reference_rows("demo_accounts")
    )


def person_name(user: User, lang: Lang) -> str:
    """The name for people; that of an account of the demo, unless somebody changed it, in the language."""
    kept = _names().get(user.name) if user.demo else None
    return kept[lang] if kept is not None and user.display_name == _both(kept) else user.shown_name


@cache
def _names() -> dict[str, dict[str, str]]:
    return {row["name"]: row for row in reference_rows("demo_accounts")}


def _both(row: dict[str, str]) -> str:
    return f"{row['zh']} {row['en']}"


def add_demo_accounts(store: Store) -> list[DemoAccount]:
    """The accounts of the demo that the store did not have yet. Raises `NotADemo`."""
    with store.read() as conn:
        if get_setting(conn, "synthetic") != "yes":
            raise NotADemo(path=store.path)
        known = set(cities.all(conn))
        new = [one for one in demo_accounts() if accounts.by_name(conn, one.name) is None]
    hashed = [hash_password(one.password) for one in new]
    with store.write() as conn:
        for one, password_hash in zip(new, hashed, strict=True):
            user = User(one.name, one.role, one.units & known, display_name=one.display_name, demo=True)
            accounts.add(conn, user, now=clock.now_utc(), by="demo", password_hash=password_hash)
    return new
