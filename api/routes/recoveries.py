"""What the land cover says of a site between two years."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api import deps
from api.auth.rights import require
from api.schemas.recovery import RecoveryItem, RecoveryList
from api.strict_json import StrictRoute
from geo.accounts.rights import Action
from geo.recover.items import recovery_items
from geo.recovery import TemporalRule
from geo.site_results import site_recoveries
from geo.store import sites

router = APIRouter(
    prefix="/api/sites", tags=["sites"], route_class=StrictRoute, dependencies=[require(Action.READ)]
)


@router.get("/{site_id}/recovery")
def site_recovery(
    site_id: deps.Id,
    store: deps.StoreDep,
    temporal_rule: Annotated[
        TemporalRule, Query(description="The rule of the figures; raw ones by default.")
    ] = TemporalRule.NONE,
    product: deps.Slug = None,
    edition: deps.Slug = None,
    from_year: deps.FromYear = None,
    to_year: deps.ToYear = None,
) -> RecoveryList:
    """The recovery of a site, one item per product, edition and pair of years, raw unless asked.

    Each item has the site's `trajectory` through the years under majority3, with the raw one beside it.
    """
    with store.read() as conn:
        sites.get(conn, site_id)
    found = site_recoveries(
        store,
        site_id,
        product=product,
        edition=edition,
        from_year=from_year,
        to_year=to_year,
    )
    items = recovery_items(found, temporal_rule)
    return RecoveryList(items=[RecoveryItem.model_validate(item) for item in items], next=None)
