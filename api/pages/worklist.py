"""The worklist page: sites whose status and evidence disagree, beside the proposals that are open."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from api.auth.rights import require
from api.deps import After, Unit
from api.pages.reviews import reviews_of
from api.pages.tables import doubts
from api.pages.units import unit_options
from api.pages.view import PageDep, PageRoute, query_of
from api.paging import page_of
from geo.accounts.rights import Action
from geo.figures import worklist
from geo.store import cities, proposal_search
from geo.store.proposal_search import ProposalFilter

router = APIRouter(route_class=PageRoute, dependencies=[require(Action.READ)])

PAGE_ROWS: Final = 100
PROPOSAL_ROWS: Final = 25


@router.get("/worklist", response_class=HTMLResponse, include_in_schema=False)
def show_worklist(
    page: PageDep,
    city: Unit = None,
    after: Annotated[str | None, Query(max_length=60)] = None,
    proposals_after: After = None,
) -> HTMLResponse:
    """The worklist, worst first, and the open proposals of the unit, each a page at a time."""
    shown, last = page_of(worklist(page.store, adcode=city, limit=PAGE_ROWS + 1, after=after), PAGE_ROWS)
    wanted = ProposalFilter(adcodes=None if city is None else frozenset({city}))
    with page.store.read() as conn:
        units = cities.all(conn)
        total = proposal_search.count(conn, wanted)
        waiting, last_waiting = page_of(
            proposal_search.find(conn, replace(wanted, after=proposals_after, limit=PROPOSAL_ROWS + 1)),
            PROPOSAL_ROWS,
        )
        names = {code: page.name(unit) for code, unit in units.items()}
        reviews = reviews_of(page, conn, waiting, names)
    return page.render(
        "worklist.html",
        active="worklist",
        chosen=city,
        cities=unit_options(page, units, city),
        doubts=doubts(page, shown),
        city_names=names,
        proposals=reviews,
        proposals_total=total,
        proposals_next=page.url("/worklist", proposals_after=last_waiting.proposal_id)
        if last_waiting
        else None,
        proposals_first=page.url("/worklist", proposals_after=None) if proposals_after else None,
        next_url=page.url("/worklist", after=last.cursor) if last else None,
        first_url=page.url("/worklist", after=None) if after else None,
        map_url=f"/maps/recovery?{query_of(city=city, lang=page.lang)}",
    )
