"""Subsidence in the store: the latest result of each site, product and edition of displacement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, select

from geo.recovery import Inputs
from geo.runs.seen import Seen
from geo.sites import Settlement
from geo.store.subsidence_tables import SUBSIDENCE_EPOCHS, SUBSIDENCES
from geo.store.tables import insert_many
from geo.subsidence.site import EpochMean, Source, Subsidence

_CHUNK: Final = 500
_SCALARS: Final = (
    *("site_id", "product", "edition", "n_epochs", "area_units", "valid_units", "mean", "p95", "p95_abs"),
    *("sigma", "threshold", "moving_units", "last_epochs", "last_mean", "fast_units", "maybe_fast_units"),
    *("reason", "content_key"),
)
_DAYS: Final = ("period_start", "period_end", "last_from")
_INPUTS: Final = ("geometry_seq", "last_scene_id", "terms")


def put_hidden(conn: Connection, run_id: int, results: Sequence[Subsidence], *, seen: Seen) -> None:
    """Keep results of a run out of sight; see `geo.store.hidden`."""
    for start in range(0, len(results), _CHUNK):
        highest = select(func.coalesce(func.max(SUBSIDENCES.c.subsidence_id), 0))
        first = int(conn.execute(highest).scalar_one()) + 1
        keyed = list(enumerate(results[start : start + _CHUNK], start=first))
        rows = [_columns(key, run_id, one) | {"hidden": run_id} | seen.of(one.site_id) for key, one in keyed]
        conn.execute(insert(SUBSIDENCES), rows)
        epochs = (
            (key, epoch.on.isoformat(), epoch.mean_mm, epoch.valid_units)
            for key, one in keyed
            for epoch in one.epochs
        )
        insert_many(conn, SUBSIDENCE_EPOCHS, epochs, keyed=False)


def find(
    conn: Connection,
    *,
    site_id: int | None = None,
    site_ids: Sequence[int] | None = None,
    product: str | None = None,
    edition: str | None = None,
) -> list[Subsidence]:
    """The results that match, by site (one, or several), product and edition."""
    wanted = {"site_id": site_id, "product": product, "edition": edition}
    conditions = [SUBSIDENCES.c[name] == value for name, value in wanted.items() if value is not None]
    conditions.append(SUBSIDENCES.c.hidden == 0)
    if site_ids is not None:
        conditions.append(SUBSIDENCES.c.site_id.in_(site_ids))
    order = (SUBSIDENCES.c.site_id, SUBSIDENCES.c.product, SUBSIDENCES.c.edition)
    rows = conn.execute(select(SUBSIDENCES).where(*conditions).order_by(*order)).mappings().all()
    epochs = _epochs(conn, conditions)
    return [_result(row, epochs[row["subsidence_id"]]) for row in rows]


def _epochs(conn: Connection, conditions: Sequence[ColumnElement[bool]]) -> Mapping[int, list[EpochMean]]:
    found: defaultdict[int, list[EpochMean]] = defaultdict(list)
    columns = SUBSIDENCE_EPOCHS.c
    query = select(columns.subsidence_id, columns.on_day, columns.mean_mm, columns.valid_units)
    query = query.join(SUBSIDENCES).where(*conditions).order_by(columns.subsidence_id, columns.on_day)
    for key, day, mean, units in conn.execute(query):
        found[key].append(EpochMean(date.fromisoformat(day), mean, units))
    return found


def _columns(key: int, run_id: int, one: Subsidence) -> dict[str, object]:
    return (
        {name: getattr(one, name) for name in _SCALARS}
        | {name: getattr(one, name).isoformat() for name in _DAYS}
        | {name: getattr(one.inputs, name) for name in _INPUTS}
        | {
            "subsidence_id": key,
            "run_id": run_id,
            "source": one.source.value,
            "settlement": None if one.settlement is None else one.settlement.value,
        }
    )


def _result(row: RowMapping, epochs: Sequence[EpochMean]) -> Subsidence:
    return Subsidence(
        **{name: row[name] for name in _SCALARS},
        period_start=date.fromisoformat(row["period_start"]),
        period_end=date.fromisoformat(row["period_end"]),
        last_from=date.fromisoformat(row["last_from"]),
        source=Source(row["source"]),
        settlement=None if row["settlement"] is None else Settlement(row["settlement"]),
        epochs=tuple(epochs),
        inputs=Inputs(*(row[name] for name in _INPUTS)),
    )
