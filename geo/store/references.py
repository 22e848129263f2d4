"""Reference polygons in the store, set by set."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, delete, insert, select

from geo import clock
from geo.references import ReferencePolygon
from geo.store.spectral_tables import REFERENCES


def put(conn: Connection, polygons: Sequence[ReferencePolygon], *, now: str | None = None) -> None:
    """Take polygons in, in place of what is kept under the names of their sets."""
    names = {polygon.set_name for polygon in polygons}
    conn.execute(delete(REFERENCES).where(REFERENCES.c.set_name.in_(names)))
    added_at = now or clock.now_utc()
    conn.execute(insert(REFERENCES), [_columns(polygon) | {"added_at": added_at} for polygon in polygons])


def find(conn: Connection, *, set_name: str | None = None) -> list[ReferencePolygon]:
    """The polygons of one set, or of all, in the order in which they came."""
    query = select(REFERENCES).order_by(REFERENCES.c.fid)
    if set_name is not None:
        query = query.where(REFERENCES.c.set_name == set_name)
    return [_polygon(row) for row in conn.execute(query).mappings()]


def _columns(polygon: ReferencePolygon) -> dict[str, object]:
    return {
        "geom": polygon.geometry,
        "set_name": polygon.set_name,
        "name": polygon.name,
        "source": polygon.source,
        "sha256": polygon.sha256,
    }


def _polygon(row: RowMapping) -> ReferencePolygon:
    return ReferencePolygon(
        reference_id=row["fid"],
        set_name=row["set_name"],
        name=row["name"],
        geometry=row["geom"],
        source=row["source"],
        sha256=row["sha256"],
    )
