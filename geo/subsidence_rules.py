"""The numbers by which subsidence is judged, from `data/reference/subsidence_rules.csv`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache

from geo.reference import reference_rows


@dataclass(frozen=True, slots=True)
class SubsidenceRules:
    """Shares are 0 to 1, rates mm a year in the line of sight. What each number decides is in the table."""

    threshold: float
    sigmas: float
    last_epochs: float
    min_epochs: float
    moving_share: float
    displacement_valid_share: float
    ponding_share: float
    candidate_min_ha: float
    candidate_buffer_m: float
    dismissed_share: float


@cache
def subsidence_rules() -> SubsidenceRules:
    """The rules of the table."""
    values = {row["slug"]: float(row["value"]) for row in reference_rows("subsidence_rules")}
    return SubsidenceRules(**{field.name: values[field.name] for field in fields(SubsidenceRules)})
