"""Who a request comes from: a token, a session of a browser, or whoever works on this machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request

from api.auth.secrets import csrf_of
from api.auth.sign_in import COOKIE, SECURE_COOKIE, is_usable
from api.auth.who import Who, local_user
from api.settings import Settings
from geo import clock
from geo.accounts.rights import NotSignedIn, User
from geo.store import Connection, Store, StoreBusy, accounts, sign_ins

SEEN_EVERY_S: Final = 300
"""How often the use of a session or token is written down."""


class UnknownToken(NotSignedIn):
    """The token was ended, has expired, or never was one."""

    template = "the token is not known here, was ended, or has expired"


@dataclass(frozen=True, slots=True)
class _Seen:
    """A session or token whose use is to be written down."""

    session_id: int | None = None
    token_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    who: Who
    seen: _Seen | None = field(default=None)


def who_sends(store: Store, settings: Settings, request: Request) -> Who:
    """The sender of a request. Raises `UnknownToken`."""
    now = clock.now_utc()
    with store.read() as conn:
        found = _found(conn, settings, request, now)
    if found.seen is not None:
        _note_use(store, found.seen, now)
    return found.who


def is_local(conn: Connection, settings: Settings) -> bool:
    """Whether the store has no accounts yet, so that whoever works on this machine has all rights."""
    return settings.auth != "on" and settings.binds_loopback and not accounts.exist(conn)


def _found(conn: Connection, settings: Settings, request: Request, now: str) -> _Found:
    local = is_local(conn, settings)
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _by_token(conn, settings, secret.strip(), now, local=local)
    secret = request.cookies.get(SECURE_COOKIE) or request.cookies.get(COOKIE) or ""
    found = _by_session(conn, settings, secret, now, local=local) if secret else None
    if found is not None:
        return found
    user = local_user(settings.actor) if local and not secret else None
    return _Found(Who(user=user, local=local, ended=bool(secret), public_read=settings.public_read))


def _by_token(conn: Connection, settings: Settings, secret: str, now: str, *, local: bool) -> _Found:
    token = sign_ins.token_of(conn, secret, now=now)
    user = None if token is None else _user(conn, settings, token.user_id)
    if token is None or user is None:
        raise UnknownToken
    fresh = token.used_at is not None and token.used_at > sign_ins.later(now, -SEEN_EVERY_S)
    who = Who(user=user.limited_to(token.scope), local=local, public_read=settings.public_read)
    return _Found(who, None if fresh else _Seen(token_id=token.token_id))


def _by_session(conn: Connection, settings: Settings, secret: str, now: str, *, local: bool) -> _Found | None:
    session = sign_ins.session_of(conn, secret, now=now, idle_s=settings.session_idle_minutes * 60)
    user = None if session is None else _user(conn, settings, session.user_id)
    if session is None or user is None:
        return None
    who = Who(
        user=user,
        local=local,
        session_id=session.session_id,
        csrf=csrf_of(secret),
        public_read=settings.public_read,
    )
    fresh = session.seen_at > sign_ins.later(now, -min(SEEN_EVERY_S, settings.session_idle_minutes * 15))
    return _Found(who, None if fresh else _Seen(session_id=session.session_id))


def _user(conn: Connection, settings: Settings, user_id: int) -> User | None:
    account = accounts.get(conn, user_id)
    return account.user if is_usable(conn, settings, account) else None


def _note_use(store: Store, seen: _Seen, now: str) -> None:
    try:
        with store.write() as conn:
            if seen.session_id is not None:
                sign_ins.see_session(conn, seen.session_id, now=now)
            if seen.token_id is not None:
                sign_ins.see_token(conn, seen.token_id, now=now)
    except StoreBusy:
        return
