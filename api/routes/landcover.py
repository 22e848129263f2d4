"""Land cover: products, registered scenes, and what they say of a site."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request, Response

from api import deps
from api.auth.rights import require
from api.paging import next_url, page_of
from api.schemas.landcover import ProductItem, ProductList, SceneItem, SceneList, ScenesIn
from api.schemas.recovery import EvidenceItem, EvidenceList
from api.shapes import json_answer
from api.strict_json import StrictRoute
from geo import landcover
from geo.accounts.rights import Action
from geo.errors import InvalidInput
from geo.evidence.items import told_evidence
from geo.registration import register_scenes
from geo.scenes import SceneKind
from geo.store import Store, scenes, sites

router = APIRouter(
    prefix="/api", tags=["land cover"], route_class=StrictRoute, dependencies=[require(Action.READ)]
)


class OutsideStore(InvalidInput):
    """The path leads out of the folder that the service may read, or to no file."""

    template = "path: {path!r} is no file below the store's folder; put the raster there first"


@router.get("/products")
def list_products(store: deps.StoreDep) -> ProductList:
    """The land-cover products with their legends and the editions that are registered."""
    with store.read() as conn:
        found = scenes.find(conn, seasons=True)
        known = {(scene.product, scene.edition): None for scene in found}
        items = [
            ProductItem.of(
                product,
                editions=[edition for slug, edition in known if slug == product.slug],
                current=scenes.current_edition(conn, product.slug),
            )
            for product in landcover.products().values()
        ]
    return ProductList(items=items, next=None)


@router.get("/scenes")
def list_scenes(
    request: Request,
    store: deps.StoreDep,
    product: deps.Slug = None,
    edition: deps.Slug = None,
    year: deps.Year = None,
    kind: SceneKind | None = None,
    limit: deps.Limit = 1000,
    after: deps.After = None,
) -> SceneList:
    """The registered scenes of every kind by their ids."""
    with store.read() as conn:
        found = scenes.find(conn, product=product, edition=edition, year=year, kind=kind, seasons=True)
    rest = sorted(
        (scene for scene in found if scene.scene_id > (after or 0)), key=lambda scene: scene.scene_id
    )
    page, last = page_of(rest, limit)
    return SceneList(
        items=[SceneItem.of(scene) for scene in page],
        next=next_url(request, None if last is None else last.scene_id),
    )


@router.post(
    "/scenes",
    status_code=201,
    response_model=SceneList,
    dependencies=[require(Action.SET_UP)],
)
def add_scenes(body: ScenesIn, store: deps.StoreDep) -> Response:
    """Register a raster that lies below the store's folder; see `kind` for what becomes a scene."""
    added = register_scenes(store, [below_store(store, body.path)], body.request())
    return json_answer(SceneList(items=[SceneItem.of(scene) for scene in added], next=None), status=201)


def below_store(store: Store, text: str) -> Path:
    """The file below the store's folder that a client named. Raises `OutsideStore`, links included."""
    folder = store.folder.resolve()
    try:
        path = (folder / text).resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise OutsideStore(path=text) from error
    if not path.is_relative_to(folder) or not path.is_file():
        raise OutsideStore(path=text)
    return path


@router.get("/sites/{site_id}/evidence", tags=["sites"])
def site_evidence(
    site_id: deps.Id, store: deps.StoreDep, product: deps.Slug = None, edition: deps.Slug = None
) -> EvidenceList:
    """Whether the land cover bears out the status of a site, by product, edition and years.

    Each verdict is told in words, with the scenes, the edition and the parameters that it came from.
    """
    with store.read() as conn:
        sites.get(conn, site_id)
    told = told_evidence(store, site_id, product=product, edition=edition)
    return EvidenceList(items=[EvidenceItem.of(one) for one in told], next=None)
