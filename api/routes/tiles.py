"""Raster tiles of registered scenes."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from api import deps
from api.auth.rights import require
from api.strict_json import StrictRoute
from geo import landcover
from geo.accounts.rights import Action
from tiles.landcover import scene_of
from tiles.landcover import tilejson as landcover_tilejson
from tiles.raster import PNG, scene_tile, scene_version, tile_etag

router = APIRouter(
    prefix="/tiles", tags=["tiles"], route_class=StrictRoute, dependencies=[require(Action.READ)]
)

FOREVER: Final = "private, max-age=31536000, immutable"
A_WHILE: Final = "private, max-age=600"
WORD: Final = r"^[0-9A-Za-z._ -]{1,64}$"
MAX_ZOOM: Final = 22
Word = Annotated[str, Path(pattern=WORD)]
YearPath = Annotated[int, Path(ge=deps.FIRST_YEAR, le=deps.LAST_YEAR)]
Zoom = Annotated[int, Path(ge=0, le=MAX_ZOOM)]
Place = Annotated[int, Path(ge=0, lt=2**MAX_ZOOM)]


@router.get(
    "/landcover/{product}/{edition}/{year}/{z}/{x}/{y}.png",
    response_class=Response,
    responses={200: {"content": {PNG: {}}}},
)
def landcover_tile(
    product: Word,
    edition: Word,
    year: YearPath,
    z: Zoom,
    x: Place,
    y: Place,
    request: Request,
    store: deps.StoreDep,
) -> Response:
    """One tile (Web Mercator, 256 pixels) of a scene in the colours of its legend; transparent outside it."""
    with store.read() as conn:
        scene = scene_of(conn, product, edition, year)
    legend = landcover.product(product).legend
    versioned = request.query_params.get("v") == scene_version(scene, legend)
    headers = {"ETag": tile_etag(scene, legend, z, x, y), "Cache-Control": FOREVER if versioned else A_WHILE}
    if deps.not_modified(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    tile = scene_tile(scene, store.locate(scene), legend, z, x, y)
    return Response(tile.content, media_type=tile.media_type, headers=headers)


@router.get("/{layer}.json")
def tilejson(
    layer: Literal["landcover"],
    product: Annotated[str, Query(pattern=WORD)],
    edition: Annotated[str, Query(pattern=WORD)],
    year: Annotated[int, Query(ge=deps.FIRST_YEAR, le=deps.LAST_YEAR)],
    request: Request,
    store: deps.StoreDep,
    lang: deps.LangDep,
) -> dict[str, Any]:
    """The TileJSON of a layer: the address of its tiles, bounds, zooms, attribution."""
    del layer
    base = str(request.base_url).rstrip("/")
    return landcover_tilejson(store, product, edition, year, base_url=base, lang=lang)
