"""The maps of a store: what they show, that no text of theirs acts, that nothing leaves the host."""

import hashlib
import html
import json
import mimetypes
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
import rasterio
from branca.element import JavascriptLink
from folium.plugins import HeatMap
from playwright.sync_api import Browser
from rasterio.transform import from_origin
from shapely import MultiPolygon, box

from geo.areas import geodesic_area_units
from geo.changes import NewSite
from geo.cities import City, Level
from geo.errors import UnknownCity, UnknownSite
from geo.evidence.thresholds import thresholds
from geo.evidence.verdict import Evidence, Verdict, state_key_of
from geo.grid import Grid
from geo.history import Fact, SiteState
from geo.ledger import states
from geo.scenes import Scene
from geo.status import Status
from geo.store import Store, changes, cities, history, recoveries, scenes, set_setting
from tiles import folium_map, raster
from tiles.asset_gate import UnknownAsset, asset_file
from tiles.landcover import landcover_tile, tilejson
from tiles.links import SERVED, save_page
from tiles.map_model import MapPage, Mark
from tiles.maps import recovery_html, remediation_html, site_html

NOW = "2024-06-01T08:00:00.000000Z"
TODAY = date(2024, 6, 1)
HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>`${alert(3)}`{{7*7}}\"'\\"
YEARS = (2015, 2016, 2020)


def site(code: str, name: str, west: float, status: Status, adcode: str = "340600") -> NewSite:
    geometry = MultiPolygon([box(west, 33.9, west + 0.02, 33.92)])
    return NewSite(
        site_code=code,
        geometry=geometry,
        area_units=geodesic_area_units(geometry),
        facts={
            Fact.NAME: name,
            Fact.STATUS: status,
            Fact.RESPONSIBLE: "legacy",
            Fact.UNIT: {"adcode": adcode, "edition": "e1", "shares": {adcode: "1"}},
        },
        entered_on=date(2015, 1, 1),
    )


def scene(folder: Path, year: int, edition: str) -> Scene:
    cells = np.full((200, 400), 7, np.uint8)
    cells[:, : 100 + (year - 2015) * 20] = 2
    path = folder / f"lc_{year}.tif"
    with rasterio.open(
        path, "w", driver="GTiff", dtype="uint8", count=1, width=400, height=200, crs="EPSG:4326",
        nodata=0, transform=from_origin(116.95, 33.95, 0.0005, 0.0005),
    ) as file:  # fmt: skip
        file.write(cells, 1)
    grid = Grid("EPSG:4326", 116.95, 33.95, 0.0005, 0.0005, 400, 200)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Scene(0, "clcd", edition, date(year, 1, 1), date(year, 12, 31), path.name, 1, grid, 0, digest)


def evidence(site_id: int, verdict: Verdict, edition: str) -> Evidence:
    return Evidence(
        site_id, verdict, ("share_low",), Status.TREATED, Status.TREATED, "clcd", edition, 2015, 2020,
        0.2, 0.3, 1.0, 1000, "k",
    )  # fmt: skip


def judged_now(one: Evidence, state: SiteState) -> Evidence:
    """The evidence as a run would keep it, so that it is not outdated."""
    return replace(one, state_key=state_key_of(state, state, limits=thresholds(), with_recovery=False))


def build(folder: Path, *, text: str = "Pit", with_cities: bool = True, edition: str = "demo") -> Store:
    store = Store.open(folder / "s.gpkg", create=True)
    with store.write() as conn:
        if with_cities:
            outline = MultiPolygon([box(116.9, 33.8, 117.2, 34.0)])
            unit = City("340600", text, text, Level.PREFECTURE, None, "made (Tianditu)", outline)
            cities.put(conn, [unit], [])
        made = [site("0001", text, 116.98, Status.TREATED), site("0002", "Zwei", 117.05, Status.UNTREATED)]
        ids = changes.create_sites(conn, made, actor="local", source="test", now=NOW)
        scenes.add(conn, [scene(folder, year, edition) for year in YEARS])
        found = [
            evidence(ids[0], Verdict.CONTRADICTED, edition),
            evidence(ids[1], Verdict.CORROBORATED, edition),
        ]
        then = states(history.rows(conn), as_of=date(2020, 12, 31), known_at=NOW)
        recoveries.put(conn, None, [], [judged_now(one, then[one.site_id]) for one in found])
        set_setting(conn, "synthetic", "yes")
    return store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = build(tmp_path)
    yield made
    made.close()
    raster.close_open_rasters()


@pytest.fixture
def hostile_store(tmp_path: Path) -> Iterator[Store]:
    made = build(tmp_path, text=HOSTILE, edition="d<e>`${1}`")
    yield made
    made.close()
    raster.close_open_rasters()


def all_pages(store: Store) -> dict[str, str]:
    return {
        "/remediation": remediation_html(store, lang="en", today=TODAY),
        "/recovery": recovery_html(store, lang="en"),
        "/site": site_html(store, 1, lang="en"),
    }


def card(page: str) -> str:
    """The text of the card, as a reader sees it."""
    found = re.search(r'<details class="rv-panel".*?</details>', page, re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", found.group())) if found else ""


def test_the_remediation_map_states_its_rate_with_definition_and_day(store: Store) -> None:
    text = card(remediation_html(store, lang="en", today=TODAY))
    assert "50.0 %" in text
    assert "as of 2024-06-01" in text
    assert "÷ area of all sites" in text
    assert "Untreated 1" in re.sub(r"\s+", " ", text)


def test_a_map_of_the_past_shows_only_sites_that_existed(store: Store) -> None:
    page = remediation_html(store, lang="en", as_of=date(2014, 1, 1), today=TODAY)
    assert "The store holds no sites yet" in html.unescape(page)


def test_the_synthetic_store_says_so_on_every_map(store: Store) -> None:
    for page in all_pages(store).values():
        assert "SYNTHETIC" in page


def test_the_land_cover_legend_holds_only_classes_that_occur(store: Store) -> None:
    text = card(recovery_html(store, lang="en"))
    assert "Forest" in text
    assert "Barren" in text
    assert "Wetland" not in text


def test_the_recovery_map_starts_with_the_asked_years(store: Store) -> None:
    page = recovery_html(store, lang="en", from_year=2016, to_year=2020)
    assert '<option value="2016" selected>' in page
    assert '<option value="2020" selected>' in page


def test_the_outlines_source_and_its_review_number_are_named(store: Store) -> None:
    page = remediation_html(store, lang="zh", today=TODAY)
    assert "审图号" in page
    assert "made (Tianditu)" in card(page)


def test_the_recovery_map_of_a_unit_is_fitted_to_its_outline(store: Store) -> None:
    page = recovery_html(store, city="340600", lang="en")
    found = re.search(r'"bounds": \[([^]]+)\]', page)
    assert found
    west, south, east, north = map(float, found.group(1).split(","))
    assert (west, south, east, north) == pytest.approx((116.9, 33.8, 117.2, 34.0), abs=0.01)
    assert west < 116.9 < 117.2 < east


def test_the_recovery_map_names_the_units_to_find_ones_way_by(store: Store) -> None:
    page = recovery_html(store, lang="en")
    found = re.search(r'"n": "Pit", "p": \[([0-9.]+), ([0-9.]+)\]', page)
    assert found
    latitude, longitude = map(float, found.groups())
    assert 33.8 < latitude < 34.0
    assert 116.9 < longitude < 117.2


def test_a_site_map_tells_the_hectares_of_each_class_by_year(store: Store) -> None:
    text = card(site_html(store, 1, lang="en"))
    for year in YEARS:
        assert f"Classes inside the site in {year}" in text


def test_both_languages_render(store: Store) -> None:
    assert "矿山治理状态图" in remediation_html(store, lang="zh", today=TODAY)
    assert "Remediation map" in remediation_html(store, lang="en", today=TODAY)


def test_a_store_without_cities_still_gives_its_maps(tmp_path: Path) -> None:
    made = build(tmp_path, with_cities=False)
    try:
        for page in all_pages(made).values():
            assert "rv-panel" in page
    finally:
        made.close()
        raster.close_open_rasters()


def test_an_empty_store_says_what_to_do_next(tmp_path: Path) -> None:
    made = Store.open(tmp_path / "empty.gpkg", create=True)
    try:
        assert "import some first" in remediation_html(made, lang="en", today=TODAY)
        assert "reverdure scenes add" in recovery_html(made, lang="en")
    finally:
        made.close()


def test_unknown_places_are_refused(store: Store) -> None:
    with pytest.raises(UnknownCity):
        remediation_html(store, city="999999", today=TODAY)
    with pytest.raises(UnknownSite):
        site_html(store, 99)


def test_no_text_of_the_store_reaches_a_page_unescaped(hostile_store: Store) -> None:
    for page in all_pages(hostile_store).values():
        assert "<img" not in page
        assert "alert(2)</script>" not in page
        assert "`${" not in page
        assert "\\u003cimg" not in page
        assert "<script>alert" not in page


def test_no_page_names_another_host(store: Store) -> None:
    for page in all_pages(store).values():
        assert not re.findall(r"(?:src|href)=[\"']?(?:https?:)?//", page)
        assert set(re.findall(r'(?:src|href)="(/[^/"]+)/', page)) == {"/assets"}


def test_an_unknown_link_of_folium_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    page = MapPage(lang="en", title="t", bounds=(0, 0, 1, 1))
    finish = folium_map._finish

    def with_plugin(figure, made, left, layers, rows):  # type: ignore[no-untyped-def]
        left.add_child(HeatMap([(0.5, 0.5)]))
        finish(figure, made, left, layers, rows)

    monkeypatch.setattr(folium_map, "_finish", with_plugin)
    with pytest.raises(UnknownAsset):
        folium_map.map_html(page)


def test_a_known_name_never_keeps_its_foreign_address() -> None:
    figure = folium_map.Figure()
    figure.header.add_child(JavascriptLink("https://cdn.example/leaflet.js"), name="leaflet")
    page = MapPage(lang="en", title="t", bounds=(0, 0, 1, 1))
    assert "cdn.example" not in folium_map._rendered(figure, SERVED, page)


def test_a_page_in_a_file_finds_everything_beside_it(store: Store, tmp_path: Path) -> None:
    for name, render in (
        ("rem", lambda links: remediation_html(store, lang="en", today=TODAY, links=links)),
        ("rec", lambda links: recovery_html(store, lang="en", links=links)),
        ("site", lambda links: site_html(store, 1, lang="en", links=links)),
    ):
        page = save_page(tmp_path / "out" / f"{name}.html", render)
        text = page.read_text(encoding="utf-8")
        links = re.findall(r'(?:src|href)="([^"]+)"', text) + re.findall(r'"(\w+_files/[^"]+\.png)"', text)
        assert links
        for link in links:
            assert (page.parent / unquote(link)).is_file(), link
        assert "/tiles/" not in text


def test_a_scenes_tilejson_bounds_and_versions_its_tiles(store: Store) -> None:
    about = tilejson(store, "clcd", "demo", 2020, base_url="http://127.0.0.1:8000")
    assert about["bounds"] == pytest.approx([116.95, 33.85, 117.15, 33.95])
    assert about["minzoom"] < about["maxzoom"]
    assert re.search(r"/2020/\{z\}/\{x\}/\{y\}\.png\?v=[0-9a-f]{12}$", about["tiles"][0])


def test_a_page_is_small_enough_to_load_fast() -> None:
    square = {
        "type": "Polygon",
        "coordinates": [[[1.0, 1.0], [1.1, 1.0], [1.1, 1.1], [1.0, 1.1], [1.0, 1.0]]],
    }
    rows = tuple((f"Label {n}", "1,234.56 ha") for n in range(8))
    sites = tuple(Mark(str(n), square, {"color": "#000000"}, f"S{n}", rows, "treated") for n in range(400))
    page = folium_map.map_html(MapPage(lang="en", title="t", bounds=(0, 0, 2, 2), sites=sites))
    assert len(page) < 400_000


class _Pages(BaseHTTPRequestHandler):
    pages: dict[str, str]
    store: Store

    def log_message(self, *_args: object) -> None:
        pass

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        kind = mimetypes.guess_type(path)[0] or "text/html"
        if path.startswith("/assets/"):
            body = asset_file(path.removeprefix("/assets/")).read_bytes()
        elif path.startswith("/tiles/landcover/"):
            product, edition, year, z, x, y = path.removeprefix("/tiles/landcover/").split("/")
            numbers = map(int, (year, z, x, y.removesuffix(".png")))
            body = landcover_tile(self.store, product, edition, *numbers).content
        else:
            body = self.pages.get(path, "").encode()
        self.send_response(200 if body or path == "/favicon.ico" else 404)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text") else kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def served(hostile_store: Store) -> Iterator[str]:
    handler = type("Pages", (_Pages,), {"pages": all_pages(hostile_store), "store": hostile_store})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.browser
def test_in_a_browser_nothing_hostile_runs_and_nothing_leaves_the_host(served: str, browser: Browser) -> None:
    troubles: list[str] = []
    for path in ("/remediation", "/recovery", "/site"):
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("dialog", lambda dialog: (troubles.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda r: None if r.url.startswith(served) else troubles.append(r.url))
        page.on("response", lambda r: None if r.status == 200 else troubles.append(f"{r.status} {r.url}"))
        page.goto(served + path, wait_until="networkidle")
        page.evaluate(
            "() => document.querySelectorAll('.leaflet-interactive').forEach(e => {"
            " for (const t of ['mouseover', 'click'])"
            " e.dispatchEvent(new MouseEvent(t, {bubbles: true, clientX: 500, clientY: 380})); })"
        )
        page.wait_for_selector(".rv-words")
        shown = page.locator(".rv-words").first.inner_text()
        assert "<img src=x onerror=alert(1)>" in json.dumps(shown) or "Zwei" in shown
        assert page.locator("img[src='x']").count() == 0
        if path != "/remediation":
            assert page.locator("img.leaflet-tile-loaded").count() > 0
    page.close()
    assert troubles == []
