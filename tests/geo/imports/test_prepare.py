"""Imports: every row is new, changed, unchanged or refused, and says why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box
from shapely.geometry import mapping

from geo import shapes
from geo.areas import geodesic_area_units, units_from_ha
from geo.cities import City, Level
from geo.crs import CrsUnknown
from geo.errors import BadValue
from geo.history import Fact
from geo.imports.prepare import (
    EmptyLayer,
    ImportOptions,
    ImportRefused,
    PreparedImport,
    RowResult,
    Severity,
    commit_import,
    prepare_import,
    prepare_layer,
)
from geo.outlines import UnitIndex
from geo.proposals import ProposalState
from geo.readers.client import RawRow
from geo.sites import Kind, Responsible, Site
from geo.status import Status
from geo.store import Store, changes, history, imports, proposals, sites
from geo.store.sites import SiteFilter
from geo.vector_io import RawLayer

TODAY = date(2026, 6, 1)
NOW = "2026-06-01T08:00:00.000000Z"
LATER = "2026-06-02T08:00:00.000000Z"
HERE = MultiPolygon([box(117, 33, 117.01, 33.01)])
BOW_TIE = Polygon([(117, 33), (117.01, 33.01), (117.01, 33), (117, 33.01)])


def at(step: int) -> MultiPolygon:
    return shapely.transform(HERE, lambda points: points + np.array([0.02 * step, 0]))


def layer(*rows, crs: str | None = "EPSG:4490") -> RawLayer:
    """A layer of (values, geometry) rows; a row without a code gets one by its place."""
    made = tuple(
        RawRow(place, {"编号": f"S{place}", **values}, shape) for place, (values, shape) in enumerate(rows, 1)
    )
    columns = dict.fromkeys(name for row in made for name in row.values)
    return RawLayer("sites.gpkg", "0" * 64, "sites", crs, "UTF-8", tuple(columns), made)


def prepare(*rows, crs: str | None = "EPSG:4490", existing=None, units=None, **options) -> PreparedImport:
    return prepare_layer(
        layer(*rows, crs=crs), ImportOptions(**options), existing=existing or {}, units=units, today=TODAY
    )


def codes(prepared: PreparedImport) -> list[list[str]]:
    return [[one.code for one in row.findings] for row in prepared.rows]


def only(prepared: PreparedImport):
    (row,) = prepared.rows
    return row


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "store.gpkg", create=True)
    yield opened
    opened.close()


def known(store: Store) -> dict[str, Site]:
    with store.read() as conn:
        return {site.site_code: site for site in sites.find(conn, SiteFilter(limit=None, with_left=True))}


def test_a_row_becomes_a_site_with_its_facts_and_the_defaults_are_counted():
    row = {
        "图斑名称": "杨庄矿采坑",
        "治理状态": "已治理",
        "损毁面积（亩）": "１５０",
        "已治理面积(公顷)": 2,
        "损毁年份": "1998年",
        "竣工日期": "2019年6月1日",
        "矿种": "煤",
        "天气": "晴",
        "空": None,
    }
    prepared = prepare((row, HERE), as_of=date(2020, 1, 1))
    new = only(prepared).new
    assert new.facts == {
        Fact.NAME: "杨庄矿采坑",
        Fact.STATUS: "treated",
        Fact.DAMAGED: {"units": units_from_ha(10)},
        Fact.RESTORED: {"units": units_from_ha(2)},
        Fact.DAMAGE_YEAR: 1998,
        Fact.TREATMENT_END: "2019-06-01",
        Fact.ATTRIBUTES: {"minerals": "煤"},
    }
    assert new.extra == {"天气": "晴"}
    assert (new.entered_on, new.source_crs, new.site_code) == (date(2020, 1, 1), "EPSG:4490", "S1")
    assert new.area_units == geodesic_area_units(HERE)
    assert prepared.receipt().defaults_used == {
        "kind=other": 1,
        "responsible=unknown": 1,
        "target_use=none": 1,
    }


def test_coordinates_that_are_longitude_and_latitude_keep_their_last_digit():
    shape = MultiPolygon([box(117.12345678901234, 33.1, 117.13, 33.12)])
    assert shapely.equals_identical(only(prepare(({}, shape))).new.geometry, shape)


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        (None, "no_geometry"),
        (Polygon(), "no_geometry"),
        (Point(117, 33), "not_a_polygon"),
        (LineString([(117, 33), (117.01, 33)]), "not_a_polygon"),
        (BOW_TIE, "invalid_polygon"),
        (MultiPolygon([box(117, 33, 117.02, 33.02), box(117.01, 33.01, 117.03, 33.03)]), "invalid_polygon"),
        (Polygon([(117, 33), (117.01, 33), (117, 33), (117, 33)]), "invalid_polygon"),
        (Polygon([(117, 33), (117.01, 33), (float("inf"), 33.01)]), "broken_geometry"),
        (box(33, 117, 33.01, 117.01), "swapped_axes"),
        (box(39_500_000, 3_700_000, 39_501_000, 3_701_000), "metres_as_degrees"),
    ],
)
def test_a_shape_that_cannot_be_a_site_refuses_its_row(shape, code):
    prepared = prepare(({}, shape), ({}, HERE))
    refused, taken = prepared.rows
    assert (refused.result, [one.code for one in refused.findings]) == (RowResult.REJECTED, [code])
    assert refused.findings[0].suggestion
    assert taken.result is RowResult.NEW


def test_a_polygon_too_small_to_have_an_area_is_refused():
    assert codes(prepare(({}, box(117, 33, 117 + 1e-11, 33 + 1e-11)))) == [["zero_area"]]


def test_a_polygon_with_too_many_vertices_is_refused(monkeypatch):
    monkeypatch.setattr(shapes, "MAX_VERTICES", 4)
    assert codes(prepare(({}, HERE))) == [["too_many_vertices"]]


def test_metres_declared_as_degrees_come_with_the_system_that_they_look_like():
    finding = only(prepare(({}, box(39_500_000, 3_700_000, 39_501_000, 3_701_000)))).findings[0]
    assert "--crs EPSG:4527" in finding.suggestion


def test_degrees_declared_as_metres_are_refused():
    assert codes(prepare(({}, HERE), crs="EPSG:4527")) == [["degrees_as_metres"]]


def test_a_zone_that_does_not_fit_its_eastings_is_refused():
    shape = box(39_500_000, 3_700_000, 39_501_000, 3_701_000)
    assert codes(prepare(({}, shape), crs="EPSG:4548")) == [["outside_crs"]]
    assert codes(prepare(({}, shape), crs="EPSG:4527")) == [[]]


def test_the_caller_can_say_the_system_and_swap_the_axes():
    moved = only(prepare(({}, box(39_500_000, 3_700_000, 39_501_000, 3_701_000)), source_crs="EPSG:4527"))
    assert moved.new.source_crs == "EPSG:4527"
    assert shapely.bounds(moved.new.geometry) == pytest.approx((117, 33.426, 117.011, 33.435), abs=0.001)
    swapped = only(prepare(({}, box(33, 117, 33.01, 117.01)), swap_axes=True))
    assert shapely.equals(swapped.new.geometry, HERE)


def test_a_file_without_a_system_is_refused_as_a_whole_with_a_suggestion():
    with pytest.raises(CrsUnknown, match="--crs EPSG:4490"):
        prepare(({}, HERE), crs=None)
    assert only(prepare(({}, HERE), crs=None, source_crs="EPSG:4490")).result is RowResult.NEW


def test_repair_is_done_on_request_with_areas_before_and_after():
    row = only(prepare(({}, BOW_TIE), repair=True))
    assert [one.code for one in row.findings] == ["repaired"]
    assert row.new.geometry.is_valid
    assert row.area_units == geodesic_area_units(row.new.geometry)
    assert row.area_before_units == pytest.approx(row.area_units, rel=1e-4)


def test_the_area_of_a_bow_tie_before_repair_counts_both_of_its_wings():
    ring = [(117, 33), (117.01, 33.01), (117.01, 33), (117, 33.01)]
    row = only(prepare(({}, Polygon(ring)), repair=True))
    assert abs(geodesic_area_units(Polygon(ring))) < units_from_ha(0.01) < row.area_before_units
    hole = box(117.002, 33.004, 117.003, 33.005)
    holed = only(prepare(({}, Polygon(ring, [hole.exterior.coords])), repair=True))
    assert row.area_before_units - holed.area_before_units == pytest.approx(
        geodesic_area_units(hole), rel=1e-4
    )


def test_a_hole_drawn_as_part_of_the_outer_ring_is_not_counted_as_area_before_repair():
    ring = [(117, 33), (117.02, 33), (117.02, 33.02), (117, 33.02), (117, 33)]
    hole = [(117, 33), (117.005, 33.01), (117.01, 33.005), (117, 33)]
    row = only(prepare(({}, Polygon([*ring, *hole[1:]])), repair=True))
    assert row.area_before_units == row.area_units == geodesic_area_units(Polygon(ring, [hole]))


def test_repair_takes_an_overlap_of_parts_once():
    parts = [box(117, 33, 117.02, 33.02), box(117.01, 33, 117.03, 33.02)]
    row = only(prepare(({}, MultiPolygon(parts)), repair=True))
    assert row.area_units == pytest.approx(geodesic_area_units(box(117, 33, 117.03, 33.02)), rel=1e-6)
    assert row.area_before_units > row.area_units


def test_lines_among_polygons_and_heights_are_left_out_and_told():
    mixed = GeometryCollection([shapely.force_3d(HERE), LineString([(117, 33, 5), (117.1, 33, 5)])])
    row = only(prepare(({}, mixed)))
    assert [one.code for one in row.findings] == ["third_dimension_dropped", "parts_dropped"]
    assert row.result is RowResult.NEW
    assert not row.new.geometry.has_z
    assert shapely.equals(row.new.geometry, HERE)


@pytest.mark.parametrize("cell", [None, "", -999, "-999"])
def test_a_row_without_a_code_is_refused(cell):
    assert codes(prepare(({"编号": cell}, HERE))) == [["no_site_code"]]


def test_the_second_row_with_a_code_is_refused_and_leading_zeros_count():
    prepared = prepare(
        ({"编号": "00123"}, at(0)),
        ({"编号": "123"}, at(1)),
        ({"编号": "００１２３"}, at(2)),
        ({"编号": 123}, at(3)),
    )
    assert codes(prepared) == [[], [], ["duplicate_code"], ["duplicate_code"]]
    assert "row 1" in prepared.rows[2].findings[0].problem


def test_codes_that_only_look_the_same_are_marked_also_beside_known_sites(store):
    first = prepare(({"编号": "A1"}, at(0)), ({"编号": "a 1"}, at(1)), ({"编号": "A\u200b1"}, at(2)))
    assert codes(first) == [[], ["similar_code"], ["similar_code"]]
    assert '"A1"' in first.rows[1].findings[0].problem
    commit_import(store, first, actor="local", now=NOW)
    again = prepare(
        ({"编号": "A1"}, at(0)), ({"编号": "a 1"}, at(1)), ({"编号": "a1"}, at(4)), existing=known(store)
    )
    assert codes(again) == [[], [], ["similar_code"]]
    assert again.rows[2].result is RowResult.NEW


def test_the_same_polygon_under_two_codes_is_marked():
    assert codes(prepare(({}, HERE), ({}, HERE))) == [[], ["same_polygon"]]


@pytest.mark.parametrize(
    ("values", "code", "result"),
    [
        ({"治理状态": "差不多"}, "unknown_word", RowResult.REJECTED),
        ({"类型": "怪"}, "word_not_understood", RowResult.NEW),
        ({"损毁面积": "许多"}, "unreadable_value", RowResult.REJECTED),
        ({"损毁面积": "1e999"}, "unreadable_value", RowResult.REJECTED),
        ({"损毁面积": "9" * 5000}, "unreadable_value", RowResult.REJECTED),
        ({"损毁面积": "inf"}, "unreadable_value", RowResult.REJECTED),
        ({"验收日期": "不久"}, "kept_as_text", RowResult.NEW),
        ({"状态日期": "2027-01-01"}, "future_date", RowResult.REJECTED),
        ({"入库日期": "2027-01-01"}, "future_date", RowResult.REJECTED),
        ({"验收日期": "2044-01-01"}, "future_date", RowResult.REJECTED),
        ({"损毁年份": 2050}, "future_date", RowResult.REJECTED),
        ({"损毁年份": 2026}, None, RowResult.NEW),
        ({"状态": "treated", "竣工日期": "2031-01-01"}, "future_date", RowResult.REJECTED),
        ({"状态": "治理中", "竣工日期": "2031-01-01"}, None, RowResult.NEW),
        ({"开工日期": "2020-01-01", "竣工日期": "2019-01-01"}, "dates_reversed", RowResult.NEW),
        ({"损毁面积": 1, "已治理面积": 2}, "restored_over_damaged", RowResult.REJECTED),
        ({"面积": 0}, "declared_area_zero", RowResult.NEW),
        ({"面积": 60}, "declared_area_differs", RowResult.NEW),
        ({"面积": 103}, None, RowResult.NEW),
        ({"面积": -999}, None, RowResult.NEW),
    ],
)
def test_values_are_judged(values, code, result):
    row = only(prepare((values, HERE)))
    assert ([one.code for one in row.findings], row.result) == ([code] if code else [], result)


def test_words_that_are_not_understood_are_kept():
    new = only(prepare(({"类型": "怪", "验收日期": "不久"}, HERE))).new
    assert new.extra == {"类型": "怪", "验收日期": "不久"}
    assert Fact.KIND not in new.facts


def test_what_remains_is_turned_into_what_was_damaged():
    done = only(prepare(({"未治理面积": 3, "已治理面积": 2, "状态": "治理中"}, HERE))).new
    fresh = only(prepare(({"未治理面积": 3}, HERE))).new
    unclear = only(prepare(({"未治理面积": 3, "状态": "治理中"}, HERE))).new
    assert done.facts[Fact.DAMAGED] == {"units": units_from_ha(5)}
    assert fresh.facts[Fact.DAMAGED] == {"units": units_from_ha(3)}
    assert Fact.DAMAGED not in unclear.facts
    assert unclear.extra == {"remaining_ha": 3.0}


def test_constants_hold_for_every_row_and_status_words_can_be_taught():
    prepared = prepare(
        ({"状态": "Released"}, at(0)),
        ({"状态": "Bonded"}, at(1)),
        status_map={"released": "closed", "BONDED": "治理中"},
        constants={"responsible": "历史遗留", "kind": "open_pit"},
    )
    assert [row.new.facts[Fact.STATUS] for row in prepared.rows] == ["closed", "in_progress"]
    assert {row.new.facts[Fact.RESPONSIBLE] for row in prepared.rows} == {Responsible.LEGACY}
    assert {row.new.facts[Fact.KIND] for row in prepared.rows} == {Kind.OPEN_PIT}


def test_rows_without_a_code_are_numbered_and_a_year_alone_is_the_start_of_a_treatment():
    rows = tuple(RawRow(at_row, {"dist_start": 2002, "rest_start": 2003.0}, at(at_row)) for at_row in (1, 2))
    raw = RawLayer("a.gpkg", "0" * 64, "a", "EPSG:4490", "UTF-8", ("dist_start", "rest_start"), rows)
    options = ImportOptions(constants={"site_code": "BC-{row}"})
    prepared = prepare_layer(raw, options, existing={}, units=None, today=TODAY)
    assert [row.site_code for row in prepared.rows] == ["BC-1", "BC-2"]
    assert {row.new.facts[Fact.DAMAGE_YEAR] for row in prepared.rows} == {2002}
    assert {row.new.facts[Fact.TREATMENT_START] for row in prepared.rows} == {"2003-01-01"}


def test_two_columns_of_one_meaning_are_told_once_where_they_differ():
    prepared = prepare(
        ({"damaged_ha": 1, "损毁面积（亩）": 15, "status": "treated", "治理状态": "已治理"}, at(0)),
        ({"damaged_ha": 1, "损毁面积（亩）": 300, "status": "treated", "治理状态": "未治理"}, at(1)),
        ({"damaged_ha": 1, "损毁面积（亩）": 300, "status": "treated", "治理状态": None}, at(2)),
    )
    assert codes(prepared) == [[], ["two_columns", "two_columns"], []]
    status, area = prepared.rows[1].findings
    assert (status.column, area.column) == ("治理状态", "损毁面积（亩）")
    assert "damaged_ha and 损毁面积（亩）" in area.problem
    assert "--map damaged_ha=损毁面积（亩）" in area.suggestion
    told = prepare(({"damaged_ha": 1, "损毁面积（亩）": 300}, HERE), field_map={"damaged": "损毁面积（亩）"})
    assert codes(told) == [[]]


@pytest.mark.parametrize(
    ("values", "english", "chinese"),
    [
        ({"损毁面积": -5}, "cannot be below 0", "不得小于 0"),
        ({"损毁面积": 1e16}, "possible size", "大小合理"),
        ({"竣工日期": "03/04/2025"}, "day and month cannot be told apart", "日与月无法区分"),
        ({"竣工日期": "2025-02-30"}, "no such day", "没有这一天"),
        ({"名称": "a\nb"}, "without control characters", "控制字符"),
    ],
)
def test_the_reason_why_a_cell_cannot_be_read_is_told(values, english, chinese):
    for lang, reason in (("en", english), ("zh", chinese)):
        (finding,) = only(prepare((values, HERE), lang=lang)).findings
        assert finding.code == "unreadable_value"
        assert reason in finding.problem


def test_findings_speak_chinese_when_asked():
    (finding,) = only(prepare(({}, None), lang="zh")).findings
    assert finding.problem == "没有几何"


def test_an_empty_layer_and_a_day_in_the_future_are_refused():
    with pytest.raises(EmptyLayer):
        prepare()
    with pytest.raises(BadValue, match="2027-01-01"):
        prepare(({}, HERE), as_of=date(2027, 1, 1))


@pytest.fixture
def units() -> UnitIndex:
    outline = MultiPolygon([box(116.9, 32.9, 117.105, 33.1)])
    return UnitIndex([City("340621", "濉溪县", "Suixi", Level.COUNTY, None, "test", outline)])


def test_the_county_is_found_from_the_polygon(units):
    row = only(prepare(({}, HERE), units=units))
    assert row.new.facts[Fact.UNIT] == {
        "adcode": "340621",
        "edition": "test",
        "shares": {"340621": "1.000000"},
    }


def test_a_site_outside_every_unit_is_refused_and_one_at_the_border_marked(units):
    prepared = prepare(({}, at(50)), ({}, at(5)), units=units)
    assert codes(prepared) == [["outside_every_unit"], ["near_border"]]
    assert prepared.rows[1].new.facts[Fact.UNIT]["shares"] == {"340621": "0.500000"}
    assert "--cities none" in prepared.rows[0].findings[0].suggestion


def test_swapped_axes_within_the_range_of_degrees_are_told_by_the_units():
    amapa = City("16", "Amapa", "Amapa", Level.PROVINCE, None, "test", MultiPolygon([box(-53, 1, -50, 4)]))
    prepared = prepare(({}, box(2.2, -51.7, 2.3, -51.6)), units=UnitIndex([amapa]))
    assert codes(prepared) == [["swapped_axes"]]


def test_northings_given_as_x_are_told_as_swapped_axes():
    shape = box(3_700_000, 39_500_000, 3_701_000, 39_501_000)
    assert codes(prepare(({}, shape), crs="EPSG:4527")) == [["swapped_axes"]]
    assert codes(prepare(({}, shape), crs="EPSG:4527", swap_axes=True)) == [[]]


def test_a_system_whose_datum_cannot_be_transformed_is_marked():
    assert codes(prepare(({}, HERE), crs="EPSG:4610")) == [["datum_not_known"]]


def test_overlap_within_the_file_is_told():
    assert prepare(({}, at(0)), ({}, at(0))).overlap_units == geodesic_area_units(HERE)
    assert prepare(({}, at(0)), ({}, at(1))).overlap_units == 0


def test_a_refused_row_refuses_the_import_unless_the_rest_is_asked_for(store):
    rows = (({}, at(0)), ({}, BOW_TIE))
    with pytest.raises(ImportRefused, match="1 of 2 rows") as refused:
        commit_import(store, prepare(*rows), actor="local", now=NOW)
    assert refused.value.receipt.counts[RowResult.REJECTED] == 1
    assert known(store) == {}
    receipt = commit_import(store, prepare(*rows, only_valid=True), actor="local", now=NOW)
    assert set(known(store)) == {"S1"}
    assert (receipt.counts[RowResult.NEW], receipt.counts[RowResult.REJECTED]) == (1, 1)


def test_the_refusal_names_row_site_and_column(store):
    with pytest.raises(ImportRefused, match=r"First, row 2 \(site S2, column 损毁面积\): \"-5\""):
        commit_import(store, prepare(({}, at(0)), ({"损毁面积": -5}, at(1))), actor="local", now=NOW)
    with pytest.raises(ImportRefused, match=r"First, row 1 \(site S1\): the row has no geometry"):
        commit_import(store, prepare(({}, None)), actor="local", now=NOW)


def test_the_receipt_is_stored_with_the_head_of_the_history(store):
    receipt = commit_import(store, prepare(({}, at(0)), ({}, at(1))), actor="wang", now=NOW)
    with store.read() as conn:
        assert imports.get(conn, receipt.import_id) == receipt
        assert (receipt.seq, receipt.head) == history.head(conn)
        assert history.verify(conn).ok
        sources = {row.source for row in history.rows(conn)}
    assert sources == {f"import:{receipt.import_id}"}
    assert (receipt.actor, receipt.committed_at, receipt.dry_run) == ("wang", NOW, False)
    assert [row.site_id for row in receipt.rows] == [known(store)[code].site_id for code in ("S1", "S2")]


def test_a_first_import_may_carry_a_past_status_approved_by_its_receipt(store):
    values = {"状态": "已销号", "状态日期": "2019-05-01", "入库日期": "2012-01-01"}
    receipt = commit_import(store, prepare((values, HERE)), actor="local", now=NOW)
    site = known(store)["S1"]
    assert (site.status, site.status_since, site.entered_on) == (
        Status.CLOSED,
        date(2019, 5, 1),
        date(2012, 1, 1),
    )
    with store.read() as conn:
        approved = {
            row.approved_by for row in history.rows(conn) if row.fact is Fact.STATUS and "closed" in row.value
        }
    assert approved == {f"import:{receipt.import_id}"}


FULL = {
    "名称": "矿",
    "状态": "治理中",
    "类型": "露天采场",
    "损毁面积": 100,
    "已治理面积": 10,
    "矿种": "煤",
    "天气": "晴",
    "竣工日期": "2025-01-01",
}


def test_the_same_file_again_changes_nothing(store, units):
    rows = ((FULL, at(0)), ({}, at(1)))
    commit_import(store, prepare(*rows, units=units), actor="local", now=NOW)
    with store.read() as conn:
        before = history.head(conn)
    again = prepare(*rows, units=units, existing=known(store))
    receipt = commit_import(store, again, actor="local", now=LATER)
    assert receipt.counts[RowResult.UNCHANGED] == 2
    with store.read() as conn:
        assert history.head(conn) == before


def test_differences_are_recorded_at_once_or_wait_for_a_second_person(store):
    commit_import(store, prepare((FULL, HERE)), actor="local", now=NOW)
    changed = {**FULL, "名称": "新名", "状态": "已治理", "损毁面积": 120, "矿种": "铁"}
    prepared = prepare((changed, at(1)), existing=known(store))
    assert only(prepared).result is RowResult.CHANGED
    assert only(prepared).area_before_units == geodesic_area_units(HERE)
    receipt = commit_import(store, prepared, actor="local", now=LATER)
    site = known(store)["S1"]
    assert (site.name, site.status, site.attributes["minerals"]) == ("新名", Status.TREATED, "铁")
    assert (site.damaged_ha, site.restored_ha) == (100, 10)
    assert shapely.equals(site.geometry, HERE)
    with store.read() as conn:
        waiting = proposals.find(conn, state=ProposalState.OPEN)
        assert tuple(one.proposal_id for one in waiting) == receipt.rows[0].proposal_ids
    assert [one.change.facts.get(Fact.DAMAGED) for one in waiting] == [{"units": units_from_ha(120)}, None]
    with store.write() as conn:
        for one in waiting:
            proposals.approve(conn, one.proposal_id, actor="zhang", now="2026-06-03T08:00:00.000000Z")
    site = known(store)["S1"]
    assert site.damaged_ha == 120
    assert shapely.equals(site.geometry, at(1))


def test_a_change_that_waits_already_is_not_proposed_again(store):
    commit_import(store, prepare((FULL, HERE)), actor="local", now=NOW)
    changed = ({**FULL, "损毁面积": 120}, HERE)
    first = commit_import(store, prepare(changed, existing=known(store)), actor="local", now=LATER)
    second = commit_import(store, prepare(changed, existing=known(store)), actor="local", now=LATER)
    assert second.counts[RowResult.UNCHANGED] == 1
    assert second.rows[0].proposal_ids == first.rows[0].proposal_ids
    assert [one.code for one in second.rows[0].findings] == ["already_proposed"]
    with store.read() as conn:
        assert len(proposals.find(conn, state=ProposalState.OPEN)) == 1


def test_facts_of_which_the_file_is_silent_stay(store):
    commit_import(store, prepare((FULL, HERE)), actor="local", now=NOW)
    prepared = prepare(({"名称": "新名"}, HERE), existing=known(store))
    commit_import(store, prepared, actor="local", now=LATER)
    site = known(store)["S1"]
    assert (site.name, site.status, site.kind, site.attributes) == (
        "新名",
        Status.IN_PROGRESS,
        Kind.OPEN_PIT,
        {"minerals": "煤"},
    )


def test_a_move_that_the_table_forbids_refuses_the_row(store):
    commit_import(store, prepare((FULL, HERE)), actor="local", now=NOW)
    row = only(prepare(({**FULL, "状态": "已销号"}, HERE), existing=known(store)))
    assert (row.result, [one.code for one in row.findings]) == (RowResult.REJECTED, ["illegal_move"])


def test_a_change_before_the_site_entered_refuses_the_row_and_the_import(store):
    commit_import(store, prepare((FULL, HERE), ({}, at(3))), actor="local", now=NOW)
    late = ({**FULL, "名称": "新名"}, HERE)
    prepared = prepare(late, ({"名称": "另"}, at(3)), existing=known(store), as_of=date(2020, 1, 1))
    with pytest.raises(ImportRefused, match="entered the inventory"):
        commit_import(store, prepared, actor="local", now=LATER)
    assert known(store)["S2"].name == "S2"


def test_a_site_that_somebody_else_changed_meanwhile_is_refused(store):
    commit_import(store, prepare((FULL, HERE)), actor="local", now=NOW)
    prepared = prepare(({**FULL, "名称": "新名"}, HERE), existing=known(store), only_valid=True)
    stale = prepare(({**FULL, "名称": "旧名"}, HERE), existing=known(store), only_valid=True)
    commit_import(store, prepared, actor="local", now=LATER)
    receipt = commit_import(store, stale, actor="local", now=LATER)
    assert [one.code for one in receipt.rows[0].findings] == ["changed_meanwhile"]
    assert known(store)["S1"].name == "新名"


def test_a_code_that_was_taken_meanwhile_is_refused(store):
    first, second = prepare(({}, HERE)), prepare(({}, at(1)), only_valid=True)
    commit_import(store, first, actor="local", now=NOW)
    receipt = commit_import(store, second, actor="local", now=LATER)
    assert [one.code for one in receipt.rows[0].findings] == ["changed_meanwhile"]


def test_a_relapse_states_the_restored_area_anew(store):
    commit_import(store, prepare(({**FULL, "状态": "已治理"}, HERE)), actor="local", now=NOW)
    prepared = prepare(({"状态": "复垦失效"}, HERE), existing=known(store))
    commit_import(store, prepared, actor="local", now=LATER)
    site = known(store)["S1"]
    assert (site.status, site.restored_units) == (Status.RELAPSED, None)


def test_a_site_that_left_refuses_its_row(store):
    commit_import(store, prepare((FULL, HERE), as_of=date(2026, 5, 1)), actor="local", now=NOW)
    site = known(store)["S1"]
    with store.write() as conn:
        leave = changes.Change({Fact.MEMBERSHIP: "left"}, TODAY, "merged")
        applied = changes.apply_change(
            conn, site.site_id, leave, actor="local", source="test", now=NOW, if_version=None
        )
        proposals.approve(conn, applied.proposal.proposal_id, actor="zhang", now=LATER)
    assert codes(prepare((FULL, HERE), existing=known(store))) == [["site_has_left"]]


def test_extra_columns_that_changed_are_told_and_not_taken(store):
    commit_import(store, prepare((FULL, HERE)), actor="local", now=NOW)
    prepared = prepare(({**FULL, "天气": "雨"}, HERE), existing=known(store))
    assert codes(prepared) == [["extra_not_updated"]]
    assert only(prepared).result is RowResult.UNCHANGED


SHAPES = st.one_of(
    st.none(),
    st.just(BOW_TIE),
    st.just(Point(117, 33)),
    st.integers(0, 6).map(at),
    st.just(box(33, 117, 33.01, 117.01)),
)
CELLS = st.one_of(
    st.none(), st.text(max_size=6), st.integers(), st.floats(allow_nan=False, allow_infinity=False)
)
ROWS = st.lists(
    st.tuples(
        st.fixed_dictionaries(
            {"编号": st.sampled_from(["a", "b", "c", 1, None, "-999"])},
            optional={
                "状态": st.sampled_from(["已治理", "?", None]),
                "损毁面积": CELLS,
                "竣工日期": CELLS,
                "other": CELLS,
            },
        ),
        SHAPES,
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS)
def test_rows_in_are_rows_accounted_for(rows):
    receipt = prepare(*rows).receipt()
    assert receipt.rows_in == len(rows) == sum(receipt.counts.values())
    assert [row.row for row in receipt.rows] == list(range(1, len(rows) + 1))
    for row in receipt.rows:
        refused = any(one.severity is Severity.ERROR for one in row.findings)
        assert refused == (row.result is RowResult.REJECTED)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, ROWS)
def test_imports_can_be_repeated_and_their_order_does_not_matter(tmp_path_factory, one, other):
    """Two files without a code in common: the same sites in either order, all unchanged the second time."""
    files = [
        [
            ({**values, "编号": None if values["编号"] is None else f"{prefix}{values['编号']}"}, shape)
            for values, shape in rows
        ]
        for prefix, rows in (("x", one), ("y", other))
    ]
    found = []
    for order in (files, files[::-1]):
        opened = Store.open(tmp_path_factory.mktemp("order") / "store.gpkg", create=True)
        for rows in order:
            commit_import(opened, prepare(*rows, only_valid=True), actor="local", now=NOW)
        again = prepare(*order[0], only_valid=True, existing=known(opened))
        receipt = commit_import(opened, again, actor="local", now=LATER)
        assert receipt.counts[RowResult.NEW] == receipt.counts[RowResult.CHANGED] == 0
        found.append(
            {code: (site.area_units, site.status, site.extra) for code, site in known(opened).items()}
        )
        opened.close()
    assert found[0] == found[1]


def test_a_file_on_disk_goes_the_whole_way(tmp_path, store):
    path = tmp_path / "sites.geojson"
    features = [{"type": "Feature", "properties": {"site_id": "A"}, "geometry": mapping(HERE)}]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    receipt = commit_import(store, prepare_import(path, ImportOptions(), today=TODAY), actor="local", now=NOW)
    assert (receipt.file_name, receipt.source_crs, receipt.encoding) == (
        "sites.geojson",
        "OGC:CRS84",
        "UTF-8",
    )
    assert known(store)["A"].area_units == geodesic_area_units(HERE)


def test_a_store_sent_as_a_file_changes_nothing_in_itself(tmp_path, store):
    rows = (
        {
            "状态": "已治理",
            "状态日期": "2020-05-01",
            "损毁面积（亩）": 1,
            "面积": 100,
            "矿种": "煤",
            "怪列": [1],
        },
        {"天气": "Phase III"},
    )
    commit_import(
        store, prepare(*((row, at(place)) for place, row in enumerate(rows))), actor="local", now=NOW
    )
    again = prepare_import(store.path, ImportOptions(), existing=known(store), today=TODAY)
    assert ([row.result for row in again.rows], codes(again)) == ([RowResult.UNCHANGED] * 2, [[], []])
    fresh = prepare_import(store.path, ImportOptions(), today=TODAY)
    assert fresh.rows[0].new.facts[Fact.ATTRIBUTES] == {"declared_area_ha": 100.0, "minerals": "煤"}
    assert fresh.rows[0].new.extra == {"怪列": [1]}
