"""The numbers of trajectories, from `data/reference/trajectory_parameters.csv`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache

from geo.reference import reference_rows


@dataclass(frozen=True, slots=True)
class TrajectoryParameters:
    """Shares are 0 to 1. What each number decides, and where it comes from, is said in the table."""

    confidence: float
    slope_years_min: float
    target_percent: float
    rise_min: float
    relapse_fall: float
    disturbed_share_min: float
    disturbance_fall: float
    disturbance_window_years: float
    recent_years: float
    stall_share: float
    present_years: float
    horizon_years: float
    breakpoints_max: float


@cache
def trajectory_parameters() -> TrajectoryParameters:
    """The parameters of the table."""
    values = {row["slug"]: float(row["value"]) for row in reference_rows("trajectory_parameters")}
    return TrajectoryParameters(**{field.name: values[field.name] for field in fields(TrajectoryParameters)})
