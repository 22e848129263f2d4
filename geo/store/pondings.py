"""Ponding in the store: the latest water of each site, product, edition and year."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, insert, select

from geo.recovery import Inputs
from geo.runs.seen import Seen
from geo.store.subsidence_tables import PONDINGS
from geo.subsidence.ponding import PondingYear

_CHUNK: Final = 500
_SCALARS: Final = (
    *("site_id", "product", "edition", "year", "n_seasons", "area_units", "valid_units", "annual_units"),
    *("perennial_units", "seasonal_units", "content_key"),
)
_INPUTS: Final = ("geometry_seq", "last_scene_id", "terms")


def put_hidden(conn: Connection, run_id: int, lines: Sequence[PondingYear], *, seen: Seen) -> None:
    """Keep the lines of a run out of sight; see `geo.store.hidden`. Shown, they replace all of a site."""
    for start in range(0, len(lines), _CHUNK):
        rows = [
            _columns(run_id, one) | {"hidden": run_id} | seen.of(one.site_id)
            for one in lines[start : start + _CHUNK]
        ]
        conn.execute(insert(PONDINGS), rows)


def find(
    conn: Connection, *, site_id: int | None = None, product: str | None = None, edition: str | None = None
) -> list[PondingYear]:
    """The lines that match, by site, product, edition and year."""
    wanted = {"site_id": site_id, "product": product, "edition": edition}
    conditions = [PONDINGS.c[name] == value for name, value in wanted.items() if value is not None]
    conditions.append(PONDINGS.c.hidden == 0)
    order = (PONDINGS.c.site_id, PONDINGS.c.product, PONDINGS.c.edition, PONDINGS.c.year)
    return [
        PondingYear(**{name: row[name] for name in _SCALARS}, inputs=Inputs(*(row[name] for name in _INPUTS)))
        for row in conn.execute(select(PONDINGS).where(*conditions).order_by(*order)).mappings()
    ]


def _columns(run_id: int, one: PondingYear) -> dict[str, object]:
    return (
        {name: getattr(one, name) for name in _SCALARS}
        | {name: getattr(one.inputs, name) for name in _INPUTS}
        | {"run_id": run_id}
    )
