"""Sessions, tokens, one-time links and failed sign-ins in the store; of a secret its SHA-256 alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, cast

from sqlalchemy import Connection, RowMapping, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from geo import clock
from geo.accounts.rights import Scope
from geo.accounts.rules import wait_s
from geo.canonical import canonical_json, parse_json
from geo.errors import NotFound, Refused
from geo.store.account_tables import API_TOKENS, LOGIN_ATTEMPTS, ONE_TIME_LINKS, SESSIONS
from geo.store.types import new_key

FORGET_FAILURES_S: Final = 24 * 3600


class UnknownSession(NotFound):
    """No session or token of this account has the id."""

    template = "no {what} of this account has the id {key}"


class LinkNotGood(Refused):
    """The one-time link was used, is too old, or never was one."""

    template = "this link was used already or is too old; ask for another one"


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in of a browser. Times are UTC text."""

    session_id: int
    user_id: int
    created_at: str
    seen_at: str
    expires_at: str
    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a program. Times are UTC text."""

    token_id: int
    user_id: int
    name: str
    scope: Scope
    created_at: str
    expires_at: str
    used_at: str | None


def hashed(secret: str) -> str:
    """What is stored of a secret of 256 random bits; so long a secret needs no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def later(now: str, seconds: float) -> str:
    """The time so many seconds after `now`, as UTC text."""
    return clock.time_text(clock.moment_of(now) + timedelta(seconds=seconds))


def add_session(
    conn: Connection, user_id: int, secret: str, *, now: str, lasts_s: float, address: str, agent: str
) -> int:
    """The id of a new session; what has expired long ago is forgotten."""
    conn.execute(delete(SESSIONS).where(SESSIONS.c.expires_at < later(now, -30 * 86_400)))
    key = conn.execute(
        insert(SESSIONS).values(
            secret_sha256=hashed(secret),
            user_id=user_id,
            created_at=now,
            seen_at=now,
            expires_at=later(now, lasts_s),
            address=address,
            agent=agent[:200],
        )
    ).inserted_primary_key
    return new_key(key)


def session_of(conn: Connection, secret: str, *, now: str, idle_s: float) -> Session | None:
    """The session of a secret; None where it was ended, has expired, or was idle for too long."""
    live = SESSIONS.c.revoked_at.is_(None) & (SESSIONS.c.expires_at > now)
    live &= SESSIONS.c.seen_at > later(now, -idle_s)
    query = select(SESSIONS).where(SESSIONS.c.secret_sha256 == hashed(secret), live)
    row = conn.execute(query).mappings().first()
    return None if row is None else _session(row)


def see_session(conn: Connection, session_id: int, *, now: str) -> None:
    """Note that the session is in use."""
    conn.execute(update(SESSIONS).where(SESSIONS.c.session_id == session_id).values(seen_at=now))


def sessions(conn: Connection, user_id: int, *, now: str, idle_s: float) -> list[Session]:
    """The live sessions of an account, the latest first."""
    live = SESSIONS.c.revoked_at.is_(None) & (SESSIONS.c.expires_at > now)
    live &= SESSIONS.c.seen_at > later(now, -idle_s)
    query = select(SESSIONS).where(SESSIONS.c.user_id == user_id, live).order_by(SESSIONS.c.session_id.desc())
    return [_session(row) for row in conn.execute(query).mappings()]


def revoke_session(conn: Connection, user_id: int, session_id: int, *, now: str) -> None:
    """End a session of the account. Raises `UnknownSession`."""
    mine = (SESSIONS.c.user_id == user_id) & (SESSIONS.c.session_id == session_id)
    if conn.execute(update(SESSIONS).where(mine).values(revoked_at=now)).rowcount == 0:
        raise UnknownSession(what="session", key=session_id)


def revoke_sessions(conn: Connection, user_id: int, *, now: str, but: int | None = None) -> int:
    """How many sessions of the account were ended: all, or all but one."""
    live = (SESSIONS.c.user_id == user_id) & SESSIONS.c.revoked_at.is_(None)
    if but is not None:
        live &= SESSIONS.c.session_id != but
    return conn.execute(update(SESSIONS).where(live).values(revoked_at=now)).rowcount


def add_token(
    conn: Connection, user_id: int, secret: str, *, name: str, scope: Scope, now: str, lasts_s: float
) -> int:
    """The id of a new token."""
    key = conn.execute(
        insert(API_TOKENS).values(
            secret_sha256=hashed(secret),
            user_id=user_id,
            name=name,
            scope=scope.value,
            created_at=now,
            expires_at=later(now, lasts_s),
        )
    ).inserted_primary_key
    return new_key(key)


def token_of(conn: Connection, secret: str, *, now: str) -> Token | None:
    """The token of a secret; None where it was ended or has expired."""
    live = API_TOKENS.c.revoked_at.is_(None) & (API_TOKENS.c.expires_at > now)
    row = conn.execute(
        select(API_TOKENS).where(API_TOKENS.c.secret_sha256 == hashed(secret), live)
    ).mappings()
    found = row.first()
    return None if found is None else _token(found)


def see_token(conn: Connection, token_id: int, *, now: str) -> None:
    """Note that the token is in use."""
    conn.execute(update(API_TOKENS).where(API_TOKENS.c.token_id == token_id).values(used_at=now))


def tokens(conn: Connection, user_id: int, *, now: str) -> list[Token]:
    """The live tokens of an account, the latest first."""
    live = (
        (API_TOKENS.c.user_id == user_id)
        & API_TOKENS.c.revoked_at.is_(None)
        & (API_TOKENS.c.expires_at > now)
    )
    query = select(API_TOKENS).where(live).order_by(API_TOKENS.c.token_id.desc())
    return [_token(row) for row in conn.execute(query).mappings()]


def revoke_token(conn: Connection, user_id: int, token_id: int, *, now: str) -> None:
    """End a token of the account. Raises `UnknownSession`."""
    mine = (API_TOKENS.c.user_id == user_id) & (API_TOKENS.c.token_id == token_id)
    if conn.execute(update(API_TOKENS).where(mine).values(revoked_at=now)).rowcount == 0:
        raise UnknownSession(what="token", key=token_id)


def revoke_tokens(conn: Connection, user_id: int, *, now: str) -> int:
    """How many tokens of the account were ended: all."""
    live = (API_TOKENS.c.user_id == user_id) & API_TOKENS.c.revoked_at.is_(None)
    return conn.execute(update(API_TOKENS).where(live).values(revoked_at=now)).rowcount


def blocked_until(conn: Connection, subjects: Mapping[str, str], *, now: str) -> str | None:
    """Until when a sign-in must wait; None where it need not. `subjects` are {kind: name or address}."""
    keys = [f"{kind}:{value}" for kind, value in subjects.items()]
    query = select(LOGIN_ATTEMPTS.c.blocked_until).where(LOGIN_ATTEMPTS.c.subject.in_(keys))
    last = max(conn.execute(query).scalars(), default="")
    return last if last > now else None


def note_failure(conn: Connection, subjects: Mapping[str, str], *, now: str) -> None:
    """Count a failed sign-in of each subject: every further one makes the next wait longer."""
    conn.execute(delete(LOGIN_ATTEMPTS).where(LOGIN_ATTEMPTS.c.failed_at < later(now, -FORGET_FAILURES_S)))
    for kind, value in subjects.items():
        subject = f"{kind}:{value}"
        known = conn.execute(
            select(LOGIN_ATTEMPTS.c.failures).where(LOGIN_ATTEMPTS.c.subject == subject)
        ).scalar()
        failures = (known or 0) + 1
        values = {"failures": failures, "failed_at": now, "blocked_until": later(now, wait_s(kind, failures))}
        conn.execute(
            upsert(LOGIN_ATTEMPTS)
            .values(subject=subject, **values)
            .on_conflict_do_update(["subject"], set_=values)
        )


def forget_failures(conn: Connection, name: str) -> None:
    """Begin to count anew for an account: its person has signed in."""
    conn.execute(delete(LOGIN_ATTEMPTS).where(LOGIN_ATTEMPTS.c.subject == f"name:{name}"))


def add_link(
    conn: Connection, secret: str, *, purpose: str, data: Mapping[str, object], now: str, lasts_s: float
) -> None:
    """Keep a link that can be used once."""
    conn.execute(delete(ONE_TIME_LINKS).where(ONE_TIME_LINKS.c.expires_at < now))
    conn.execute(
        insert(ONE_TIME_LINKS).values(
            secret_sha256=hashed(secret),
            purpose=purpose,
            data=canonical_json(data),
            expires_at=later(now, lasts_s),
        )
    )


def link_data(conn: Connection, secret: str, *, purpose: str, now: str) -> Mapping[str, object]:
    """What was kept with an unused link. Raises `LinkNotGood`."""
    good = (ONE_TIME_LINKS.c.purpose == purpose) & ONE_TIME_LINKS.c.used_at.is_(None)
    good &= ONE_TIME_LINKS.c.expires_at > now
    query = select(ONE_TIME_LINKS.c.data).where(ONE_TIME_LINKS.c.secret_sha256 == hashed(secret), good)
    data = conn.execute(query).scalar()
    if data is None:
        raise LinkNotGood
    return cast("Mapping[str, object]", parse_json(data))


def use_link(conn: Connection, secret: str, *, purpose: str, now: str) -> Mapping[str, object]:
    """What was kept with the link, which is used up now. Raises `LinkNotGood`."""
    data = link_data(conn, secret, purpose=purpose, now=now)
    conn.execute(
        update(ONE_TIME_LINKS).where(ONE_TIME_LINKS.c.secret_sha256 == hashed(secret)).values(used_at=now)
    )
    return data


def _session(row: RowMapping) -> Session:
    return Session(
        session_id=row["session_id"],
        user_id=row["user_id"],
        created_at=row["created_at"],
        seen_at=row["seen_at"],
        expires_at=row["expires_at"],
        address=row["address"],
        agent=row["agent"],
    )


def _token(row: RowMapping) -> Token:
    return Token(
        token_id=row["token_id"],
        user_id=row["user_id"],
        name=row["name"],
        scope=Scope(row["scope"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        used_at=row["used_at"],
    )
