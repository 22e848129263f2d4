"""How sites sink, stand under water, and what their new cover takes up; new water outside of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api import deps
from api.auth.rights import require
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
from api.strict_json import StrictRoute
from geo.accounts.rights import Action
from geo.carbon.items import ASSUMPTIONS, carbon_item, total_item
from geo.carbon.query import CarbonGroup, CarbonQuery
from geo.carbon.totals import carbon_totals, site_carbons
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
