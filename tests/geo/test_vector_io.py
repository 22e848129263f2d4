"""The reader: what it takes, what it refuses, and that no row is lost on the way."""

from __future__ import annotations

import errno
import json
import math
import os
import sqlite3
import struct
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from shapely import LineString, MultiPolygon, box
from shapely.geometry import mapping

from geo import vector_io
from geo.readers import client as reader_client
from geo.readers.archive import BadArchive
from geo.readers.client import FileUnreadable
from geo.readers.dbf import dbf_head, trim_cut_names
from geo.vector_io import (
    EncodingUnknown,
    FileTooLarge,
    FormatNotRead,
    LayerNotChosen,
    NoSuchLayer,
    NotWhatItSays,
    NoWorkingCopy,
    ShapefileIncomplete,
    read_vector,
)

HERE = MultiPolygon([box(117, 33, 117.01, 33.01)])


def geojson(path: Path, rows, **members) -> Path:
    features = [
        {"type": "Feature", "properties": values, "geometry": None if shape is None else mapping(shape)}
        for values, shape in rows
    ]
    path.write_text(
        json.dumps({"type": "FeatureCollection", "features": features, **members}), encoding="utf-8"
    )
    return path


def shapefile(
    folder: Path, *, encoding="GB18030", crs="EPSG:4490", name="图斑", code="图斑编号", drop=()
) -> Path:
    """A zip of a Shapefile with Chinese names and values; the parts in `drop` are left out."""
    frame = gpd.GeoDataFrame(
        {code: ["00123", "00124"], "名称": ["杨庄矿", "朱庄"]},
        geometry=[HERE, box(117.1, 33, 117.2, 33.1)],
        crs=crs,
    )
    parts = folder / "parts"
    parts.mkdir(exist_ok=True)
    frame.to_file(parts / "made.shp", driver="ESRI Shapefile", encoding=encoding, engine="pyogrio")
    archive = folder / "sent.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for part in sorted(parts.glob("made.*")):
            if part.suffix not in drop:
                made.write(part, f"报送/{name}{part.suffix}")
    return archive


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
@pytest.mark.parametrize(
    ("encoding", "drop"), [("GB18030", ()), ("GB18030", (".cpg",)), ("UTF-8", (".cpg",))]
)
def test_chinese_shapefiles_are_read_with_and_without_a_cpg(tmp_path, encoding, drop):
    code = "图斑编号" if encoding == "GB18030" else "编号"
    layer = read_vector(shapefile(tmp_path, encoding=encoding, code=code, drop=drop))
    assert layer.encoding == encoding
    assert layer.layer == "图斑"
    assert [row.values for row in layer.rows] == [
        {code: "00123", "名称": "杨庄矿"},
        {code: "00124", "名称": "朱庄"},
    ]


def test_a_column_name_cut_inside_a_character_is_trimmed_and_told(tmp_path):
    shapefile(tmp_path, encoding="UTF-8", code="ten_letter", drop=(".cpg",))
    table = tmp_path / "parts" / "made.dbf"
    table.write_bytes(table.read_bytes().replace(b"ten_letter", "图斑编号".encode()[:10]))
    (tmp_path / "parts" / "made.cpg").unlink()
    layer = read_vector(tmp_path / "parts" / "made.shp")
    assert (layer.encoding, layer.columns, layer.cut_columns) == ("UTF-8", ("图斑编", "名称"), ("图斑编",))
    assert layer.rows[0].values == {"图斑编": "00123", "名称": "杨庄矿"}


@pytest.mark.parametrize(("encoding", "cut"), [("UTF-8", 7), ("GB18030", 5)])
def test_a_cell_cut_inside_a_character_loses_only_that_character(tmp_path, encoding, cut):
    shapefile(tmp_path, encoding=encoding, code="code")
    table = tmp_path / "parts" / "made.dbf"
    _, _, start, width = dbf_head(table).fields[1]
    raw = bytearray(table.read_bytes())
    at = dbf_head(table).start + start
    raw[at : at + width] = b"x" * (width - cut) + "杨庄矿".encode(encoding)[:cut]
    table.write_bytes(raw)
    (tmp_path / "parts" / "made.cpg").unlink()
    read = read_vector(tmp_path / "parts" / "made.shp", encoding=encoding)
    assert read.rows[0].values["名称"] == "x" * (width - cut) + "杨庄"
    assert read.rows[1].values["名称"] == "朱庄"


def test_text_that_is_not_in_the_encoding_asked_for_is_told(tmp_path):
    with pytest.raises(FileUnreadable, match="not in UTF-8; say its encoding"):
        read_vector(shapefile(tmp_path, code="code"), encoding="UTF-8")


def dbf_of_names(path: Path, *names: bytes) -> Path:
    """A dBASE table without rows, its fields named so."""
    start = 32 + 32 * len(names) + 1
    head = struct.pack("<B3xIHH20x", 3, 0, start, 1 + len(names))
    fields = b"".join(name.ljust(11, b"\0") + b"C" + bytes(4) + b"\x01" + bytes(15) for name in names)
    path.write_bytes(head + fields + b"\r")
    return path


def test_names_that_become_the_same_when_trimmed_stay_apart(tmp_path):
    names = [name.encode()[:10] for name in ("图斑编号", "图斑编码", "名称", "treatment_end")]
    table = dbf_of_names(tmp_path / "made.dbf", names[0], names[1][:9] + b"\xe7", *names[2:])
    assert trim_cut_names(table, "UTF-8") == ("图斑编", "图斑编2", "treatment_")
    assert [name.decode() for name, *_ in dbf_head(table).fields] == [
        "图斑编",
        "图斑编2",
        "名称",
        "treatment_",
    ]
    assert trim_cut_names(table, "UTF-8") == ("图斑编2", "treatment_")


def test_an_encoding_that_does_not_exist_is_told_by_its_option(tmp_path):
    for name in ("banana", "base64", ""):
        with pytest.raises(EncodingUnknown, match="--encoding"):
            read_vector(geojson(tmp_path / "sites.geojson", [({}, HERE)]), encoding=name)


@pytest.mark.parametrize("name", ["undefined", "utf-8\0"])
def test_an_encoding_that_decodes_nothing_is_told_as_unknown(tmp_path, name):
    path = tmp_path / "sites.csv"
    path.write_text("site_code,name\n1,a\n", encoding="utf-8")
    with pytest.raises(EncodingUnknown):
        read_vector(path, encoding=name)


def test_a_cpg_that_does_not_fit_the_bytes_is_not_believed(tmp_path):
    archive = shapefile(tmp_path, drop=(".cpg",))
    with zipfile.ZipFile(archive, "a") as made:
        made.writestr("报送/图斑.cpg", "UTF-8")
    assert read_vector(archive).rows[0].values["名称"] == "杨庄矿"


def test_the_projection_of_a_shapefile_is_read_and_its_absence_told(tmp_path):
    assert read_vector(shapefile(tmp_path)).crs == "EPSG:4490"
    assert read_vector(shapefile(tmp_path, drop=(".prj",))).crs is None


def test_a_bare_shapefile_is_read_with_its_siblings_and_refused_without(tmp_path):
    shapefile(tmp_path)
    bare = tmp_path / "parts" / "made.shp"
    assert len(read_vector(bare).rows) == 2
    (tmp_path / "parts" / "made.dbf").unlink()
    with pytest.raises(ShapefileIncomplete, match="dbf part is missing"):
        read_vector(bare)


def test_a_shapefile_whose_parts_do_not_match_is_refused(tmp_path):
    shapefile(tmp_path)
    table = tmp_path / "parts" / "made.dbf"
    raw = bytearray(table.read_bytes())
    raw[4:8] = struct.pack("<I", 1)
    table.write_bytes(raw)
    with pytest.raises(ShapefileIncomplete, match="2 shapes but 1 rows"):
        read_vector(tmp_path / "parts" / "made.shp")


def test_geojson_keeps_every_digit_every_row_and_nested_values(tmp_path):
    shape = MultiPolygon([box(117.123456789012345, 33.1, 117.2, 33.2)])
    path = geojson(
        tmp_path / "sites.geojson",
        [({"site_id": "00123", "list": [1, {"a": None}]}, shape), ({"site_id": 2}, None)],
    )
    layer = read_vector(path)
    assert layer.rows[0].values == {"site_id": "00123", "list": [1, {"a": None}]}
    assert shapely.equals_identical(layer.rows[0].geometry, shape)
    assert (layer.rows[1].row, layer.rows[1].geometry, layer.rows[1].problem) == (2, None, None)
    assert layer.crs == "OGC:CRS84"


def test_names_that_have_no_form_in_utf_8_are_made_plain(tmp_path):
    path = tmp_path / "sites.geojson"
    feature = {"type": "Feature", "properties": {"a\ud800": 1}, "geometry": mapping(HERE)}
    path.write_text(json.dumps({"type": "FeatureCollection", "name": "\udc00", "features": [feature]}))
    layer = read_vector(path)
    assert (layer.layer, layer.columns, layer.rows[0].values) == ("?", ("a?",), {"a?": 1})


def test_geojson_in_gb18030_is_read_and_its_encoding_told(tmp_path):
    path = tmp_path / "sites.geojson"
    text = json.dumps(
        {"type": "Feature", "id": 7, "properties": {"名称": "杨庄矿"}, "geometry": mapping(HERE)},
        ensure_ascii=False,
    )
    path.write_bytes(text.encode("gb18030"))
    layer = read_vector(path)
    assert (layer.encoding, layer.rows[0].values) == ("GB18030", {"名称": "杨庄矿", "id": 7})


def test_geojson_names_its_coordinate_system_by_name_and_never_by_link(tmp_path):
    named = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    path = geojson(tmp_path / "a.geojson", [({}, HERE)], crs=named)
    assert read_vector(path).crs == "urn:ogc:def:crs:EPSG::4490"
    link = {"type": "link", "properties": {"href": "http://127.0.0.1:9/crs", "type": "proj4"}}
    path = geojson(tmp_path / "b.geojson", [({}, HERE)], crs=link)
    with pytest.raises(FileUnreadable, match="link is never followed"):
        read_vector(path)


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Polygon", "coordinates": [[[0, 0], [1, None], [1, 1], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]},
        {"type": "Polygon"},
        {"type": "Blob", "coordinates": []},
        [1, 2],
    ],
)
def test_a_broken_geometry_keeps_its_row(tmp_path, geometry):
    path = tmp_path / "sites.geojson"
    feature = {"type": "Feature", "properties": {"id": 1}, "geometry": geometry}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature, 5]}))
    first, second = read_vector(path).rows
    assert (first.problem, first.geometry, first.values) == ("broken_geometry", None, {"id": 1})
    assert second.problem == "not_a_feature"


def test_numbers_that_no_float_holds_stay_as_their_text(tmp_path):
    path = tmp_path / "sites.geojson"
    huge = "9" * 5000
    properties = f'{{"id": 1, "a": 1e999, "b": -{huge}, "c": [1e999], "d": {huge[:300]}}}'
    ring = "[[[117, 33], [117.01, 33], [%s, 33.01], [117, 33]]]"
    features = ",".join(
        f'{{"type": "Feature", "properties": {properties},'
        f'"geometry": {{"type": "Polygon", "coordinates": {ring % x}}}}}'
        for x in ("117.01", "1e999", huge, huge[:300])
    )
    path.write_text(f'{{"type": "FeatureCollection", "features": [{features}]}}')
    rows = read_vector(path).rows
    assert rows[0].values == {"id": 1, "a": "1e999", "b": f"-{huge}", "c": ["1e999"], "d": int(huge[:300])}
    assert [row.problem for row in rows[:3]] == [None, "broken_geometry", "broken_geometry"]


def test_an_infinite_number_of_a_geopackage_is_not_taken_as_missing(tmp_path):
    frame = gpd.GeoDataFrame({"site_code": ["1", "2"], "area": [math.inf, math.nan]}, geometry=[HERE, HERE])
    frame.set_crs("EPSG:4490").to_file(tmp_path / "sites.gpkg", driver="GPKG", engine="pyogrio")
    assert [row.values["area"] for row in read_vector(tmp_path / "sites.gpkg").rows] == ["inf", None]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"type": "FeatureCollection"}', "not a GeoJSON FeatureCollection"),
        ('{"type": "FeatureCollection", "features": [', "not valid JSON"),
        ('{"a": NaN}', "NaN"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
    ],
)
def test_json_that_is_no_geojson_is_refused(tmp_path, text, problem):
    path = tmp_path / "sites.geojson"
    path.write_text(text)
    with pytest.raises(FileUnreadable, match=problem):
        read_vector(path)


def geopackage(path: Path, layers=("sites",)) -> Path:
    frame = gpd.GeoDataFrame(
        {"site_code": ["00123", None], "year": [1985, None], "done": ["2025-06-01", None]},
        geometry=[HERE, None],
        crs="EPSG:4490",
    )
    for layer in layers:
        frame.to_file(path, driver="GPKG", layer=layer, engine="pyogrio")
    return path


def test_a_geopackage_is_read_with_its_null_rows(tmp_path):
    layer = read_vector(geopackage(tmp_path / "sites.gpkg"))
    assert (layer.layer, layer.crs) == ("sites", "EPSG:4490")
    assert [row.values for row in layer.rows] == [
        {"site_code": "00123", "year": 1985.0, "done": "2025-06-01"},
        {"site_code": None, "year": None, "done": None},
    ]
    assert layer.rows[1].geometry is None


def test_of_several_layers_one_is_chosen_by_name_and_sites_by_default(tmp_path):
    path = geopackage(tmp_path / "two.gpkg", ("a", "b"))
    with pytest.raises(LayerNotChosen, match="a, b"):
        read_vector(path)
    assert read_vector(path, layer="b").layer == "b"
    with pytest.raises(NoSuchLayer, match="no layer 'c'; it has a, b"):
        read_vector(path, layer="c")


def test_a_layer_that_the_only_one_is_not_called_is_an_error(tmp_path):
    shapefile(tmp_path)
    plain = geojson(tmp_path / "plain.geojson", [({}, HERE)], name="inner")
    for path, name in ((tmp_path / "parts" / "made.shp", "made"), (plain, "plain, inner")):
        with pytest.raises(NoSuchLayer, match=f"no layer 'zz'; it has {name}"):
            read_vector(path, layer="zz")
    with pytest.raises(BadArchive, match="has no layer 'zz'; it has 图斑"):
        read_vector(tmp_path / "sent.zip", layer="zz")
    assert {read_vector(plain, layer=name).layer for name in (None, "plain", "inner")} == {"inner"}


def test_a_layer_of_a_geopackage_inside_an_archive_is_chosen_by_its_own_name(tmp_path):
    content = geopackage(tmp_path / "two.gpkg", ("a", "b")).read_bytes()
    path = archive(tmp_path / "sent.zip", {"two.gpkg": content})
    assert read_vector(path, layer="b").rows[0].values["site_code"] == "00123"


def test_a_geopackage_of_plain_tables_says_that_it_has_no_geometry(tmp_path):
    path = geopackage(tmp_path / "plain.gpkg")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE gpkg_contents SET data_type = 'attributes'")
    with pytest.raises(FileUnreadable, match="no layer with geometry"):
        read_vector(path)


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_of_a_geopackage_that_somebody_writes_to_only_what_was_committed_is_read(tmp_path, mode):
    path = geopackage(tmp_path / "open.gpkg")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute("UPDATE sites SET site_code = 'COMMITTED' WHERE site_code IS NOT NULL")
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        connection.execute("UPDATE sites SET site_code = 'OPEN'")
        connection.execute("CREATE TABLE much (text)")
        connection.executemany("INSERT INTO much VALUES (?)", [("x" * 4000,)] * 100)
        found = [row.values["site_code"] for row in read_vector(path).rows]
        connection.execute("ROLLBACK")
    assert found == ["COMMITTED", None]


def test_a_geopackage_whose_layer_is_a_view_is_refused(tmp_path):
    path = geopackage(tmp_path / "view.gpkg", ("real",))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE VIEW trick AS SELECT * FROM real")
        connection.execute("UPDATE gpkg_contents SET table_name = 'trick'")
    with pytest.raises(FileUnreadable, match="not a sound GeoPackage"):
        read_vector(path)


def test_an_sqlite_file_that_is_no_geopackage_is_refused(tmp_path):
    path = tmp_path / "plain.gpkg"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (a)")
    with pytest.raises(FileUnreadable, match="not a sound GeoPackage"):
        read_vector(path)


VRT = b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>'


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("sites.geojson", VRT, "XML"),
        ("sites.gpkg", VRT, "XML"),
        ("sites.zip", b"%PDF-1.7", "PDF"),
        ("sites.gpkg", b"PK\x03\x04rest", "zip archive"),
        ("sites.json", b"", "an empty file"),
        ("sites.shp", b'{"type": "FeatureCollection"}', "GeoJSON"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path, name, content, found):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(NotWhatItSays, match=found):
        read_vector(path)


def test_a_disguise_inside_an_archive_is_refused_too(tmp_path):
    path = tmp_path / "sites.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("sites.geojson", VRT)
    with pytest.raises(NotWhatItSays, match="XML"):
        read_vector(path)


def test_other_formats_are_named(tmp_path):
    path = tmp_path / "sites.vrt"
    path.write_bytes(VRT)
    with pytest.raises(FormatNotRead, match="is XML"):
        read_vector(path)
    path = tmp_path / "sites.bin"
    path.write_bytes(b"%PDF-1.7")
    with pytest.raises(FormatNotRead, match="is PDF; what is read is GeoPackage"):
        read_vector(path)


def test_a_file_over_the_limit_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(vector_io, "MAX_GEOJSON_BYTES", 10)
    with pytest.raises(FileTooLarge):
        read_vector(geojson(tmp_path / "sites.geojson", [({}, HERE)]))


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"../sites.geojson": b"{}"}, "outside"),
        ({"/etc/sites.geojson": b"{}"}, "outside"),
        ({"C:\\sites.geojson": b"{}"}, "outside"),
        ({"a.geojson": b"{}", "b.geojson": b"{}"}, "several layers"),
        ({"readme.txt": b"hello"}, "holds no Shapefile"),
        ({}, "is empty"),
        ({"sites.geojson": b"{" + b" " * 30_000_000}, "packed more than"),
        ({f"{n}.txt": b"" for n in range(2001)}, "more than 2000 files"),
    ],
)
def test_archives_that_break_a_rule_are_not_unpacked(tmp_path, members, problem):
    with pytest.raises(BadArchive, match=problem):
        read_vector(archive(tmp_path / "sent.zip", members))


def test_a_link_inside_an_archive_is_refused(tmp_path):
    path = tmp_path / "sent.zip"
    link = zipfile.ZipInfo("sites.geojson")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(link, "/etc/passwd")
    with pytest.raises(BadArchive, match="link"):
        read_vector(path)


def test_a_damaged_archive_is_refused(tmp_path):
    path = shapefile(tmp_path)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(BadArchive, match="damaged"):
        read_vector(path)


@pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_that_does_not_unpack_makes_a_damaged_archive(tmp_path, kind):
    path = tmp_path / "sites.zip"
    with zipfile.ZipFile(path, "w", kind) as made:
        made.writestr("sites.geojson", b"0123456789abcdef" * 400)
    content = bytearray(path.read_bytes())
    start = 30 + len("sites.geojson")
    for place in range(start + 10, start + 30):
        content[place] ^= 0x5A
    path.write_bytes(content)
    with pytest.raises(BadArchive, match="is damaged"):
        read_vector(path)


def test_a_member_whose_name_is_no_text_makes_a_damaged_archive(tmp_path):
    path = tmp_path / "sites.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("\u5730.geojson", b"{}")
    path.write_bytes(path.read_bytes().replace("\u5730".encode(), b"\xff\xfe\xfd"))
    with pytest.raises(BadArchive, match="is damaged"):
        read_vector(path)


def test_an_archive_may_hold_a_geopackage_or_several_layers_by_name(tmp_path):
    one = geojson(tmp_path / "one.geojson", [({"id": "1"}, HERE)]).read_bytes()
    two = geojson(tmp_path / "two.geojson", [({"id": "2"}, HERE)]).read_bytes()
    path = archive(tmp_path / "sent.zip", {"x/one.geojson": one, "x/two.geojson": two})
    assert read_vector(path, layer="two").rows[0].values == {"id": "2"}


def test_the_reader_process_has_only_two_drivers_and_no_network():
    code = (
        "import pyogrio; print(sorted(pyogrio.list_drivers()));"
        "print(pyogrio.get_gdal_config_option('GDAL_HTTP_PROXY'))"
    )
    environment = reader_client.reader_environment()
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["['ESRI Shapefile', 'GPKG']", "127.0.0.1:9"]


def test_the_reader_process_gets_no_secret_of_the_environment(monkeypatch):
    monkeypatch.setenv("REVERDURE_SECRET", "x")
    assert "REVERDURE_SECRET" not in reader_client.reader_environment()


@pytest.mark.skipif(os.name != "posix", reason="limits are POSIX")
def test_the_reader_process_lowers_its_own_limits():
    code = (
        "from geo.readers.process import *; limit_resources(); import resource as r;"
        "print(r.getrlimit(r.RLIMIT_AS)[0], r.getrlimit(r.RLIMIT_CPU)[0], r.getrlimit(r.RLIMIT_FSIZE)[0])"
    )
    environment = reader_client.reader_environment()
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    limits = [int(word) for word in done.stdout.split()]
    assert limits == [6 << 30, 600, 4 << 30]


def test_a_reader_that_dies_is_an_error_and_not_an_empty_file(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(FileUnreadable, match="ended with code 1"):
        read_vector(geojson(tmp_path / "sites.geojson", [({}, HERE)]))


def test_a_file_that_cannot_be_copied_is_an_error_that_names_the_folder(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(vector_io.shutil, "copyfile", full)
    with pytest.raises(NoWorkingCopy, match="to be read there: No space left on device"):
        read_vector(geojson(tmp_path / "sites.geojson", [({}, HERE)]))


def test_lines_and_points_arrive_for_the_judge(tmp_path):
    path = geojson(
        tmp_path / "sites.geojson", [({}, LineString([(0, 0), (1, 1)])), ({}, shapely.Point(1, 1))]
    )
    assert [row.geometry.geom_type for row in read_vector(path).rows] == ["LineString", "Point"]
