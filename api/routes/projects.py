"""Treatment projects: list them, set one up, change it, take it off."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from api import deps
from api.auth.rights import require
from api.paging import next_url, page_of
from api.planning import check_project_units, works_of
from api.records import Changed, NewRecord, RecordWrite, Removed, record_answer
from api.schemas.projects import ProjectIn, ProjectItem, ProjectList, ProjectPatchIn
from api.strict_json import StrictRoute
from geo.accounts.rights import Action
from geo.planning import Project, RecordKind
from geo.store import Connection, cities, projects
from geo.store.versions import Stamp

router = APIRouter(tags=["planning"], route_class=StrictRoute, dependencies=[require(Action.READ)])

PLAN: Final = [require(Action.PLAN)]


def _answer(
    conn: Connection, write: RecordWrite, found: tuple[Project, Stamp], *, status: int = 200
) -> Response:
    (work,) = works_of(write.store, conn, [found[0]], write.today)
    item = ProjectItem.of(found, work)
    return record_answer(item, f"/api/projects/{item.project_id}", item.version, status=status)


@router.get("/api/projects")
def list_projects(
    request: Request,
    store: deps.StoreDep,
    today: deps.TodayDep,
    site_id: deps.SiteId = None,
    city: deps.Unit = None,
    limit: deps.Limit = 100,
    after: deps.After = None,
) -> ProjectList:
    """The treatment projects, of a site or run by a unit, with what became of their sites."""
    with store.read() as conn:
        adcodes = None if city is None else frozenset({cities.get(conn, city).adcode})
        found = projects.find(conn, site_id=site_id, adcodes=adcodes, after=after, limit=limit + 1)
        page, last = page_of(found, limit)
        works = works_of(store, conn, [project for project, _ in page], today)
    return ProjectList(
        items=[ProjectItem.of(one, work) for one, work in zip(page, works, strict=True)],
        next=next_url(request, None if last is None else last[1].record_id),
    )


@router.post("/api/projects", status_code=201, response_model=ProjectItem, dependencies=PLAN)
def add_project(body: ProjectIn, write: NewRecord) -> Response:
    """Set up a project over any number of sites."""
    project = body.project()

    def work(conn: Connection) -> Response:
        check_project_units(conn, write.rights, project)
        made = projects.put(conn, project, actor=write.actor, now=write.now)
        return _answer(conn, write, made, status=201)

    return write.once(body, work)


@router.get("/api/projects/{project_id}", response_model=ProjectItem)
def get_project(project_id: deps.Id, write: NewRecord) -> Response:
    """One project; its ETag is what a write sends back as If-Match."""
    with write.store.read() as conn:
        return _answer(conn, write, projects.get(conn, project_id))


@router.patch("/api/projects/{project_id}", response_model=ProjectItem, dependencies=PLAN)
def patch_project(project_id: deps.Id, body: ProjectPatchIn, change: Changed) -> Response:
    """Change a project; every version is kept."""
    write = change.write

    def work(conn: Connection) -> Response:
        before = projects.get(conn, project_id)
        check_project_units(conn, write.rights, before[0])
        project = ProjectIn.model_validate({**ProjectIn.told(before[0]), **body.stated()}).project()
        check_project_units(conn, write.rights, project)
        put = projects.put(
            conn,
            project,
            actor=write.actor,
            now=write.now,
            project_id=project_id,
            if_version=change.seen,
        )
        return _answer(conn, write, put)

    return write.once(body, work)


@router.delete("/api/projects/{project_id}", status_code=204, dependencies=PLAN)
def remove_project(project_id: deps.Id, removal: Removed) -> Response:
    """Take a project off; its versions are kept, and the removal is the last of them."""

    def check(conn: Connection) -> None:
        check_project_units(conn, removal.write.rights, projects.get(conn, project_id)[0])

    return removal.of(RecordKind.PROJECT, project_id, check)
