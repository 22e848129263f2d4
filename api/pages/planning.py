"""The page of projects, annual targets and overdue sites."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from api.auth.rights import require
from api.deps import LARGEST_ID, Unit
from api.pages.view import PageDep, PageRoute
from api.planning import overdue_sites, progress_of
from api.schemas.planning import OverdueItem, ProjectItem, TargetItem
from geo.accounts.rights import Action
from geo.store import cities, projects, sites, targets

router = APIRouter(route_class=PageRoute, dependencies=[require(Action.READ)])

MOST: Final = 500
FIELDS: Final = {
    "code": "project_code",
    "name": "project_name",
    "adcode": "project_unit",
    "fund_source": "fund_source",
    "budget_cents": "budget",
    "contractor": "contractor",
    "start_on": "start_on",
    "end_on": "end_on",
}
"""Field of a project in a conflict -> its word on the page."""


@router.get("/planning", response_class=HTMLResponse, include_in_schema=False)
def show_planning(
    page: PageDep, city: Unit = None, project: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None
) -> HTMLResponse:
    """Overdue sites, targets with their progress, projects; each with its form."""
    with page.store.read() as conn:
        units = cities.all(conn)
        late = [
            OverdueItem.of(one, site, page.today)
            for one, site in overdue_sites(conn, today=page.today, adcode=city)
        ]
        set_targets = targets.find(conn, limit=MOST)
        found = [ProjectItem.of(one) for one in projects.find(conn, limit=MOST)]
        edited = None if project is None else ProjectItem.of(projects.get(conn, project))
        codes = [] if edited is None else [sites.get(conn, one).site_code for one in edited.site_ids]
        may_plan = bool(page.rights.may(conn, Action.PLAN))
    return page.render(
        "planning.html",
        active="planning",
        overdue_of=page.name(units[city]) if city else "",
        overdue=late[:MOST],
        targets=[TargetItem.of(one, progress_of(page.store, one[0], page.today)) for one in set_targets],
        projects=found,
        edited=edited,
        edited_codes=", ".join(codes),
        may_plan=may_plan,
        fact_words={field: {"label": page.work(slug), "values": {}} for field, slug in FIELDS.items()},
        names={code: page.name(unit) for code, unit in units.items()},
        units=[("", "–"), *((code, f"{page.name(unit)} {code}") for code, unit in sorted(units.items()))],
    )
