"""A map page composed with folium: the only module that imports it.

Folium writes latitude before longitude; the swap happens here and nowhere else. Every text passes
`tiles.escape`, every link of the header `tiles.asset_gate`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import folium
from branca.element import CssLink, Element, Figure, JavascriptLink, MacroElement
from folium.elements import JSCSSMixin
from folium.template import Template
from folium.utilities import JsCode

from geo.words import sentence
from tiles.asset_gate import UnknownAsset, header_asset
from tiles.escape import safe_text
from tiles.links import SERVED, AssetLinks
from tiles.map_model import LandCover, MapPage, Mark
from tiles.panel import compares, page_html

_CANVAS_FROM: Final = 1500
WORDS_OF_SCRIPT: Final = ("open_site", "change_status", "home")
"""Words that `static/map.js` puts on the page."""
_OTHER_HOST: Final = re.compile(r"""(?:src|href)\s*=\s*["']?\s*(?:https?:)?//[^"'\s>]+""", re.IGNORECASE)


class _Map(folium.Map):
    """A folium map that loads Leaflet alone: its other defaults (Bootstrap, icons) would draw nothing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.default_js = [pair for pair in self.default_js if pair[0] == "leaflet"]
        self.default_css = [pair for pair in self.default_css if pair[0] == "leaflet_css"]


class _Behaviour(JSCSSMixin):
    """The page's own script, styles, words and start."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            reverdure.page = {{ this.page|tojson }};
            document.documentElement.lang = reverdure.page.lang;
            {%- for name in this.body_classes %}
            document.body.classList.add({{ name|tojson }});
            {%- endfor %}
        {% endmacro %}
        """
    )

    def __init__(self, page: dict[str, Any], body_classes: Sequence[str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # folium types it in part
        self.default_js = [("reverdure", "reverdure/map.js")]
        self.default_css = [("reverdure_css", "reverdure/map.css")]
        self.page = page
        self.body_classes = tuple(body_classes)


class _Start(MacroElement):
    """What happens once the layers of one map stand: view, legend buttons, dots, land cover."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            reverdure.start({{ this.map_name }});
            {%- if this.sites_name %}
            reverdure.sites({{ this.map_name }}, {{ this.sites_name }});
            {%- endif %}
            {%- if this.series %}
            reverdure.oneYear({{ this.map_name }}, {{ this.series|tojson }}, {{ this.year|tojson }});
            {%- endif %}
        {% endmacro %}
        """
    )

    def __init__(
        self, map_name: str, sites_name: str, series: dict[str, Any] | None, year: int | None
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # folium types it in part
        self.map_name, self.sites_name, self.series, self.year = map_name, sites_name, series, year


class _Compare(JSCSSMixin):
    """Two maps that move as one, with a divider of our own."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            reverdure.start({{ this.left }});
            reverdure.start({{ this.right }});
            reverdure.compare({{ this.left }}, {{ this.right }},
                { units: {{ this.units or "null" }}, sites: {{ this.sites or "null" }} },
                {{ this.series|tojson }}, {{ this.years|tojson }});
        {% endmacro %}
        """
    )

    def __init__(
        self, left: str, right: str, units: str, sites: str, series: dict[str, Any], years: Sequence[int]
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # folium types it in part
        self.default_js = [("Leaflet.Sync", "leaflet.sync/L.Map.Sync.js")]
        self.left, self.right, self.units, self.sites = left, right, units, sites
        self.series, self.years = series, list(years)


def map_html(page: MapPage, *, links: AssetLinks = SERVED) -> str:
    """The whole HTML of a map page.

    Raises `UnknownAsset` where folium wants a script or style that is not served from this host.
    """
    figure = Figure(title=safe_text(page.title))
    rows = _RowLabels()
    left = _base_map(page, attribution=not compares(page))
    figure.add_child(left)
    units = _layer(page.units, "unit", "outlines", page, rows)
    sites = _layer(page.sites, "site", "sites_by_status", page, rows)
    for layer in (units, sites):
        if layer is not None:
            left.add_child(layer)
    figure.html.add_child(Element(_verbatim(page_html(page))), name="reverdure_page")
    _finish(figure, page, left, (units, sites), rows)
    return _rendered(figure, links, page)


def _finish(figure: Figure, page: MapPage, left: _Map, layers: tuple[Any, Any], rows: _RowLabels) -> None:
    """Add what starts the page after its layers."""
    units, sites = (layer.get_name() if layer is not None else "" for layer in layers)
    two = compares(page)
    series = None if page.land_cover is None else _series(page.land_cover)
    classes = [*(["rv-bannered"] if page.banner else []), *(["rv-compare"] if two else [])]
    figure.add_child(_Behaviour(_page_words(page, rows), classes), index=0)
    if two and series is not None:
        right = _base_map(page, attribution=False, zoom_control=False)
        figure.add_child(right)
        years = (page.left_year or 0, page.right_year or 0)
        figure.add_child(_Compare(left.get_name(), right.get_name(), units, sites, series, years))
    else:
        if units and sites:
            left.add_child(folium.LayerControl(position="topleft", collapsed=True))
        year = page.right_year if series else None
        figure.add_child(_Start(left.get_name(), sites, series, year))


class _RowLabels:
    """The labels of all rows, each once; a feature names them by number."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers))


def _base_map(page: MapPage, *, attribution: bool, zoom_control: bool = True) -> _Map:
    west, south, east, north = page.bounds
    made = _Map(
        location=[(south + north) / 2, (west + east) / 2],
        tiles=None,
        zoom_start=8,
        max_zoom=page.max_zoom,
        zoom_control=zoom_control,
        prefer_canvas=len(page.sites) + len(page.units) > _CANVAS_FROM,
        attribution_control=attribution,
        position="absolute",
        font_size="13px",
        zoom_snap=0.25 if page.land_cover is None else 1,
    )
    if page.basemap_url:
        folium.TileLayer(
            tiles=_plain_url(page.basemap_url), attr=safe_text(page.basemap_url), control=False, opacity=0.7
        ).add_to(made)
    return made


def _plain_url(url: str) -> str:
    """A tile address that can stand in a script: its {z}, {x}, {y} kept, all else that could act encoded."""
    return re.sub(r"[<>\"'`\\\s$]", lambda found: f"%{ord(found.group()):02X}", url)


def _layer(
    marks: Sequence[Mark], kind: str, name: str, page: MapPage, rows: _RowLabels
) -> folium.GeoJson | None:
    if not marks:
        return None
    features = [_feature(mark, rows) for mark in marks]
    points = folium.CircleMarker() if kind == "site" and page.sites_are_points else None
    return folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        name=safe_text(sentence("words_maps", name, page.lang)),
        on_each_feature=JsCode(f"reverdure.{kind}"),
        smooth_factor=1.0,
        marker=points,
    )


def _feature(mark: Mark, rows: _RowLabels) -> dict[str, Any]:
    shown = [[rows.number(safe_text(label)), safe_text(value)] for label, value in mark.rows]
    properties: dict[str, Any] = {"style": dict(mark.style), "t": safe_text(mark.title), "r": shown}
    if mark.group:
        properties["g"] = safe_text(mark.group)
    if mark.words:
        properties["w"] = safe_text(mark.words)
    if mark.href:
        properties["h"] = safe_text(mark.href)
    if mark.zoom_to is not None:
        properties["z"] = list(mark.zoom_to)
    if mark.name_at is not None:
        longitude, latitude = mark.name_at
        properties |= {"n": safe_text(mark.name), "p": [latitude, longitude]}
    return {"type": "Feature", "id": safe_text(mark.key), "properties": properties, "geometry": mark.geometry}


def _series(cover: LandCover) -> dict[str, Any]:
    return {
        "addresses": {str(year): address for year, address in cover.addresses.items()},
        "years": list(cover.years),
        "bounds": list(cover.bounds),
        "min_zoom": cover.min_zoom,
        "native_zoom": cover.native_zoom,
        "pictures": cover.pictures,
    }


def _page_words(page: MapPage, rows: _RowLabels) -> dict[str, Any]:
    words = {slug: safe_text(sentence("words_maps", slug, page.lang)) for slug in WORDS_OF_SCRIPT}
    return {
        "lang": "zh-CN" if page.lang == "zh" else "en",
        "labels": list(rows.numbers),
        "words": words,
        "bounds": list(page.bounds),
        "attribution": [safe_text(text) for text in page.attribution],
    }


def _verbatim(text: str) -> str:
    """Text that branca's template engine leaves as it is (the gate already made every brace an entity)."""
    return "{% raw %}" + text + "{% endraw %}"


def _rendered(figure: Figure, links: AssetLinks, page: MapPage) -> str:
    """The page's HTML with every header link on this host."""
    figure.render()
    for name, element in list(figure.header._children.items()):  # noqa: SLF001 - branca has no other way in
        if isinstance(element, JavascriptLink | CssLink):
            asset = header_asset(name)
            if asset is None:
                del figure.header._children[name]  # noqa: SLF001
            else:
                element.url = links.asset(asset)
    if "reverdure_css" in figure.header._children:  # noqa: SLF001
        figure.header._children.move_to_end("reverdure_css")  # noqa: SLF001 - our styles have the last word
    html = str(figure._template.render(this=figure, kwargs={}))  # noqa: SLF001
    found = _OTHER_HOST.search(html)
    if found is not None and page.basemap_url not in found.group():
        raise UnknownAsset(name=found.group())
    return html
