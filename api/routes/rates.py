"""The rates of all groups in one answer, and the worklist."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api import deps
from api.auth.rights import require
from api.paging import next_url, page_of
from api.schemas.rates import RateList, rate_item
from api.schemas.recovery import WorklistEntry, WorklistPage
from api.shapes import json_answer
from api.strict_json import StrictRoute
from geo import figures
from geo.accounts.rights import Action
from geo.rates import GroupBy
from geo.store import proposals

router = APIRouter(
    prefix="/api", tags=["rates"], route_class=StrictRoute, dependencies=[require(Action.READ)]
)


@router.get("/rates", response_model=RateList)
def list_rates(
    store: deps.StoreDep,
    query: deps.RateQueryDep,
    today: deps.TodayDep,
    group_by: Annotated[GroupBy, Query(description="By what the sites are grouped.")] = GroupBy.CITY,
    city: deps.Unit = None,
) -> Response:
    """The rates of every group of sites by the same definition, days and filters."""
    found = figures.rates_of(store, query, group_by, adcode=city, today=today)
    return json_answer(RateList(items=[rate_item(rate) for rate in found], next=None))


@router.get("/worklist")
def get_worklist(
    request: Request,
    store: deps.StoreDep,
    city: deps.Unit = None,
    product: deps.Slug = None,
    edition: deps.Slug = None,
    limit: deps.Limit = 100,
    after: Annotated[str | None, Query(max_length=64, description="As `next` says it.")] = None,
) -> WorklistPage:
    """Sites where the status on paper and the land cover disagree, most hectares first."""
    found = figures.worklist(
        store, adcode=city, product=product, edition=edition, limit=limit + 1, after=after
    )
    page, last = page_of(found, limit)
    with store.read() as conn:
        waiting = proposals.open_ids(conn)
    items = [WorklistEntry.of(item, waiting.get(item.site_id, ())) for item in page]
    return WorklistPage(items=items, next=next_url(request, None if last is None else last.cursor))
