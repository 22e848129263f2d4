"""A sample as a GeoPackage of its own, for QGIS: points, and a drop-down list of the outcomes."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import shapely
from shapely import Point

from geo.reference import reference_rows
from geo.samples.points import POINT_COLUMNS, PointRow
from geo.store import gpkg

_TYPES: Final = {int: "INTEGER", float: "REAL", str: "TEXT"}

_SCHEMA: Final = (
    """CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT,
  mime_type TEXT, constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name))""",
    """CREATE TABLE gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC,
  min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value))""",
    """INSERT INTO gpkg_extensions VALUES
  ('gpkg_data_columns', NULL, 'gpkg_schema',
   'http://www.geopackage.org/spec121/#extension_schema', 'read-write'),
  ('gpkg_data_column_constraints', NULL, 'gpkg_schema',
   'http://www.geopackage.org/spec121/#extension_schema', 'read-write')""",
    "CREATE TABLE outcomes (fid INTEGER PRIMARY KEY AUTOINCREMENT, slug TEXT NOT NULL, zh TEXT, en TEXT)",
)


def write_points(path: Path, rows: Sequence[PointRow]) -> None:
    """Write the points as the layer `points` and the words of the outcomes as the table `outcomes`.

    The column `checked` lists the outcomes as its allowed values (the schema extension of the standard), so
    that QGIS offers them. The file must not be there yet.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA application_id = {gpkg.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {gpkg.USER_VERSION}")
        connection.execute("BEGIN")
        for statement in (*gpkg.BASE_TABLES, *_SCHEMA):
            connection.execute(statement)
        _write_layer(connection, rows)
        _write_outcomes(connection)
        connection.execute("COMMIT")


def _write_layer(connection: sqlite3.Connection, rows: Sequence[PointRow]) -> None:
    columns = ", ".join(f"{name} {_TYPES[kind]}" for name, kind in POINT_COLUMNS.items())
    connection.execute(f"CREATE TABLE points (fid INTEGER PRIMARY KEY AUTOINCREMENT, geom POINT, {columns})")
    marks = ", ".join("?" * (len(POINT_COLUMNS) + 1))
    names = ", ".join(POINT_COLUMNS)
    connection.executemany(
        f"INSERT INTO points (geom, {names}) VALUES ({marks})",  # noqa: S608 - our own names
        [(_blob(row["lon"], row["lat"]), *(row[name] for name in POINT_COLUMNS)) for row in rows],
    )
    lons, lats = ([row[name] for row in rows] for name in ("lon", "lat"))
    box = (min(lons), min(lats), max(lons), max(lats)) if rows else (None, None, None, None)
    connection.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description,"
        " min_x, min_y, max_x, max_y, srs_id)"
        " VALUES ('points', 'features', 'points', 'Points to check', ?, ?, ?, ?, ?)",
        (*box, gpkg.SRS_ID),
    )
    connection.execute(
        "INSERT INTO gpkg_geometry_columns VALUES ('points', 'geom', 'POINT', ?, 0, 0)", (gpkg.SRS_ID,)
    )


def _write_outcomes(connection: sqlite3.Connection) -> None:
    outcomes = [(row["slug"], row["zh"], row["en"]) for row in reference_rows("sample_outcomes")]
    connection.executemany("INSERT INTO outcomes (slug, zh, en) VALUES (?, ?, ?)", outcomes)
    connection.execute(gpkg.register_attributes("outcomes", "What a point can be"))
    connection.executemany(
        "INSERT INTO gpkg_data_column_constraints (constraint_name, constraint_type, value, description)"
        " VALUES ('outcomes', 'enum', ?, ?)",
        [(slug, f"{zh} {en}") for slug, zh, en in outcomes],
    )
    connection.execute(
        "INSERT INTO gpkg_data_columns (table_name, column_name, constraint_name)"
        " VALUES ('points', 'checked', 'outcomes')"
    )


def _blob(lon: float, lat: float) -> bytes:
    wkb: bytes = shapely.to_wkb(Point(lon, lat), byte_order=1)
    return struct.pack("<2sBBi", b"GP", 0, 0b0000_0001, gpkg.SRS_ID) + wkb
