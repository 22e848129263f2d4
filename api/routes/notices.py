"""Notifications of whoever asks, and the audit for administrators."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from api import deps
from api.audit_query import AuditFilterDep
from api.auth.own import notice_text
from api.auth.rights import require
from api.csv_cells import csv_cell
from api.paging import next_url, page_of
from api.schemas.accounts import AuditItem, AuditList, NoticeItem, NoticeList, ReadIn, ReadOut
from api.strict_json import StrictRoute
from geo import clock
from geo.accounts.audit import AuditRow
from geo.accounts.rights import Action
from geo.canonical import canonical_json
from geo.store import audit, notifications

router = APIRouter(
    prefix="/api", tags=["accounts"], route_class=StrictRoute, dependencies=[require(Action.NOTICE)]
)

CSV_ROWS: Final = 100_000


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


@router.get("/audit.csv", dependencies=[require(Action.AUDIT)])
def audit_csv(store: deps.StoreDep, wanted: AuditFilterDep) -> Response:
    """The same lines as a table, up to 100,000 of them."""
    with store.read() as conn:
        found = audit.find(conn, replace(wanted, limit=CSV_ROWS))
    return Response(
        audit_table(found),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="audit.csv"'},
    )


def audit_table(rows: Iterable[AuditRow]) -> str:
    """Lines of the audit as CSV with a byte order mark, so that a spreadsheet reads it as UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(AuditItem.model_fields)
    for row in rows:
        item = AuditItem.of(row)
        cells = [*item.model_dump(mode="json", exclude={"detail"}).values(), canonical_json(item.detail)]
        writer.writerow([csv_cell(cell) for cell in cells])
    return "\ufeff" + out.getvalue()
