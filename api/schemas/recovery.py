"""Recovery, evidence and the worklist on the wire."""

from __future__ import annotations

from typing import Self

from pydantic import ConfigDict

from api.schemas.common import Wire
from api.schemas.trajectory import TrajectoryOut
from geo.areas import ha_from_units
from geo.evidence import Evidence, Verdict
from geo.recovery import Outcome, TemporalRule
from geo.sites import Kind
from geo.status import Status


class TransitionOut(Wire):
    """Hectares that went from one class to another; a code is null where the cell holds no data."""

    from_code: int | None
    to_code: int | None
    outcome: Outcome
    ha: float
    ha_grid: float | None


class RecoveryItem(Wire):
    """What the land cover says of one site between two years.

    `area_ha` is {year: {class code: hectares}}. Shares are null, with `reason`, where nothing was disturbed.
    `outdated`: the site, the scenes or the rules have changed since; a run (`POST /api/runs`) is due.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    product: str
    edition: str
    from_year: int
    to_year: int
    area_ha: dict[str, dict[str, float]]
    transitions: list[TransitionOut]
    temporal_rule: TemporalRule
    baseline_late: bool
    disturbed_baseline_ha: float
    recovered_ha: float
    still_disturbed_ha: float
    converted_ha: float
    ponded_ha: float
    new_damage_ha: float
    recovered_share: float | None
    valid_share: float | None
    reason: str | None
    outdated: bool
    trajectory: TrajectoryOut | None


class RecoveryList(Wire):
    """One item per product, edition, pair of years and temporal rule."""

    items: list[RecoveryItem]
    next: str | None


class EvidenceItem(Wire):
    """Whether the land cover bears out the status on paper; `verdict` is null for an excluded site."""

    site_id: int
    verdict: Verdict | None
    reasons: list[str]
    status: Status
    status_today: Status
    product: str
    edition: str
    from_year: int
    to_year: int
    recovered_share: float | None
    raw_recovered_share: float | None
    valid_share: float | None
    worklist_ha: float
    outdated: bool

    @classmethod
    def of(cls, evidence: Evidence) -> Self:
        """The item of a stored verdict."""
        names = {name: getattr(evidence, name) for name in cls.model_fields if hasattr(evidence, name)}
        return cls.model_validate({**names, "worklist_ha": ha_from_units(evidence.worklist_units)})


class EvidenceList(Wire):
    """Verdicts by product, edition and years."""

    items: list[EvidenceItem]
    next: str | None


class WorklistEntry(Wire):
    """A site where they disagree: `status` is that of the verdict's year; `worklist_ha` ranks it."""

    site_id: int
    site_code: str
    name: str
    adcode: str | None
    kind: Kind
    status: Status
    status_today: Status
    verdict: Verdict
    reasons: list[str]
    worklist_ha: float
    area_ha: float
    recovered_share: float | None
    raw_recovered_share: float | None
    valid_share: float | None
    product: str
    edition: str
    from_year: int
    to_year: int


class WorklistPage(Wire):
    """The worklist, worst first."""

    items: list[WorklistEntry]
    next: str | None
