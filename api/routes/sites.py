"""Sites: read, enter, change, leave."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

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
    ListedFeature,
    NewSiteIn,
    SiteCollection,
    SiteFeature,
    SitePatchIn,
    StatusChangeIn,
)
from api.site_query import FilterDep, facets_of
from api.site_writing import change_site, enter_site
from api.strict_json import StrictRoute
from geo.accounts.rights import Action
from geo.changes import Change
from geo.evidence.standing import standing_evidence, verdict_of
from geo.history import Fact
from geo.store import attachments, cities, history, sites

router = APIRouter(
    prefix="/api/sites", tags=["sites"], route_class=StrictRoute, dependencies=[require(Action.READ)]
)

WRITES: dict[int | str, dict[str, Any]] = {
    202: {"model": ChangedSite, "description": "A second person has to approve; `proposal` waits."}
}


@router.get("", response_model=SiteCollection, response_class=shapes.GeoJSONResponse)
def list_sites(
    request: Request,
    store: deps.StoreDep,
    wanted: FilterDep,
    lang: deps.LangDep,
    geometry: Annotated[bool, Query(description="With the boundaries.")] = True,
    facets: Annotated[bool, Query(description="With how many sites each choice has.")] = False,
) -> Response:
    """The sites in the inventory as a GeoJSON FeatureCollection, by their ids or as `sort` says."""
    limit = wanted.limit or 1000
    with store.read() as conn:
        for adcode in wanted.adcodes or ():
            cities.get(conn, adcode)
        page, last = page_of(sites.find(conn, replace(wanted, limit=limit + 1)), limit)
        standing = standing_evidence(store, conn)
        found = [
            ListedFeature.with_verdict(one, verdict_of(standing, one.id))
            for one in shapes.features(conn, page, lang, with_geometry=geometry)
        ]
        counts = facets_of(conn, wanted, standing) if facets else None
    links = [Link(rel="self", href=str(request.url), type=GEOJSON)]
    if last is not None:
        links.append(Link(rel="next", href=next_url(request, last.site_id) or "", type=GEOJSON))
    return shapes.json_answer(SiteCollection(features=found, links=links, facets=counts), media=GEOJSON)


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
