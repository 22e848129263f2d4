"""The totals of recoveries in columns: what a rate over many sites reads."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, select

from geo.recovery import TemporalRule
from geo.store.tables import RECOVERIES, RECOVERY_YEARS

Int64s = npt.NDArray[np.int64]

_PAIR = ("site_id", "from_year", "to_year")
_LINE = ("disturbed_baseline_units", "recovered_units", "valid_units")
_INPUTS = ("geometry_seq", "last_scene_id", "terms")


@dataclass(frozen=True, slots=True)
class RecoveryTotals:
    """What every recovery says of one later year, ordered by site and baseline year, the last computed first.

    Areas in units of 1e-4 m2. `to_year` is the year that the recovery itself goes to; `geometry_seq`,
    `last_scene_id` and `terms` are its inputs (`geo.recovery.Inputs`).
    """

    site: Int64s
    from_year: Int64s
    to_year: Int64s
    geometry_seq: Int64s
    last_scene_id: Int64s
    terms: Int64s
    area: Int64s
    disturbed: Int64s
    recovered: Int64s
    valid: Int64s


def totals(
    conn: Connection, *, product: str, edition: str, to_year: int, rule: TemporalRule = TemporalRule.NONE
) -> RecoveryTotals:
    """What the recoveries of one product and edition say of one later year, under one temporal rule."""
    kept, line = RECOVERIES.c, RECOVERY_YEARS.c
    query = (
        select(
            *(kept[name] for name in _PAIR),
            *(kept[name] for name in _INPUTS),
            kept.area_units,
            *(line[name] for name in _LINE),
        )
        .join_from(RECOVERIES, RECOVERY_YEARS)
        .where(
            kept.product == product,
            kept.edition == edition,
            kept.temporal_rule == rule.value,
            line.year == to_year,
            kept.hidden == 0,
        )
        .order_by(kept.site_id, kept.from_year, kept.recovery_id.desc())
    )
    rows = np.array([tuple(row) for row in conn.execute(query)], dtype=np.int64)
    return RecoveryTotals(*rows.reshape(-1, len(fields(RecoveryTotals))).T)
