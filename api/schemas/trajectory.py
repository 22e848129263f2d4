"""A trajectory on the wire."""

from __future__ import annotations

from api.schemas.common import Wire
from geo.recovery import TemporalRule
from geo.trajectory.projection import ProjectionReason
from geo.trajectory.series import Measure, TrajectoryState


class TrajectoryOut(Wire):
    """The course of a series through the years, and when it would reach its target if it went on so.

    Slopes are in units of the measure per year. `disturbed_before`: the first year was disturbed already.
    `threshold` is where `target` counts as reached. The interval of the projected year comes from that of the
    slope, widened by `recent_slope` where this lies outside; an end that is null is open, and
    `projection_reason` says why. `raw` is the same of the raw series.
    """

    temporal_rule: TemporalRule
    measure: Measure
    state: TrajectoryState
    n_years: int
    last_year: int | None
    disturbance_year: int | None
    disturbed_before: bool
    recovery_start_year: int | None
    reached_year: int | None
    relapse_year: int | None
    target: float | None
    threshold: float | None
    slope_per_year: float | None
    slope_low: float | None
    slope_high: float | None
    recent_slope: float | None
    projected_year: int | None
    projected_low: int | None
    projected_high: int | None
    projection_reason: ProjectionReason | None
    breakpoints: list[int]
    raw: TrajectoryOut | None
