"""Column types, each with one form a database: see `geo.store.embedded` for what else differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from shapely import MultiPolygon
from sqlalchemy import BigInteger, Integer, Row
from sqlalchemy.engine import Dialect
from sqlalchemy.types import UserDefinedType

from geo.errors import StoreError
from geo.store import gpkg
from geo.wkb import geometry_of

WHOLE: Final = Integer().with_variant(BigInteger(), "postgresql")
"""A 64-bit integer: SQLite's INTEGER is one, and GDAL drops a column declared BIGINT."""


class GeometryColumn(UserDefinedType[MultiPolygon]):
    """A MultiPolygon in longitude and latitude: a GeoPackage blob in the embedded store."""

    cache_ok = True

    def get_col_spec(self, **_kw: object) -> str:
        """The declared type, which is what GDAL and QGIS read."""
        return "MULTIPOLYGON"

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], bytes | None]:  # noqa: ARG002
        """From shape, or ready blob, to blob."""

        def process(value: MultiPolygon | bytes | None) -> bytes | None:
            return value if value is None or isinstance(value, bytes) else gpkg.blob_of(value)

        return process

    def result_processor(
        self,
        dialect: Dialect,  # noqa: ARG002
        coltype: object,  # noqa: ARG002
    ) -> Callable[[Any], MultiPolygon | None]:
        """From blob to shape."""

        def process(value: bytes | None) -> MultiPolygon | None:
            return None if value is None else geometry_of(gpkg.wkb_of_blob(value))

        return process


def new_key(primary_key: Row[Any] | None) -> int:
    """The key that the database gave to the one inserted row."""
    if primary_key is None:
        raise StoreError
    return int(primary_key[0])
