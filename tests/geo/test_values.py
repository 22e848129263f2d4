"""Cells as officers write them, and columns as they name them."""

from __future__ import annotations

from datetime import date
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import BadValue
from geo.imports.column_map import NoCodeColumn, UnknownColumn, UnknownField, map_columns
from geo.imports.fields import FIELDS, known_words
from geo.imports.findings import finding_table
from geo.reference import reference_rows
from geo.values import (
    Unreadable,
    is_missing,
    read_area_units,
    read_date,
    read_number,
    read_start,
    read_text,
    read_year,
    unit_of,
)


def mapped(columns, rows=(), *, field_map=None, status_map=None, constants=None, cut_columns=()):
    return map_columns(
        columns,
        list(rows),
        field_map=field_map or {},
        status_map=status_map or {},
        constants=constants or {},
        cut_columns=cut_columns,
    )


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2025年6月1日", date(2025, 6, 1)),
        ("２０２５年６月１日", date(2025, 6, 1)),
        ("2025年6月", date(2025, 6, 1)),
        (45809, date(2025, 6, 1)),
        (45809.0, date(2025, 6, 1)),
        ("45809", date(2025, 6, 1)),
        ("1979-01-08T00:00:00", date(1979, 1, 8)),
        ("2025/6/1", date(2025, 6, 1)),
        ("2025.06.01", date(2025, 6, 1)),
        ("20250601", date(2025, 6, 1)),
        (284601600000, date(1979, 1, 8)),
        ("2025-06-01 12:30:00+08:00", date(2025, 6, 1)),
    ],
)
def test_dates_are_read_in_every_form_that_officers_write(cell, day):
    assert read_date(cell) == day


@pytest.mark.parametrize("cell", ["2025-13-01", "2025-02-30", "soon", "5", True, [1], "1e300"])
def test_what_is_no_date_is_refused(cell):
    with pytest.raises(Unreadable):
        read_date(cell)


@pytest.mark.parametrize("cell", ["2003", 2003, 2003.0, "2003年", "2003-01-01", "2003年1月"])
def test_the_start_of_something_may_be_a_year_alone(cell):
    assert read_start(cell) == date(2003, 1, 1)


@pytest.mark.parametrize("cell", ["203", "3003", "5", "soon", True])
def test_what_is_no_start_is_refused(cell):
    with pytest.raises(Unreadable):
        read_start(cell)


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2099, 12, 31)))
def test_iso_chinese_and_compact_dates_agree(day):
    forms = [day.isoformat(), f"{day.year}年{day.month}月{day.day}日", day.strftime("%Y%m%d")]
    assert {read_date(form) for form in forms} == {day}


@pytest.mark.parametrize(
    ("cell", "unit", "hectares"),
    [
        (15, "mu", 1.0),
        ("１５ 亩", "ha", 1.0),
        ("1,500 亩", "ha", 100.0),
        ("2.5公顷", "mu", 2.5),
        (1, "acre", 0.4047),
        ("10000 m²", "ha", 1.0),
        ("1 km2", "ha", 100.0),
        (0, "acre", 0.0),
    ],
)
def test_areas_become_hectares_by_the_unit_of_the_cell_or_of_the_column(cell, unit, hectares):
    assert read_area_units(cell, unit) / 1e8 == pytest.approx(hectares, abs=5e-5)


@pytest.mark.parametrize("cell", [-1, "many", "3 apples", True, {}, "1e400"])
def test_what_is_no_area_is_refused(cell):
    with pytest.raises(Unreadable):
        read_area_units(cell, "ha")


@pytest.mark.parametrize(
    "cell", [None, "", "  ", -999, -999.0, "-9999", "NULL", "<Null>", "—", "N/A", "无数据"]
)
def test_cells_that_say_nothing_are_missing(cell):
    assert is_missing(cell)


@pytest.mark.parametrize("cell", [0, "0", False, "无", "no", -99, [], {}])
def test_cells_that_say_something_are_not_missing(cell):
    assert not is_missing(cell)


def test_codes_keep_their_leading_zeros_and_lose_full_width_forms():
    assert read_text(" ００１２３ ") == "00123"
    assert (read_text(123), read_text(123.0), read_text(1.5)) == ("123", "123", "1.5")
    for cell in (True, [1], "a\x00b"):
        with pytest.raises(Unreadable):
            read_text(cell)


def test_numbers_and_years():
    assert read_number("1,234.5") == 1234.5
    assert read_year("1985年") == read_year(1985) == read_year("1985-07-01") == 1985
    for cell in ("12 亩", "x"):
        with pytest.raises(Unreadable):
            read_number(cell)
    with pytest.raises(Unreadable):
        read_year("1700")


def test_the_unit_of_a_column_is_read_off_its_name():
    names = ("面积（亩）", "治理面积_公顷", "Area [ha]", "damaged_acres", "面积", "mu")
    assert [unit_of(name)[1] for name in names] == ["mu", "ha", "ha", "acre", None, None]


def test_chinese_and_english_columns_map_by_themselves():
    found = mapped(["图斑编号", "图斑名称", "治理状态", "损毁面积（亩）", "已治理面积(公顷)", "天气"])
    assert found.as_text() == {
        "site_code": "图斑编号",
        "name": "图斑名称",
        "status": "治理状态",
        "damaged_ha": "损毁面积（亩）",
        "restored_ha": "已治理面积(公顷)",
    }
    assert (found.sources["damaged_ha"].unit, found.sources["restored_ha"].unit) == ("mu", "ha")
    assert found.extra == ("天气",)


def test_a_column_without_a_unit_is_taken_as_hectares_and_that_is_told():
    found = mapped(["编号", "面积", "Acres"])
    assert found.sources["declared_area_ha"].unit_assumed
    assert not mapped(["编号", "Acres"]).sources["declared_area_ha"].unit_assumed


def test_of_several_status_columns_the_one_with_known_words_is_taken():
    rows = [{"Mine_Statu": "Phase III Release", "Std_Status": "Released"}] * 3
    found = mapped(["PermitID", "Mine_Statu", "Std_Status"], rows, status_map={"released": "closed"})
    assert found.sources["status"].column == "Std_Status"
    assert found.extra == ("Mine_Statu",)


def test_a_name_cut_short_is_known_by_its_beginning_where_that_means_one_field():
    columns = ["图斑编", "已治理", "treatment_", "damaged_ar"]
    assert mapped(columns, cut_columns=columns).as_text() == {
        "site_code": "图斑编",
        "damaged_ha": "damaged_ar",
        "restored_ha": "已治理",
    }
    with pytest.raises(NoCodeColumn):
        mapped(columns)


def test_what_the_caller_says_comes_first():
    found = mapped(
        ["id", "code", "label"],
        field_map={"site_code": "label", "damaged": "code"},
        constants={"responsible": "历史遗留"},
    )
    assert found.as_text() == {"site_code": "label", "damaged_ha": "code", "responsible": "=历史遗留"}


def test_a_mapping_of_nothing_known_is_an_error():
    with pytest.raises(UnknownField, match="colour"):
        mapped(["id"], field_map={"colour": "id"})
    with pytest.raises(UnknownColumn, match="its columns are id"):
        mapped(["id"], field_map={"name": "label"})
    with pytest.raises(NoCodeColumn, match=r"of: shape; or number the rows, as in --set site_code=S-\{row\}"):
        mapped(["shape"])
    with pytest.raises(NoCodeColumn):
        mapped(["shape"], constants={"site_code": "the same for all"})
    with pytest.raises(BadValue, match="finished"):
        mapped(["id"], status_map={"Released": "finished"})


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("kind", "banana", "is not one of open_pit"),
        ("status", "banana", "is not one of untreated"),
        ("damaged_ha", "abc", "cannot be read as a number"),
        ("damaged_ha", "-1", "cannot be read as an area, not below 0"),
        ("treatment_end", "2025-02-30", "cannot be read as a date"),
        ("damage_year", "soon", "cannot be read as a"),
        ("name", " ", "says nothing"),
    ],
)
def test_a_value_for_every_row_that_cannot_be_read_is_an_error(field, value, problem):
    with pytest.raises(BadValue, match=problem):
        mapped(["id"], constants={field: value})


def test_words_taught_for_the_status_hold_for_a_constant_too():
    found = mapped(["id"], constants={"status": "Released"}, status_map={"released": "closed"})
    assert found.constants == {"status": "Released"}


def test_every_label_in_both_languages_is_a_word_for_its_slug():
    for name, one in FIELDS.items():
        if one.words is not None:
            words = known_words(name)
            assert set(words.values()) == set(one.words)


def test_the_tables_of_names_and_words_name_only_what_exists():
    assert {row["field"] for row in reference_rows("field_names")} <= set(FIELDS)
    for row in reference_rows("value_words"):
        one = FIELDS.get(row["field"])
        assert row["field"] == "missing" or (
            one is not None and one.words is not None and row["value"] in list(one.words)
        )


def test_every_finding_has_its_sentences_in_both_languages():
    for row in finding_table().values():
        assert all(row[column] for column in ("severity", "zh", "en", "suggestion_zh", "suggestion_en"))


def test_the_sentences_of_a_finding_ask_for_the_same_values_in_both_languages():
    for row in finding_table().values():
        english, chinese = (
            {name for _, name, _, _ in Formatter().parse(row[column]) if name} for column in ("en", "zh")
        )
        assert english - {"field"} == chinese


def test_an_area_larger_than_any_country_is_no_area():
    with pytest.raises(Unreadable):
        read_area_units(1e8, "ha")
    assert read_area_units(1e8, "m2") == 10**12
