"""The mapped areas of recoveries by stratum: what a matrix from elsewhere is applied to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, case, func, select

from geo.recovery import Outcome, TemporalRule
from geo.samples.strata import strata
from geo.store.tables import RECOVERIES, TRANSITIONS

Int64s = npt.NDArray[np.int64]

_KEYS = ("site_id", "from_year", "terms")
_DISTURBED = ("recovered_units", "still_disturbed_units", "converted_units", "ponded_units")


@dataclass(frozen=True, slots=True)
class StratumTotals:
    """By recovery: site, baseline year, terms, and `units` (recoveries, strata) in 1e-4 m2."""

    site: Int64s
    from_year: Int64s
    terms: Int64s
    units: Int64s


def stratum_totals(conn: Connection, *, product: str, edition: str, to_year: int) -> StratumTotals:
    """The raw recoveries of one product and edition to one year, by the strata of a sample.

    What the transitions call ponded or degraded and the disturbed land does not hold was sound before; sound
    land that is neither is stable.
    """
    kept, step = RECOVERIES.c, TRANSITIONS.c
    whole = {
        outcome: func.coalesce(func.sum(case((step.outcome == outcome.value, step.units), else_=0)), 0)
        for outcome in (Outcome.PONDED, Outcome.DEGRADED)
    }
    query = (
        select(
            *(kept[name] for name in _KEYS),
            *(kept[name] for name in _DISTURBED),
            kept.disturbed_baseline_units,
            kept.valid_units,
            *whole.values(),
        )
        .join_from(RECOVERIES, TRANSITIONS, isouter=True)
        .where(
            kept.product == product,
            kept.edition == edition,
            kept.to_year == to_year,
            kept.temporal_rule == TemporalRule.NONE.value,
            kept.hidden == 0,
        )
        .group_by(kept.recovery_id)
        .order_by(kept.site_id, kept.from_year)
    )
    rows = np.array([tuple(row) for row in conn.execute(query)], dtype=np.int64).reshape(-1, 11).T
    site, from_year, terms, recovered, still, converted, ponded, disturbed, valid, wet, degraded = rows
    flooded = wet - ponded
    of_slug = {
        "recovered": recovered,
        "still_disturbed": still,
        "converted": converted,
        "ponded": ponded,
        "degraded": degraded,
        "flooded": flooded,
        "stable": valid - disturbed - degraded - flooded,
    }
    zeros = np.zeros(len(site), dtype=np.int64)
    units = np.column_stack([of_slug.get(one.slug, zeros) for one in strata()])
    return StratumTotals(site, from_year, terms, units)
