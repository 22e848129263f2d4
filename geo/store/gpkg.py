"""GeoPackage 1.4 (OGC 12-128r19): the geometry blob, the tables of the format and its R-tree."""

from __future__ import annotations

import struct
from typing import Final

import shapely
from shapely import MultiPolygon, Polygon

from geo.wkb import wkb_of

APPLICATION_ID: Final = 0x47504B47  # "GPKG"
USER_VERSION: Final = 10400
SRS_ID: Final = 4326

_HEADER: Final = struct.Struct("<2sBBi4d")
_ENVELOPE: Final = struct.Struct("<4d")
_FLAGS: Final = 0b0000_0011  # little-endian, envelope [minx, maxx, miny, maxy]
_FLAGS_EMPTY: Final = 0b0001_0001  # little-endian, empty, no envelope
_ENVELOPE_BYTES: Final = (0, 32, 48, 48, 64)


def blob_of_wkb(wkb: bytes, bounds: tuple[float, float, float, float] | None) -> bytes:
    """The GeoPackage blob of a WKB with bounds (min x, min y, max x, max y), None for an empty geometry."""
    if bounds is None:
        return struct.pack("<2sBBi", b"GP", 0, _FLAGS_EMPTY, SRS_ID) + wkb
    min_x, min_y, max_x, max_y = bounds
    return _HEADER.pack(b"GP", 0, _FLAGS, SRS_ID, min_x, max_x, min_y, max_y) + wkb


def blob_of(geometry: Polygon | MultiPolygon) -> bytes:
    """The GeoPackage blob of a geometry."""
    return blob_of_wkb(wkb_of(geometry), None if geometry.is_empty else geometry.bounds)


def wkb_of_blob(blob: bytes) -> bytes:
    """The WKB inside a GeoPackage blob."""
    return blob[8 + _ENVELOPE_BYTES[blob[3] >> 1 & 0b111] :]


def envelope_of_blob(blob: bytes) -> tuple[float, float, float, float] | None:
    """(min x, max x, min y, max y) of a GeoPackage blob, None for an empty geometry."""
    if blob[3] & 0b1_0000:
        return None
    if blob[3] == _FLAGS:
        min_x, max_x, min_y, max_y = _ENVELOPE.unpack_from(blob, 8)
        return (min_x, max_x, min_y, max_y)
    min_x, min_y, max_x, max_y = shapely.from_wkb(wkb_of_blob(blob)).bounds
    return (min_x, max_x, min_y, max_y)


def st_is_empty(blob: bytes | None) -> int | None:
    """1 for an empty geometry, 0 for another, None for None: `ST_IsEmpty` of the R-tree's triggers."""
    return None if blob is None else int(envelope_of_blob(blob) is None)


def _bound(blob: bytes | None, index: int) -> float | None:
    envelope = None if blob is None else envelope_of_blob(blob)
    return None if envelope is None else envelope[index]


def st_min_x(blob: bytes | None) -> float | None:
    """Least x of a geometry blob."""
    return _bound(blob, 0)


def st_max_x(blob: bytes | None) -> float | None:
    """Greatest x of a geometry blob."""
    return _bound(blob, 1)


def st_min_y(blob: bytes | None) -> float | None:
    """Least y of a geometry blob."""
    return _bound(blob, 2)


def st_max_y(blob: bytes | None) -> float | None:
    """Greatest y of a geometry blob."""
    return _bound(blob, 3)


FUNCTIONS: Final = {
    "ST_IsEmpty": st_is_empty,
    "ST_MinX": st_min_x,
    "ST_MaxX": st_max_x,
    "ST_MinY": st_min_y,
    "ST_MaxY": st_max_y,
}
"""The functions that the R-tree's triggers call; every connection registers them."""

_WGS84: Final = (
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],'
    'AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],'
    'UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AXIS["Latitude",NORTH],'
    'AXIS["Longitude",EAST],AUTHORITY["EPSG","4326"]]'
)

BASE_TABLES: Final = (
    """CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT)""",
    """INSERT INTO gpkg_spatial_ref_sys VALUES
  ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined Cartesian coordinate reference system'),
  ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system'),
  ('WGS 84 geodetic', 4326, 'EPSG', 4326, '"""
    + _WGS84
    + """', 'longitude/latitude in decimal degrees on the WGS 84 spheroid')""",
    """CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id))""",
    """CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL,
  z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id))""",
    """CREATE TABLE gpkg_extensions (
  table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL,
  scope TEXT NOT NULL,
  CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name))""",
)
"""What makes a SQLite file a GeoPackage, before any layer (Annex C of the standard)."""


def register_features(table: str, title: str) -> tuple[str, ...]:
    """The statements that make `table` (key `fid`, geometry `geom`) a feature layer with an R-tree."""
    return (
        (
            f"INSERT INTO gpkg_contents (table_name, data_type, identifier, description, srs_id)"  # noqa: S608
            f" VALUES ('{table}', 'features', '{table}', '{title}', {SRS_ID})"
        ),
        f"INSERT INTO gpkg_geometry_columns VALUES ('{table}', 'geom', 'MULTIPOLYGON', {SRS_ID}, 0, 0)",  # noqa: S608
        (
            f"INSERT INTO gpkg_extensions VALUES ('{table}', 'geom', 'gpkg_rtree_index',"  # noqa: S608
            " 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')"
        ),
        *rtree(table),
    )


def register_attributes(table: str, title: str) -> str:
    """The statement that lists `table` as a table without geometry."""
    return (
        f"INSERT INTO gpkg_contents (table_name, data_type, identifier, description)"  # noqa: S608
        f" VALUES ('{table}', 'attributes', '{table}', '{title}')"
    )


def rtree(table: str) -> tuple[str, ...]:
    """The statements of the R-tree extension of GeoPackage 1.4 for `geom` of `table` (Annex F.3)."""
    index = f"rtree_{table}_geom"
    bounds = "ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom)"
    new_full = "(NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom))"
    new_empty = "(NEW.geom ISNULL OR ST_IsEmpty(NEW.geom))"
    old_full = "(OLD.geom NOTNULL AND NOT ST_IsEmpty(OLD.geom))"
    old_empty = "(OLD.geom ISNULL OR ST_IsEmpty(OLD.geom))"
    same = "OLD.fid = NEW.fid"
    moved = "OLD.fid != NEW.fid"
    put = f"INSERT OR REPLACE INTO {index} VALUES (NEW.fid, {bounds});"  # noqa: S608
    drop = f"DELETE FROM {index} WHERE id = OLD.fid;"  # noqa: S608
    move = (
        f"UPDATE {index} SET minx = ST_MinX(NEW.geom), maxx = ST_MaxX(NEW.geom),"  # noqa: S608
        " miny = ST_MinY(NEW.geom), maxy = ST_MaxY(NEW.geom) WHERE id = NEW.fid;"
    )
    triggers = (
        ("insert", "AFTER INSERT", new_full, put),
        ("update2", "AFTER UPDATE OF geom", f"{same} AND {new_empty}", drop),
        (
            "update4",
            "AFTER UPDATE",
            f"{moved} AND {new_empty}",
            f"DELETE FROM {index} WHERE id IN (OLD.fid, NEW.fid);",  # noqa: S608
        ),
        ("update5", "AFTER UPDATE", f"{moved} AND {new_full}", f"{drop} {put}"),
        ("update6", "AFTER UPDATE OF geom", f"{same} AND {new_full} AND {old_full}", move),
        (
            "update7",
            "AFTER UPDATE OF geom",
            f"{same} AND {new_full} AND {old_empty}",
            f"INSERT INTO {index} VALUES (NEW.fid, {bounds});",  # noqa: S608
        ),
        ("delete", "AFTER DELETE", "OLD.geom NOT NULL", drop),
    )
    return (
        f"CREATE VIRTUAL TABLE {index} USING rtree(id, minx, maxx, miny, maxy)",
        *(
            f"CREATE TRIGGER {index}_{name} {event} ON {table} WHEN {when} BEGIN {body} END"
            for name, event, when, body in triggers
        ),
    )
