"""The content of attachments: a link for whoever may read, and the file for whoever has the link.

The file itself comes from addresses that look at no cookie and set none, so that nothing in it could act for
whoever opens it.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import FileResponse, RedirectResponse

from api import deps
from api.auth.file_links import LASTS_S, FileLinks, Shown
from api.auth.rights import require
from api.auth.trail import note_holder
from geo.accounts.rights import Action
from geo.attachments import UnknownFile
from geo.kept_files import FileStore
from geo.photos import MAGIC, named_by_content
from geo.store import attachments

router = APIRouter(tags=["attachments"], dependencies=[require(Action.READ)])
contents = APIRouter(tags=["attachments"], dependencies=[require(Action.OPEN)])

POLICY: Final = "default-src 'none'; img-src 'self'; style-src 'none'; sandbox"
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the content.")]


class Link:
    """What a link carries beside the content that it names."""

    def __init__(
        self,
        request: Request,
        until: Annotated[int, Query(description="When it ends, in seconds since 1970.")] = 0,
        by: Annotated[str, Query(max_length=200, description="Who was handed it.")] = "",
        signature: Annotated[str, Query(max_length=200)] = "",
    ) -> None:
        self.request, self.until, self.by, self.signature = request, until, by, signature

    def check(self, sha256: str, shown: Shown) -> None:
        """Raise `FileLinkNotGood` unless it is good for this; then the audit knows its holder."""
        links_of(self.request).check(
            sha256, shown, holder=self.by, until=self.until, signature=self.signature
        )
        note_holder(self.request, self.by)


LinkDep = Annotated[Link, Depends()]


def links_of(request: Request) -> FileLinks:
    """The links of this process."""
    found: FileLinks = request.app.state.file_links
    return found


@router.get("/api/files/{sha256}", status_code=303, response_class=RedirectResponse)
def get_link(
    sha256: Sha256, request: Request, store: deps.StoreDep, rights: deps.RightsDep
) -> RedirectResponse:
    """Leads to the content by a link that is good for ten minutes and asks for no cookie."""
    return _leads_to(sha256, Shown.SAVED, request, store, rights)


@router.get("/api/files/{sha256}/thumb", status_code=303, response_class=RedirectResponse)
def get_thumbnail_link(
    sha256: Sha256, request: Request, store: deps.StoreDep, rights: deps.RightsDep
) -> RedirectResponse:
    """Leads to a small picture of a photo by such a link."""
    return _leads_to(sha256, Shown.THUMBNAIL, request, store, rights)


def _leads_to(
    sha256: str, shown: Shown, request: Request, store: deps.StoreDep, rights: deps.RightsDep
) -> RedirectResponse:
    with store.read() as conn:
        attachments.of_content(conn, sha256)
    url = links_of(request).make(sha256, shown, holder=rights.name)
    return RedirectResponse(url, 303, headers={"Cache-Control": "no-store"})


@contents.get("/files/{sha256}", response_class=FileResponse)
def get_file(sha256: Sha256, store: deps.StoreDep, link: LinkDep) -> FileResponse:
    """The content, to be saved: never shown by the browser, never run, its own page for nothing."""
    link.check(sha256, Shown.SAVED)
    with store.read() as conn:
        found = attachments.of_content(conn, sha256)
    path = FileStore(store.path).path(sha256)
    if not path.is_file():
        raise UnknownFile(sha256=sha256)
    return FileResponse(
        path,
        media_type=found.media_type if found.media_type in MAGIC else "application/octet-stream",
        filename=named_by_content(found.file_name, found.media_type),
        content_disposition_type="attachment",
        headers=_headers(sha256),
    )


@contents.get("/files/{sha256}/thumb", response_class=FileResponse)
def get_thumbnail(sha256: Sha256, store: deps.StoreDep, link: LinkDep) -> FileResponse:
    """A small picture of a photo, made anew, without what the camera wrote into the file."""
    link.check(sha256, Shown.THUMBNAIL)
    path = FileStore(store.path).thumbnail_path(sha256)
    if not path.is_file():
        raise UnknownFile(sha256=sha256)
    return FileResponse(path, media_type="image/webp", headers=_headers(f"{sha256}-thumb"))


def _headers(tag: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": f"private, max-age={LASTS_S}, immutable",
        "ETag": f'"{tag}"',
    }
