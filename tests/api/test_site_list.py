"""The list of sites: orders that page by keyset, counts of each choice, and the whole list as a table."""

from __future__ import annotations

import csv
import html
import io
import re

import openpyxl
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.store.sites import SiteOrder

ORDERS = [f"{sign}{order}" for order in SiteOrder for sign in ("", "-")]


def walked(client: TestClient, query: str) -> list[dict[str, object]]:
    """The sites of all pages, each with its id."""
    found, url = [], f"/api/sites?{query}"
    while url:
        page = client.get(url).json()
        found += [{**one["properties"], "site_id": one["id"]} for one in page["features"]]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
    return found


@settings(max_examples=40, deadline=None)
@given(order=st.sampled_from(ORDERS), limit=st.integers(1, 6))
def test_every_order_pages_through_all_sites_once(shared_reader: TestClient, order: str, limit: int) -> None:
    name, turned = order.removeprefix("-"), order.startswith("-")
    found = walked(shared_reader, f"sort={order}&limit={limit}")
    expected = sorted(found, key=lambda site: (site[name] or "", site["site_id"]), reverse=turned)
    assert len(found) == 5
    assert [site["site_id"] for site in found] == [site["site_id"] for site in expected]


def test_an_order_that_is_none_is_refused(reader: TestClient) -> None:
    assert reader.get("/api/sites?sort=geom").status_code == 422
    assert reader.get("/sites?sort=-").status_code == 422


def options(page: str, name: str) -> dict[str, str]:
    form = re.search(rf'<select name="{name}">(.*?)</select>', page, re.DOTALL)
    assert form is not None
    return dict(re.findall(r'<option value="([^"]*)"[^>]*>([^<]*)<', form[1]))


def test_each_choice_says_how_many_sites_it_has_among_the_others(reader: TestClient) -> None:
    page = reader.get("/sites?lang=en&city=340604&status=planned").text
    assert options(page, "status")["untreated"].endswith("(1)")
    assert options(page, "status")["treated"].endswith("(0)")
    assert options(page, "kind")["open_pit"].endswith("(1)")
    assert options(page, "responsible")["legacy"].endswith("(1)")
    assert "1 match" in page


def heads(page: str) -> dict[str, tuple[str, str]]:
    """{heading: (its order, where a click leads)} of the table of sites."""
    found = re.findall(
        r'<th scope="col"[^>]*?(?: aria-sort="(\w+)")?><a href="([^"]+)">([^<]+)</a></th>', page
    )
    return {words: (order, html.unescape(address)) for order, address, words in found}


def test_a_heading_sorts_the_whole_list_and_a_second_click_turns_it_round(reader: TestClient) -> None:
    plain = heads(reader.get("/sites?lang=en&kind=open_pit&after=2").text)
    assert plain["Site code"] == ("", "/sites?kind=open_pit&sort=site_code")
    assert plain["Area (ha)"] == ("", "/sites?kind=open_pit&sort=-area_ha")
    rising = heads(reader.get(plain["Site code"][1] + "&lang=en").text)
    assert rising["Site code"] == ("ascending", "/sites?kind=open_pit&sort=-site_code")
    falling = reader.get(rising["Site code"][1] + "&lang=en").text
    assert heads(falling)["Site code"] == ("descending", "/sites?kind=open_pit&sort=site_code")
    assert re.findall(r'<td><a href="/sites/(\d)">', falling) == ["5", "4", "3", "2", "1"]


def test_the_permalink_keeps_order_and_filter(reader: TestClient) -> None:
    page = reader.get("/sites?lang=en&sort=-area_ha&kind=open_pit").text
    assert 'href="/sites?sort=-area_ha&amp;kind=open_pit"' in page
    assert "/api/exports/sites.csv?lang=en&amp;kind=open_pit&amp;sort=-area_ha" in page
    assert 'href="/api/sites?kind=open_pit&amp;sort=-area_ha"' in page


@pytest.mark.parametrize(
    ("query", "codes"),
    [("", ["001", "002", "003", "004", "005"]), ("city=340604&sort=-site_code&limit=1", ["002", "001"])],
)
def test_the_tables_hold_every_site_that_matches_in_order(
    reader: TestClient, query: str, codes: list[str]
) -> None:
    answer = reader.get(f"/api/exports/sites.csv?{query}")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["site_code"] for row in rows] == codes
    assert rows[-1]["status"] == ("untreated" if rows[-1]["site_code"] in {"001", "005"} else "planned")
    book = openpyxl.load_workbook(io.BytesIO(reader.get(f"/api/exports/sites.xlsx?{query}").content))
    assert [cell.value for cell in next(book.active.iter_cols(min_col=2, max_col=2))][1:] == codes


def test_a_name_that_looks_like_a_formula_stays_text(start_service) -> None:  # type: ignore[no-untyped-def]
    client = start_service().client
    renamed = client.patch("/api/sites/1", json={"name": "=1+1", "reason": "x"}, headers={"If-Match": "*"})
    assert renamed.status_code == 200, renamed.text
    assert "'=1+1" in client.get("/api/exports/sites.csv").text
    book = openpyxl.load_workbook(io.BytesIO(client.get("/api/exports/sites.xlsx").content))
    cell = book.active["C2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_a_table_of_an_unknown_unit_is_none(reader: TestClient) -> None:
    assert reader.get("/api/exports/sites.csv?city=999999").status_code == 404


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_columns_of_the_workbook_have_names_of_their_own(reader: TestClient, lang: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(reader.get(f"/api/exports/sites.xlsx?lang={lang}").content))
    heads = [cell.value for cell in next(book.active.iter_rows(max_row=1))]
    assert all(heads)
    assert len(set(heads)) == len(heads)
    assert ("图斑编号" in heads) is (lang == "zh")
