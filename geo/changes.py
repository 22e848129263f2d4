"""Changes: what an officer asks for, checked against the history and turned into its new rows.

Pure: nothing here reads a clock or a store. Page, interface, spreadsheet, import and command line all pass
through `plan_change`, so all obey the same rules. A change is one whole: where any part of it needs a second
person, all of it waits as a proposal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from shapely import MultiPolygon

from geo.areas import geodesic_area_units
from geo.canonical import canonical_json, parse_json
from geo.errors import BadValue, InvalidInput, NotFound
from geo.events import adcode_in, beside, unit_before
from geo.facts import current, fact_value, says_nothing
from geo.history import Fact, HistoryRow
from geo.sites import Site
from geo.status import Status, status_table
from geo.timeline import (
    ENTERED,
    BeforeEntered,
    BrokenMembership,
    Entry,
    IllegalMove,
    NotVoidable,
    PlannedRow,
    RestoredOverDamaged,
    SiteHasLeft,
    TreatmentReversed,
    begun_anew,
    check_days,
    check_membership,
    check_moves,
    check_restored,
    check_still_stated,
    check_treatment,
    timeline,
    uncounted_until,
    value_on,
)
from geo.wkb import wkb_of

__all__ = [
    "BeforeEntered",
    "BrokenMembership",
    "Change",
    "FutureDate",
    "IllegalMove",
    "InspectionNeeded",
    "NewSite",
    "NotVoidable",
    "NothingToChange",
    "Plan",
    "PlannedRow",
    "RestoredAreaNeeded",
    "RestoredOverDamaged",
    "SiteHasLeft",
    "TreatmentReversed",
    "UnknownRow",
    "plan_change",
]


class FutureDate(InvalidInput):
    """A change on the ground cannot lie in the future."""

    template = "effective_on: {effective_on} lies in the future (today is {today})"


class RestoredAreaNeeded(InvalidInput):
    """A relapse asks for the restored hectares anew."""

    template = "a relapse needs restored_ha stated anew (null where not known)"


class NothingToChange(InvalidInput):
    """All is so already."""

    template = "nothing would change: the site is so already on {effective_on}"


class InspectionNeeded(InvalidInput):
    """An acceptance rests on an inspection, or says why not."""

    template = (
        "an acceptance needs an inspection that found the site passed by {effective_on}, or else a reason"
    )


class UnknownRow(NotFound):
    """The site's history has no such row."""

    template = "the history of site {site_id} has no row {seq}"


@dataclass(frozen=True, slots=True)
class Change:
    """What is asked of one site, as one whole.

    `facts` holds the new value of each fact (see `Fact` for its JSON form) but the polygon, which is
    `geometry`. `voids_seq` names a row that was wrong; `facts` or `geometry` may replace it.
    """

    facts: Mapping[Fact, object]
    effective_on: date
    reason: str
    geometry: MultiPolygon | None = None
    voids_seq: int | None = None


@dataclass(frozen=True, slots=True)
class NewSite:
    """A site that enters the inventory.

    `facts` as in `Change`; `status_rows` are its past statuses with their days. Where none is given, the
    status is that of `facts`, else untreated, since `entered_on`.
    """

    site_code: str
    geometry: MultiPolygon
    area_units: int
    facts: Mapping[Fact, object]
    entered_on: date
    source_crs: str = "EPSG:4326"
    extra: Mapping[str, object] = field(default_factory=dict)
    status_rows: tuple[tuple[Status, date], ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of a change: rows to record now, or a proposal and why it needs a second person."""

    rows_now: tuple[PlannedRow, ...]
    proposed: Change | None
    second_person: tuple[str, ...] = ()


_NEEDS_ONE: Final = frozenset({Fact.GEOMETRY, Fact.DAMAGED, Fact.MEMBERSHIP})


def plan_change(
    site: Site,
    rows_of_site: Sequence[HistoryRow],
    change: Change,
    *,
    today: date,
    approved: bool = False,
    inspected: bool = False,
) -> Plan:
    """The rows that the change adds to the site's history, or the proposal that it becomes.

    `approved` plans a proposal that a second person has released; `inspected` says that a field inspection
    found the site passed, without which an acceptance states its reason. Raises an error of this module for a
    change that the rules forbid, `BadValue` for a value that its fact cannot have.
    """
    voided = _voided(site, rows_of_site, change)
    kept = [row for row in rows_of_site if voided is None or row.seq != voided.seq]
    if change.effective_on > today:
        raise FutureDate(effective_on=change.effective_on, today=today)
    enters = voided is None and change.facts.get(Fact.MEMBERSHIP) == "entered"
    if enters and (uncounted := uncounted_until(kept, change.effective_on)):
        stated = _stated(site, (), change)
        planned, kept = begun_anew(uncounted, stated, on=change.effective_on, said=change.facts), []
    else:
        planned = _with_earlier_entry(voided, kept, _stated(site, kept, change))
    if voided is not None and change.geometry is None and Fact.UNIT not in change.facts:
        planned = (*planned, *_unit_of_outline(voided, rows_of_site))
    if voided is not None:
        planned = (PlannedRow(voided.fact, "null", voided.effective_on, voids_seq=voided.seq), *planned)
    if not planned:
        raise NothingToChange(effective_on=change.effective_on)
    before, after = timeline(rows_of_site, ()), timeline(kept, planned)
    check_still_stated(voided, after)
    check_membership(after)
    check_days(after[Fact.MEMBERSHIP], planned, voided)
    check_moves(before, after)
    check_treatment(after, planned)
    check_restored(after, since=min(row.effective_on for row in planned))
    _check_relapse(change, planned)
    if not (approved or inspected):
        _check_acceptance(change, planned)
    reasons = () if approved else _second_person(planned, voided, before[Fact.UNIT], after[Fact.UNIT])
    return Plan((), change, reasons) if reasons else Plan(planned, None)


def _voided(site: Site, rows: Sequence[HistoryRow], change: Change) -> HistoryRow | None:
    if change.voids_seq is None:
        return None
    row = next((row for row in rows if row.seq == change.voids_seq), None)
    if row is None:
        raise UnknownRow(site_id=site.site_id, seq=change.voids_seq)
    if row.voids_seq is not None:
        raise NotVoidable(seq=row.seq, problem="it voids another row itself; record the fact anew instead")
    if any(other.voids_seq == row.seq for other in rows):
        raise NotVoidable(seq=row.seq, problem="it is void already")
    return row


def _stated(site: Site, kept: Sequence[HistoryRow], change: Change) -> tuple[PlannedRow, ...]:
    """The rows of the change itself, without those that would repeat what is so already."""
    if Fact.GEOMETRY in change.facts:
        raise BadValue(field="geometry", value=None, problem="is stated by a polygon")
    now = current(kept, on=change.effective_on)
    rows = []
    for fact, value in change.facts.items():
        text = fact_value(fact, value)
        if (fact not in now and not says_nothing(text)) or (fact in now and now[fact].value != text):
            rows.append(PlannedRow(fact, text, change.effective_on))
    if change.geometry is not None and not _same_polygon(site, kept, change):
        text = canonical_json({"area_units": geodesic_area_units(change.geometry)})
        rows.append(PlannedRow(Fact.GEOMETRY, text, change.effective_on, wkb=wkb_of(change.geometry)))
    return tuple(rows)


def _same_polygon(site: Site, kept: Sequence[HistoryRow], change: Change) -> bool:
    now = current(kept, on=change.effective_on).get(Fact.GEOMETRY)
    if now is None or change.geometry is None:
        return False
    if now.wkb is not None:
        return now.wkb == wkb_of(change.geometry)
    latest = current(kept).get(Fact.GEOMETRY)
    return latest is now and wkb_of(site.geometry) == wkb_of(change.geometry)


def _with_earlier_entry(
    voided: HistoryRow | None, kept: Sequence[HistoryRow], stated: tuple[PlannedRow, ...]
) -> tuple[PlannedRow, ...]:
    """The rows, and where an entry moves to an earlier day, the facts of the old day stated for it."""
    entry = next((row for row in stated if row.fact is Fact.MEMBERSHIP and row.value == ENTERED), None)
    if entry is None or voided is None or voided.value != ENTERED:
        return stated
    said = {row.fact for row in stated}
    first = current(kept, on=voided.effective_on)
    already = current(kept, on=entry.effective_on)
    carried = (
        PlannedRow(fact, row.value, entry.effective_on, wkb=row.wkb)
        for fact, row in first.items()
        if fact not in said and fact not in already
    )
    return (*stated, *carried)


def _unit_of_outline(voided: HistoryRow, rows: Sequence[HistoryRow]) -> tuple[PlannedRow, ...]:
    """The unit of the outline that holds again where one is voided. Raises `NotVoidable` for a unit alone."""
    if voided.fact is Fact.UNIT and (outline := beside(rows, voided, Fact.GEOMETRY)) is not None:
        raise NotVoidable(
            seq=voided.seq, problem=f"the unit follows from the outline of row {outline.seq}; void that row"
        )
    was = unit_before(rows, voided)
    if voided.fact is not Fact.GEOMETRY or was is None or beside(rows, voided, Fact.UNIT) is None:
        return ()
    return (PlannedRow(Fact.UNIT, was, voided.effective_on),)


def _check_relapse(change: Change, planned: Sequence[PlannedRow]) -> None:
    relapses = any(row.fact is Fact.STATUS and row.value == f'"{Status.RELAPSED}"' for row in planned)
    if relapses and Fact.RESTORED not in change.facts:
        raise RestoredAreaNeeded


def _check_acceptance(change: Change, planned: Sequence[PlannedRow]) -> None:
    accepts = any(row.fact is Fact.STATUS and row.value == f'"{Status.ACCEPTED}"' for row in planned)
    if accepts and not change.reason.strip():
        raise InspectionNeeded(effective_on=change.effective_on)


def _second_person(
    planned: Sequence[PlannedRow],
    voided: HistoryRow | None,
    units_before: Sequence[Entry],
    units_after: Sequence[Entry],
) -> tuple[str, ...]:
    """Why a second person is needed, as slugs; empty where nobody is."""
    reasons = [row.fact.value for row in planned if row.fact in _NEEDS_ONE]
    reasons += [
        str(parse_json(row.value))
        for row in planned
        if row.fact is Fact.STATUS
        and row.voids_seq is None
        and status_table()[Status(str(parse_json(row.value)))].second_person
    ]
    if any(_moved(units_before, units_after, row.effective_on) for row in planned if row.fact is Fact.UNIT):
        reasons.append(Fact.UNIT.value)
    if voided is not None and voided.approved_by is not None:
        reasons.append("voids_approved")
    return tuple(dict.fromkeys(reasons))


def _moved(before: Sequence[Entry], after: Sequence[Entry], day: date) -> bool:
    """Whether the site goes from one unit to another, or to none; finding its first unit is no move."""
    was, now = (adcode_in(value_on(line, day)) for line in (before, after))
    return was is not None and was != now
