"""How sites sink, stand under water, and what their new cover takes up; new water outside of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api import deps
from api.auth.rights import require
from api.paging import next_url, page_of
from api.retries import RetryDep
from api.schemas.candidates import CandidateCollection, CandidateFeature
from api.schemas.common import Given, Link, Name
from api.schemas.subsidence import (
    CarbonItem,
    CarbonList,
    CarbonTotalItem,
    CarbonTotals,
    Contradiction,
    ContradictionList,
    PondingItem,
    SubsidenceAnswer,
    SubsidenceItem,
)
from api.shapes import json_answer
from api.strict_json import StrictRoute
from geo.accounts.rights import Action
from geo.candidate_search import candidates_in
from geo.candidates import CandidateState
from geo.carbon.items import ASSUMPTIONS, carbon_item, total_item
from geo.carbon.query import CarbonGroup, CarbonQuery
from geo.carbon.totals import carbon_totals, site_carbons
from geo.store import candidates
from geo.subsidence.items import contradicted_records, ponding_item, site_subsidence, subsidence_item

router = APIRouter(prefix="/api", route_class=StrictRoute, dependencies=[require(Action.READ)])


@router.get("/sites/{site_id}/subsidence", tags=["sites"])
def get_subsidence(site_id: deps.Id, store: deps.StoreDep) -> SubsidenceAnswer:
    """Displacement of a site by product and edition, its water by year, and what contradicts its record."""
    found = site_subsidence(store, site_id)
    items = [subsidence_item(one, found.site) for one in found.displacements]
    ponding = [ponding_item(one, found.site) for one in found.pondings]
    return SubsidenceAnswer(
        items=[SubsidenceItem.model_validate(item) for item in items],
        ponding=[PondingItem.model_validate(item) for item in ponding],
        disagreements=list(found.disagreements()),
    )


@router.get("/subsidence/disagreements", tags=["sites"])
def list_disagreements(store: deps.StoreDep) -> ContradictionList:
    """The sites whose recorded settlement or ponding displacement or water contradicts."""
    return ContradictionList(
        items=[
            Contradiction(
                site_id=one.site.site_id,
                site_code=one.site.site_code,
                disagreements=list(one.disagreements()),
            )
            for one in contradicted_records(store)
        ]
    )


@router.get("/sites/{site_id}/carbon", tags=["sites"])
def get_carbon(site_id: deps.Id, store: deps.StoreDep, year: deps.Year = None) -> CarbonList:
    """What the new cover of a site takes up, as a range, in a year or the last of each product."""
    found = site_carbons(store, site_id, year=year)
    return CarbonList(items=[CarbonItem.model_validate(carbon_item(one)) for one in found])


@router.get("/carbon", tags=["rates"])
def list_carbon(
    store: deps.StoreDep,
    today: deps.TodayDep,
    group_by: Annotated[CarbonGroup, Query(description="By what the sites are grouped.")] = CarbonGroup.CITY,
    product: deps.Slug = None,
    edition: deps.Slug = None,
    year: deps.Year = None,
) -> CarbonTotals:
    """The uptake by site, by city or of all; sums of whole kilograms, ranges alone."""
    found = carbon_totals(store, CarbonQuery(product, edition, year), group_by, today=today)
    items = [CarbonTotalItem.model_validate(total_item(one)) for one in found]
    return CarbonTotals(items=items, assumptions=list(ASSUMPTIONS))


class CandidatePage(CandidateCollection):
    """A page of candidates; the link `next` leads to the rest."""

    links: list[Link]


@router.get("/candidates", tags=["candidates"])
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
    links = [] if following is None else [Link(rel="next", href=following, type="application/geo+json")]
    return CandidatePage(features=[CandidateFeature.of(one) for one in page], links=links)


class DismissalIn(Given):
    """Why a candidate is no subsidence."""

    reason: Name


@router.post(
    "/candidates/{candidate_id}/dismiss",
    tags=["candidates"],
    response_model=CandidateFeature,
    dependencies=[require(Action.RUN)],
)
def dismiss_candidate(
    candidate_id: deps.Id,
    body: DismissalIn,
    store: deps.StoreDep,
    rights: deps.RightsDep,
    retry: RetryDep,
) -> Response:
    """Dismiss a candidate for good; water that is found there again stays dismissed."""
    with store.write() as conn:

        def work() -> Response:
            gone = candidates.dismiss(conn, candidate_id, reason=body.reason, actor=rights.name)
            return json_answer(CandidateFeature.of(gone))

        return retry.once(conn, body.model_dump_json(), work)
