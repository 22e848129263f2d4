"""Spectral recoveries in the store: the latest of each site and set of parameters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, cast

from sqlalchemy import (
    Connection,
    RowMapping,
    func,
    insert,
    select,
)

from geo.canonical import canonical_json, parse_json
from geo.runs.seen import Seen
from geo.spectral.metrics import Metric, Scope
from geo.spectral.params import params_key as key_of
from geo.spectral.recovery import (
    MetricValue,
    ReferenceKind,
    SceneUsed,
    SpectralRecovery,
    SpectralYear,
    TargetKind,
)
from geo.store.spectral_tables import SPECTRAL, SPECTRAL_METRICS, SPECTRAL_YEARS
from geo.store.tables import insert_many

_CHUNK: Final = 500
_SCALARS: Final = (
    *("site_id", "product", "edition", "formula", "direction", "disturbance_year", "restoration_year"),
    *("k_years", "target_share", "target_value", "relapse_year", "n_relapsed", "valid_years", "n_years"),
    *("confidence", "reason", "content_key"),
)
_YEAR: Final = (
    *("period", "year", "value", "low", "high", "n_pixels", "valid_share"),
    *("reference_value", "relative_value"),
)
_METRIC: Final = ("value", "median", "n_pixels", "n_none")


def put_hidden(conn: Connection, run_id: int, found: Sequence[SpectralRecovery], *, seen: Seen) -> None:
    """Keep results of a run out of sight; see `geo.store.hidden`."""
    for start in range(0, len(found), _CHUNK):
        _insert(conn, run_id, found[start : start + _CHUNK], seen)


def keys(conn: Connection, params_key: str, site_ids: Sequence[int]) -> dict[int, str]:
    """{site id: content key} of what is kept of these sites under one set of parameters."""
    query = select(SPECTRAL.c.site_id, SPECTRAL.c.content_key).where(
        SPECTRAL.c.params_key == params_key, SPECTRAL.c.site_id.in_(site_ids), SPECTRAL.c.hidden == 0
    )
    return dict(conn.execute(query).all())


def _insert(conn: Connection, run_id: int, found: Sequence[SpectralRecovery], seen: Seen) -> None:
    first = int(conn.execute(select(func.coalesce(func.max(SPECTRAL.c.spectral_id), 0))).scalar_one()) + 1
    keyed = list(enumerate(found, start=first))
    conn.execute(
        insert(SPECTRAL),
        [_columns(key, run_id, one) | {"hidden": run_id} | seen.of(one.site_id) for key, one in keyed],
    )
    years = ((key, *(getattr(year, name) for name in _YEAR)) for key, one in keyed for year in one.years)
    insert_many(conn, SPECTRAL_YEARS, years, keyed=False)
    metrics = (
        (key, relative, metric.value, *(getattr(value, name) for name in _METRIC))
        for key, one in keyed
        for relative, values in enumerate((one.metrics, one.relative_metrics))
        for metric, value in values.items()
    )
    insert_many(conn, SPECTRAL_METRICS, metrics, keyed=False)


def find(
    conn: Connection,
    *,
    site_id: int | None = None,
    product: str | None = None,
    edition: str | None = None,
    index: str | None = None,
    params_key: str | None = None,
) -> list[SpectralRecovery]:
    """The results that match, by site, product, edition and index, the last computed of a pair last."""
    wanted = {
        "site_id": site_id,
        "product": product,
        "edition": edition,
        "index_name": index,
        "params_key": params_key,
    }
    conditions = [SPECTRAL.c[name] == value for name, value in wanted.items() if value is not None]
    conditions.append(SPECTRAL.c.hidden == 0)
    order = ("site_id", "product", "edition", "index_name", "spectral_id")
    query = select(SPECTRAL).where(*conditions).order_by(*(SPECTRAL.c[name] for name in order))
    rows = conn.execute(query).mappings().all()
    years: defaultdict[int, list[SpectralYear]] = defaultdict(list)
    columns = SPECTRAL_YEARS.c
    parts = select(columns.spectral_id, *(columns[name] for name in _YEAR)).join(SPECTRAL).where(*conditions)
    for key, *year in conn.execute(parts.order_by(columns.fid)):
        years[key].append(SpectralYear(*year))
    metrics: defaultdict[tuple[int, int], dict[Metric, MetricValue]] = defaultdict(dict)
    columns = SPECTRAL_METRICS.c
    named = (columns.spectral_id, columns.relative, columns.metric, *(columns[name] for name in _METRIC))
    for key, relative, metric, *values in conn.execute(
        select(*named).join(SPECTRAL).where(*conditions).order_by(columns.fid)
    ):
        metrics[key, relative][Metric(metric)] = MetricValue(*values)
    return [
        _recovery(row, years[key], metrics[key, 0], metrics[key, 1])
        for row in rows
        for key in (row["spectral_id"],)
    ]


def _columns(key: int, run_id: int | None, one: SpectralRecovery) -> dict[str, object]:
    first, last = one.target_window or (None, None)
    return {name: getattr(one, name) for name in _SCALARS} | {
        "spectral_id": key,
        "run_id": run_id,
        "index_name": one.index,
        "target_kind": one.target_kind.value,
        "target_scope": one.target_scope.value,
        "target_first_year": first,
        "target_last_year": last,
        "reference_kind": one.reference_kind.value,
        "scenes": canonical_json([[used.period, used.path, used.sha256] for used in one.scenes]),
        "params": canonical_json(one.params),
        "params_key": key_of(one.params),
    }


def _recovery(
    row: RowMapping,
    years: Sequence[SpectralYear],
    metrics: Mapping[Metric, MetricValue],
    relative: Mapping[Metric, MetricValue],
) -> SpectralRecovery:
    first, last = row["target_first_year"], row["target_last_year"]
    used = cast("list[list[str]]", parse_json(row["scenes"]))
    return SpectralRecovery(
        **{name: row[name] for name in _SCALARS},
        index=row["index_name"],
        target_kind=TargetKind(row["target_kind"]),
        target_scope=Scope(row["target_scope"]),
        target_window=None if first is None else (first, last),
        reference_kind=ReferenceKind(row["reference_kind"]),
        years=tuple(years),
        metrics=metrics,
        relative_metrics=relative,
        scenes=tuple(SceneUsed(*one) for one in used),
        params=cast("Mapping[str, object]", parse_json(row["params"])),
    )
