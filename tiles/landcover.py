"""Land cover of the registered scenes as it is drawn: tiles by edition and year, and series for a map."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import numpy as np
from pyproj import CRS, Transformer

from geo.errors import UnknownScene
from geo.grid import Grid
from geo.landcover import Product, product
from geo.scenes import Scene
from geo.store import Connection, Store, scenes
from tiles.grid import MAX_ZOOM, MercatorBox, mercator_xy_m, zoom_of_cell
from tiles.links import AssetLinks
from tiles.map_model import LandCover
from tiles.outlines import Bounds
from tiles.raster import (
    MISSING_CODE,
    Tile,
    codes_png,
    sample_codes,
    scene_tile,
    scene_version,
)

_ZOOMS_OUT: Final = 8
_PICTURE_PIXELS: Final = 1600
_SURVEY_PIXELS: Final = 320


def scene_of(conn: Connection, product_slug: str, edition: str, year: int) -> Scene:
    """The registered scene of a product, edition and year. Raises `UnknownScene` with the years there are."""
    found = scenes.find(conn, product=product_slug, edition=edition)
    for scene in found:
        if scene.year == year:
            return scene
    known = ", ".join(str(scene.year) for scene in found) or "none"
    raise UnknownScene(product=product_slug, edition=edition, year=year, known=known)


def landcover_tile(store: Store, product_slug: str, edition: str, year: int, z: int, x: int, y: int) -> Tile:
    """The palette PNG of a registered scene for the tile z/x/y; the shared empty tile outside it.

    Raises `UnknownScene`, `UnknownProduct`, `NoSuchTile`.
    """
    with store.read() as conn:
        scene = scene_of(conn, product_slug, edition, year)
    return scene_tile(scene, store.locate(scene), product(product_slug).legend, z, x, y)


def tilejson(
    store: Store, product_slug: str, edition: str, year: int, *, base_url: str = "", lang: str = "en"
) -> dict[str, Any]:
    """The TileJSON 3.0 of a scene: address with its version, bounds, zooms, attribution.

    `base_url` stands before `/tiles`. Raises `UnknownScene`, `UnknownProduct`.
    """
    with store.read() as conn:
        scene = scene_of(conn, product_slug, edition, year)
    about = product(product_slug)
    bounds, low, high = _reach((scene,))
    return {
        "tilejson": "3.0.0",
        "name": f"{about.zh if lang == 'zh' else about.en}, {edition}, {year}",
        "tiles": [f"{base_url}{_path(scene, about)}"],
        "bounds": list(bounds),
        "minzoom": low,
        "maxzoom": high,
        "attribution": about.attribution,
        "scheme": "xyz",
    }


def _path(scene: Scene, about: Product) -> str:
    parts = (scene.product, scene.edition, str(scene.year))
    where = "/".join(quote(part, safe="") for part in parts)
    return f"/tiles/landcover/{where}/{{z}}/{{x}}/{{y}}.png?v={scene_version(scene, about.legend)}"


@lru_cache(maxsize=64)
def grid_bounds(grid: Grid) -> Bounds:
    """West, south, east, north (degrees) of a grid's ground."""
    transformer = Transformer.from_crs(CRS.from_user_input(grid.crs), "EPSG:4326", always_xy=True)
    right, bottom = grid.x0 + grid.dx * grid.width, grid.y0 - grid.dy * grid.height
    west, south, east, north = transformer.transform_bounds(grid.x0, bottom, right, grid.y0, densify_pts=21)
    return west, max(-85.0, south), east, min(85.0, north)


def _reach(found: Iterable[Scene]) -> tuple[Bounds, int, int]:
    """The bounds of all scenes, the coarsest zoom worth asking for and the finest that holds more."""
    boxes = np.array([grid_bounds(scene.grid) for scene in found])
    west, south = boxes[:, :2].min(axis=0).tolist()
    east, north = boxes[:, 2:].max(axis=0).tolist()
    cell_m = min(_cell_m(scene.grid) for scene in found)
    native = min(MAX_ZOOM, zoom_of_cell(cell_m, (south + north) / 2) + 1)
    return (west, south, east, north), max(0, native - _ZOOMS_OUT), native


def _cell_m(grid: Grid) -> float:
    """Metres across a cell, roughly: only to choose zooms by."""
    _, south, _, north = grid_bounds(grid)
    return float(max(0.1, (north - south) * 111_000 / max(1, grid.height)))


def served_series(found: tuple[Scene, ...], about: Product, name: str, links: AssetLinks) -> LandCover:
    """The scenes of one edition as tiles of the serving host."""
    bounds, low, native = _reach(found)
    addresses = {scene.year: f"{links.prefix}{_path(scene, about)}" for scene in found}
    return LandCover(name, addresses, bounds, low, native)


def pictured_series(
    store: Store, found: tuple[Scene, ...], about: Product, name: str, links: AssetLinks, within: Bounds
) -> LandCover:
    """The scenes of one edition as one picture a year, cut to `within`, for a page without a server."""
    bounds = _common(_reach(found)[0], within)
    box = _picture_box(bounds, min(_cell_m(scene.grid) for scene in found), _PICTURE_PIXELS)
    addresses = {}
    for scene in found:
        content = codes_png(sample_codes(scene, store.locate(scene), box), about.legend)
        addresses[scene.year] = links.picture(f"landcover/{scene.year}.png", content)
    return LandCover(name, addresses, bounds, 0, MAX_ZOOM, pictures=True)


def _common(a: Bounds, b: Bounds) -> Bounds:
    west, south, east, north = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    return (west, south, east, north) if west < east and south < north else a


def _picture_box(bounds: Bounds, cell_m: float, most: int) -> MercatorBox:
    left, bottom = mercator_xy_m(bounds[0], bounds[1])
    right, top = mercator_xy_m(bounds[2], bounds[3])
    longest = max(right - left, top - bottom)
    pixel_m = max(longest / most, cell_m / 2)
    return MercatorBox(
        left, bottom, right, top,
        max(16, round((right - left) / pixel_m)), max(16, round((top - bottom) / pixel_m)),
    )  # fmt: skip


def codes_present(store: Store, found: Iterable[Scene], within: Bounds) -> frozenset[int]:
    """The class codes that the scenes show inside `within`, as a map of some 320 pixels would show them."""
    codes: set[int] = set()
    for scene in found:
        codes |= _survey(scene, store.locate(scene), within)
    return frozenset(codes)


@lru_cache(maxsize=256)
def _survey(scene: Scene, path: Path, within: Bounds) -> frozenset[int]:
    box = _picture_box(_common(grid_bounds(scene.grid), within), _cell_m(scene.grid), _SURVEY_PIXELS)
    seen = np.unique(sample_codes(scene, path, box)).tolist()
    return frozenset(code for code in seen if code != MISSING_CODE)
