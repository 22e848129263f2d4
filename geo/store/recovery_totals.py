"""The totals of recoveries in columns: what a rate over many sites reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, select

from geo.recovery import TemporalRule
from geo.store.tables import RECOVERIES

Int64s = npt.NDArray[np.int64]

_COLUMNS = (
    "site_id",
    "from_year",
    "to_year",
    "area_units",
    "disturbed_baseline_units",
    "recovered_units",
    "valid_units",
)


@dataclass(frozen=True, slots=True)
class RecoveryTotals:
    """One row a recovery, ordered by site and years; areas in units of 1e-4 m2."""

    site: Int64s
    from_year: Int64s
    to_year: Int64s
    area: Int64s
    disturbed: Int64s
    recovered: Int64s
    valid: Int64s


def totals(
    conn: Connection, *, product: str, edition: str, rule: TemporalRule = TemporalRule.NONE
) -> RecoveryTotals:
    """The totals of all recoveries of one product and edition under one temporal rule."""
    table = RECOVERIES.c
    query = (
        select(*(table[name] for name in _COLUMNS))
        .where(table.product == product, table.edition == edition, table.temporal_rule == rule.value)
        .order_by(table.site_id, table.from_year, table.to_year)
    )
    rows = np.array([tuple(row) for row in conn.execute(query)], dtype=np.int64).reshape(-1, len(_COLUMNS))
    return RecoveryTotals(*rows.T)
