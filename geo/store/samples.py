"""Checked samples in the store: the samples with their counts, their points and labels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import cast

import numpy as np
from sqlalchemy import Connection, RowMapping, func, insert, select, update

from geo.accuracy import ErrorMatrix
from geo.canonical import canonical_json, parse_json
from geo.rates import GroupBy
from geo.samples.sample import Sample, SampleKind, SamplePoint, UnknownSample
from geo.samples.strata import stratum_slugs
from geo.store.sample_tables import SAMPLE_POINTS, SAMPLES
from geo.store.tables import insert_many
from geo.store.types import new_key

_SCALARS = (
    *("token", "product", "edition", "from_year", "to_year", "group_key", "group_name", "group_name_en"),
    *("responsible", "site_kind", "seed", "population_key", "n_points", "source", "made_at"),
)
_POINT = (
    *("number", "site_id", "from_year", "lon", "lat", "row", "col", "stratum", "checked", "checked_at"),
    "note",
)


def add(conn: Connection, sample: Sample, points: Sequence[SamplePoint] = ()) -> Sample:
    """The sample as it is kept; one that is kept already, by its token, comes back as it is."""
    known = by_token(conn, sample.token)
    if known is not None:
        return known
    result = conn.execute(insert(SAMPLES).values(**_columns(sample)))
    sample_id = new_key(result.inserted_primary_key)
    rows = ((sample_id, *(getattr(point, name) for name in _POINT)) for point in points)
    insert_many(conn, SAMPLE_POINTS, rows, keyed=False)
    return replace(sample, sample_id=sample_id)


def find(
    conn: Connection, *, product: str | None = None, edition: str | None = None, to_year: int | None = None
) -> list[Sample]:
    """The samples of a product and edition, by their ids; with `to_year` those of that year or of any."""
    query = select(SAMPLES).order_by(SAMPLES.c.sample_id)
    if product is not None:
        query = query.where(SAMPLES.c.product == product)
    if edition is not None:
        query = query.where(SAMPLES.c.edition == edition)
    if to_year is not None:
        query = query.where((SAMPLES.c.to_year == to_year) | SAMPLES.c.to_year.is_(None))
    rows = conn.execute(query).mappings().all()
    counts = _counts(conn, [row["sample_id"] for row in rows])
    return [_sample(row, counts) for row in rows]


def get(conn: Connection, sample_id: int) -> Sample:
    """The sample with this id; raises `UnknownSample`."""
    row = conn.execute(select(SAMPLES).where(SAMPLES.c.sample_id == sample_id)).mappings().first()
    if row is None:
        raise UnknownSample(sample_id=sample_id)
    return _sample(row, _counts(conn, [sample_id]))


def by_token(conn: Connection, token: str) -> Sample | None:
    """The sample with this token, None without one."""
    found = conn.execute(select(SAMPLES.c.sample_id).where(SAMPLES.c.token == token)).scalar()
    return None if found is None else get(conn, found)


def points(conn: Connection, sample_id: int) -> list[SamplePoint]:
    """The points of a sample by their numbers."""
    columns = [SAMPLE_POINTS.c[name] for name in _POINT]
    query = select(*columns).where(SAMPLE_POINTS.c.sample_id == sample_id).order_by(SAMPLE_POINTS.c.number)
    return [SamplePoint(*row) for row in conn.execute(query)]


def label(
    conn: Connection, sample_id: int, labels: Iterable[tuple[int, str, str]], *, checked_at: str
) -> None:
    """Put the outcome (point, outcome, note) that a check found in place of what stood there."""
    for number, checked, note in labels:
        conn.execute(
            update(SAMPLE_POINTS)
            .where(SAMPLE_POINTS.c.sample_id == sample_id, SAMPLE_POINTS.c.number == number)
            .values(checked=checked, note=note, checked_at=checked_at)
        )


def _counts(conn: Connection, sample_ids: Sequence[int]) -> Mapping[int, list[tuple[str, str, int]]]:
    """Checked points by stratum and outcome, of each sample."""
    found: defaultdict[int, list[tuple[str, str, int]]] = defaultdict(list)
    columns = SAMPLE_POINTS.c
    query = (
        select(columns.sample_id, columns.stratum, columns.checked, func.count())
        .where(columns.sample_id.in_(sample_ids), columns.checked.is_not(None))
        .group_by(columns.sample_id, columns.stratum, columns.checked)
    )
    for sample_id, stratum, checked, count in conn.execute(query):
        found[sample_id].append((stratum, checked, count))
    return found


def _columns(sample: Sample) -> dict[str, object]:
    return {name: getattr(sample, name) for name in _SCALARS} | {
        "kind": sample.kind.value,
        "group_by": None if sample.group_by is None else sample.group_by.value,
        "blind": int(sample.blind),
        "strata": canonical_json({slug: str(units) for slug, units in sample.strata.items()}),
        "counts": canonical_json(_named(sample.matrix) if sample.kind is SampleKind.MATRIX else {}),
    }


def _sample(row: RowMapping, counts: Mapping[int, list[tuple[str, str, int]]]) -> Sample:
    kind = SampleKind(row["kind"])
    strata = cast("Mapping[str, str]", parse_json(row["strata"]))
    return Sample(
        **{name: row[name] for name in _SCALARS},
        sample_id=row["sample_id"],
        kind=kind,
        group_by=None if row["group_by"] is None else GroupBy(row["group_by"]),
        blind=bool(row["blind"]),
        strata={slug: int(units) for slug, units in strata.items()},
        matrix=_matrix(kind, row["counts"], counts.get(row["sample_id"], [])),
    )


def _named(matrix: ErrorMatrix) -> dict[str, dict[str, int]]:
    """The counts that are not 0 by mapped and found outcome, so that the table of outcomes may grow."""
    return {
        mapped: {found: count for found, count in zip(matrix.classes, row, strict=True) if count}
        for mapped, row in zip(matrix.classes, matrix.counts.tolist(), strict=True)
    }


def _matrix(kind: SampleKind, stored: str, counted: Sequence[tuple[str, str, int]]) -> ErrorMatrix:
    slugs = stratum_slugs()
    if kind is SampleKind.MATRIX:
        named = cast("Mapping[str, Mapping[str, int]]", parse_json(stored))
        counted = [(mapped, found, count) for mapped, row in named.items() for found, count in row.items()]
    counts = np.zeros((len(slugs), len(slugs)), dtype=np.int64)
    for mapped, found, count in counted:
        counts[slugs.index(mapped), slugs.index(found)] = count
    return ErrorMatrix.of(slugs, counts)
