"""docs/pages.md: its commands run as they stand there, and its table names every page."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from api.app import bare_app
from api.settings import Settings
from tests.browser.conftest import copy_store, serving
from tests.docs_page import DocsPage, fetch_in, run_in

PAGE = DocsPage.of("pages")


@pytest.fixture(scope="module")
def place(demo_store: Path) -> Iterator[tuple[Path, str]]:
    """A folder with the store of the tour, and the address of a service on it."""
    path = copy_store(demo_store, "tour")
    with serving(path) as base:
        yield path.parent, base


def test_the_commands_run_and_the_addresses_answer(place: tuple[Path, str]) -> None:
    folder, base = place
    first, *rest = PAGE.lines
    assert shlex.split(first)[:2] == ["reverdure", "demo"]
    assert "demo --sites 24" in first, "the store of the fixture is that demo"
    for line in rest:
        if line.startswith("curl "):
            assert fetch_in(folder, line, base=base)
        else:
            run_in(folder, shlex.split(line)[1:])
    table = (folder / "sites.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table)))
    assert rows
    assert {row["status"] for row in rows} == {"untreated"}
    areas = [float(row["area_ha"]) for row in rows]
    assert areas == sorted(areas, reverse=True)
    assert (folder / "rates.xlsx").read_bytes().startswith(b"PK")
    found = json.loads(fetch_in(folder, f"curl {first_address('/api/sites?')}", base=base))
    assert {one["properties"]["verdict"] for one in found["features"]} <= {"contradicted"}
    assert set(found["facets"]) == {"status", "kind", "responsible", "verdict"}


def first_address(path: str) -> str:
    """The first address of the page that begins with `path`."""
    line = next(line for line in PAGE.lines if line.startswith("curl ") and path in line)
    return shlex.quote(shlex.split(line)[1])


def taken(dependant: Dependant) -> set[str]:
    """The parameters of the query that a route takes, itself or by what it depends on."""
    own = {field.alias for field in dependant.query_params}
    return own.union(*(taken(one) for one in dependant.dependencies))


def routes() -> dict[str, set[str]]:
    """{address of a page: the parameters that its address takes}."""
    found = {}
    for route in iter_route_contexts(bare_app(Settings()).routes):
        made = route.original_route
        if not isinstance(made, APIRoute) or not made.endpoint.__module__.startswith("api.pages"):
            continue
        if "GET" in made.methods:
            path = re.sub(r"{(site|import|sample)_id}", "{id}", route.path)
            found[path] = taken(made.dependant)
    return found


def test_the_table_names_every_page_and_what_its_address_takes() -> None:
    served = routes()
    named = set()
    for first, _, said in PAGE.table_rows(r"`/.*"):
        paths = re.findall(r"`(/[^`]*)`", first)
        words = set(re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", said)))
        assert words <= set().union(*(served[path] for path in paths)), first
        named |= set(paths)
    aside = ("/login", "/docs", "/planning/projects", "/imports/status")
    assert named == {path for path in served if not path.startswith(aside)}
