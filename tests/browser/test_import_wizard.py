"""The import wizard in a real browser: look, map, try, commit, undo."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import xlsxwriter
from shapely import box

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

DESK, PHONE = (1366, 768), (390, 844)


def gbk_zip(folder: Path, prefix: str) -> Path:
    """A zipped Shapefile in GB18030 without .cpg and .prj, in a grid with zone prefix."""
    shapes = gpd.GeoSeries(
        [box(116.8, 33.8, 116.81, 33.81), box(116.83, 33.8, 116.84, 33.81)], crs="EPSG:4490"
    )
    frame = gpd.GeoDataFrame(
        {"图斑编号": [f"{prefix}01", f"{prefix}02"], "名称": ["杨庄矿", "朱庄矿"], "面积": [1536.0, 1536.0]},
        geometry=shapes.to_crs("EPSG:4527"),
    )
    frame.to_file(folder / "made.shp", driver="ESRI Shapefile", encoding="GB18030", engine="pyogrio")
    path = folder / "图斑.zip"
    with zipfile.ZipFile(path, "w") as made:
        for suffix in (".shp", ".shx", ".dbf"):
            made.write(folder / f"made{suffix}", f"图斑{suffix}")
    return path


def excel(folder: Path, bad: int, good: int = 3, prefix: str = "X") -> Path:
    path = folder / "图斑.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("图斑")
        sheet.write_row(0, 0, ["图斑编号", "状态", "损毁面积（亩）", "治理面积（公顷）", "状态日期", "WKT"])
        for row in range(1, good + bad + 1):
            wrong = row <= bad
            west = 116.6 + row / 100
            cells = [f"{prefix}{row:03}", "未治理", 15, 0.5, 45809, box(west, 33.9, west + 0.005, 33.905).wkt]
            if wrong:
                column, value = [(0, ""), (1, "胡说"), (2, "约三亩"), (3, 99), (4, "2025-02-30")][row - 1]
                cells[column] = value
            sheet.write_row(row, 0, cells)
    return path


def send(page, path: Path) -> None:
    page.set_input_files("input[type=file]", path)
    page.click("form[action='/imports/look'] button.main")
    page.wait_for_selector("#columns, .answer.bad")


@pytest.mark.parametrize(("size", "locale"), [(DESK, "en-US"), (PHONE, "zh-CN")])
@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_gbk_zip_is_looked_at_confirmed_tried_committed_and_undone(
    open_page: Callable, tmp_path: Path, size: tuple[int, int], locale: str
) -> None:
    opened = open_page(size, locale)
    page = opened.go("/imports")
    (tmp_path / locale).mkdir()
    send(page, gbk_zip(tmp_path / locale, locale))
    assert "GB18030" in page.inner_text("main")
    assert "EPSG:4527" in page.input_value("select[name=crs]")
    row = page.locator("#columns tbody tr:has(input[value='面积'])")
    assert row.locator("select[name=unit]").input_value() == "mu"
    assert opened.overflow_px() <= 0
    page.fill("input[name=as_of]", "2024-01-01")
    page.click("form[action='/imports/try'] button.main")
    page.wait_for_selector("#receipt-table")
    assert page.locator("#receipt-table .result-rejected").count() == 0, page.inner_text("#receipt-table")
    assert f"{locale}01" in page.inner_text("#receipt-table")
    assert opened.overflow_px() <= 0
    frame = page.frame_locator("iframe")
    frame.locator(".leaflet-container").wait_for()
    page.click("button[data-commit=all]")
    page.locator("button[data-undo]").wait_for(state="attached")
    page.click("summary")
    page.fill("form[action$='/undo'] input[name=reason]", "wrong file")
    page.click("button[data-undo]")
    page.locator("#undone", has_text="asked for an undo" if locale == "en-US" else "申请撤销").wait_for()
    assert page.locator("button[data-undo]").count() == 0
    receipt = page.url
    page.click("#undone a[href^='/reviews']")
    page.fill("form[data-decide-all] input[name=as]", "Wang Li")
    assert opened.overflow_px() <= 0
    page.click("form[data-decide-all] button.main")
    page.locator("form[data-decide-all]").wait_for(state="detached")
    page.goto(receipt)
    page.locator("#undone", has_text="Undone on" if locale == "en-US" else "撤销：已撤销 2").wait_for()
    assert opened.errors == []
    assert opened.strangers == []


def test_an_excel_with_five_bad_rows_names_each_and_commits_the_others(
    open_page: Callable, tmp_path: Path
) -> None:
    opened = open_page()
    page = opened.go("/imports")
    send(page, excel(tmp_path, bad=5))
    page.fill("input[name=as_of]", "2025-06-30")
    page.click("form[action='/imports/try'] button.main")
    page.wait_for_selector("#receipt-table")
    assert page.locator("#receipt-table .result-rejected").count() == 5
    told = page.inner_text("#receipt-table")
    for words in ("no site code", "胡说", "约三亩", "99.0 ha restored is more than 1.0 ha", "2025-02-30"):
        assert words in told
    with page.expect_download() as saved:
        page.click("a[href*='marked.xlsx']")
    assert saved.value.suggested_filename == "图斑-marked.xlsx"
    assert page.locator("button[data-commit=all]").count() == 0
    page.click("button[data-commit=valid]")
    page.locator("main", has_text="Committed on").wait_for()
    assert page.locator(".counts .result-new b").inner_text() == "3"
    page.click("summary")
    page.click("button[data-undo]")
    page.locator("#undone", has_text="Waits for a second person 3").wait_for()
    assert opened.errors == []


def test_a_file_that_cannot_be_read_is_told_in_the_wizard(open_page: Callable, tmp_path: Path) -> None:
    opened = open_page()
    page = opened.go("/imports")
    (tmp_path / "sites.xlsx").write_bytes(b"<html><script>alert(1)</script></html>")
    send(page, tmp_path / "sites.xlsx")
    assert "is named as an Excel workbook but is XML" in page.inner_text(".answer.bad")
    assert page.locator("input[type=file]").count() == 1


def test_a_dropped_file_goes_the_same_way(open_page: Callable) -> None:
    opened = open_page()
    page = opened.go("/imports")
    page.evaluate(
        """() => {
          const text = '编号,WKT\\nD1,"POLYGON((116.7 33.7,116.71 33.7,116.71 33.71,116.7 33.7))"\\n';
          const data = new DataTransfer();
          data.items.add(new File([text], "dropped.csv", { type: "text/csv" }));
          document.querySelector("[data-drop]").dispatchEvent(
            new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }"""
    )
    page.wait_for_selector("#columns")
    assert "dropped.csv" in page.inner_text("h1")
    assert opened.errors == []
