"""Notifications in the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, cast

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from geo.accounts.notices import Notice, NoticeKind
from geo.accounts.rights import User
from geo.canonical import canonical_json, parse_json
from geo.proposals import comes_in_bulk
from geo.store import accounts, cities
from geo.store.account_tables import NOTIFICATIONS, USERS

NO_FACTS: Final[Mapping[str, object]] = {}


def notify(
    conn: Connection,
    recipients: Iterable[User | str],
    kind: NoticeKind,
    *,
    now: str,
    subject: str,
    link: str,
    facts: Mapping[str, object] = NO_FACTS,
    site_id: int | None = None,
    but: str | None = None,
) -> int:
    """How many were told. `recipients` are users or login names; names without an account are passed over.

    What is told again of the same `subject` (such as `import:7`) before it was read counts up the first
    notification. Nobody (`but`) is told of their own deeds. `facts` fill the sentence of `notice_kinds.csv`.
    """
    told = 0
    for user_id in _ids(conn, recipients, but):
        unread = (NOTIFICATIONS.c.user_id == user_id) & NOTIFICATIONS.c.read_at.is_(None)
        unread &= (NOTIFICATIONS.c.kind == kind.value) & (NOTIFICATIONS.c.subject == subject)
        again = conn.execute(
            update(NOTIFICATIONS).where(unread).values(count=NOTIFICATIONS.c.count + 1, created_at=now)
        )
        if again.rowcount == 0:
            conn.execute(
                insert(NOTIFICATIONS).values(
                    user_id=user_id,
                    kind=kind.value,
                    subject=subject,
                    link=link,
                    facts=canonical_json(facts),
                    count=1,
                    created_at=now,
                    site_id=site_id,
                )
            )
        told += 1
    return told


def notify_deciders(
    conn: Connection,
    adcodes: Iterable[str | None],
    *,
    actor: str,
    now: str,
    site_code: str,
    site_id: int,
    source: str,
    proposal_id: int,
) -> int:
    """How many reviewers of these units were told that a proposal waits; each once of what comes together."""
    places = [cities.place(conn, code) for code in adcodes]
    bulk = comes_in_bulk(source)
    return notify(
        conn,
        accounts.deciders(conn, {code for place in places for code in place}),
        NoticeKind.PROPOSAL_WAITS,
        now=now,
        subject=source if bulk else f"proposal:{proposal_id}",
        link=f"/reviews?source={source}" if bulk else f"/sites/{site_id}",
        facts={"actor": actor, "site": site_code},
        site_id=None if bulk else site_id,
        but=actor,
    )


def find(
    conn: Connection, user_id: int, *, unread: bool = False, before: int | None = None, limit: int = 100
) -> list[Notice]:
    """The notifications of a user, the newest first."""
    query = select(NOTIFICATIONS).where(NOTIFICATIONS.c.user_id == user_id)
    if unread:
        query = query.where(NOTIFICATIONS.c.read_at.is_(None))
    if before is not None:
        query = query.where(NOTIFICATIONS.c.notification_id < before)
    query = query.order_by(NOTIFICATIONS.c.notification_id.desc()).limit(limit)
    return [_notice(row) for row in conn.execute(query).mappings()]


def count_unread(conn: Connection, user_id: int) -> int:
    """How many notifications of a user are unread."""
    unread = (NOTIFICATIONS.c.user_id == user_id) & NOTIFICATIONS.c.read_at.is_(None)
    return int(conn.execute(select(func.count()).select_from(NOTIFICATIONS).where(unread)).scalar_one())


def mark_read(conn: Connection, user_id: int, ids: Iterable[int] | None = None, *, now: str) -> int:
    """How many notifications of a user were unread and are read now: those of `ids`, or all."""
    wanted = (NOTIFICATIONS.c.user_id == user_id) & NOTIFICATIONS.c.read_at.is_(None)
    if ids is not None:
        wanted &= NOTIFICATIONS.c.notification_id.in_(list(ids))
    return conn.execute(update(NOTIFICATIONS).where(wanted).values(read_at=now)).rowcount


def _ids(conn: Connection, recipients: Iterable[User | str], but: str | None) -> list[int]:
    names = {one if isinstance(one, str) else one.name for one in recipients} - {but}
    query = select(USERS.c.user_id).where(USERS.c.name.in_(sorted(names)), USERS.c.disabled == 0)
    return list(conn.execute(query.order_by(USERS.c.user_id)).scalars())


def _notice(row: RowMapping) -> Notice:
    return Notice(
        notification_id=row["notification_id"],
        kind=NoticeKind(row["kind"]),
        subject=row["subject"],
        link=row["link"],
        count=row["count"],
        created_at=row["created_at"],
        read_at=row["read_at"],
        site_id=row["site_id"],
        facts=cast("Mapping[str, object]", parse_json(row["facts"])),
    )
