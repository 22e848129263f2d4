"""Treatment projects in the store, and the sites that are overdue."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, RowMapping, delete, insert, select

from geo.planning import WORKING, Overdue, Project, RecordKind, TakenKey, check_project, earliest
from geo.status import Status
from geo.store import sites
from geo.store.records import day_of, day_text, row_of, stamp_of, write
from geo.store.sites import SiteFilter
from geo.store.versions import Stamp
from geo.store.workflow_tables import PROJECT_SITES, PROJECTS


def put(
    conn: Connection,
    project: Project,
    *,
    actor: str,
    now: str,
    project_id: int | None = None,
    if_version: int | None = None,
) -> tuple[Project, Stamp]:
    """The project, new or in place of the version `if_version` of `project_id`.

    Raises `EndsBeforeStart`, `BadValue`, `TakenKey`, `UnknownRecord`, `StaleRecord`, `UnknownSite`.
    """
    check_project(project)
    for site_id in project.site_ids:
        sites.get(conn, site_id)
    owner = conn.execute(select(PROJECTS.c.project_id).where(PROJECTS.c.code == project.code)).scalar()
    if owner is not None and owner != project_id:
        raise TakenKey(kind=RecordKind.PROJECT.value, key=project.code)
    columns = {
        "code": project.code,
        "name": project.name,
        "adcode": project.adcode,
        "fund_source": project.fund_source,
        "budget_cents": project.budget_cents,
        "spent_cents": project.spent_cents,
        "currency": project.currency,
        "contractor": project.contractor,
        "start_on": day_text(project.start_on),
        "end_on": day_text(project.end_on),
        "closed_on": day_text(project.closed_on),
        "notes": project.notes,
    }
    stamp = write(
        conn,
        RecordKind.PROJECT,
        columns,
        {**columns, "site_ids": sorted(project.site_ids)},
        record_id=project_id,
        if_version=if_version,
        actor=actor,
        now=now,
    )
    conn.execute(delete(PROJECT_SITES).where(PROJECT_SITES.c.project_id == stamp.record_id))
    for site_id in sorted(set(project.site_ids)):
        conn.execute(insert(PROJECT_SITES).values(project_id=stamp.record_id, site_id=site_id))
    return get(conn, stamp.record_id)


def get(conn: Connection, project_id: int) -> tuple[Project, Stamp]:
    """The project and its version; raises `UnknownRecord`."""
    row = row_of(conn, RecordKind.PROJECT, project_id)
    return _project(conn, row), stamp_of(row, "project_id")


def find(
    conn: Connection,
    *,
    site_id: int | None = None,
    adcodes: frozenset[str] | None = None,
    after: int | None = None,
    limit: int | None = None,
) -> list[tuple[Project, Stamp]]:
    """The projects in order of their ids: of a site, or run by one of these units."""
    columns = PROJECTS.c
    query = select(PROJECTS).order_by(columns.project_id).limit(limit)
    if site_id is not None:
        treating = select(PROJECT_SITES.c.project_id).where(PROJECT_SITES.c.site_id == site_id)
        query = query.where(columns.project_id.in_(treating))
    if adcodes is not None:
        query = query.where(columns.adcode.in_(adcodes))
    if after is not None:
        query = query.where(columns.project_id > after)
    return [(_project(conn, row), stamp_of(row, "project_id")) for row in conn.execute(query).mappings()]


def overdue(conn: Connection, *, today: date, adcodes: frozenset[str] | None = None) -> list[Overdue]:
    """The sites whose treatment should have ended before `today` and has not, the longest overdue first.

    The treatment of a relapsed site did end once: it is overdue by a project alone.
    """
    wanted = SiteFilter(adcodes=adcodes, limit=None)
    working = {site.site_id: site for site in sites.find(conn, wanted) if site.status in WORKING}
    found = [
        Overdue(site.site_id, site.treatment_end, site.status)
        for site in working.values()
        if site.treatment_end is not None
        and site.treatment_end < today
        and site.status is not Status.RELAPSED
    ]
    columns = PROJECTS.c
    late = (
        select(PROJECT_SITES.c.site_id, columns.end_on, columns.project_id, columns.code)
        .join(PROJECTS, columns.project_id == PROJECT_SITES.c.project_id)
        .where(columns.end_on < today.isoformat(), columns.closed_on.is_(None))
    )
    found += [
        Overdue(site_id, date.fromisoformat(end_on), working[site_id].status, project_id, code)
        for site_id, end_on, project_id, code in conn.execute(late)
        if site_id in working
    ]
    return earliest(found)


def _project(conn: Connection, row: RowMapping) -> Project:
    columns = PROJECT_SITES.c
    query = select(columns.site_id).where(columns.project_id == row["project_id"]).order_by(columns.site_id)
    return Project(
        code=row["code"],
        name=row["name"],
        adcode=row["adcode"],
        fund_source=row["fund_source"],
        budget_cents=row["budget_cents"],
        spent_cents=row["spent_cents"],
        currency=row["currency"],
        contractor=row["contractor"],
        start_on=day_of(row["start_on"]),
        end_on=day_of(row["end_on"]),
        closed_on=day_of(row["closed_on"]),
        notes=row["notes"],
        site_ids=tuple(conn.execute(query).scalars()),
    )
