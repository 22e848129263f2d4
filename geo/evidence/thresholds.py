"""The numbers of the verdict, from `data/reference/evidence_thresholds.csv`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache

from geo.reference import reference_rows


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Shares are 0 to 1. What each number decides is said in the table."""

    valid_share_min: float
    baseline_cells_min: float
    pending_years: float
    corroborated_share: float
    contradicted_share: float
    unclaimed_share: float
    relapse_reached: float
    relapse_fall: float


@cache
def thresholds() -> Thresholds:
    """The thresholds of the table."""
    values = {row["slug"]: float(row["value"]) for row in reference_rows("evidence_thresholds")}
    return Thresholds(**{field.name: values[field.name] for field in fields(Thresholds)})
