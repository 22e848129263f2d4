"""The asset gate: every script, style, font and image that a page loads, served from this host alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from geo.errors import NotFound, StoreError

_HERE: Final = Path(__file__).resolve().parent
PACKAGES_DIR: Final = _HERE / "assets" / "node_modules"
STATIC_DIR: Final = _HERE / "static"
_FA: Final = "@fortawesome/fontawesome-free"
_GEOMAN: Final = "@geoman-io/leaflet-geoman-free/dist"
_MARKERS: Final = "leaflet.awesome-markers/dist"


class UnknownAsset(NotFound):
    """A page asks for an asset that the table lacks."""

    template = (
        "no asset is called {name!r}; assets come from this host alone (tiles/asset_gate.py lists them)"
    )


class AssetMissingError(StoreError):
    """The table knows the asset, the file was never fetched."""

    template = "the asset {name!r} is not installed; run `make setup`"


ASSETS: Final[Mapping[str, str]] = {
    "leaflet/leaflet.js": "leaflet/dist/leaflet.js",
    "leaflet/leaflet.css": "leaflet/dist/leaflet.css",
    "leaflet/images/layers.png": "leaflet/dist/images/layers.png",
    "leaflet/images/layers-2x.png": "leaflet/dist/images/layers-2x.png",
    "leaflet/images/marker-icon.png": "leaflet/dist/images/marker-icon.png",
    "leaflet/images/marker-icon-2x.png": "leaflet/dist/images/marker-icon-2x.png",
    "leaflet/images/marker-shadow.png": "leaflet/dist/images/marker-shadow.png",
    "geoman/leaflet-geoman.min.js": f"{_GEOMAN}/leaflet-geoman.min.js",
    "geoman/leaflet-geoman.css": f"{_GEOMAN}/leaflet-geoman.css",
    "leaflet.sync/L.Map.Sync.js": "leaflet.sync/L.Map.Sync.js",
    "awesome-markers/leaflet.awesome-markers.js": f"{_MARKERS}/leaflet.awesome-markers.js",
    "awesome-markers/leaflet.awesome-markers.css": f"{_MARKERS}/leaflet.awesome-markers.css",
    "awesome-markers/images/markers-soft.png": f"{_MARKERS}/images/markers-soft.png",
    "awesome-markers/images/markers-soft@2x.png": f"{_MARKERS}/images/markers-soft@2x.png",
    "awesome-markers/images/markers-shadow.png": f"{_MARKERS}/images/markers-shadow.png",
    "awesome-markers/images/markers-shadow@2x.png": f"{_MARKERS}/images/markers-shadow@2x.png",
    "fontawesome/css/all.min.css": f"{_FA}/css/all.min.css",
    "fontawesome/webfonts/fa-brands-400.ttf": f"{_FA}/webfonts/fa-brands-400.ttf",
    "fontawesome/webfonts/fa-brands-400.woff2": f"{_FA}/webfonts/fa-brands-400.woff2",
    "fontawesome/webfonts/fa-regular-400.ttf": f"{_FA}/webfonts/fa-regular-400.ttf",
    "fontawesome/webfonts/fa-regular-400.woff2": f"{_FA}/webfonts/fa-regular-400.woff2",
    "fontawesome/webfonts/fa-solid-900.ttf": f"{_FA}/webfonts/fa-solid-900.ttf",
    "fontawesome/webfonts/fa-solid-900.woff2": f"{_FA}/webfonts/fa-solid-900.woff2",
    "fontawesome/webfonts/fa-v4compatibility.ttf": f"{_FA}/webfonts/fa-v4compatibility.ttf",
    "fontawesome/webfonts/fa-v4compatibility.woff2": f"{_FA}/webfonts/fa-v4compatibility.woff2",
    "jquery/jquery.min.js": "jquery/dist/jquery.min.js",
    "bootstrap/bootstrap.bundle.min.js": "bootstrap/dist/js/bootstrap.bundle.min.js",
    "bootstrap/bootstrap.min.css": "bootstrap/dist/css/bootstrap.min.css",
    "echarts/echarts.min.js": "echarts/dist/echarts.min.js",
    "htmx/htmx.min.js": "htmx.org/dist/htmx.min.js",
    "swagger-ui/swagger-ui-bundle.js": "swagger-ui-dist/swagger-ui-bundle.js",
    "swagger-ui/swagger-ui.css": "swagger-ui-dist/swagger-ui.css",
    "swagger-ui/favicon-32x32.png": "swagger-ui-dist/favicon-32x32.png",
}
"""Every asset of a package: its name below `/assets/` and its file below `tiles/assets/node_modules/`.

A style's own relative addresses (fonts, images) resolve, since the names keep the package's folders.
"""

OWN_ASSETS: Final[Mapping[str, str]] = {
    "reverdure/map.js": "map.js",
    "reverdure/map.css": "map.css",
}
"""The assets that are part of Reverdure, below `tiles/static/`."""

HEADER_LINKS: Final[Mapping[str, str | None]] = {
    "leaflet": "leaflet/leaflet.js",
    "leaflet_css": "leaflet/leaflet.css",
    "jquery": "jquery/jquery.min.js",
    "bootstrap": "bootstrap/bootstrap.bundle.min.js",
    "bootstrap_css": "bootstrap/bootstrap.min.css",
    "awesome_markers": "awesome-markers/leaflet.awesome-markers.js",
    "awesome_markers_css": "awesome-markers/leaflet.awesome-markers.css",
    "awesome_markers_font_css": "fontawesome/css/all.min.css",
    "Leaflet.Sync": "leaflet.sync/L.Map.Sync.js",
    "reverdure": "reverdure/map.js",
    "reverdure_css": "reverdure/map.css",
    "glyphicons_css": None,
    "awesome_rotate_css": None,
}
"""What folium calls a link in a page's header -> the asset that stands for it; None drops the link."""

_NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    name: tuple(other for other in ASSETS if other.startswith(prefix) and not other.endswith((".css", ".js")))
    for name, prefix in (
        ("leaflet/leaflet.css", "leaflet/images/"),
        ("awesome-markers/leaflet.awesome-markers.css", "awesome-markers/images/"),
        ("fontawesome/css/all.min.css", "fontawesome/webfonts/"),
    )
}


def asset_file(name: str) -> Path:
    """The file of the asset `name`, such as `leaflet/leaflet.css`.

    Raises `UnknownAsset` for a name outside the tables (so no path can be made up), `AssetMissingError` where
    the set-up has not fetched it.
    """
    if name in OWN_ASSETS:
        path = STATIC_DIR / OWN_ASSETS[name]
    elif name in ASSETS:
        path = PACKAGES_DIR / ASSETS[name]
    else:
        raise UnknownAsset(name=name)
    if not path.is_file():
        raise AssetMissingError(name=name)
    return path


def header_asset(link_name: str) -> str | None:
    """The asset that stands for the header link `link_name`; None where the link is dropped.

    Raises `UnknownAsset` for a link that the table lacks, so that no page can load from another host.
    """
    if link_name not in HEADER_LINKS:
        raise UnknownAsset(name=link_name)
    return HEADER_LINKS[link_name]


def with_dependents(name: str) -> tuple[str, ...]:
    """The asset `name` and those that its own relative addresses name (images and fonts of a style)."""
    return (name, *_NEEDS.get(name, ()))
