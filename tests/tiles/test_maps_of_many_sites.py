"""Maps of more sites than polygons could show: points on a canvas, few words each."""

import json
import mimetypes
import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route
from shapely import MultiPolygon, box

from geo.areas import geodesic_area_units
from geo.changes import NewSite
from geo.cities import City, Level
from geo.evidence.verdict import Verdict
from geo.history import Fact
from geo.status import Status
from geo.store import Store, changes, cities
from tiles import marks
from tiles.asset_gate import asset_file
from tiles.map_model import Mark
from tiles.maps import remediation_html
from tiles.style import status_colour, verdict_colour

COUNT = 6000
NOW = "2024-06-01T08:00:00.000000Z"
TODAY = date(2024, 6, 1)
STATUSES = (Status.UNTREATED, Status.IN_PROGRESS, Status.TREATED)
UNIT = {"adcode": "340600", "edition": "made", "shares": {"340600": "1"}}


def new_site(number: int) -> NewSite:
    west, south = 116.96 + number % 100 * 0.0018, 33.82 + number // 100 * 0.0015
    geometry = MultiPolygon([box(west, south, west + 0.0008, south + 0.0007)])
    return NewSite(
        site_code=f"{number:05}",
        geometry=geometry,
        area_units=geodesic_area_units(geometry),
        facts={Fact.STATUS: STATUSES[number % 3], Fact.RESPONSIBLE: "legacy", Fact.UNIT: UNIT},
        entered_on=date(2015, 1, 1),
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = Store.open(tmp_path_factory.mktemp("many") / "many.gpkg", create=True)
    outline = MultiPolygon([box(116.9, 33.8, 117.2, 34.0)])
    with made.write() as conn:
        cities.put(conn, [City("340600", "淮北", "Huaibei", Level.PREFECTURE, None, "made", outline)], [])
        every = [new_site(number) for number in range(COUNT)]
        changes.create_sites(conn, every, actor="local", source="test", now=NOW)
    yield made
    made.close()


@pytest.fixture(scope="module")
def page(store: Store) -> str:
    return remediation_html(store, lang="en", today=TODAY)


def drawn_sites(page: str) -> list[dict[str, Any]]:
    """The sites of a page, as they stand in its script."""
    layers = [json.loads(text) for text in re.findall(r'_add\(({"features".*})\);', page)]
    return next(layer["features"] for layer in layers if len(layer["features"]) == COUNT)


def test_many_sites_are_points_filled_with_their_status(page: str) -> None:
    sites = drawn_sites(page)
    assert {each["geometry"]["type"] for each in sites} == {"Point"}
    assert all(each["properties"]["style"]["fill"] is True for each in sites)
    fills = {(each["properties"]["g"], each["properties"]["style"]["fillColor"]) for each in sites}
    assert fills == {(str(status), status_colour(status)) for status in STATUSES}


def test_a_point_lies_inside_its_site(page: str) -> None:
    for number in (0, 99, COUNT - 1):
        site = drawn_sites(page)[number]
        west, south = 116.96 + number % 100 * 0.0018, 33.82 + number // 100 * 0.0015
        x, y = site["geometry"]["coordinates"]
        assert west < x < west + 0.0008
        assert south < y < south + 0.0007


def test_many_sites_say_that_they_are_points_and_weigh_little(page: str) -> None:
    assert "Many sites: shown as points" in page
    assert len(page) < COUNT * 500


def test_a_few_sites_keep_their_polygons_and_words() -> None:
    mark = Mark("1", {"type": "Polygon"}, marks.verdict_style(None), "1", (("a", "b"),) * 9)
    assert marks.settled([mark]) == (mark,)


@pytest.mark.parametrize("verdict", [None, *Verdict])
def test_a_point_of_the_recovery_map_is_filled_with_the_colour_of_its_verdict(
    verdict: Verdict | None,
) -> None:
    outlined = {**marks.verdict_style(None), "color": verdict_colour(verdict)}
    point = marks.settled([Mark("1", {"type": "Point"}, outlined, "1")] * (marks.POINTS_FROM + 1))[0]
    assert point.style["fillColor"] == verdict_colour(verdict)
    assert point.style["fill"] is True


def test_a_point_with_an_open_proposal_has_the_stronger_edge() -> None:
    plain, waiting = (
        marks.settled([Mark("1", {}, marks.status_style(Status.TREATED, proposed), "1")] * 5001)[0]
        for proposed in (False, True)
    )
    assert waiting.style["weight"] > plain.style["weight"]


@pytest.mark.browser
def test_six_thousand_points_are_drawn_on_one_canvas(page: str, browser: Browser) -> None:
    window = browser.new_page(viewport={"width": 1366, "height": 768})
    troubles: list[str] = []
    window.on("pageerror", lambda error: troubles.append(str(error)))

    def answer(route: Route) -> None:
        name = unquote(urlsplit(route.request.url).path)
        if name.startswith("/assets/"):
            path = asset_file(name.removeprefix("/assets/"))
            route.fulfill(body=path.read_bytes(), content_type=mimetypes.guess_type(name)[0])
        else:
            route.fulfill(body=page if name == "/" else "", content_type="text/html; charset=utf-8")

    window.route("**/*", answer)
    window.goto("http://127.0.0.1/", wait_until="networkidle")
    assert window.locator(".leaflet-overlay-pane canvas").count() == 1
    assert window.locator("path.leaflet-interactive").count() == 0
    before = colours_on_canvas(window)
    assert {status_colour(status) for status in STATUSES} <= before
    window.locator("button[data-group=untreated]").click()
    window.wait_for_timeout(200)
    assert status_colour(Status.UNTREATED) not in colours_on_canvas(window)
    window.close()
    assert troubles == []


def colours_on_canvas(window: Page) -> set[str]:
    """The colours, `#rrggbb`, that cover 500 pixels and more of the sites' canvas."""
    found: list[str] = window.evaluate(
        """() => {
            const canvas = document.querySelector(".leaflet-overlay-pane canvas"), seen = new Map();
            const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            for (let i = 0; i < data.length; i += 4) {
                const key = (data[i] << 16) + (data[i + 1] << 8) + data[i + 2];
                seen.set(key, (seen.get(key) || 0) + 1);
            }
            return [...seen].filter(e => e[1] >= 500).map(e => "#" + e[0].toString(16).padStart(6, "0"));
        }"""
    )
    return set(found)
