"""Agreement of two editions or products over the same land."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api import deps
from api.auth.rights import require
from api.schemas.agreement import AgreementOut
from api.sides import side_of
from api.strict_json import StrictRoute
from geo.accounts.rights import Action
from geo.agreement.class_fate import Side
from geo.agreement.sites import compared_sites
from geo.agreement.tables import scene_agreement, site_agreement

router = APIRouter(
    prefix="/api", tags=["land cover"], route_class=StrictRoute, dependencies=[require(Action.READ)]
)

Name = Annotated[str, Query(pattern=r"^[0-9A-Za-z._-]{1,64}$")]


@router.get("/agreement")
def get_agreement(
    store: deps.StoreDep,
    product: Name,
    edition: Name,
    other: Annotated[
        str,
        Query(
            alias="with",
            pattern=r"^([0-9A-Za-z._-]{1,64}:)?[0-9A-Za-z._-]{1,64}$",
            description="The other edition, or `product:edition`.",
        ),
    ],
    from_year: Annotated[int, Query(alias="from", ge=deps.FIRST_YEAR, le=deps.LAST_YEAR)],
    to_year: Annotated[int, Query(alias="to", ge=deps.FIRST_YEAR, le=deps.LAST_YEAR)],
    city: deps.Unit = None,
    responsible: Annotated[str, Query(pattern="^(legacy|liable|all)$")] = "all",
    scene: Annotated[bool, Query(description="The whole scene instead of the sites.")] = False,
    class_code: Annotated[
        int | None,
        Query(alias="class", ge=0, le=65_535, description="With scene: what became of this class."),
    ] = None,
) -> AgreementOut:
    """Where two editions agree on what became of the land, and the range of recovered shares they span."""
    first, second, years = Side(product, edition), side_of(product, other), (from_year, to_year)
    if scene:
        return AgreementOut.model_validate(
            scene_agreement(store, first, second, years, class_code=class_code)
        )
    with store.read() as conn:
        sites = compared_sites(conn, adcode=city, responsible=responsible)
    found = site_agreement(store, sites, first, second, years, scope=city or "all")
    return AgreementOut.model_validate(found)
