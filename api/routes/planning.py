"""Projects, annual targets, inspections, and the sites that are overdue."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from api import deps
from api.auth.rights import require
from api.paging import next_url, page_of
from api.planning import check_project_units, overdue_sites, progress_of
from api.retries import RetryDep
from api.schemas.planning import (
    InspectionIn,
    InspectionItem,
    InspectionList,
    InspectionPatchIn,
    OverdueItem,
    OverdueList,
    ProjectIn,
    ProjectItem,
    ProjectList,
    ProjectPatchIn,
    TargetIn,
    TargetItem,
    TargetList,
    TargetPatchIn,
    VersionItem,
    VersionList,
)
from api.shapes import json_answer
from api.strict_json import StrictRoute
from geo import clock
from geo.accounts.rights import Action
from geo.areas import units_from_ha
from geo.planning import Finding, RecordKind
from geo.store import cities, inspections, projects, sites, targets, versions

router = APIRouter(tags=["planning"], route_class=StrictRoute, dependencies=[require(Action.READ)])

SiteId = Annotated[int | None, Query(ge=1, le=deps.LARGEST_ID, description="Only what concerns this site.")]
PLAN: Final = [require(Action.PLAN)]
INSPECT: Final = [require(Action.INSPECT)]


def _answer(item: BaseModel, path: str, version: int, *, status: int = 200) -> Response:
    return json_answer(item, status=status, headers={"ETag": deps.etag(version), "Location": path})


def _project(item: ProjectItem, *, status: int = 200) -> Response:
    return _answer(item, f"/api/projects/{item.project_id}", item.version, status=status)


def _target(item: TargetItem, *, status: int = 200) -> Response:
    return _answer(item, f"/api/targets/{item.target_id}", item.version, status=status)


def _inspection(item: InspectionItem, *, status: int = 200) -> Response:
    return _answer(item, f"/api/inspections/{item.inspection_id}", item.version, status=status)


@router.get("/api/projects")
def list_projects(
    request: Request,
    store: deps.StoreDep,
    site_id: SiteId = None,
    city: deps.Unit = None,
    limit: deps.Limit = 100,
    after: deps.After = None,
) -> ProjectList:
    """The treatment projects: of a site, or run by a unit."""
    with store.read() as conn:
        adcodes = None if city is None else frozenset({cities.get(conn, city).adcode})
        found = projects.find(conn, site_id=site_id, adcodes=adcodes, after=after, limit=limit + 1)
    page, last = page_of(found, limit)
    return ProjectList(
        items=[ProjectItem.of(one) for one in page],
        next=next_url(request, None if last is None else last[1].record_id),
    )


@router.post("/api/projects", status_code=201, response_model=ProjectItem, dependencies=PLAN)
def add_project(body: ProjectIn, store: deps.StoreDep, rights: deps.RightsDep, retry: RetryDep) -> Response:
    """Set up a project over any number of sites."""
    project = body.project()
    with store.write() as conn:
        check_project_units(conn, rights, project)

        def work() -> Response:
            made = projects.put(conn, project, actor=rights.name, now=clock.now_utc())
            return _project(ProjectItem.of(made), status=201)

        return retry.once(conn, body.model_dump_json(), work)


@router.get("/api/projects/{project_id}", response_model=ProjectItem)
def get_project(project_id: deps.Id, store: deps.StoreDep) -> Response:
    """One project; its ETag is what a write sends back as If-Match."""
    with store.read() as conn:
        return _project(ProjectItem.of(projects.get(conn, project_id)))


@router.patch("/api/projects/{project_id}", response_model=ProjectItem, dependencies=PLAN)
def patch_project(
    project_id: deps.Id,
    body: ProjectPatchIn,
    store: deps.StoreDep,
    rights: deps.RightsDep,
    if_match: deps.IfMatch,
    retry: RetryDep,
) -> Response:
    """Change a project; every version is kept."""
    with store.write() as conn:

        def work() -> Response:
            before, _ = projects.get(conn, project_id)
            check_project_units(conn, rights, before)
            told = ProjectItem.of(projects.get(conn, project_id)).model_dump(
                include=set(ProjectIn.model_fields)
            )
            stated = {name: getattr(body, name) for name in body.model_fields_set}
            project = ProjectIn.model_validate({**told, **stated}).project()
            check_project_units(conn, rights, project)
            put = projects.put(
                conn,
                project,
                actor=rights.name,
                now=clock.now_utc(),
                project_id=project_id,
                if_version=deps.version_of(if_match),
            )
            return _project(ProjectItem.of(put))

        return retry.once(conn, body.model_dump_json(exclude_unset=True), work)


@router.get("/api/targets")
def list_targets(
    request: Request,
    store: deps.StoreDep,
    today: deps.TodayDep,
    year: deps.Year = None,
    city: deps.Unit = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    after: deps.After = None,
) -> TargetList:
    """The annual targets with what was done of each."""
    with store.read() as conn:
        found = targets.find(conn, year=year, adcode=city, after=after, limit=limit + 1)
    page, last = page_of(found, limit)
    return TargetList(
        items=[TargetItem.of(one, progress_of(store, one[0], today)) for one in page],
        next=next_url(request, None if last is None else last[1].record_id),
    )


@router.post("/api/targets", status_code=201, response_model=TargetItem, dependencies=PLAN)
def add_target(
    body: TargetIn, store: deps.StoreDep, rights: deps.RightsDep, today: deps.TodayDep, retry: RetryDep
) -> Response:
    """Set the hectares that a unit is to treat within a year."""
    target = body.target()
    done = progress_of(store, target, today)
    with store.write() as conn:
        rights.check(conn, Action.PLAN, cities.get(conn, target.adcode).adcode)

        def work() -> Response:
            made = targets.put(conn, target, actor=rights.name, now=clock.now_utc())
            return _target(TargetItem.of(made, done), status=201)

        return retry.once(conn, body.model_dump_json(), work)


@router.get("/api/targets/{target_id}", response_model=TargetItem)
def get_target(target_id: deps.Id, store: deps.StoreDep, today: deps.TodayDep) -> Response:
    """One target and its progress; its ETag is what a write sends back as If-Match."""
    with store.read() as conn:
        found = targets.get(conn, target_id)
    return _target(TargetItem.of(found, progress_of(store, found[0], today)))


@router.patch("/api/targets/{target_id}", response_model=TargetItem, dependencies=PLAN)
def patch_target(
    target_id: deps.Id,
    body: TargetPatchIn,
    store: deps.StoreDep,
    rights: deps.RightsDep,
    today: deps.TodayDep,
    if_match: deps.IfMatch,
    retry: RetryDep,
) -> Response:
    """Change a target; every version is kept."""
    with store.read() as conn:
        before, _ = targets.get(conn, target_id)
    done = progress_of(store, before, today)
    units = before.units if body.target_ha is None else units_from_ha(body.target_ha)
    target = replace(before, units=units, notes=before.notes if body.notes is None else body.notes)
    with store.write() as conn:
        rights.check(conn, Action.PLAN, target.adcode)

        def work() -> Response:
            put = targets.put(
                conn,
                target,
                actor=rights.name,
                now=clock.now_utc(),
                target_id=target_id,
                if_version=deps.version_of(if_match),
            )
            return _target(TargetItem.of(put, done))

        return retry.once(conn, body.model_dump_json(exclude_unset=True), work)


@router.get("/api/inspections")
def list_inspections(
    request: Request,
    store: deps.StoreDep,
    site_id: SiteId = None,
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
def add_inspection(
    body: InspectionIn, store: deps.StoreDep, rights: deps.RightsDep, today: deps.TodayDep, retry: RetryDep
) -> Response:
    """Record what was seen on a site; an acceptance rests on an inspection that found it passed."""
    with store.write() as conn:
        rights.check_site(conn, Action.INSPECT, sites.get(conn, body.site_id))

        def work() -> Response:
            made = inspections.put(
                conn, body.inspection(), actor=rights.name, now=clock.now_utc(), today=today
            )
            return _inspection(InspectionItem.of(made), status=201)

        return retry.once(conn, body.model_dump_json(), work)


@router.get("/api/inspections/{inspection_id}", response_model=InspectionItem)
def get_inspection(inspection_id: deps.Id, store: deps.StoreDep) -> Response:
    """One inspection; its ETag is what a write sends back as If-Match."""
    with store.read() as conn:
        return _inspection(InspectionItem.of(inspections.get(conn, inspection_id)))


@router.patch("/api/inspections/{inspection_id}", response_model=InspectionItem, dependencies=INSPECT)
def patch_inspection(
    inspection_id: deps.Id,
    body: InspectionPatchIn,
    store: deps.StoreDep,
    rights: deps.RightsDep,
    today: deps.TodayDep,
    if_match: deps.IfMatch,
    retry: RetryDep,
) -> Response:
    """Change an inspection; every version is kept."""
    with store.write() as conn:

        def work() -> Response:
            before, _ = inspections.get(conn, inspection_id)
            rights.check_site(conn, Action.INSPECT, sites.get(conn, before.site_id))
            stated = {
                name: getattr(body, name) for name in body.model_fields_set if getattr(body, name) is not None
            }
            if "photos" in stated:
                stated["photos"] = tuple(stated["photos"])
            put = inspections.put(
                conn,
                replace(before, **stated),
                actor=rights.name,
                now=clock.now_utc(),
                today=today,
                inspection_id=inspection_id,
                if_version=deps.version_of(if_match),
            )
            return _inspection(InspectionItem.of(put))

        return retry.once(conn, body.model_dump_json(exclude_unset=True), work)


@router.get("/api/{records}/{record_id}/versions")
def record_versions(records: deps.Records, record_id: deps.Id, store: deps.StoreDep) -> VersionList:
    """Every version that there was of a project, target, inspection or attachment."""
    with store.read() as conn:
        return VersionList(
            items=[VersionItem.of(one) for one in versions.of(conn, RecordKind(records[:-1]), record_id)]
        )


@router.get("/api/overdue")
def list_overdue(store: deps.StoreDep, today: deps.TodayDep, city: deps.Unit = None) -> OverdueList:
    """The sites whose treatment, or whose project, should have ended and which are not treated."""
    with store.read() as conn:
        found = overdue_sites(conn, today=today, adcode=city)
    return OverdueList(items=[OverdueItem.of(each, site, today) for each, site in found], next=None)
