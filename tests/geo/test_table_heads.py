"""Heads of tables over several rows, and formulas in old workbooks."""

from __future__ import annotations

from datetime import date

import pytest
import xlsxwriter

from geo.errors import ReverdureError
from geo.history import Fact
from geo.imports.prepare import ImportOptions, prepare_layer
from geo.imports.receipts import RowResult
from geo.readers.table_head import head_of
from geo.vector_io import read_vector
from tests.geo.xls_case import Formula, write_xls

GROUPS = [["图斑编号", "名称", "面积（亩）", None, "状态"], [None, None, "损毁", "治理", None]]
JOINED = ["图斑编号", "名称", "面积（亩） 损毁", "面积（亩） 治理", "状态"]
DATA = ["001", "一号", 30, 15, "已治理"]
WKT = "POLYGON ((116 33, 116.01 33, 116.01 33.01, 116 33.01, 116 33))"


def book(path, *, merged: bool = True):
    """A form as offices send it: a title over all columns, groups over two rows, then the sites."""
    with xlsxwriter.Workbook(str(path)) as made:
        sheet = made.add_worksheet("图斑")
        sheet.merge_range("A1:F1", "某市历史遗留矿山图斑清单")
        for line, cells in enumerate([*GROUPS, DATA], 1):
            sheet.write_row(line, 0, cells)
        sheet.write("F2", "WKT")
        sheet.write("F4", WKT)
        for place in ("A2:A3", "B2:B3", "E2:E3", "F2:F3", "C2:D2") if merged else ():
            sheet.merge_range(place, None)
            sheet.write(
                place[:2],
                {"A": "图斑编号", "B": "名称", "E": "状态", "F": "WKT", "C": "面积（亩）"}[place[0]],
            )
    return path


@pytest.mark.parametrize("merged", [True, False])
def test_a_head_of_merged_cells_is_joined_and_understood(tmp_path, merged: bool) -> None:
    layer = read_vector(book(tmp_path / "form.xlsx", merged=merged))
    assert [*layer.columns] == JOINED
    assert [row.line for row in layer.rows] == [4]
    prepared = prepare_layer(layer, ImportOptions(), today=date(2026, 1, 1))
    assert prepared.mapping["damaged_ha"] == "面积（亩） 损毁"
    facts = prepared.rows[0].new.facts
    assert (facts[Fact.DAMAGED], facts[Fact.RESTORED]) == ({"units": 200_000_000}, {"units": 100_000_000})


@pytest.mark.parametrize(
    ("rows", "bottom", "names"),
    [
        ([*GROUPS, DATA], 1, JOINED),
        (
            [["编号", "损毁", None, "治理", None], [None, "面积", "坡度", "面积", "日期"], ["1", 2, 3, 4, 5]],
            1,
            ["编号", "损毁 面积", "损毁 坡度", "治理 面积", "治理 日期"],
        ),
        (
            [["编号", "损毁面积", "状态"], [None, "(亩)", None], ["1", 2, "x"]],
            1,
            ["编号", "损毁面积 (亩)", "状态"],
        ),
        ([["编号", "名称", "状态"], [None, "甲矿", "已治理"]], 0, ["编号", "名称", "状态"]),
        ([["编号", "WKT"], [None, WKT]], 0, ["编号", "WKT"]),
        ([["编号", "x", "y"], ["1", "3", "4"], ["", "5", "6"]], 0, ["编号", "x", "y"]),
        (
            [["填报单位：甲局", "", "日期"], ["编号", "名称", "坡度"], ["1", "a", "3"]],
            1,
            ["编号", "名称", "坡度"],
        ),
    ],
)
def test_a_row_belongs_to_the_head_by_its_groups_and_a_row_of_data_never_does(rows, bottom, names) -> None:
    assert head_of(rows) == (bottom, names)


def test_a_group_says_the_unit_that_its_columns_do_not() -> None:
    rows = [
        ["基本信息", "", "面积信息（亩）", ""],
        ["编号", "名称", "损毁面积", "治理面积"],
        ["1", "a", 3, 2],
    ]
    merged = [((0, 0), (0, 1)), ((0, 2), (0, 3))]
    assert head_of(rows, merged) == (1, ["编号", "名称", "损毁面积 (mu)", "治理面积 (mu)"])


def test_formulas_of_an_old_workbook_are_marked_like_those_of_a_new_one(tmp_path) -> None:
    head = ["图斑编号", "损毁面积（亩）", "WKT"]
    path = write_xls(tmp_path / "old.xls", [head, ["001", Formula(15.0), WKT], ["002", 30, WKT]])
    layer = read_vector(path)
    assert [row.notes for row in layer.rows] == [(("formula_value", "损毁面积（亩）", "=…"),), ()]
    assert layer.rows[0].values["损毁面积（亩）"] == 15
    prepared = prepare_layer(layer, ImportOptions(), today=date(2026, 1, 1))
    assert [row.result for row in prepared.rows] == [RowResult.NEW] * 2


@pytest.mark.parametrize("cut", [513, 700, 1100, 2000])
def test_an_old_workbook_that_is_cut_short_is_refused_or_read_and_never_hangs(tmp_path, cut: int) -> None:
    whole = write_xls(tmp_path / "whole.xls", [["图斑编号", "名称"], ["001", "a"]]).read_bytes()
    (tmp_path / "cut.xls").write_bytes(whole[:cut])
    with pytest.raises(ReverdureError):
        read_vector(tmp_path / "cut.xls")


def test_an_old_workbook_whose_sectors_run_in_a_circle_is_refused(tmp_path) -> None:
    whole = bytearray(write_xls(tmp_path / "whole.xls", [["图斑编号", "名称"], ["001", "a"]]).read_bytes())
    whole[512 + 4 * 9 : 512 + 4 * 9 + 4] = (2).to_bytes(4, "little")
    (tmp_path / "circle.xls").write_bytes(whole)
    with pytest.raises(ReverdureError):
        read_vector(tmp_path / "circle.xls")
