"""What the land cover says of a site between two years."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api import deps
from api.schemas.recovery import RecoveryItem, RecoveryList
from api.strict_json import StrictRoute
from geo.recovery import Recovery, TemporalRule
from geo.recovery_items import recovery_item
from geo.site_results import site_recoveries
from geo.store import sites

router = APIRouter(prefix="/api/sites", tags=["sites"], route_class=StrictRoute)


@router.get("/{site_id}/recovery")
def site_recovery(
    site_id: deps.Id,
    store: deps.StoreDep,
    temporal_rule: Annotated[
        TemporalRule | None, Query(description="Only figures under this rule; both by default.")
    ] = None,
    product: deps.Slug = None,
    edition: deps.Slug = None,
    from_year: deps.FromYear = None,
    to_year: deps.ToYear = None,
) -> RecoveryList:
    """The recovery of a site, one item per product, edition, pair of years and temporal rule, raw first."""
    with store.read() as conn:
        sites.get(conn, site_id)
    found = site_recoveries(
        store,
        site_id,
        product=product,
        edition=edition,
        from_year=from_year,
        to_year=to_year,
        rule=temporal_rule,
    )
    found = sorted(found, key=_raw_first)
    return RecoveryList(items=[RecoveryItem.model_validate(recovery_item(one)) for one in found], next=None)


def _raw_first(one: Recovery) -> tuple[str, str, int, int, bool]:
    raw = one.temporal_rule is TemporalRule.NONE
    return one.product, one.edition, one.from_year, one.to_year, not raw
