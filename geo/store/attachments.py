"""Attachments in the store: the rows; the files lie beside it (`geo.kept_files`)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, insert, select, update

from geo.attachments import (
    Attachment,
    AttachmentKind,
    NotAPair,
    NotEvidence,
    UnknownAttachment,
    UnknownFile,
    distance_m,
    evidence_hashes,
)
from geo.kept_files import KeptFile
from geo.planning import RecordKind
from geo.sites import Site
from geo.store import versions
from geo.store.types import new_key
from geo.store.versions import Stamp
from geo.store.workflow_tables import ATTACHMENTS


@dataclass(frozen=True, slots=True)
class Described:
    """What whoever attaches a file says of it."""

    kind: AttachmentKind
    caption: str = ""
    pair_of: int | None = None
    inspection_id: int | None = None


def add(
    conn: Connection, site: Site, file: KeptFile, described: Described, *, actor: str, now: str
) -> Attachment:
    """The file, attached to the site. Raises `NotAPair`, `UnknownAttachment`."""
    _check_pair(conn, site.site_id, described)
    away = None
    if file.lon is not None and file.lat is not None:
        away = distance_m(site.geometry, file.lon, file.lat)
    key = conn.execute(
        insert(ATTACHMENTS).values(
            site_id=site.site_id,
            sha256=file.sha256,
            file_name=file.file_name,
            media_type=file.media_type,
            size_bytes=file.size_bytes,
            width_px=file.width_px,
            height_px=file.height_px,
            taken_at=file.taken_at,
            lon=file.lon,
            lat=file.lat,
            distance_m=away,
            actor=actor,
            added_at=now,
            version=1,
            **_columns(described),
        )
    ).inserted_primary_key
    return _kept(conn, new_key(key), actor=actor, now=now)


def describe(
    conn: Connection,
    attachment_id: int,
    described: Described,
    *,
    actor: str,
    now: str,
    if_version: int | None,
) -> Attachment:
    """The attachment with other words. Raises `UnknownAttachment`, `StaleRecord`, `NotAPair`."""
    before = _current(conn, attachment_id, if_version)
    _check_pair(conn, before.site_id, described, own=attachment_id)
    conn.execute(
        update(ATTACHMENTS)
        .where(ATTACHMENTS.c.attachment_id == attachment_id)
        .values(version=before.version + 1, **_columns(described))
    )
    return _kept(conn, attachment_id, actor=actor, now=now)


def remove(
    conn: Connection, attachment_id: int, *, actor: str, now: str, reason: str, if_version: int | None
) -> Attachment:
    """The attachment, its removal recorded; the content stays. Raises `UnknownAttachment`, `StaleRecord`."""
    before = _current(conn, attachment_id, if_version)
    if before.removed_at is None:
        conn.execute(
            update(ATTACHMENTS)
            .where(ATTACHMENTS.c.attachment_id == attachment_id)
            .values(removed_at=now, removed_by=actor, removal_reason=reason, version=before.version + 1)
        )
        return _kept(conn, attachment_id, actor=actor, now=now)
    return before


def get(conn: Connection, attachment_id: int) -> Attachment:
    """The attachment with this id; raises `UnknownAttachment`."""
    row = (
        conn.execute(select(ATTACHMENTS).where(ATTACHMENTS.c.attachment_id == attachment_id))
        .mappings()
        .first()
    )
    if row is None:
        raise UnknownAttachment(attachment_id=attachment_id)
    return _attachment(row)


def of_site(
    conn: Connection,
    site_id: int,
    *,
    with_removed: bool = False,
    after: int | None = None,
    limit: int | None = None,
) -> list[Attachment]:
    """The attachments of a site, in order of their ids."""
    columns = ATTACHMENTS.c
    query = select(ATTACHMENTS).where(columns.site_id == site_id).order_by(columns.attachment_id).limit(limit)
    if not with_removed:
        query = query.where(columns.removed_at.is_(None))
    if after is not None:
        query = query.where(columns.attachment_id > after)
    return [_attachment(row) for row in conn.execute(query).mappings()]


def of_content(conn: Connection, sha256: str) -> Attachment:
    """The first attachment with this content, removed or not; raises `UnknownFile`."""
    query = select(ATTACHMENTS).where(ATTACHMENTS.c.sha256 == sha256).order_by(ATTACHMENTS.c.attachment_id)
    row = conn.execute(query).mappings().first()
    if row is None:
        raise UnknownFile(sha256=sha256)
    return _attachment(row)


def contents(conn: Connection) -> list[str]:
    """The hash of every content that was ever attached, for a backup."""
    query = select(ATTACHMENTS.c.sha256).distinct().order_by(ATTACHMENTS.c.sha256)
    return list(conn.execute(query).scalars())


def as_evidence(conn: Connection, site_id: int, texts: list[str]) -> list[str]:
    """The evidence of a change, contents of attachments as `sha256:...`; raises `NotEvidence`."""
    known = {one.sha256 for one in of_site(conn, site_id)}
    named = []
    for text, sha256 in zip(texts, evidence_hashes(texts), strict=True):
        if sha256 is not None and sha256 not in known:
            raise NotEvidence(reference=text, site_id=site_id)
        named.append(text if sha256 is None else f"sha256:{sha256}")
    return named


def _current(conn: Connection, attachment_id: int, seen: int | None) -> Attachment:
    found = get(conn, attachment_id)
    stamp = Stamp(attachment_id, found.version, found.actor, found.added_at)
    versions.check_version(RecordKind.ATTACHMENT, stamp, seen)
    return found


def _check_pair(conn: Connection, site_id: int, described: Described, *, own: int | None = None) -> None:
    if described.pair_of is None:
        return
    other = get(conn, described.pair_of)
    if other.site_id != site_id or other.attachment_id == own:
        raise NotAPair(attachment_id=other.attachment_id, problem="it shows another site, or is the same")
    if (described.kind, other.kind) != (AttachmentKind.AFTER, AttachmentKind.BEFORE):
        raise NotAPair(attachment_id=other.attachment_id, problem="a pair is a photo before and one after")


def _columns(described: Described) -> dict[str, object]:
    return {
        "kind": described.kind.value,
        "caption": described.caption,
        "pair_of": described.pair_of,
        "inspection_id": described.inspection_id,
    }


def _kept(conn: Connection, attachment_id: int, *, actor: str, now: str) -> Attachment:
    found = get(conn, attachment_id)
    value = {
        "kind": found.kind.value,
        "caption": found.caption,
        "pair_of": found.pair_of,
        "inspection_id": found.inspection_id,
        "sha256": found.sha256,
        "removed_at": found.removed_at,
        "removal_reason": found.removal_reason,
    }
    versions.keep(conn, RecordKind.ATTACHMENT, Stamp(attachment_id, found.version, actor, now), value)
    return found


def _attachment(row: RowMapping) -> Attachment:
    return Attachment(**{**row, "kind": AttachmentKind(row["kind"])})
