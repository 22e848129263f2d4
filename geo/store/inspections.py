"""Field inspections in the store."""

from __future__ import annotations

from datetime import date
from typing import cast

from sqlalchemy import Connection, RowMapping, select

from geo.canonical import canonical_json, parse_json
from geo.errors import BadValue
from geo.planning import Finding, Inspection, RecordKind, check_inspection
from geo.store import attachments, sites
from geo.store.records import row_of, stamp_of, write
from geo.store.versions import Stamp
from geo.store.workflow_tables import INSPECTIONS


def put(
    conn: Connection,
    inspection: Inspection,
    *,
    actor: str,
    now: str,
    today: date,
    inspection_id: int | None = None,
    if_version: int | None = None,
) -> tuple[Inspection, Stamp]:
    """The inspection, new or in place of a version.

    Raises `FutureInspection`, `UnknownSite`, `NotEvidence`, `UnknownRecord`, `StaleRecord`.
    """
    check_inspection(inspection, today=today)
    sites.get(conn, inspection.site_id)
    photos = attachments.as_evidence(conn, inspection.site_id, list(inspection.photos))
    values = {
        "site_id": inspection.site_id,
        "inspected_on": inspection.inspected_on.isoformat(),
        "inspector": inspection.inspector,
        "finding": inspection.finding.value,
        "notes": inspection.notes,
        "photos": canonical_json([photo.removeprefix("sha256:") for photo in photos]),
    }
    stamp = write(
        conn,
        RecordKind.INSPECTION,
        values,
        values,
        record_id=inspection_id,
        if_version=if_version,
        actor=actor,
        now=now,
    )
    return get(conn, stamp.record_id)


def get(conn: Connection, inspection_id: int) -> tuple[Inspection, Stamp]:
    """The inspection and its version; raises `UnknownRecord`."""
    row = row_of(conn, RecordKind.INSPECTION, inspection_id)
    return _inspection(row), stamp_of(row, "inspection_id")


def find(
    conn: Connection,
    *,
    site_id: int | None = None,
    finding: Finding | None = None,
    after: int | None = None,
    limit: int | None = None,
) -> list[tuple[Inspection, Stamp]]:
    """The inspections in order of their ids, of a site or with a finding where asked."""
    columns = INSPECTIONS.c
    query = select(INSPECTIONS).order_by(columns.inspection_id).limit(limit)
    if site_id is not None:
        query = query.where(columns.site_id == site_id)
    if finding is not None:
        query = query.where(columns.finding == finding.value)
    if after is not None:
        query = query.where(columns.inspection_id > after)
    return [(_inspection(row), stamp_of(row, "inspection_id")) for row in conn.execute(query).mappings()]


def check_of_site(conn: Connection, inspection_id: int, site_id: int) -> None:
    """Raise `BadValue` unless the inspection is one of the site."""
    if get(conn, inspection_id)[0].site_id != site_id:
        raise BadValue(field="inspection_id", value=inspection_id, problem="is of another site")


def has_passed(conn: Connection, site_id: int, *, by: date) -> bool:
    """Whether the latest inspection up to the day `by` found the site passed; of one day the last."""
    columns = INSPECTIONS.c
    query = (
        select(columns.finding)
        .where(columns.site_id == site_id, columns.inspected_on <= by.isoformat())
        .order_by(columns.inspected_on.desc(), columns.inspection_id.desc())
    )
    return conn.execute(query.limit(1)).scalar() == Finding.PASSED.value


def _inspection(row: RowMapping) -> Inspection:
    return Inspection(
        site_id=row["site_id"],
        inspected_on=date.fromisoformat(row["inspected_on"]),
        inspector=row["inspector"],
        finding=Finding(row["finding"]),
        notes=row["notes"],
        photos=tuple(cast("list[str]", parse_json(row["photos"]))),
    )
