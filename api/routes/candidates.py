"""Candidates: new water outside known sites, to be dismissed or entered as sites."""

from __future__ import annotations

from typing import Annotated

import shapely
from fastapi import APIRouter, Query, Request, Response

from api import deps, shapes
from api.auth.rights import require
from api.paging import next_url, page_of
from api.retries import RetryDep
from api.schemas.candidates import AcceptIn, CandidateFeature, CandidatePage, DismissalIn
from api.schemas.common import Link
from api.schemas.proposals import ChangedSite
from api.schemas.sites import GEOJSON, NewSiteIn, PolygonIn
from api.site_writing import enter_site
from api.strict_json import StrictRoute
from geo.accounts.rights import Action
from geo.candidate_search import candidates_in
from geo.candidates import CandidateState
from geo.store import candidates

router = APIRouter(
    prefix="/api/candidates",
    tags=["candidates"],
    route_class=StrictRoute,
    dependencies=[require(Action.READ)],
)


@router.get("")
def list_candidates(
    request: Request,
    store: deps.StoreDep,
    state: Annotated[
        CandidateState, Query(description="Open ones, or those that were dismissed.")
    ] = CandidateState.OPEN,
    product: deps.Slug = None,
    city: deps.Unit = None,
    limit: deps.Limit = 1000,
    after: deps.After = None,
) -> CandidatePage:
    """New water outside known sites, by id: GeoJSON."""
    found = sorted(candidates_in(store, city, state=state, product=product), key=lambda one: one.candidate_id)
    page, last = page_of([one for one in found if one.candidate_id > (after or 0)], limit)
    following = next_url(request, None if last is None else last.candidate_id)
    links = [] if following is None else [Link(rel="next", href=following, type=GEOJSON)]
    return CandidatePage(features=[CandidateFeature.of(one) for one in page], links=links)


@router.post(
    "/{candidate_id}/dismiss",
    response_model=CandidateFeature,
    dependencies=[require(Action.CHECK)],
)
def dismiss_candidate(
    candidate_id: deps.Id,
    body: DismissalIn,
    request: Request,
    store: deps.StoreDep,
    rights: deps.RightsDep,
    retry: RetryDep,
) -> Response:
    """Dismiss a candidate for good; water that is found there again stays dismissed."""
    with store.write() as conn:
        place = request.app.state.units.place(conn, candidates.get(conn, candidate_id).geometry)
        rights.check(conn, Action.CHECK, place.adcode)

        def work() -> Response:
            gone = candidates.dismiss(conn, candidate_id, reason=body.reason, actor=rights.name)
            return shapes.json_answer(CandidateFeature.of(gone))

        return retry.once(conn, body.model_dump_json(), work)


@router.post(
    "/{candidate_id}/accept",
    status_code=201,
    response_model=ChangedSite,
    dependencies=[require(Action.CREATE_SITE)],
)
def accept_candidate(
    candidate_id: deps.Id,
    body: AcceptIn,
    request: Request,
    store: deps.StoreDep,
    rights: deps.RightsDep,
    day: deps.TodayDep,
    lang: deps.LangDep,
    idempotency_key: deps.IdempotencyKey = None,
) -> Response:
    """Enter a candidate into the inventory as a site of its outline; it is a candidate no longer."""
    with store.write() as conn:
        found = candidates.open_one(conn, candidate_id)
        new = NewSiteIn(
            site_code=body.site_code,
            geometry=PolygonIn.model_validate_json(shapely.to_geojson(found.geometry)),
            name=body.name,
            kind=body.kind,
            responsible=body.responsible,
            damage_year=found.to_year,
            entered_on=body.entered_on,
        )
        applied = enter_site(
            conn,
            new,
            units=request.app.state.units,
            rights=rights,
            today=day,
            idempotency_key=idempotency_key,
        )
        return shapes.changed_answer(conn, applied, lang, created=True)
