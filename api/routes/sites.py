"""Sites: read, enter, change, leave."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from api import deps, shapes
from api.auth.rights import require
from api.paging import next_url, page_of
from api.schemas.common import Day, Link, Text
from api.schemas.proposals import ChangedSite
from api.schemas.sites import (
    GEOJSON,
    HistoryItem,
    HistoryList,
    NewSiteIn,
    SiteCollection,
    SiteFeature,
    SitePatchIn,
    StatusChangeIn,
)
from api.site_writing import change_site, enter_site
from api.strict_json import StrictRoute
from geo.accounts import Action
from geo.changes import Change
from geo.errors import BadValue
from geo.history import Fact
from geo.sites import Kind, Responsible
from geo.status import Status
from geo.store import attachments, cities, history, sites

router = APIRouter(
    prefix="/api/sites", tags=["sites"], route_class=StrictRoute, dependencies=[require(Action.READ)]
)

WRITES: dict[int | str, dict[str, Any]] = {
    202: {"model": ChangedSite, "description": "A second person has to approve; `proposal` waits."}
}


def bbox_of(
    bbox: Annotated[
        str | None,
        Query(max_length=200, description="west,south,east,north in degrees.", examples=["116,33,117,34"]),
    ] = None,
) -> tuple[float, float, float, float] | None:
    """The box asked for. Raises `BadValue`."""
    if bbox is None:
        return None
    try:
        west, south, east, north = (float(part) for part in bbox.split(","))
    except ValueError as error:
        raise BadValue(field="bbox", value=bbox, problem="is not west,south,east,north") from error
    if not (math.isfinite(west + south + east + north) and west <= east and south <= north):
        raise BadValue(
            field="bbox", value=bbox, problem="is no box: west <= east and south <= north in degrees"
        )
    return west, south, east, north


def site_filter(
    bbox: Annotated[tuple[float, float, float, float] | None, Depends(bbox_of)],
    city: deps.Unit = None,
    status: Annotated[Status | None, Query(description="Only sites with this status.")] = None,
    kind: Annotated[Kind | None, Query(description="Only sites of this kind.")] = None,
    responsible: Annotated[
        Responsible | Literal["all"], Query(description="Only sites that they answer for; all by default.")
    ] = "all",
    q: Annotated[str | None, Query(max_length=200, description="Part of a site's code or name.")] = None,
    limit: deps.Limit = 1000,
    after: deps.After = None,
) -> sites.SiteFilter:
    """Which sites are asked for."""
    codes = None if city is None else frozenset({city})
    return sites.SiteFilter(
        bbox=bbox,
        adcodes=codes,
        status=status,
        kind=kind,
        responsible=None if responsible == "all" else responsible,
        q=q,
        limit=limit,
        after=after,
    )


FilterDep = Annotated[sites.SiteFilter, Depends(site_filter)]


@router.get("", response_model=SiteCollection, response_class=shapes.GeoJSONResponse)
def list_sites(request: Request, store: deps.StoreDep, wanted: FilterDep, lang: deps.LangDep) -> Response:
    """The sites in the inventory as a GeoJSON FeatureCollection, in the order of their ids."""
    with store.read() as conn:
        for adcode in wanted.adcodes or ():
            cities.get(conn, adcode)
        limit = wanted.limit or 1000
        page, last = page_of(sites.find(conn, replace(wanted, limit=limit + 1)), limit)
        found = shapes.features(conn, page, lang)
    links = [Link(rel="self", href=str(request.url), type=GEOJSON)]
    if last is not None:
        links.append(Link(rel="next", href=next_url(request, last.site_id) or "", type=GEOJSON))
    return shapes.json_answer(SiteCollection(features=found, links=links), media=GEOJSON)


@router.post(
    "",
    status_code=201,
    response_model=ChangedSite,
    dependencies=[require(Action.CREATE_SITE)],
)
def create_site(
    body: NewSiteIn,
    request: Request,
    store: deps.StoreDep,
    rights: deps.RightsDep,
    day: deps.TodayDep,
    lang: deps.LangDep,
    idempotency_key: deps.IdempotencyKey = None,
) -> Response:
    """Enter a site into the inventory: its facts beside its geometry, or a GeoJSON feature."""
    with store.write() as conn:
        applied = enter_site(
            conn,
            body,
            units=request.app.state.units,
            rights=rights,
            today=day,
            idempotency_key=idempotency_key,
        )
        return shapes.changed_answer(conn, applied, lang, created=True)


@router.get("/{site_id}", response_model=SiteFeature, response_class=shapes.GeoJSONResponse)
def get_site(site_id: deps.Id, request: Request, store: deps.StoreDep, lang: deps.LangDep) -> Response:
    """One site as a GeoJSON feature; its ETag is what a write sends back as If-Match."""
    with store.read() as conn:
        site = sites.get(conn, site_id)
        found = shapes.feature(conn, site, lang)
    tag = deps.etag(site.version)
    if deps.not_modified(request, tag):
        return Response(status_code=304, headers={"ETag": tag})
    return shapes.json_answer(found, headers={"ETag": tag}, media=GEOJSON)


@router.patch(
    "/{site_id}", response_model=ChangedSite, responses=WRITES, dependencies=[require(Action.CHANGE_SITE)]
)
def patch_site(
    site_id: deps.Id,
    body: SitePatchIn,
    request: Request,
    write: Annotated[deps.Write, Depends()],
) -> Response:
    """Change facts of a site, or its boundary; only the members sent change."""
    facts, polygon = body.facts(), None if body.geometry is None else body.geometry.polygon()
    with write.store.write() as conn:
        if polygon is not None:
            facts[Fact.UNIT] = request.app.state.units.fact(conn, polygon)
        change = Change(facts, body.effective_on or write.today, body.reason, polygon, body.voids_seq)
        applied = change_site(conn, site_id, change, write)
        return shapes.changed_answer(conn, applied, write.lang)


@router.delete(
    "/{site_id}", response_model=ChangedSite, responses=WRITES, dependencies=[require(Action.CHANGE_SITE)]
)
def delete_site(
    site_id: deps.Id,
    write: Annotated[deps.Write, Depends()],
    reason: Annotated[Text, Query(description="Why it leaves.")] = "",
    effective_on: Annotated[
        Day | None, Query(description="The first day without it; today by default.")
    ] = None,
) -> Response:
    """Record that a site left the inventory. Nothing is removed, and a second person has to approve."""
    change = Change({Fact.MEMBERSHIP: "left"}, effective_on or write.today, reason)
    with write.store.write() as conn:
        applied = change_site(conn, site_id, change, write)
        return shapes.changed_answer(conn, applied, write.lang)


@router.post(
    "/{site_id}/status",
    response_model=ChangedSite,
    responses=WRITES,
    dependencies=[require(Action.CHANGE_SITE)],
)
def change_status(
    site_id: deps.Id, body: StatusChangeIn, write: Annotated[deps.Write, Depends()]
) -> Response:
    """Move a site to another status; accepted, closed and excluded wait for a second person."""
    with write.store.write() as conn:
        evidence = attachments.as_evidence(conn, site_id, body.evidence)
        change = Change(body.facts(), body.effective_on or write.today, body.full_reason(evidence))
        applied = change_site(conn, site_id, change, write)
        return shapes.changed_answer(conn, applied, write.lang)


@router.get("/{site_id}/history")
def site_history(
    site_id: deps.Id,
    request: Request,
    store: deps.StoreDep,
    limit: deps.Limit = 1000,
    after: deps.After = None,
) -> HistoryList:
    """Every fact that was ever recorded of a site, in the order of recording."""
    with store.read() as conn:
        sites.get(conn, site_id)
        found = history.rows(conn, site_id=site_id, after_seq=after or 0, limit=limit + 1)
    page, last = page_of(found, limit)
    return HistoryList(
        items=[HistoryItem.of(row) for row in page],
        next=next_url(request, None if last is None else last.seq),
    )
