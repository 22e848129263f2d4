"""Attachments: send a photo or a report to a site, list them, record a removal."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile

from api import deps
from api.auth.rights import require
from api.paging import next_url, page_of
from api.retries import RetryDep
from api.schemas.attachments import AttachmentItem, AttachmentList, AttachmentPatchIn
from api.shapes import json_answer
from api.spool import safe_name
from api.strict_json import StrictRoute
from geo import clock
from geo.accounts.rights import Action
from geo.attachments import Attachment, AttachmentKind
from geo.kept_files import FileStore
from geo.store import attachments, inspections, sites
from geo.store.attachments import Described

router = APIRouter(tags=["attachments"], route_class=StrictRoute, dependencies=[require(Action.READ)])

Words = Annotated[str, Form(max_length=2000)]
Number = Annotated[int | None, Form(ge=1, le=deps.LARGEST_ID)]


@router.post(
    "/api/sites/{site_id}/attachments",
    status_code=201,
    response_model=AttachmentItem,
    dependencies=[require(Action.ATTACH)],
)
def attach(
    site_id: deps.Id,
    store: deps.StoreDep,
    settings: deps.SettingsDep,
    rights: deps.RightsDep,
    retry: RetryDep,
    file: Annotated[UploadFile, File(description="A JPEG, HEIC, PNG or WebP picture, or a PDF.")],
    kind: Annotated[AttachmentKind | None, Form(description="A report for a PDF, else a photo.")] = None,
    caption: Words = "",
    pair_of: Number = None,
    inspection_id: Number = None,
) -> Response:
    """Attach a file; its type is that of its content, its name only a name."""
    with store.read() as conn:
        rights.check_site(conn, Action.ATTACH, sites.get(conn, site_id))
    limit = int(settings.max_attachment_mb * 1_000_000)
    kept = FileStore(store.path).keep(file.file, safe_name(file.filename or ""), limit_bytes=limit)
    by_type = AttachmentKind.REPORT if kept.media_type == "application/pdf" else AttachmentKind.PHOTO
    described = Described(kind or by_type, caption.strip(), pair_of, inspection_id)
    with store.write() as conn:
        site = sites.get(conn, site_id)
        if inspection_id is not None:
            inspections.check_of_site(conn, inspection_id, site_id)

        def work() -> Response:
            made = attachments.add(conn, site, kept, described, actor=rights.name, now=clock.now_utc())
            return _answer(made, status=201)

        return retry.once(conn, f"{kept.sha256} {described}", work)


def _answer(attachment: Attachment, *, status: int = 200) -> Response:
    headers = {
        "ETag": deps.etag(attachment.version),
        "Location": f"/api/attachments/{attachment.attachment_id}",
    }
    return json_answer(AttachmentItem.of(attachment), status=status, headers=headers)


@router.get("/api/sites/{site_id}/attachments")
def list_attachments(
    site_id: deps.Id,
    request: Request,
    store: deps.StoreDep,
    removed: Annotated[bool, Query(description="With those whose removal was recorded.")] = False,
    limit: deps.Limit = 1000,
    after: deps.After = None,
) -> AttachmentList:
    """The attachments of a site."""
    with store.read() as conn:
        sites.get(conn, site_id)
        found = attachments.of_site(conn, site_id, with_removed=removed, after=after, limit=limit + 1)
    page, last = page_of(found, limit)
    return AttachmentList(
        items=[AttachmentItem.of(one) for one in page],
        next=next_url(request, None if last is None else last.attachment_id),
    )


@router.get("/api/attachments/{attachment_id}", response_model=AttachmentItem)
def get_attachment(attachment_id: deps.Id, store: deps.StoreDep) -> Response:
    """One attachment; its ETag is what a write sends back as If-Match."""
    with store.read() as conn:
        return _answer(attachments.get(conn, attachment_id))


@router.patch(
    "/api/attachments/{attachment_id}", response_model=AttachmentItem, dependencies=[require(Action.ATTACH)]
)
def patch_attachment(
    attachment_id: deps.Id,
    body: AttachmentPatchIn,
    store: deps.StoreDep,
    rights: deps.RightsDep,
    if_match: deps.IfMatch,
    retry: RetryDep,
) -> Response:
    """Describe an attachment in other words; its content never changes."""
    with store.write() as conn:

        def work() -> Response:
            before = attachments.get(conn, attachment_id)
            rights.check_site(conn, Action.ATTACH, sites.get(conn, before.site_id))
            stated = {name: getattr(body, name) for name in body.model_fields_set}
            described = Described(
                stated.get("kind") or before.kind,
                stated.get("caption", before.caption) or "",
                stated.get("pair_of", before.pair_of),
                stated.get("inspection_id", before.inspection_id),
            )
            if described.inspection_id is not None:
                inspections.check_of_site(conn, described.inspection_id, before.site_id)
            seen = deps.version_of(if_match)
            now = clock.now_utc()
            return _answer(
                attachments.describe(
                    conn, attachment_id, described, actor=rights.name, now=now, if_version=seen
                )
            )

        return retry.once(conn, body.model_dump_json(exclude_unset=True), work)


@router.delete(
    "/api/attachments/{attachment_id}", response_model=AttachmentItem, dependencies=[require(Action.ATTACH)]
)
def remove_attachment(
    attachment_id: deps.Id,
    store: deps.StoreDep,
    rights: deps.RightsDep,
    if_match: deps.IfMatch,
    retry: RetryDep,
    reason: deps.Why = "",
) -> Response:
    """Record that an attachment was taken off. Its content stays, for what was decided on it."""
    with store.write() as conn:

        def work() -> Response:
            before = attachments.get(conn, attachment_id)
            rights.check_site(conn, Action.ATTACH, sites.get(conn, before.site_id))
            removed = attachments.remove(
                conn,
                attachment_id,
                actor=rights.name,
                now=clock.now_utc(),
                reason=reason.strip(),
                if_version=deps.version_of(if_match),
            )
            return _answer(removed)

        return retry.once(conn, reason, work)
