"""Notifications of whoever asks, and the audit for administrators."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request

from api import deps
from api.audit_query import AuditFilterDep
from api.auth.own import notice_text
from api.auth.rights import require
from api.paging import next_url, page_of
from api.schemas.accounts import AuditItem, AuditList, NoticeItem, NoticeList, ReadIn, ReadOut
from api.strict_json import StrictRoute
from geo import clock
from geo.accounts.rights import Action
from geo.store import audit, notifications

router = APIRouter(
    prefix="/api", tags=["accounts"], route_class=StrictRoute, dependencies=[require(Action.NOTICE)]
)


@router.get("/notifications")
def list_notifications(
    request: Request,
    store: deps.StoreDep,
    rights: deps.RightsDep,
    lang: deps.LangDep,
    unread: Annotated[bool, Query(description="Only those not read yet.")] = False,
    limit: deps.Limit = 100,
    after: deps.After = None,
) -> NoticeList:
    """One's own notifications, the newest first; none for whoever works without an account."""
    key = rights.user.user_id
    if key is None:
        return NoticeList(items=[], unread=0, next=None)
    with store.read() as conn:
        found = notifications.find(conn, key, unread=unread, before=after, limit=limit + 1)
        left = notifications.count_unread(conn, key)
    page, last = page_of(found, limit)
    return NoticeList(
        items=[NoticeItem.of(one, notice_text(one, lang)) for one in page],
        unread=left,
        next=next_url(request, None if last is None else last.notification_id),
    )


@router.post("/notifications/read")
def mark_read(store: deps.StoreDep, rights: deps.RightsDep, body: ReadIn | None = None) -> ReadOut:
    """Mark one's own notifications as read: those named, or all."""
    key = rights.user.user_id
    if key is None:
        return ReadOut(marked=0, unread=0)
    with store.write() as conn:
        ids = None if body is None else body.ids
        marked = notifications.mark_read(conn, key, ids, now=clock.now_utc())
        return ReadOut(marked=marked, unread=notifications.count_unread(conn, key))


@router.get("/audit", dependencies=[require(Action.AUDIT)])
def list_audit(request: Request, store: deps.StoreDep, wanted: AuditFilterDep) -> AuditList:
    """Who signed in, was refused, took something out, approved, changed accounts; the newest first."""
    limit = wanted.limit or 100
    with store.read() as conn:
        page, last = page_of(audit.find(conn, replace(wanted, limit=limit + 1)), limit)
    return AuditList(
        items=[AuditItem.of(row) for row in page],
        next=next_url(request, None if last is None else last.seq),
    )
