"""Recovery, evidence and the worklist on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from pydantic import ConfigDict

from api.schemas.common import Wire
from api.schemas.trajectory import TrajectoryOut
from geo.areas import ha_from_units
from geo.evidence.basis import basis_item
from geo.evidence.items import ToldEvidence
from geo.evidence.verdict import Verdict
from geo.recovery import Outcome, TemporalRule
from geo.sites import Kind
from geo.status import Status
from geo.worklist import WorklistItem


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


class BasisScene(Wire):
    """A scene that a verdict rests on; `sha256` is that of its file."""

    scene_id: int
    year: int
    path: str
    band: int
    sha256: str


class BasisOut(Wire):
    """What a verdict came from: scenes, edition, rule and parameters, by name and by content.

    Null where the verdict is outdated, for the tables of now are not those that it was made with.
    """

    temporal_rule: TemporalRule
    product: str
    edition: str
    from_year: int
    to_year: int
    scenes: list[BasisScene]
    geometry_seq: int
    engine_version: int | None
    thresholds: dict[str, float] | None
    roles_sha256: str | None
    outcomes_sha256: str | None
    content_key: str
    state_key: str


class Words(Wire):
    """The same paragraph in both languages."""

    zh: str
    en: str


class EvidenceItem(Wire):
    """Whether the land cover bears out the status on paper; `verdict` is null for an excluded site.

    `words` says the verdict with its reasons and what to do next, `basis` what it came from.
    """

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
    words: Words
    basis: BasisOut

    @classmethod
    def of(cls, told: ToldEvidence) -> Self:
        """The item of a stored verdict."""
        evidence = told.evidence
        names = {name: getattr(evidence, name) for name in cls.model_fields if hasattr(evidence, name)}
        worklist_ha = ha_from_units(evidence.worklist_units)
        return cls.model_validate(
            {**names, "worklist_ha": worklist_ha, "words": told.words, "basis": basis_item(told.basis)}
        )


class EvidenceList(Wire):
    """Verdicts by product, edition and years."""

    items: list[EvidenceItem]
    next: str | None


class WorklistEntry(Wire):
    """A site where they disagree: `status` is that of the verdict's year; `worklist_ha` ranks it.

    `proposals` are the open ones, counted nowhere.
    """

    site_id: int
    site_code: str
    name: str
    adcode: str | None
    kind: Kind
    status: Status
    status_today: Status
    verdict: Verdict
    reasons: list[str]
    words: Words
    worklist_ha: float
    area_ha: float
    recovered_share: float | None
    raw_recovered_share: float | None
    valid_share: float | None
    product: str
    edition: str
    from_year: int
    to_year: int
    proposals: list[int]

    @classmethod
    def of(cls, item: WorklistItem, proposals: Sequence[int] = ()) -> Self:
        """The entry of an item with the site's open proposals."""
        names = {name: getattr(item, name) for name in cls.model_fields if hasattr(item, name)}
        return cls.model_validate({**names, "proposals": list(proposals)})


class WorklistPage(Wire):
    """The worklist, worst first."""

    items: list[WorklistEntry]
    next: str | None
