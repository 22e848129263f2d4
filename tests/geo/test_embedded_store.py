"""The embedded store is a GeoPackage that others can open, and that only Reverdure can write."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import geopandas
import pyogrio
import pyogrio.errors
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from shapely import MultiPolygon, box
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError, OperationalError

import geo.store
from geo.store import (
    NetworkFileSystem,
    NotAStore,
    Store,
    StoreKindUnavailable,
    StoreMissing,
    StoreNotWritable,
    StoreTooNew,
    embedded,
    get_setting,
    gpkg,
    history,
    import_tables,  # noqa: F401 - its tables are among those that the store has
    location,
    set_setting,
    sites,
)
from geo.store.account_tables import PRIVATE_TABLES
from geo.store.changes import create_sites
from geo.store.columns import METADATA
from geo.store.database import SCHEMA_VERSION
from geo.store.tables import HISTORY
from tests.contract.builders import NOW, full_site, new_site, square

for module in iter_modules(geo.store.__path__):
    if module.name.endswith("_tables"):
        import_module(f"geo.store.{module.name}")

TABLES = sorted(set(METADATA.tables) - {"writer"})


@pytest.fixture(scope="module")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "store.gpkg"
    store = Store.open(path, create=True)
    with store.write() as conn:
        create_sites(conn, [full_site(), new_site("S2", x=118)], actor="a", source="import:1", now=NOW)
    store.close()
    return path


@pytest.fixture
def path(filled_file: Path, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(filled_file, tmp_path / "store.gpkg"))


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store.open(path)
    yield opened
    opened.close()


def plain(path: Path) -> sqlite3.Connection:
    """A connection as a GIS makes it: no knowledge of Reverdure, but the functions of the format."""
    connection = sqlite3.connect(path)
    for name, function in gpkg.FUNCTIONS.items():
        connection.create_function(name, 1, function)
    return connection


def test_the_file_is_marked_as_geopackage_1_4(path: Path) -> None:
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("PRAGMA application_id").fetchone() == (0x47504B47,)
        assert conn.execute("PRAGMA user_version").fetchone() == (10400,)
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []


def test_every_column_has_a_type_that_gdal_reads(path: Path) -> None:
    with closing(sqlite3.connect(path)) as conn:
        for table in TABLES:
            types = {column[2] for column in conn.execute(f"PRAGMA table_info({table})")}
            assert types <= {"TEXT", "INTEGER", "REAL", "BLOB", "MULTIPOLYGON"}, table


def test_the_r_tree_triggers_are_those_that_gdal_writes(path: Path, tmp_path: Path) -> None:
    def triggers(file: Path, table: str) -> dict[str, str]:
        with closing(sqlite3.connect(file)) as conn:
            found = conn.execute(
                "SELECT name, sql FROM sqlite_master"
                " WHERE type = 'trigger' AND name LIKE 'rtree%' AND tbl_name = ?",
                (table,),
            )
            return {name: "".join(sql.replace('"', "").lower().split()) for name, sql in found}

    other = tmp_path / "gdal.gpkg"
    frame = geopandas.GeoDataFrame({"a": [1]}, geometry=[square()], crs=4326)
    frame.to_file(other, layer="sites", driver="GPKG")
    assert triggers(path, "sites") == triggers(other, "sites")
    assert len(triggers(path, "cities")) == 7


def test_pyogrio_reads_the_layer_with_its_columns(path: Path) -> None:
    layers = dict(pyogrio.list_layers(path))
    assert layers["sites"] == layers["cities"] == "MultiPolygon"
    private = {table.name for table in PRIVATE_TABLES}
    assert set(layers) == set(TABLES) - {"settings", "idempotency_keys", "kept_answers"} - private
    frame = geopandas.read_file(path, layer="sites", fid_as_index=True)
    assert frame.crs.to_epsg() == 4326
    assert list(frame.geometry) == [full_site().geometry, square(118)]
    assert frame.loc[1, "site_code"] == "003406/甲-7"
    assert frame.loc[1, "damaged_ha"] == 90.0
    assert geopandas.read_file(path, layer="sites", bbox=(117.9, 32, 119, 34))["site_code"].tolist() == ["S2"]


@pytest.mark.gdal
@pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="ogrinfo is not installed")
def test_ogrinfo_lists_the_layers(path: Path) -> None:
    found = subprocess.run(
        ["ogrinfo", "-so", path, "sites"], capture_output=True, text=True, check=True
    ).stdout
    assert "Geometry: Multi Polygon" in found
    assert "Feature Count: 2" in found
    assert "area_units: Integer64" in found
    listed = subprocess.run(["ogrinfo", path], capture_output=True, text=True, check=True).stdout
    assert "sites (Multi Polygon)" in listed
    assert "history (None)" in listed
    assert "alembic_version" not in listed


@pytest.mark.parametrize("table", TABLES)
def test_a_plain_connection_cannot_write_and_is_told_where_to(path: Path, table: str) -> None:
    with closing(plain(path)) as conn:
        columns = [column[1] for column in conn.execute(f"PRAGMA table_info({table})")]
        insert_row = f"INSERT INTO {table} ({columns[1]}) VALUES ('x')"
        with pytest.raises(sqlite3.IntegrityError, match="reverdure import"):
            conn.execute(insert_row)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE sites SET status = 'closed'", "DELETE FROM sites", "UPDATE OR REPLACE sites SET fid = 9"],
)
def test_a_gis_cannot_edit_the_sites(path: Path, statement: str) -> None:
    with closing(plain(path)) as conn, pytest.raises(sqlite3.IntegrityError, match="kept by Reverdure"):
        conn.execute(statement)


def test_a_bare_connection_cannot_delete_sites(path: Path) -> None:
    with (
        closing(sqlite3.connect(path)) as conn,
        pytest.raises(sqlite3.IntegrityError, match="kept by Reverdure"),
    ):
        conn.execute("DELETE FROM sites")


def test_gdal_cannot_append_and_the_store_stays_whole(path: Path) -> None:
    frame = geopandas.GeoDataFrame({"site_code": ["X"]}, geometry=[square()], crs=4326)
    with pytest.raises(pyogrio.errors.FeatureError, match="kept by Reverdure"):
        frame.to_file(path, layer="sites", driver="GPKG", mode="a")
    store = Store.open(path)
    with store.read() as conn:
        assert sites.count(conn) == 2
        assert history.verify(conn).ok
        assert conn.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    store.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE history SET actor = 'x' WHERE seq = 1",
        "DELETE FROM history WHERE seq = 1",
        "INSERT OR REPLACE INTO history SELECT * FROM history WHERE seq = 1",
        "INSERT OR REPLACE INTO history SELECT * FROM history ORDER BY seq DESC LIMIT 1",
    ],
)
def test_history_is_append_only_even_for_the_writer(store: Store, statement: str) -> None:
    with store.read() as conn:
        before = history.head(conn)
    with pytest.raises(IntegrityError, match="append-only"), store.write() as conn:
        conn.execute(text(statement))
    with store.read() as conn:
        assert history.head(conn) == before


def test_a_row_is_voided_once(store: Store) -> None:
    with store.read() as conn:
        row = dict(conn.execute(text("SELECT * FROM history WHERE seq = 1")).mappings().one())
    rows = [row | {"seq": seq, "voids_seq": 1} for seq in (998, 999)]
    with pytest.raises(IntegrityError, match="append-only"), store.write() as conn:
        conn.execute(insert(HISTORY), rows)
    with store.write() as conn:
        conn.execute(insert(HISTORY), rows[:1])
    with pytest.raises(IntegrityError, match="append-only"), store.write() as conn:
        conn.execute(insert(HISTORY).prefix_with("OR REPLACE"), rows[1:])
    with store.read() as conn:
        assert history.head(conn)[0] == 998


def test_a_read_connection_refuses_to_write(store: Store) -> None:
    with store.read() as conn, pytest.raises(OperationalError, match="readonly"):
        set_setting(conn, "a", "b")


def test_the_token_never_outlives_a_transaction(store: Store) -> None:
    with store.write() as conn:
        set_setting(conn, "a", "b")
    with store.read() as conn:
        assert conn.execute(text("SELECT count(*) FROM writer")).scalar() == 0


def test_connections_are_durable_and_keep_foreign_keys(store: Store) -> None:
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    for connect in (store.read, store.write):
        with connect() as conn:
            found = {name: conn.execute(text(f"PRAGMA {name}")).scalar() for name in expected}
        assert found == expected


def test_migrations_make_the_tables_that_queries_expect(store: Store) -> None:
    with store.read() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True, "include_object": _is_ours})
        assert compare_metadata(context, METADATA) == []
        assert store.schema_version() == SCHEMA_VERSION


def _is_ours(_item: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
    """Leave out the tables of the format, and geometry columns, which reflection cannot name."""
    if kind == "column":
        return name != "geom"
    return kind != "table" or not str(name).startswith(("gpkg_", "rtree_", "sqlite_", "alembic_"))


def test_opening_again_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    Store.open(path).close()
    Store.open(f"gpkg://{path}").close()
    assert path.read_bytes() == before


def test_a_missing_store_is_made_only_if_asked(tmp_path: Path) -> None:
    path = tmp_path / "new" / "矿 山.gpkg"
    with pytest.raises(StoreMissing):
        Store.open(path)
    assert not path.parent.exists()
    store = Store.open(path, create=True)
    assert (store.path, store.folder) == (path.resolve(), path.resolve().parent)
    store.close()
    Store.open(path).close()


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "empty.gpkg"
    path.touch()
    Store.open(path, create=True).close()
    Store.open(path).close()


def test_somebody_elses_geopackage_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "other.gpkg"
    frame = geopandas.GeoDataFrame({"a": [1]}, geometry=[MultiPolygon([box(0, 0, 1, 1)])], crs=4326)
    frame.to_file(path, layer="sites", driver="GPKG")
    before = path.read_bytes()
    with pytest.raises(NotAStore, match="somebody else"):
        Store.open(path, create=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"{}", b"SQLite format 3\x00" + b"\x00" * 4000])
def test_a_file_that_is_no_database_is_refused_untouched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.gpkg"
    path.write_bytes(content)
    with pytest.raises(NotAStore):
        Store.open(path, create=True)
    assert path.read_bytes() == content


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(NotAStore):
        Store.open(tmp_path, create=True)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreNotWritable, match=r"x\.gpkg"):
        Store.open(tmp_path / "file" / "x.gpkg", create=True)


def test_a_full_disk_is_said_and_nothing_is_stored(store: Store) -> None:
    def fill() -> None:
        with store.write() as conn:
            pages = conn.execute(text("PRAGMA page_count")).scalar()
            conn.execute(text(f"PRAGMA max_page_count = {pages}"))
            set_setting(conn, "a", "b" * 100_000)

    with pytest.raises(StoreNotWritable, match="full"):
        fill()
    with store.read() as conn:
        assert get_setting(conn, "a") is None


def test_a_store_of_a_later_version_is_refused(store: Store) -> None:
    with store.write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreTooNew, match="9999"):
        Store.open(store.path)


@pytest.mark.parametrize("url", ["postgresql://user@host/db", "postgresql+psycopg://host/db", "mysql://x"])
def test_another_database_is_refused_clearly(url: str) -> None:
    with pytest.raises(StoreKindUnavailable, match="gpkg"):
        Store.open(url)


def test_locations_are_paths_or_urls(tmp_path: Path) -> None:
    assert location.path_of(f"gpkg://{tmp_path}/a%20b.gpkg") == tmp_path.resolve() / "a b.gpkg"
    assert location.path_of(tmp_path / "a.gpkg") == tmp_path.resolve() / "a.gpkg"
    assert location.path_of("a.gpkg") == Path.cwd() / "a.gpkg"


MOUNTS = """rootfs / ext4 rw 0 0
server:/export /mnt/nfs nfs4 rw 0 0
//win/share /mnt/with\\040space cifs rw 0 0
tmpfs /mnt/nfs/local tmpfs rw 0 0
me@host: /home/me/remote fuse.sshfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/data/a.gpkg", None),
        ("/mnt/nfs/a.gpkg", "nfs4"),
        ("/mnt/nfsother/a.gpkg", None),
        ("/mnt/nfs/local/a.gpkg", None),
        ("/mnt/with space/deep/a.gpkg", "cifs"),
        ("/home/me/remote/a.gpkg", "fuse.sshfs"),
    ],
)
def test_a_network_file_system_is_refused_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, path: str, kind: str | None
) -> None:
    monkeypatch.setattr(location, "_mounts", lambda: MOUNTS)
    if kind is None:
        location.refuse_network(Path(path))
    else:
        with pytest.raises(NetworkFileSystem, match=f"{kind}.*write-ahead logging"):
            location.refuse_network(Path(path))


def test_an_empty_geometry_has_no_envelope() -> None:
    blob = gpkg.blob_of(MultiPolygon())
    assert gpkg.envelope_of_blob(blob) is None
    assert gpkg.st_is_empty(blob) == 1
    assert gpkg.st_min_x(blob) is None


def test_the_envelope_of_a_foreign_blob_is_found_from_its_points() -> None:
    blob = b"GP\x00\x01" + (4326).to_bytes(4, "little") + gpkg.wkb_of_blob(gpkg.blob_of(square()))
    assert gpkg.envelope_of_blob(blob) == gpkg.envelope_of_blob(gpkg.blob_of(square()))


def test_the_message_says_where_to_edit() -> None:
    assert "reverdure import" in embedded.EDIT_ELSEWHERE
