"""Field inspections: list them, record one, change it, take it off."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from api import deps
from api.auth.rights import require
from api.paging import next_url, page_of
from api.records import Changed, NewRecord, Removed, record_answer
from api.schemas.planning import (
    InspectionIn,
    InspectionItem,
    InspectionList,
    InspectionPatchIn,
)
from api.strict_json import StrictRoute
from geo.accounts.rights import Action
from geo.planning import Finding, Inspection, RecordKind
from geo.store import Connection, inspections, sites
from geo.store.versions import Stamp

router = APIRouter(tags=["planning"], route_class=StrictRoute, dependencies=[require(Action.READ)])

INSPECT: Final = [require(Action.INSPECT)]


def _answer(found: tuple[Inspection, Stamp], *, status: int = 200) -> Response:
    item = InspectionItem.of(found)
    return record_answer(item, f"/api/inspections/{item.inspection_id}", item.version, status=status)


@router.get("/api/inspections")
def list_inspections(
    request: Request,
    store: deps.StoreDep,
    site_id: deps.SiteId = None,
    finding: Annotated[Finding | None, Query(description="Only those that found this.")] = None,
    limit: deps.Limit = 100,
    after: deps.After = None,
) -> InspectionList:
    """The field inspections."""
    with store.read() as conn:
        found = inspections.find(conn, site_id=site_id, finding=finding, after=after, limit=limit + 1)
    page, last = page_of(found, limit)
    return InspectionList(
        items=[InspectionItem.of(one) for one in page],
        next=next_url(request, None if last is None else last[1].record_id),
    )


@router.post("/api/inspections", status_code=201, response_model=InspectionItem, dependencies=INSPECT)
def add_inspection(body: InspectionIn, write: NewRecord) -> Response:
    """Record what was seen on a site; an acceptance rests on an inspection that found it passed."""

    def work(conn: Connection) -> Response:
        write.rights.check_site(conn, Action.INSPECT, sites.get(conn, body.site_id))
        made = inspections.put(conn, body.inspection(), actor=write.actor, now=write.now, today=write.today)
        return _answer(made, status=201)

    return write.once(body, work)


@router.get("/api/inspections/{inspection_id}", response_model=InspectionItem)
def get_inspection(inspection_id: deps.Id, store: deps.StoreDep) -> Response:
    """One inspection; its ETag is what a write sends back as If-Match."""
    with store.read() as conn:
        return _answer(inspections.get(conn, inspection_id))


@router.patch("/api/inspections/{inspection_id}", response_model=InspectionItem, dependencies=INSPECT)
def patch_inspection(inspection_id: deps.Id, body: InspectionPatchIn, change: Changed) -> Response:
    """Change an inspection; every version is kept."""
    write = change.write

    def work(conn: Connection) -> Response:
        before, _ = inspections.get(conn, inspection_id)
        write.rights.check_site(conn, Action.INSPECT, sites.get(conn, before.site_id))
        put = inspections.put(
            conn,
            replace(before, **body.stated()),
            actor=write.actor,
            now=write.now,
            today=write.today,
            inspection_id=inspection_id,
            if_version=change.seen,
        )
        return _answer(put)

    return write.once(body, work)


@router.delete("/api/inspections/{inspection_id}", status_code=204, dependencies=INSPECT)
def remove_inspection(inspection_id: deps.Id, removal: Removed) -> Response:
    """Take an inspection off; its versions are kept, and what was accepted by it stays accepted."""

    def check(conn: Connection) -> None:
        before, _ = inspections.get(conn, inspection_id)
        removal.write.rights.check_site(conn, Action.INSPECT, sites.get(conn, before.site_id))

    return removal.of(RecordKind.INSPECTION, inspection_id, check)
