"""GeoPackages that somebody sent: looked at before GDAL opens them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def feature_layers(path: Path) -> list[str] | None:
    """The names of a GeoPackage's feature layers, sorted; None where the file is no sound GeoPackage.

    A layer must be an ordinary table: a view or a virtual table could run what its author likes when it is
    read, so a file that registers one as a layer is not taken.
    """
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA cell_size_check = ON")
            connection.execute("PRAGMA query_only = ON")
            registered = connection.execute(
                "SELECT table_name FROM gpkg_contents WHERE data_type = 'features' ORDER BY table_name"
            ).fetchall()
            ordinary = {
                name
                for name, sql in connection.execute(
                    "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
                )
                if not str(sql).upper().startswith("CREATE VIRTUAL")
            }
    except sqlite3.DatabaseError:
        return None
    layers = [str(name) for (name,) in registered]
    return layers if ordinary.issuperset(layers) else None
