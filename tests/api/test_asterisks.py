"""A site of which a change waits bears an asterisk, or names the proposal, wherever it is shown."""

from __future__ import annotations

import csv
import io
import re

import openpyxl
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.cli import app
from tests.api.conftest import Service

ANY = {"If-Match": "*"}
MERGE = {"sites": [{"site_id": 1}, {"site_id": 5}], "site_code": "M", "reason": "one pit"}
STAR = re.compile(r'href="/sites/(\d+)">[^<]*</a>\s*<abbr class="star"')


@pytest.fixture
def waiting(client: TestClient) -> TestClient:
    """A merge of sites 1 and 5 waits, and an area of site 3."""
    assert client.post("/api/sites/merge", json=MERGE, headers=ANY).status_code == 202
    assert client.patch("/api/sites/3", json={"damaged_ha": 50}, headers=ANY).status_code == 202
    return client


def starred(page: str) -> set[int]:
    return {int(number) for number in STAR.findall(page)}


def test_the_list_of_sites_and_its_files_mark_every_site_of_a_merge(waiting: TestClient) -> None:
    assert starred(waiting.get("/sites").text) == {1, 3, 5}
    found = waiting.get("/api/sites").json()["features"]
    assert {one["id"]: one["properties"]["proposals"] for one in found} == {
        1: [1],
        2: [],
        3: [2],
        4: [],
        5: [1],
    }
    text = waiting.get("/api/exports/sites.csv").text.removeprefix("\ufeff")
    lines = csv.DictReader(io.StringIO(text))
    assert {line["site_code"]: line["proposals"] for line in lines} == {
        "001": "1",
        "002": "",
        "003": "2",
        "004": "",
        "005": "1",
    }


def test_the_page_of_a_site_marks_the_fact_that_waits(waiting: TestClient) -> None:
    page = waiting.get("/sites/3?lang=en").text
    assert re.search(r"<dt>Damaged[^<]*</dt><dd>[^<]*<abbr class=\"star\"", page)
    assert not re.search(r"<dt>Area[^<]*</dt><dd>[^<]*<abbr class=\"star\"", page)
    assert 'class="star"' in waiting.get("/sites/5").text
    assert 'class="star"' not in waiting.get("/sites/2").text


def test_planning_marks_sites_that_are_overdue_or_of_a_project(waiting: TestClient) -> None:
    project = {"code": "P", "name": "p", "end_on": "2021-12-31", "site_ids": [2, 3, 5]}
    waiting.post("/api/projects", json=project)
    assert starred(waiting.get("/planning").text) == {3, 5}
    assert starred(waiting.get("/planning/projects/1").text) == {3, 5}
    items = waiting.get("/api/overdue").json()["items"]
    assert {one["site_id"]: one["proposals"] for one in items} == {2: [], 3: [2], 5: [1]}


def test_reviews_rates_and_maps_mark_them(waiting: TestClient) -> None:
    assert starred(waiting.get("/reviews").text) == {1, 3}
    rates = waiting.get("/api/rates").json()
    assert [rate["n_proposed"] for rate in rates["items"]] == [2]
    assert waiting.get("/api/cities/340604/rate").json()["n_proposed"] == 1
    assert waiting.get("/api/cities/340621/rate").json()["n_proposed"] == 2
    page = waiting.get("/maps/remediation?lang=en").text
    marked = {code: f"{code} Pit {int(code)} *" in page for code in ("001", "002", "003", "004", "005")}
    assert marked == {"001": True, "002": False, "003": True, "004": False, "005": True}


def test_the_status_list_names_the_proposals_and_comes_back_as_it_was(waiting: TestClient) -> None:
    book = waiting.get("/api/exports/status.xlsx?lang=en")
    assert book.status_code == 200, book.text
    sheet = openpyxl.load_workbook(io.BytesIO(book.content)).worksheets[0]
    head, *lines = list(sheet.iter_rows(min_row=3, values_only=True))
    at = head.index("*Open proposals")
    assert [line[at] for line in lines] == ["*1", None, "*2", None, "*1"]
    files = {"file": ("list.xlsx", book.content)}
    back = waiting.post("/api/imports", files=files, data={"kind": "status", "dry_run": "true"})
    assert (back.status_code, back.json()["counts"]["unchanged"]) == (201, 5), back.text


def test_the_command_line_marks_overdue_sites(waiting: TestClient, service: Service) -> None:
    project = {"code": "P", "name": "p", "end_on": "2021-12-31", "site_ids": [2, 3, 5]}
    waiting.post("/api/projects", json=project)
    done = CliRunner().invoke(app, ["overdue", "--store", str(service.folder / "sites.gpkg")])
    assert done.exit_code == 0, done.output
    found = {code: f"{code}*" in done.output for code in ("002", "003", "005")}
    assert found == {"002": False, "003": True, "005": True}
    assert "counted nowhere" in done.output
