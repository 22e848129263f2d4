"""Evidence: whether the land cover bears out the status on paper."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from geo.evidence.thresholds import Thresholds
from geo.history import SiteState
from geo.recovery import NO_INPUTS, Inputs, Recovery
from geo.sites import Kind, Target
from geo.status import Status, status_table


class Verdict(StrEnum):
    """What the evidence says of the status (`data/reference/verdicts.csv`)."""

    CORROBORATED = "corroborated"
    CONTRADICTED = "contradicted"
    UNCLAIMED = "unclaimed"
    PENDING = "pending"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The verdict on one site, with its reasons as slugs of `data/reference/reasons.csv`.

    `verdict` is None for an excluded site. `status` is that of 31 December of the later year, or of today
    where the site entered the inventory later (reason `status_of_today`); `status_today` stands beside it.
    `worklist_units` (1e-4 m2) ranks the worklist and is 0 off it. `inputs` are those of the recovery that was
    judged, zeros without one; `state_key` is a digest of what else was judged (`state_key_of`). `outdated`
    says that either is no longer that of the site; it is found out on reading, never stored.
    """

    site_id: int
    verdict: Verdict | None
    reasons: tuple[str, ...]
    status: Status
    status_today: Status
    product: str
    edition: str
    from_year: int
    to_year: int
    recovered_share: float | None
    raw_recovered_share: float | None
    valid_share: float | None
    worklist_units: int
    content_key: str
    state_key: str = ""
    inputs: Inputs = NO_INPUTS
    outdated: bool = False


@dataclass(frozen=True, slots=True)
class SceneRange:
    """Which land cover a verdict rests on; `cell_units` is the ground area of a cell at the site, 1e-4 m2."""

    product: str
    edition: str
    from_year: int
    to_year: int
    cell_units: int


def judge(
    majority: Recovery | None,
    raw: Recovery | None,
    *,
    state_then: SiteState | None,
    state_today: SiteState,
    limits: Thresholds,
    scene: SceneRange,
    reason_without: str = "no_scene",
) -> Evidence:
    """The verdict on one site; the first rule of the table of verdicts that matches decides.

    `majority` is the recovery under majority3, which the verdict uses, `raw` that of the two years alone;
    both None where there is none, with `reason_without`. `state_then` is the site on 31 December of the
    later year, None where it entered the inventory later: then today's status is judged.
    """
    state = state_then or state_today
    verdict, reasons = _verdict(majority, state, limits, scene, reason_without)
    notes = [] if state_then is not None else ["status_of_today"]
    if majority is not None:
        notes += ["baseline_late"] * majority.baseline_late
        notes += ["end_year_unchanged"] * majority.end_year_unchanged
        notes += ["not_yet_crop"] * (majority.not_yet_crop_units > 0)
    return Evidence(
        site_id=state.site_id,
        verdict=verdict,
        reasons=(*reasons, *notes),
        status=state.status,
        status_today=state_today.status,
        product=scene.product,
        edition=scene.edition,
        from_year=scene.from_year,
        to_year=scene.to_year,
        recovered_share=None if majority is None else majority.recovered_share,
        raw_recovered_share=None if raw is None else raw.recovered_share,
        valid_share=None if majority is None else majority.valid_share,
        worklist_units=_worklist_units(verdict, majority),
        content_key=_evidence_key(majority, scene, state, state_today, limits, reasons),
        state_key=state_key_of(state_then, state_today, limits=limits, with_recovery=majority is not None),
        inputs=NO_INPUTS if majority is None else majority.inputs,
    )


def _verdict(
    majority: Recovery | None, state: SiteState, limits: Thresholds, scene: SceneRange, reason_without: str
) -> tuple[Verdict | None, tuple[str, ...]]:
    unusable = _unusable(majority, state, limits, scene, reason_without)
    if majority is None or unusable is not None:
        return Verdict.NO_DATA, (unusable or reason_without,)
    if state.status is Status.EXCLUDED:
        return None, ("excluded",)
    share = majority.recovered_share or 0.0
    if status_table()[state.status].treated:
        return _of_treated(majority, state, limits, scene)
    if state.status in (Status.UNTREATED, Status.RELAPSED):
        if share >= limits.unclaimed_share:
            return Verdict.UNCLAIMED, ("share_high",)
        return Verdict.CORROBORATED, ("share_low",)
    return Verdict.PENDING, ("treatment_underway",)


def _unusable(
    majority: Recovery | None, state: SiteState, limits: Thresholds, scene: SceneRange, reason_without: str
) -> str | None:
    """Why land cover cannot judge the site, None where it can."""
    if state.kind is Kind.UNDERGROUND:
        return "underground"
    if state.target_use is Target.HERITAGE:
        return "heritage_target"
    if majority is None:
        return reason_without
    if not any(majority.class_units.get(majority.to_year, {}).values()):
        return "outside_scene"
    if (majority.valid_share or 0.0) < limits.valid_share_min:
        return "low_valid_share"
    return _baseline_problem(majority.disturbed_baseline_units, limits.baseline_cells_min * scene.cell_units)


def _baseline_problem(disturbed_units: int, least_units: float) -> str | None:
    if disturbed_units == 0:
        return "no_disturbed_baseline"
    return "small_baseline" if disturbed_units < least_units else None


def _of_treated(
    majority: Recovery, state: SiteState, limits: Thresholds, scene: SceneRange
) -> tuple[Verdict, tuple[str, ...]]:
    ended = _treatment_ended(state)
    notes = () if state.treatment_end is not None else ("treatment_end_assumed",)
    if _years_between(ended, date(scene.to_year, 12, 31)) < limits.pending_years:
        return Verdict.PENDING, ("treatment_recent", *notes)
    share = majority.recovered_share or 0.0
    if majority.relapse_year is not None:
        return Verdict.CONTRADICTED, ("relapse_seen",)
    if share >= limits.corroborated_share:
        return Verdict.CORROBORATED, ("share_high",)
    if share < limits.contradicted_share:
        return Verdict.CONTRADICTED, ("share_low",)
    return Verdict.PENDING, ("share_between",)


def _treatment_ended(state: SiteState) -> date:
    """The day on which the treatment ended; where that is not known, the day since which the site is treated.

    Acceptance and closing are later papers about the same treatment and do not begin the years anew.
    """
    return state.treatment_end or state.treated_since or state.status_since


def _years_between(start: date, end: date) -> int:
    """Whole years from one day to another, negative where `end` comes first."""
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


def _worklist_units(verdict: Verdict | None, majority: Recovery | None) -> int:
    if majority is None:
        return 0
    if verdict is Verdict.CONTRADICTED:
        still_open = majority.disturbed_baseline_units - majority.recovered_units
        return still_open + majority.new_damage_units
    return majority.recovered_units if verdict is Verdict.UNCLAIMED else 0


def state_key_of(
    state_then: SiteState | None, state_today: SiteState, *, limits: Thresholds, with_recovery: bool
) -> str:
    """SHA-256 (hex) of all that a verdict depends on beside the recovery; states as in `judge`.

    Without a recovery the damage year is part of it, for it decides whether there is a baseline.
    """
    state = state_then or state_today
    facts = [
        "today" if state_then is None else "then",
        state.status,
        state.kind,
        state.target_use,
        str(_treatment_ended(state)),
        "" if with_recovery else str(state.damage_year),
        repr(limits),
    ]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def _evidence_key(
    majority: Recovery | None,
    scene: SceneRange,
    state: SiteState,
    state_today: SiteState,
    limits: Thresholds,
    reasons: tuple[str, ...],
) -> str:
    facts = [
        "" if majority is None else majority.content_key,
        repr(scene),
        state.status,
        state_today.status,
        str(_treatment_ended(state)),
        repr(limits),
        *reasons,
    ]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()
