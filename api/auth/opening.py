"""Whether the service may be reached from elsewhere, and the link that makes its first administrator."""

from __future__ import annotations

from typing import Final

from api.auth.secrets import new_secret
from api.auth.trail import Doer
from api.settings import NotLoopback, Settings
from geo import clock
from geo.accounts.audit import AuditEvent
from geo.store import Store, StoreMissing, accounts, sign_ins

FIRST: Final = "first_administrator"
LINK_LASTS_S: Final = 24 * 3600


def check_reach(settings: Settings) -> None:
    """Raise `NotLoopback` where the service would be open to the network without asking who comes."""
    if not settings.binds_loopback and settings.auth != "on" and not _has_accounts(settings.store):
        raise NotLoopback(host=settings.host)


def _has_accounts(location: str) -> bool:
    try:
        store = Store.open(location)
    except StoreMissing:
        return False
    try:
        with store.read() as conn:
            return accounts.exist(conn)
    finally:
        store.close()


def first_link(store: Store, settings: Settings) -> str | None:
    """The path of a link, good once, that makes the first administrator; None where none is needed."""
    with store.read() as conn:
        if settings.auth != "on" or accounts.exist(conn):
            return None
    secret, now = new_secret(), clock.now_utc()
    with store.write() as conn:
        sign_ins.add_link(conn, secret, purpose=FIRST, data={}, now=now, lasts_s=LINK_LASTS_S)
        Doer("system").note(conn, AuditEvent.LINK_MADE, target=FIRST)
    return f"/login/first/{secret}"
