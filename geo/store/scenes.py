"""Registered scenes in the store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection, RowMapping, insert, select

from geo import clock
from geo.errors import Conflict
from geo.grid import Grid
from geo.scenes import Scene
from geo.store.database import get_setting, set_setting
from geo.store.tables import SCENES


class SceneExists(Conflict):
    """The product, edition and period are taken by another raster."""

    template = "{product} edition {edition} has another raster for {year} already: {path}, band {band}"


def add(conn: Connection, scenes: Iterable[Scene], *, now: str | None = None) -> list[Scene]:
    """The scenes as registered; one that is registered already, with the same bytes and band, comes back.

    Raises `SceneExists` where another raster stands for that product, edition and period.
    """
    return [_add_one(conn, scene, now=now or clock.now_utc()) for scene in scenes]


def _add_one(conn: Connection, scene: Scene, *, now: str) -> Scene:
    query = select(SCENES).where(
        SCENES.c.product == scene.product,
        SCENES.c.edition == scene.edition,
        SCENES.c.period_start == scene.period_start.isoformat(),
        SCENES.c.period_end == scene.period_end.isoformat(),
    )
    row = conn.execute(query).mappings().first()
    if row is None:
        conn.execute(insert(SCENES).values(**_columns(scene), added_at=now))
        row = conn.execute(query).mappings().one()
    stored = _scene(row)
    if (stored.sha256, stored.band) != (scene.sha256, scene.band):
        raise SceneExists(
            product=stored.product,
            edition=stored.edition,
            year=stored.year,
            path=stored.path,
            band=stored.band,
        )
    return stored


def find(
    conn: Connection, *, product: str | None = None, edition: str | None = None, year: int | None = None
) -> list[Scene]:
    """The scenes that match, by product, edition and year."""
    query = select(SCENES).order_by(
        SCENES.c.product, SCENES.c.edition, SCENES.c.period_end, SCENES.c.period_start
    )
    if product is not None:
        query = query.where(SCENES.c.product == product)
    if edition is not None:
        query = query.where(SCENES.c.edition == edition)
    if year is not None:
        query = query.where(SCENES.c.period_end.between(f"{year:04d}-01-01", f"{year:04d}-12-31"))
    return [_scene(row) for row in conn.execute(query).mappings()]


def current_edition(conn: Connection, product: str) -> str | None:
    """The edition that figures use unless another is asked for: the one set, else the last added."""
    last = (
        select(SCENES.c.edition)
        .where(SCENES.c.product == product)
        .order_by(SCENES.c.scene_id.desc())
        .limit(1)
    )
    return get_setting(conn, _setting(product)) or conn.execute(last).scalar()


def set_current(conn: Connection, product: str, edition: str) -> None:
    """Make an edition the current one of its product."""
    set_setting(conn, _setting(product), edition)


def _setting(product: str) -> str:
    return f"current_edition:{product}"


def _columns(scene: Scene) -> dict[str, object]:
    grid = scene.grid
    return {
        "product": scene.product,
        "edition": scene.edition,
        "period_start": scene.period_start.isoformat(),
        "period_end": scene.period_end.isoformat(),
        "path": scene.path,
        "band": scene.band,
        "crs": grid.crs,
        "x0": grid.x0,
        "y0": grid.y0,
        "dx": grid.dx,
        "dy": grid.dy,
        "width": grid.width,
        "height": grid.height,
        "nodata": scene.nodata,
        "sha256": scene.sha256,
    }


def _scene(row: RowMapping) -> Scene:
    return Scene(
        scene_id=row["scene_id"],
        product=row["product"],
        edition=row["edition"],
        period_start=date.fromisoformat(row["period_start"]),
        period_end=date.fromisoformat(row["period_end"]),
        path=row["path"],
        band=row["band"],
        grid=Grid(row["crs"], row["x0"], row["y0"], row["dx"], row["dy"], row["width"], row["height"]),
        nodata=row["nodata"],
        sha256=row["sha256"],
    )
