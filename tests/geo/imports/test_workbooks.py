"""Workbooks: the template, the marked copy, the status list and the way back of each."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import box

from geo.changes import Change
from geo.history import Fact
from geo.imports.marked_workbook import write_marked
from geo.imports.prepare import ImportOptions, commit_import, prepare_import, prepare_layer
from geo.imports.template_workbook import write_template
from geo.imports.undo import undo_import
from geo.readers.client import RawRow
from geo.status_sheet import NotAStatusList
from geo.status_workbook import HEAD_ROW, write_status_list
from geo.store import proposals, sites
from geo.store.changes import apply_change
from geo.vector_io import RawLayer, read_vector

NOW = "2025-06-01T00:00:00.000000Z"
TODAY = date(2025, 6, 3)
WKT = "POLYGON ((117 33, 117.01 33, 117.01 33.01, 117 33.01, 117 33))"


def known(store):
    with store.read() as conn:
        return {one.site_code: one for one in sites.find(conn, sites.SiteFilter(limit=None, with_left=True))}


def filled(store, *rows: dict) -> None:
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    made = tuple(
        RawRow(number, row, box(117 + number / 10, 33, 117.01 + number / 10, 33.01))
        for number, row in enumerate(rows, 1)
    )
    layer = RawLayer("s.geojson", "0" * 64, "s", "EPSG:4490", "UTF-8", columns, made)
    prepared = prepare_layer(layer, ImportOptions(as_of=date(2025, 1, 1)), existing=known(store), today=TODAY)
    commit_import(store, prepared, actor="li", now=NOW, today=TODAY)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_filled_template_maps_by_itself_and_its_words_are_understood(tmp_path, lang):
    path = tmp_path / "template.xlsx"
    with path.open("wb") as file:
        write_template(file, lang=lang)
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    heads = [cell.value for cell in sheet[1]]
    lists = book["lists"]
    assert lists.sheet_state == "hidden"
    assert len(sheet.data_validations.dataValidation) == 5
    for column, value in {0: "00123", 2: lists["A4"].value, 8: "15 亩", len(heads) - 1: WKT}.items():
        sheet.cell(2, column + 1, value)
    book.save(path)
    prepared = prepare_import(path, ImportOptions(), today=TODAY)
    (row,) = prepared.rows
    assert (row.result.value, row.new.site_code) == ("new", "00123")
    assert row.new.facts[Fact.STATUS] == "treated"
    assert row.new.facts[Fact.DAMAGED] == {"units": 100_000_000}
    assert {"site_code", "status", "kind", "damaged_ha", "minerals"} <= set(prepared.mapping)


def marked(layer, receipt, path: Path, lang="en"):
    with path.open("wb") as file:
        write_marked(file, receipt, layer, lang=lang)
    return openpyxl.load_workbook(path)


def test_the_marked_workbook_shows_findings_on_their_cells_and_runs_no_formula(tmp_path):
    rows = (
        RawRow(1, {"site_code": "A", "name": "=1+1", "status": "nonsense"}, box(117, 33, 117.1, 33.1)),
        RawRow(2, {"site_code": "B", "name": "@SUM(1)", "status": "treated"}, box(118, 33, 118.1, 33.1)),
    )
    layer = RawLayer("s.geojson", "0" * 64, "s", "EPSG:4490", "UTF-8", ("site_code", "name", "status"), rows)
    prepared = prepare_layer(layer, ImportOptions(), today=TODAY)
    sheet = marked(layer, prepared.receipt(), tmp_path / "m.xlsx").worksheets[0]
    assert "no known word for status" in sheet["C2"].comment.text
    assert sheet["C2"].fill.fgColor.rgb == "FFF4B6B6"
    assert sheet["C3"].comment is None
    assert (sheet["B2"].value, sheet["B2"].data_type) == ("=1+1", "s")
    assert sheet["B3"].value == "@SUM(1)"
    assert [cell.value for cell in sheet[1]][3:] == ["WKT", "Import result", "Problems and suggestions"]


def test_the_corrected_marked_workbook_is_read_without_its_marks(tmp_path):
    rows = (RawRow(1, {"编号": "A", "状态": "不对"}, box(117, 33, 117.1, 33.1)),)
    layer = RawLayer("s.geojson", "0" * 64, "s", "EPSG:4490", "UTF-8", ("编号", "状态"), rows)
    receipt = prepare_layer(layer, ImportOptions(lang="zh"), today=TODAY).receipt()
    book = marked(layer, receipt, tmp_path / "m.xlsx", "zh")
    book.worksheets[0]["B2"] = "已治理"
    book.save(tmp_path / "m.xlsx")
    again = prepare_import(tmp_path / "m.xlsx", ImportOptions(), today=TODAY)
    assert again.rows[0].new.facts[Fact.STATUS] == "treated"
    assert again.rows[0].new.extra == {}
    assert again.rows[0].findings == ()


def exported(store, path: Path, lang="en") -> Path:
    with store.read() as conn:
        found = sites.find(conn, sites.SiteFilter(limit=None))
    with path.open("wb") as file:
        write_status_list(file, found, {}, {1: (7,)}, city="Huaibei", today=TODAY, lang=lang)
    return path


def edited(path: Path, **cells: object) -> Path:
    book = openpyxl.load_workbook(path)
    for place, value in cells.items():
        book.worksheets[0][place] = value
    book.save(path)
    return path


def tried(store, path: Path, **options):
    options = ImportOptions(kind="status", **options)
    return prepare_import(path, options, existing=known(store), today=TODAY)


FIRST = HEAD_ROW + 2
STATUS, RESTORED, WHEN, WHY, VERSION = (f"{letter}{FIRST}" for letter in "FGHIK")


@pytest.fixture
def three(store):
    filled(
        store,
        {"site_code": "001", "status": "planned", "damaged_ha": 10, "restored_ha": 1},
        {"site_code": "002", "status": "treated", "damaged_ha": 10, "restored_ha": 9.87654321},
        {"site_code": "003"},
    )
    return store


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_list_that_comes_back_as_it_went_changes_nothing(three, tmp_path, lang):
    path = exported(three, tmp_path / "l.xlsx", lang)
    assert [row.result.value for row in tried(three, path).rows] == ["unchanged"] * 3
    assert [row.result.value for row in tried(three, edited(path)).rows] == ["unchanged"] * 3


def test_only_what_was_changed_becomes_an_event_on_its_day(three, tmp_path):
    path = exported(three, tmp_path / "l.xlsx")
    edited(path, **{STATUS: "治理中", RESTORED: "30 亩", WHEN: "2025年5月1日", WHY: "started"})
    prepared = tried(three, path)
    assert [row.result.value for row in prepared.rows] == ["changed", "unchanged", "unchanged"]
    commit_import(three, prepared, actor="li", now=NOW, today=TODAY)
    site = known(three)["001"]
    assert (site.status.value, site.restored_ha, site.status_since) == ("in_progress", 2, date(2025, 5, 1))


def test_a_change_that_needs_a_second_person_becomes_a_proposal(three, tmp_path):
    path = edited(
        exported(three, tmp_path / "l.xlsx"), **{f"F{FIRST + 1}": "Accepted", f"I{FIRST + 1}": "seen"}
    )
    receipt = commit_import(three, tried(three, path), actor="li", now=NOW, today=TODAY)
    assert len(receipt.rows[1].proposal_ids) == 1
    assert known(three)["002"].status.value == "treated"
    done = undo_import(three, receipt.import_id, actor="li", now=NOW, today=TODAY)
    assert [row.result.value for row in done.rows] == ["undone"]
    with three.read() as conn:
        assert proposals.find(conn, state="open") == []


def test_a_row_that_somebody_changed_since_is_a_conflict_with_three_values(three, tmp_path):
    path = edited(exported(three, tmp_path / "l.xlsx"), **{STATUS: "In progress", f"F{FIRST + 2}": "Planned"})
    path = edited(path, **{STATUS: "Under treatment"})
    with three.write() as conn:
        site = known(three)["001"]
        change = Change({Fact.STATUS: "untreated"}, date(2025, 2, 1), "back")
        apply_change(
            conn, site.site_id, change, actor="w", source="api", now=NOW, if_version=None, today=TODAY
        )
    prepared = tried(three, path)
    assert [row.result.value for row in prepared.rows] == ["rejected", "unchanged", "changed"]
    (conflict,) = (one for one in prepared.rows[0].findings if one.code == "stale_row")
    assert "exported Planned, 1 ha, now Untreated, 1 ha, yours Under treatment, 1 ha" in conflict.problem


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({STATUS: "nonsense"}, "unknown_word"),
        ({STATUS: "Closed out"}, "illegal_move"),
        ({STATUS: "Under treatment", WHEN: "2090-01-01"}, "future_date"),
        ({STATUS: "Under treatment", WHEN: "2025-02-30"}, "unreadable_value"),
        ({RESTORED: 11}, "restored_over_damaged"),
        ({RESTORED: "lots"}, "unreadable_value"),
        ({STATUS: '=HYPERLINK("x")'}, "formula_without_value"),
        ({f"A{FIRST}": "002"}, "not_the_exported_site"),
        ({f"J{FIRST}": 99}, "not_the_exported_site"),
    ],
)
def test_bad_cells_refuse_their_row(three, tmp_path, cells, code):
    path = edited(exported(three, tmp_path / "l.xlsx"), **cells)
    row = tried(three, path).rows[0]
    assert row.result.value == "rejected"
    assert code in [one.code for one in row.findings]


def test_another_workbook_is_no_status_list(three, tmp_path):
    path = tmp_path / "t.xlsx"
    with path.open("wb") as file:
        write_template(file, lang="en")
    edited(path, A2="X", B2="y")
    with pytest.raises(NotAStatusList):
        tried(three, path)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(0, 10**14), min_size=1, max_size=4, unique=True),
)
def test_restored_areas_come_back_to_the_last_unit(tmp_path_factory, store, units):
    target = io.BytesIO()
    base = tmp_path_factory.mktemp("list")
    have = known(store)
    rows = [
        {"site_code": f"{number}", "damaged_ha": 10**7, "restored_ha": number / 10**8}
        for number in units
        if f"{number}" not in have
    ]
    if rows:
        filled(store, *rows)
    with store.read() as conn:
        found = sites.find(conn, sites.SiteFilter(limit=None))
    write_status_list(target, found, {}, {}, city="", today=TODAY, lang="zh")
    (base / "l.xlsx").write_bytes(target.getvalue())
    assert {row.result.value for row in tried(store, base / "l.xlsx").rows} == {"unchanged"}
    assert len(read_vector(base / "l.xlsx").rows) == len(found)
