"""Every list as CSV and as a workbook: the same rows and rights as its JSON, whole, and no cell a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import openpyxl
import pytest
from fastapi.testclient import TestClient

from api import whole_list
from api.exports import ExportForm, export_list, export_slugs, table_of
from geo.reference import reference_rows
from tests.api.accounts_case import add_people, token_for

PLACES = {"city": "340600", "site_id": "1"}


def places(path: str) -> str:
    return "&".join(f"{name}={value}" for name, value in PLACES.items() if f"{{{name}}}" in path)


def csv_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def sheet_rows(content: bytes) -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True))


def resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schema behind references and alternatives."""
    if "$ref" in schema:
        yield from resolved(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    elif "anyOf" in schema:
        for one in schema["anyOf"]:
            yield from resolved(document, one)
    else:
        yield schema


def leads_somewhere(document: Mapping[str, Any], schema: Mapping[str, Any], path: Sequence[str]) -> bool:
    """Whether a way of names leads to a member that the schema knows, or into an open object."""
    if not path:
        return True
    for one in resolved(document, schema):
        members = one.get("properties", {})
        if path[0] in members and leads_somewhere(document, members[path[0]], path[1:]):
            return True
        if not members and one.get("type") == "object":
            return True
    return False


def item_schemas(document: Mapping[str, Any], path: str) -> Iterable[Mapping[str, Any]]:
    """The schemas of the items of the list at `path`."""
    address = path.partition("?")[0].replace("{city}", "{adcode}")
    answer = document["paths"][address]["get"]["responses"]["200"]["content"]
    for one in resolved(document, next(iter(answer.values()))["schema"]):
        listed = one["properties"].get("items") or one["properties"]["features"]
        yield listed["items"]


@pytest.mark.parametrize("slug", export_slugs())
def test_every_column_is_a_member_of_the_json_and_has_both_words(reader: TestClient, slug: str) -> None:
    document = reader.app.openapi()
    for lang in ("zh", "en"):
        wanted = export_list(slug, lang)
        assert wanted.columns
        assert wanted.title
        assert len({column.name for column in wanted.columns}) == len(wanted.columns)
        for column in wanted.columns:
            assert column.heading, column
            ways = [
                way
                for way in column.paths
                for schema in item_schemas(document, wanted.path)
                for way in (way, ("properties", *way))
                if leads_somewhere(document, schema, way)
            ]
            assert ways, column


def test_every_list_of_columns_is_a_list_and_every_table_of_words_is_there() -> None:
    rows = reference_rows("export_columns")
    assert {row["list"] for row in rows} == set(export_slugs())
    for table in {row["words"] for row in rows} - {"", "units"}:
        assert {"slug", "zh", "en"} <= set(reference_rows(table)[0])


@pytest.mark.parametrize("slug", export_slugs())
def test_every_list_comes_as_csv_and_as_a_workbook_with_the_rows_of_its_json(
    reader: TestClient, slug: str
) -> None:
    wanted = export_list(slug, "en")
    query = places(wanted.path)
    answer = reader.get(wanted.path.format(**PLACES)).json()
    items = answer.get("items", answer.get("features"))
    table = reader.get(f"/api/exports/{slug}.csv?{query}")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert len(csv_rows(table.text)) == len(items)
    head = table.text.removeprefix("\ufeff").splitlines()[0]
    assert head.split(",") == [column.name for column in wanted.columns]
    rows = sheet_rows(reader.get(f"/api/exports/{slug}.xlsx?{query}&lang=en").content)
    assert list(rows[0]) == [column.heading for column in wanted.columns]
    assert len(rows) - 1 - len(items) == (slug == "audit")  # the audit holds the download of the other form


def test_a_table_is_whole_however_long_the_pages_of_the_json(
    reader: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_list, "PAGE_ROWS", 2)
    found = csv_rows(reader.get("/api/exports/sites.csv?sort=-site_code&limit=1&after=3").text)
    assert [row["site_code"] for row in found] == ["005", "004", "003", "002", "001"]
    history = csv_rows(reader.get("/api/exports/history.csv?site_id=1").text)
    assert len(history) == len(reader.get("/api/sites/1/history").json()["items"]) > 2


def test_a_list_that_is_too_long_is_refused_with_what_helps(
    reader: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_list, "MOST_ROWS", 4)
    answer = reader.get("/api/exports/sites.csv")
    assert (answer.status_code, "narrow it" in answer.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("nothing.csv", 404, "sites"),
        ("sites.pdf", 422, "form"),
        ("history.csv", 422, "site_id"),
        ("history.csv?site_id=99", 404, "99"),
        ("history.csv?site_id=1/../2", 422, "site_id"),
        ("sites.csv?city=999999", 404, "999999"),
        ("sites.csv?sort=geom", 422, "sort"),
        ("worklist.xlsx?after=x&product=none", 200, ""),
    ],
)
def test_what_the_json_refuses_the_table_refuses(
    reader: TestClient, address: str, status: int, words: str
) -> None:
    answer = reader.get(f"/api/exports/{address}")
    assert answer.status_code == status, answer.text
    assert words in ("" if status == 200 else answer.text)


def test_a_table_is_given_to_those_alone_who_may_read_the_list(start_service) -> None:  # type: ignore[no-untyped-def]
    service = start_service()
    add_people(service.app.state.store)
    heads = {name: token_for(service.app.state.store, name) for name in ("vera", "adam")}
    get = service.client.get
    assert get("/api/exports/users.csv", headers=heads["vera"]).status_code == 403
    assert get("/api/exports/users.csv").status_code == 401
    found = csv_rows(get("/api/exports/users.csv", headers=heads["adam"]).text)
    assert {"vera", "adam"} <= {row["name"] for row in found}
    events = csv_rows(get("/api/exports/audit.csv?event=exported", headers=heads["adam"]).text)
    assert [row["actor"] for row in events] == ["adam"]


def test_words_are_for_the_workbook_and_slugs_for_csv(reader: TestClient) -> None:
    (row,) = csv_rows(reader.get("/api/exports/sites.csv?q=004&lang=en").text)
    assert (row["site_id"], row["status"], row["unit_name"]) == ("4", "treated", "Suixi")
    head, cells = sheet_rows(reader.get("/api/exports/sites.xlsx?q=004&lang=zh").content)
    said = dict(zip(head, cells, strict=True))
    assert (said["状态"], said["所在县区"], said["系统编号"]) == ("已治理", "Suixi市", 4)


def test_no_cell_is_ever_a_formula() -> None:
    wanted = export_list("projects", "en")
    item = {"code": "=1+1", "name": "-1+cmd|' /C calc'!A0", "notes": "@x", "site_ids": [3, 4], "budget": -2.5}
    table = table_of(wanted, [item], form=ExportForm.CSV, units={}, lang="en").decode()
    (row,) = csv_rows(table)
    assert (row["code"], row["name"], row["notes"]) == ("'=1+1", "'-1+cmd|' /C calc'!A0", "'@x")
    assert (row["budget"], row["site_ids"]) == ("-2.5", "3; 4")
    book = table_of(wanted, [item], form=ExportForm.XLSX, units={}, lang="en")
    sheet = openpyxl.load_workbook(io.BytesIO(book)).active
    assert {cell.data_type for line in sheet.iter_rows(min_row=2) for cell in line} <= {"s", "n"}
    assert sheet.cell(2, 1).value == "=1+1"
