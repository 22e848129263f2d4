"""Raster tiles of registered scenes."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response

from api import deps
from api.strict_json import StrictRoute
from geo import landcover
from geo.errors import UnknownScene
from geo.scenes import Scene
from geo.store import Store, scenes
from tiles.raster import PNG, scene_tile, tile_etag

router = APIRouter(prefix="/tiles", tags=["tiles"], route_class=StrictRoute)

TILE_CACHE: Final = "private, max-age=600"
MAX_ZOOM: Final = 22
Word = Annotated[str, Path(pattern=r"^[0-9A-Za-z._ -]{1,64}$")]
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
    legend = landcover.product(product).legend
    scene = scene_of(store, product, edition, year)
    headers = {"ETag": tile_etag(scene, legend, z, x, y), "Cache-Control": TILE_CACHE}
    if deps.not_modified(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    tile = scene_tile(scene, store.locate(scene), legend, z, x, y)
    return Response(tile.content, media_type=tile.media_type, headers=headers)


def scene_of(store: Store, product: str, edition: str, year: int) -> Scene:
    """The scene of a year. Raises `UnknownScene`, which names the years that are there."""
    with store.read() as conn:
        found = {scene.year: scene for scene in scenes.find(conn, product=product, edition=edition)}
    if year not in found:
        known = ", ".join(map(str, sorted(found))) or "none"
        raise UnknownScene(product=product, edition=edition, year=year, known=known)
    return found[year]
