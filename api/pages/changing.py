"""The form that changes a site's status in two clicks, opened over whatever page shows the site."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.auth.rights import require
from api.deps import Id, etag
from api.pages.history import moves_of
from api.pages.view import PageDep, PageRoute
from api.pages.workflow import fact_words
from geo.accounts.rights import Action
from geo.store import history, sites

router = APIRouter(route_class=PageRoute, dependencies=[require(Action.READ)])


@router.get("/sites/{site_id}/change", response_class=HTMLResponse, include_in_schema=False)
def change_form(page: PageDep, site_id: Id) -> HTMLResponse:
    """The next statuses of a site as buttons, under the version that was read; part of a page."""
    with page.store.read() as conn:
        site = sites.get(conn, site_id)
        rows = history.rows(conn, site_id=site_id)
        decision = page.rights.may(conn, Action.CHANGE_SITE, [site.adcode])
    return page.render(
        "change_form.html",
        site=site,
        etag=etag(site.version),
        moves=moves_of(site, rows) if site.left_on is None else [],
        refused="" if decision else page.word("refusals", decision.reason),
        words=fact_words(page),
    )
