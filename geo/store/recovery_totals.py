"""The totals of recoveries in columns: what a rate over many sites reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, select

from geo.recovery import TemporalRule
from geo.store.tables import RECOVERIES, RECOVERY_YEARS

Int64s = npt.NDArray[np.int64]

_PAIR = ("site_id", "from_year")
_LINE = ("disturbed_baseline_units", "recovered_units", "valid_units")


@dataclass(frozen=True, slots=True)
class RecoveryTotals:
    """One row a site and baseline year, ordered by both; areas in units of 1e-4 m2."""

    site: Int64s
    from_year: Int64s
    to_year: Int64s
    area: Int64s
    disturbed: Int64s
    recovered: Int64s
    valid: Int64s


def totals(
    conn: Connection, *, product: str, edition: str, to_year: int, rule: TemporalRule = TemporalRule.NONE
) -> RecoveryTotals:
    """What the recoveries of one product and edition say of one later year, under one temporal rule.

    Of several that reach the year from the same baseline, the one that was computed last.
    """
    kept, line = RECOVERIES.c, RECOVERY_YEARS.c
    query = (
        select(
            *(kept[name] for name in _PAIR),
            line.year,
            kept.area_units,
            *(line[name] for name in _LINE),
        )
        .join_from(RECOVERIES, RECOVERY_YEARS)
        .where(
            kept.product == product,
            kept.edition == edition,
            kept.temporal_rule == rule.value,
            line.year == to_year,
        )
        .order_by(kept.site_id, kept.from_year, kept.recovery_id.desc())
    )
    rows = np.array([tuple(row) for row in conn.execute(query)], dtype=np.int64).reshape(-1, 7)
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (rows[1:, :2] != rows[:-1, :2]).any(axis=1)
    return RecoveryTotals(*rows[first].T)
