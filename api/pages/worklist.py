"""The worklist page: sites whose status and evidence disagree, beside the proposals that are open."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from api.auth.rights import require
from api.deps import Unit
from api.pages.tables import doubts
from api.pages.view import PageDep, PageRoute, query_of
from api.shapes import proposal_items
from geo.accounts.rights import Action
from geo.figures import worklist
from geo.store import cities, proposals

router = APIRouter(route_class=PageRoute, dependencies=[require(Action.READ)])

PAGE_ROWS: Final = 100
PROPOSAL_ROWS: Final = 50


@router.get("/worklist", response_class=HTMLResponse, include_in_schema=False)
def show_worklist(
    page: PageDep, city: Unit = None, after: Annotated[str | None, Query(max_length=60)] = None
) -> HTMLResponse:
    """The worklist, worst first, a page at a time, beside the open proposals."""
    found = worklist(page.store, adcode=city, limit=PAGE_ROWS + 1, after=after)
    with page.store.read() as conn:
        units = cities.all(conn)
        waiting = proposals.find(conn, state="open", limit=PROPOSAL_ROWS)
        open_proposals = proposal_items(conn, waiting)
    shown = found[:PAGE_ROWS]
    return page.render(
        "worklist.html",
        active="worklist",
        worklist_json=f"/api/worklist?{query_of(city=city, after=after)}",
        doubts=doubts(page, shown),
        city_names={code: page.name(unit) for code, unit in units.items()},
        proposals=open_proposals,
        next_url=page.url("/worklist", after=shown[-1].cursor) if len(found) > PAGE_ROWS else None,
        first_url=page.url("/worklist", after=None) if after else None,
        map_url=f"/maps/recovery?{query_of(city=city, lang=page.lang)}",
    )
