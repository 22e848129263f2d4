"""The pages of planning: overdue sites, annual targets, projects, and one project with its sites."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from api.auth.rights import require
from api.deps import LARGEST_ID, Id, Unit
from api.pages.view import Page, PageDep, PageRoute
from api.planning import overdue_sites, progress_of, project_units, works_of
from api.schemas.planning import OverdueItem, TargetItem
from api.schemas.projects import ProjectItem
from geo.accounts.rights import Action
from geo.cities import City
from geo.store import cities, projects, sites, targets

router = APIRouter(route_class=PageRoute, dependencies=[require(Action.READ)])

MOST: Final = 500
PROJECT_WORDS: Final = {
    "code": "project_code",
    "name": "project_name",
    "adcode": "project_unit",
    "fund_source": "fund_source",
    "budget_cents": "budget",
    "spent_cents": "spent",
    "currency": "currency",
    "contractor": "contractor",
    "start_on": "start_on",
    "end_on": "end_on",
    "closed_on": "closed_on",
    "notes": "notes",
    "site_ids": "project_sites",
}
"""Field of a project in a conflict -> its word on the page."""
TARGET_WORDS: Final = {"adcode": "target_unit", "year": "target_year", "units": "target_ha", "notes": "notes"}
"""Field of a target in a conflict -> its word on the page."""


@router.get("/planning", response_class=HTMLResponse, include_in_schema=False)
def show_planning(
    page: PageDep, city: Unit = None, target: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None
) -> HTMLResponse:
    """Overdue sites, targets with their progress, projects; each with its form. `target` is to be edited."""
    with page.store.read() as conn:
        units = cities.all(conn)
        late = [
            OverdueItem.of(one, site, page.today)
            for one, site in overdue_sites(conn, today=page.today, adcode=city)
        ]
        set_targets = targets.find(conn, limit=MOST)
        found = projects.find(conn, limit=MOST)
        works = works_of(page.store, conn, [project for project, _ in found], page.today)
        may_plan = bool(page.rights.may(conn, Action.PLAN))
    items = [TargetItem.of(one, progress_of(page.store, one[0], page.today)) for one in set_targets]
    return page.render(
        "planning.html",
        active="planning",
        overdue_of=page.name(units[city]) if city else "",
        overdue=late[:MOST],
        targets=items,
        target=next((one for one in items if one.target_id == target), None),
        projects=[ProjectItem.of(one, work) for one, work in zip(found, works, strict=True)],
        may_plan=may_plan,
        fact_words=_words(page, TARGET_WORDS),
        names={code: page.name(unit) for code, unit in units.items()},
        units=_unit_choices(page, units),
    )


@router.get("/planning/projects/{project_id}", response_class=HTMLResponse, include_in_schema=False)
def show_project(page: PageDep, project_id: Id) -> HTMLResponse:
    """One project: money, dates, what became of its sites, the form that changes it."""
    with page.store.read() as conn:
        found = projects.get(conn, project_id)
        (work,) = works_of(page.store, conn, [found[0]], page.today)
        treated = [sites.get(conn, site_id) for site_id in found[0].site_ids]
        units = cities.all(conn)
        may_plan = bool(page.rights.may(conn, Action.PLAN, project_units(conn, found[0])))
    words = _words(page, PROJECT_WORDS)
    words["site_ids"]["values"] = {str(site.site_id): site.site_code for site in treated}
    return page.render(
        "project.html",
        active="planning",
        json_url=f"/api/projects/{project_id}",
        project=ProjectItem.of(found, work),
        sites=treated,
        may_plan=may_plan,
        fact_words=words,
        names={code: page.name(unit) for code, unit in units.items()},
        units=_unit_choices(page, units),
    )


def _words(page: Page, fields: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The words of fields for conflicts that are shown side by side."""
    return {field: {"label": page.work(slug), "values": {}} for field, slug in fields.items()}


def _unit_choices(page: Page, units: dict[str, City]) -> list[tuple[str, str]]:
    return [("", "–"), *((code, f"{page.name(unit)} {code}") for code, unit in sorted(units.items()))]
