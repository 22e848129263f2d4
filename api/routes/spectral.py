"""What a spectral index says of a site, and the indices there are."""

from __future__ import annotations

from fastapi import APIRouter

from api import deps
from api.auth.rights import require
from api.schemas.spectral import IndexItem, IndexList, SpectralItem, SpectralList
from api.strict_json import StrictRoute
from geo.accounts.rights import Action
from geo.spectral.indices import indices
from geo.spectral.items import index_item, spectral_item
from geo.spectral.results import site_spectral
from geo.store import sites

router = APIRouter(
    prefix="/api", tags=["spectral"], route_class=StrictRoute, dependencies=[require(Action.READ)]
)


@router.get("/indices")
def list_indices() -> IndexList:
    """The spectral indices of the table, with formula, direction and source."""
    return IndexList(
        items=[IndexItem.model_validate(index_item(one)) for one in indices().values()], next=None
    )


@router.get("/sites/{site_id}/spectral")
def spectral_of_site(
    site_id: deps.Id,
    store: deps.StoreDep,
    product: deps.Slug = None,
    edition: deps.Slug = None,
    index: deps.Slug = None,
) -> SpectralList:
    """The spectral recovery of a site, one item per product, edition, index and set of parameters."""
    with store.read() as conn:
        sites.get(conn, site_id)
    found = site_spectral(store, site_id, product=product, edition=edition, index=index)
    return SpectralList(items=[SpectralItem.model_validate(spectral_item(one)) for one in found], next=None)
