"""Attachments on the wire."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from api.schemas.common import Given, Text, Wire
from geo.attachments import Attachment, AttachmentKind, PositionCheck


class AttachmentItem(Wire):
    """One photo or report of a site.

    `taken_at` is the camera's own time; `distance_m` how far outside the outline the camera stood, 0 inside;
    null is: the file does not say. `url` leads to the content, `thumbnail_url` to a small picture without the
    camera's data, each by a link that is good for ten minutes. `evidence` is what a status change names it
    by.
    """

    attachment_id: int
    site_id: int
    sha256: str
    file_name: str
    media_type: str
    size_bytes: int
    kind: AttachmentKind
    caption: str
    width_px: int | None
    height_px: int | None
    taken_at: str | None
    lon: float | None
    lat: float | None
    distance_m: float | None
    position_check: PositionCheck
    pair_of: int | None
    inspection_id: int | None
    actor: str
    added_at: str
    removed_at: str | None
    removed_by: str | None
    removal_reason: str | None
    version: int
    url: str
    thumbnail_url: str | None
    evidence: str

    @classmethod
    def of(cls, attachment: Attachment) -> Self:
        """The item of a stored attachment."""
        names = {name: getattr(attachment, name) for name in cls.model_fields if hasattr(attachment, name)}
        url = f"/api/files/{attachment.sha256}"
        small = f"{url}/thumb" if attachment.is_photo else None
        return cls.model_validate(
            {**names, "url": url, "thumbnail_url": small, "evidence": f"sha256:{attachment.sha256}"}
        )


class AttachmentList(Wire):
    """Attachments in the order in which they were added."""

    items: list[AttachmentItem]
    next: str | None


class AttachmentPatchIn(Given):
    """Other words for an attachment; a member that is not there stays as it is."""

    kind: AttachmentKind | None = None
    caption: Text | None = None
    pair_of: int | None = Field(None, ge=1, le=2**53)
    inspection_id: int | None = Field(None, ge=1, le=2**53)
