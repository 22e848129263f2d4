"""Registered scenes in the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import cast

from sqlalchemy import Connection, RowMapping, func, insert, or_, select

from geo import clock
from geo.canonical import canonical_json, parse_json
from geo.errors import Conflict
from geo.grid import Grid
from geo.scenes import Scene, SceneKind
from geo.store.database import get_setting, set_setting
from geo.store.tables import SCENES


class SceneExists(Conflict):
    """The product, edition and period are taken by another raster."""

    template = "{product} edition {edition} has another raster for {year} already: {path}, band {band}"


class KindDiffers(Conflict):
    """A product holds scenes of one kind only."""

    template = "the scenes of {product} are of the kind {stored}, not {given}; give this product another name"


def add(conn: Connection, scenes: Iterable[Scene], *, now: str | None = None) -> list[Scene]:
    """The scenes as registered; one that is registered already, the same in all that matters, comes back.

    Raises `SceneExists` where another raster stands for that product, edition and period, and `KindDiffers`
    where the product has scenes of another kind.
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
        _refuse_other_kind(conn, scene)
        conn.execute(insert(SCENES).values(**_columns(scene), added_at=now))
        row = conn.execute(query).mappings().one()
    stored = _scene(row)
    if _content(stored) != _content(scene):
        raise SceneExists(
            product=stored.product,
            edition=stored.edition,
            year=stored.year,
            path=stored.path,
            band=stored.band,
        )
    return stored


def _content(scene: Scene) -> tuple[object, ...]:
    """What two registrations of one scene must agree on."""
    return (scene.sha256, scene.band, scene.kind, dict(scene.bands), scene.scale, scene.offset, scene.unit)


def _refuse_other_kind(conn: Connection, scene: Scene) -> None:
    query = select(SCENES.c.kind).where(SCENES.c.product == scene.product).limit(1)
    stored = conn.execute(query).scalar()
    if stored not in (None, scene.kind.value):
        raise KindDiffers(product=scene.product, stored=stored, given=scene.kind.value)


def find(
    conn: Connection,
    *,
    product: str | None = None,
    edition: str | None = None,
    year: int | None = None,
    kind: SceneKind | None = SceneKind.LANDCOVER,
    seasons: bool = False,
) -> list[Scene]:
    """The scenes that match, by product, edition and period; land cover unless another `kind`, None for any.

    Land cover that shows only part of a year is left out unless `seasons` asks for it too.
    """
    query = select(SCENES).order_by(
        SCENES.c.product, SCENES.c.edition, SCENES.c.period_end, SCENES.c.period_start
    )
    if product is not None:
        query = query.where(SCENES.c.product == product)
    if edition is not None:
        query = query.where(SCENES.c.edition == edition)
    if kind is not None:
        query = query.where(SCENES.c.kind == kind.value)
    if not seasons:
        query = query.where(or_(SCENES.c.kind != SceneKind.LANDCOVER.value, _IS_ANNUAL))
    if year is not None:
        query = query.where(SCENES.c.period_end.between(f"{year:04d}-01-01", f"{year:04d}-12-31"))
    return [_scene(row) for row in conn.execute(query).mappings()]


_IS_ANNUAL = (
    (func.substr(SCENES.c.period_start, 1, 4) == func.substr(SCENES.c.period_end, 1, 4))
    & (func.substr(SCENES.c.period_start, 5) == "-01-01")
    & (func.substr(SCENES.c.period_end, 5) == "-12-31")
)


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
        "kind": scene.kind.value,
        "bands": canonical_json(dict(scene.bands)),
        "scale": scene.scale,
        "offset": scene.offset,
        "unit": scene.unit,
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
        kind=SceneKind(row["kind"]),
        bands=_bands(row["bands"]),
        scale=row["scale"],
        offset=row["offset"],
        unit=row["unit"],
    )


def _bands(text: str) -> Mapping[str, int]:
    """The numbers of the bands by name, in the order of the file."""
    numbers = cast("Mapping[str, int]", parse_json(text))
    return dict(sorted(numbers.items(), key=lambda one: one[1]))
