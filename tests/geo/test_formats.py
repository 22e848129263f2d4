"""Formats that officers have: KML, FileGDB, DXF, boundary points, Excel and CSV, and awful files of each."""

from __future__ import annotations

import math
import zipfile
from datetime import date
from pathlib import Path

import ezdxf
import geopandas as gpd
import pytest
import shapely
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from shapely import MultiPolygon, Polygon, box

from geo.readers.archive import BadArchive
from geo.readers.client import FileUnreadable
from geo.readers.points import nested
from geo.readers.table_shapes import coordinate
from geo.vector_io import FormatNotRead, NotWhatItSays, read_vector

HERE = box(117, 33, 117.01, 33.01)
KML = """<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>
<Placemark><name>K1</name><ExtendedData><Data name="状态"><value>已治理</value></Data></ExtendedData>
<Polygon><outerBoundaryIs><LinearRing><coordinates>117,33,5 117.01,33,5 117.01,33.01,5 117,33.01,5 117,33,5
</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>
<Placemark><name>K2</name><Point><coordinates>117,33</coordinates></Point></Placemark>
<Placemark><name>K3</name><Polygon><outerBoundaryIs><LinearRing><coordinates>117,x</coordinates></LinearRing>
</outerBoundaryIs></Polygon></Placemark></Document></kml>"""


def test_kml_keeps_every_placemark_with_its_data(tmp_path):
    path = tmp_path / "sites.kml"
    path.write_text(KML, encoding="utf-8")
    layer = read_vector(path)
    assert [row.values for row in layer.rows] == [
        {"name": "K1", "状态": "已治理"},
        {"name": "K2"},
        {"name": "K3"},
    ]
    assert layer.rows[0].geometry.equals(HERE)
    assert layer.rows[1].geometry.geom_type == "Point"
    assert layer.rows[2].problem == "broken_geometry"
    assert layer.crs == "OGC:CRS84"


def test_kmz_is_read_by_its_root_document(tmp_path):
    path = tmp_path / "sites.kmz"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("doc.kml", KML)
        made.writestr("files/other.kml", KML)
    assert len(read_vector(path).rows) == 3


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            '<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml><name>&x;</name></kml>',
            "document type",
        ),
        (
            '<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><kml>&b;</kml>',
            "document type",
        ),
        ("<kml>" + "<Folder>" * 500 + "</Folder>" * 500 + "</kml>", "nested too deeply"),
        ("<kml><Placemark>", "not valid XML"),
    ],
)
def test_kml_that_resolves_entities_or_never_ends_is_refused(tmp_path, text, problem):
    path = tmp_path / "sites.kml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileUnreadable, match=problem):
        read_vector(path)


def test_a_zipped_filegdb_is_read_by_its_one_layer(tmp_path):
    frame = gpd.GeoDataFrame({"图斑编号": ["00123"]}, geometry=[MultiPolygon([HERE])], crs="EPSG:4490")
    frame.to_file(tmp_path / "mines.gdb", driver="OpenFileGDB", layer="图斑", engine="pyogrio")
    path = tmp_path / "sent.zip"
    with zipfile.ZipFile(path, "w") as made:
        for part in (tmp_path / "mines.gdb").iterdir():
            made.write(part, f"报送/mines.gdb/{part.name}")
    layer = read_vector(path)
    assert (layer.format, layer.rows[0].values["图斑编号"]) == ("gdb", "00123")
    assert layer.rows[0].geometry.normalize().equals_exact(MultiPolygon([HERE]).normalize(), 1e-8)
    with pytest.raises(FileUnreadable, match="no layer 'other'"):
        read_vector(path, layer="other")


def drawing(path: Path) -> Path:
    made = ezdxf.new("R2000")
    made.encoding = "gbk"
    model = made.modelspace()
    points = [(500000, 3700000), (500100, 3700000), (500100, 3700100), (500000, 3700100)]
    model.add_lwpolyline(points, close=True, dxfattribs={"layer": "图斑"})
    model.add_text("TB001", dxfattribs={"insert": (500050, 3700050), "layer": "注记"})
    model.add_lwpolyline(points[:3], dxfattribs={"layer": "道路"})
    made.saveas(path)
    return path


def test_dxf_gives_closed_lines_of_a_chinese_layer_with_the_text_inside(tmp_path):
    layer = read_vector(drawing(tmp_path / "map.dxf"))
    (row,) = layer.rows
    assert (row.values["dxf_text"], row.values["dxf_layer"]) == ("TB001", "图斑")
    assert row.geometry.area == 10_000
    assert layer.crs is None


def test_arcs_of_a_dxf_are_followed_to_the_tolerance(tmp_path):
    made = ezdxf.new("R2010")
    made.modelspace().add_lwpolyline([(0, 0, 1), (100, 0, 1)], format="xyb", close=True)
    made.saveas(tmp_path / "arc.dxf")
    (row,) = read_vector(tmp_path / "arc.dxf").rows
    assert row.geometry.area == pytest.approx(math.pi * 50**2, rel=2e-3)


def test_a_broken_dxf_is_refused(tmp_path):
    path = tmp_path / "map.dxf"
    path.write_text("  0\nSECTION\n  2\nENTITIES\n  0\nLWPOLYLINE\n 10\nnot a number\n")
    with pytest.raises(FileUnreadable):
        read_vector(path)


POINTS = """[属性描述]
格式版本号=1.01版本
坐标系=2000国家大地坐标系
几度分带=3
投影类型=高斯克吕格
计量单位=米
带号=39
[地块坐标]
5,1.0,TB01,一号坑,面,I50,,采矿用地,@
J1,1,3700000,39500000
J2,1,3700000,39500100
J3,1,3700100,39500100
J4,1,3700100,39500000
J1,1,3700000,39500000
J5,2,3700020,39500020
J6,2,3700020,39500040
J7,2,3700040,39500040
J5,2,3700020,39500020
4,0.5,TB02,二号坑,面,,,,@
J1,1,3700000,39500200
J2,1,x,39500300
"""


@pytest.mark.parametrize("encoding", ["GB18030", "UTF-8"])
def test_boundary_points_have_the_northing_first_and_holes_by_ring(tmp_path, encoding):
    path = tmp_path / "报盘.txt"
    path.write_bytes(POINTS.encode(encoding))
    layer = read_vector(path)
    assert (layer.crs, layer.encoding) == ("EPSG:4527", encoding)
    first, second = layer.rows
    assert first.values["地块编号"] == "TB01"
    assert first.geometry.bounds == (39500000, 3700000, 39500100, 3700100)
    assert first.geometry.area == 10_000 - 200
    assert first.line == 9
    assert first.notes == (("point_count_differs", "界址点数", "5 ≠ 9"),)
    assert second.problem == "broken_geometry"


def test_boundary_points_without_prefix_take_the_meridian_of_their_zone(tmp_path):
    path = tmp_path / "points.txt"
    path.write_text(POINTS.replace(",395", ",5"), encoding="utf-8")
    assert read_vector(path).crs == "EPSG:4548"
    path.write_text(POINTS.replace("坐标系=2000国家大地坐标系", "坐标系=80西安坐标系"), encoding="utf-8")
    assert read_vector(path).crs == "EPSG:2363"
    path.write_text(POINTS.replace("带号=39", "带号="), encoding="utf-8")
    assert read_vector(path).crs is None


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_csv_with_wkt_is_read_in_any_encoding(tmp_path, encoding, separator):
    path = tmp_path / "sites.csv"
    lines = [["图斑编号", "状态", "WKT"], ["00123", "已治理", f'"{HERE.wkt}"'], ["00124", "", "POLYGON((1"]]
    path.write_bytes("\n".join(map(separator.join, lines)).encode(encoding))
    layer = read_vector(path)
    assert layer.rows[0].values == {"图斑编号": "00123", "状态": "已治理"}
    assert layer.rows[0].geometry.equals(HERE)
    assert layer.rows[1].problem == "broken_geometry"
    assert [row.line for row in layer.rows] == [2, 3]


def test_csv_with_a_vertex_a_row_joins_the_rows_of_a_site(tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text(
        "编号,名称,经度,纬度,圈号\nA,坑,117,33,1\n,,117.01,33,1\n,,117.01,33.01,1\n,,117,33.01,1\n"
        "B,点,116°30′36″,33,1\n",
        encoding="utf-8",
    )
    layer = read_vector(path)
    first, second = layer.rows
    assert first.values == {"编号": "A", "名称": "坑"}
    assert first.geometry.equals(HERE)
    assert (second.geometry.x, second.geometry.y) == (116.51, 33)
    assert [row.line for row in layer.rows] == [2, 6]
    assert layer.crs == "OGC:CRS84"


def test_a_vertex_list_of_northings_first_is_turned(tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text("编号;拐点坐标\nA;3700000,500000 3700000,500100 3700100,500100\n", encoding="utf-8")
    (row,) = read_vector(path).rows
    assert row.geometry.bounds == (500000, 3700000, 500100, 3700100)


def test_a_table_without_geometry_says_so(tmp_path):
    path = tmp_path / "status.csv"
    path.write_text("图斑编号,状态\n001,已治理\n", encoding="utf-8")
    layer = read_vector(path)
    assert (layer.has_shapes, layer.rows[0].geometry) == (False, None)


def workbook(path: Path, rows, *, sheet="图斑", start=0) -> Path:
    with xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd"}) as book:
        page = book.add_worksheet(sheet)
        for number, row in enumerate(rows, start):
            for column, value in enumerate(row):
                page.write(number, column, value) if not isinstance(value, str) else page.write_string(
                    number, column, value
                )
    return path


def test_excel_is_read_under_its_titles_with_types_and_lines(tmp_path):
    rows = [
        ["2025年历史遗留矿山图斑表"],
        [None, "单位：亩"],
        ["图斑编号", "损毁面积（亩）", "治理完成时间", "备注", "备注"],
        ["00123", 15, date(2025, 6, 1), "一", "二"],
        [],
        [124, "１５", 45809, None, None],
    ]
    layer = read_vector(workbook(tmp_path / "sites.xlsx", rows))
    assert layer.columns == ("图斑编号", "损毁面积（亩）", "治理完成时间", "备注", "备注 (2)")
    assert [row.line for row in layer.rows] == [4, 6]
    assert layer.rows[0].values["治理完成时间"] == "2025-06-01"
    assert layer.rows[1].values["图斑编号"] == 124
    assert layer.layer == "图斑"


def test_of_several_sheets_the_one_with_codes_is_read_unless_another_is_named(tmp_path):
    with xlsxwriter.Workbook(str(tmp_path / "two.xlsx")) as book:
        for name, head in (("说明", "填写"), ("数据", "图斑编号")):
            page = book.add_worksheet(name)
            page.write_row(0, 0, [head, "名称"])
            page.write_row(1, 0, ["A", "B"])
    assert read_vector(tmp_path / "two.xlsx").layer == "数据"
    assert read_vector(tmp_path / "two.xlsx", layer="说明").layer == "说明"
    with pytest.raises(FileUnreadable, match="no sheet 'x'; it has 说明, 数据"):
        read_vector(tmp_path / "two.xlsx", layer="x")


def test_a_formula_is_told_with_its_value_and_refused_without(tmp_path):
    with xlsxwriter.Workbook(str(tmp_path / "f.xlsx")) as book:
        page = book.add_worksheet("S")
        page.write_row(0, 0, ["图斑编号", "名称", "损毁面积（公顷）"])
        page.write_row(1, 0, ["A", "x"])
        page.write_formula(1, 2, "=1+1", None, 2)
    (row,) = read_vector(tmp_path / "f.xlsx").rows
    assert (row.values["损毁面积（公顷）"], row.notes) == (
        2,
        (("formula_value", "损毁面积（公顷）", "=1+1"),),
    )
    book = Workbook()
    book.active.append(["图斑编号", "名称"])
    book.active.append(["A", '=HYPERLINK("http://x.invalid","y")'])
    book.save(tmp_path / "g.xlsx")
    (row,) = read_vector(tmp_path / "g.xlsx").rows
    assert row.values["名称"] is None
    assert row.notes == (("formula_without_value", "名称", '=HYPERLINK("http://x.invalid","y")'),)


def tampered(path: Path, member: str, old: bytes, new: bytes) -> Path:
    """The workbook with one text of one member replaced."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts[member]
    parts[member] = parts[member].replace(old, new, 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return path


def test_a_number_that_no_float_holds_concerns_its_cell_alone(tmp_path):
    path = workbook(tmp_path / "inf.xlsx", [["图斑编号", "面积"], ["A", 7], ["B", 8]])
    tampered(path, "xl/worksheets/sheet1.xml", b"<v>7</v>", b"<v>1e999</v>")
    assert [row.values["面积"] for row in read_vector(path).rows] == ["inf", 8]


def test_a_workbook_that_declares_entities_is_refused(tmp_path):
    path = workbook(tmp_path / "xxe.xlsx", [["图斑编号", "名称"], ["A", "B"]])
    tampered(
        path,
        "xl/workbook.xml",
        b"<workbook",
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><workbook',
    )
    with pytest.raises(BadArchive, match="document type"):
        read_vector(path)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (b'<c r="B2"', b'<c r="XFD2"', "more than 512 columns"),
        (b'<row r="2"', b'<row r="1048576"', "lies far below"),
    ],
)
def test_a_cell_at_the_end_of_the_world_is_refused_before_memory_is_asked_for(tmp_path, old, new, problem):
    path = workbook(tmp_path / "far.xlsx", [["图斑编号", "名称"], ["A", "B"]])
    with pytest.raises(FileUnreadable, match=problem):
        read_vector(tampered(path, "xl/worksheets/sheet1.xml", old, new))


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("sites.xlsx", b"PK\x03\x04 not a zip", NotWhatItSays),
        ("sites.xlsx", b"<html>", NotWhatItSays),
        ("sites.csv", b"%PDF-1.7", NotWhatItSays),
        ("sites.csv", b"a,b\x00c\n", NotWhatItSays),
        ("sites.txt", b"\x00\x01", FormatNotRead),
        ("sites.kml", b"a,b\n1,2\n", NotWhatItSays),
        ("sites.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, FileUnreadable),
        ("sites.csv", b",".join(b"c%d" % n for n in range(100_000)) + b"\n1\n", FileUnreadable),
        ("sites.csv", "没有，表头\n".encode(), NotWhatItSays),
    ],
)
def test_awful_tables_are_refused_by_name(tmp_path, name, content, error):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(error):
        read_vector(path)


def test_a_workbook_packed_too_often_is_refused(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("[Content_Types].xml", "<Types/>")
        made.writestr("xl/workbook.xml", "<workbook/>")
        made.writestr("xl/worksheets/sheet1.xml", b" " * 300_000_000)
    with pytest.raises(BadArchive, match="packed more than"):
        read_vector(path)


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cf")), min_size=1, max_size=12
).filter(lambda text: text.strip() == text)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_texts_of_a_workbook_come_through_as_they_were_written(tmp_path, rows):
    path = workbook(tmp_path / "t.xlsx", [["site_code", "name"], *map(list, rows)])
    layer = read_vector(path)
    assert [(row.values["site_code"], row.values["name"]) for row in layer.rows] == rows
    assert [row.notes for row in layer.rows] == [()] * len(rows)


def test_coordinates_are_read_in_degrees_minutes_and_seconds():
    assert coordinate("东经116度30分36秒") == 116.51
    assert coordinate("3,700,000.5") == 3700000.5
    for awful in ("1e999", "nan", "", "here", True):
        with pytest.raises(ValueError, match=r".*"):
            coordinate(awful)


def test_rings_inside_rings_are_holes_and_islands(tmp_path):
    outer, hole, island = (Polygon(box(n, n, 10 - n, 10 - n).exterior) for n in (0, 2, 4))
    made = nested([island, outer, hole])
    assert made.area == 100 - 36 + 4
    assert shapely.get_num_geometries(made) == 2
