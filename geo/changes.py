"""Changes: what an officer asks for, checked against the history and turned into its new rows.

Pure: nothing here reads a clock or a store. Page, interface, spreadsheet, import and command line all pass
through `plan_change`, so all obey the same rules. A change is one whole: where any part of it needs a second
person, all of it waits as a proposal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Final

from shapely import MultiPolygon

from geo.areas import geodesic_area_units, ha_from_units
from geo.canonical import canonical_json, parse_json
from geo.errors import BadValue, InvalidInput, NotFound, Refused
from geo.facts import current, fact_value, says_nothing, standing, units_in
from geo.history import Fact, HistoryRow
from geo.sites import Approach, Site
from geo.status import Status, next_statuses, status_table
from geo.wkb import wkb_of


class IllegalMove(Refused):
    """The status table has no such move."""

    template = "{field} cannot go from {before} to {to}; allowed: {allowed}"


class FutureDate(InvalidInput):
    """A change on the ground cannot lie in the future."""

    template = "effective_on: {effective_on} lies in the future (today is {today})"


class BeforeEntered(InvalidInput):
    """The site was not in the inventory yet."""

    template = "effective_on: {effective_on} is before the site entered the inventory on {entered_on}"


class SiteHasLeft(Refused):
    """The site is in the inventory no more."""

    template = "the site left the inventory on {left_on}"


class RestoredOverDamaged(InvalidInput):
    """More was restored than was ever damaged."""

    template = "restored_ha {restored_ha} is more than damaged_ha {damaged_ha} on {effective_on}"


class RestoredAreaNeeded(InvalidInput):
    """A relapse asks for the restored hectares anew."""

    template = "a relapse needs restored_ha stated anew (null where not known)"


class NothingToChange(InvalidInput):
    """All is so already."""

    template = "nothing would change: the site is so already on {effective_on}"


class UnknownRow(NotFound):
    """The site's history has no such row."""

    template = "the history of site {site_id} has no row {seq}"


class NotVoidable(Refused):
    """The row cannot be voided."""

    template = "row {seq} cannot be voided: {problem}"


class BrokenMembership(Refused):
    """A site enters, then leaves, then may enter again."""

    template = "membership cannot go {sequence}: a site enters first, and enters and leaves by turns"


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
class PlannedRow:
    """One history row to be: `value` is canonical JSON, `wkb` the polygon of a geometry row."""

    fact: Fact
    value: str
    effective_on: date
    wkb: bytes | None = None
    voids_seq: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of a change: rows to record now, or a proposal and why it needs a second person."""

    rows_now: tuple[PlannedRow, ...]
    proposed: Change | None
    second_person: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row that counts, stored or planned; planned ones come last on their day."""

    effective_on: date
    order: tuple[int, int]
    value: str


_PLANNED: Final = 1
_ENTERED: Final = '"entered"'
_NEEDS_ONE: Final = frozenset({Fact.GEOMETRY, Fact.DAMAGED, Fact.MEMBERSHIP})
_ALWAYS_STATED: Final = frozenset(
    {Fact.MEMBERSHIP, Fact.STATUS, Fact.GEOMETRY, Fact.KIND, Fact.TARGET_USE, Fact.RESPONSIBLE}
)


def plan_change(
    site: Site, rows_of_site: Sequence[HistoryRow], change: Change, *, today: date, approved: bool = False
) -> Plan:
    """The rows that the change adds to the site's history, or the proposal that it becomes.

    `approved` plans a proposal that a second person has released. Raises an error of this module for a
    change that the rules forbid, `BadValue` for a value that its fact cannot have.
    """
    voided = _voided(site, rows_of_site, change)
    kept = [row for row in rows_of_site if voided is None or row.seq != voided.seq]
    if change.effective_on > today:
        raise FutureDate(effective_on=change.effective_on, today=today)
    planned = _with_earlier_entry(voided, kept, _stated(site, kept, change))
    if voided is not None:
        planned = (PlannedRow(voided.fact, "null", voided.effective_on, voids_seq=voided.seq), *planned)
    if not planned:
        raise NothingToChange(effective_on=change.effective_on)
    before, after = _timeline(rows_of_site, ()), _timeline(kept, planned)
    _check_still_stated(voided, after)
    _check_membership(after)
    _check_days(after[Fact.MEMBERSHIP], planned, voided)
    _check_moves(before, after)
    _check_restored(after, since=min(row.effective_on for row in planned))
    _check_relapse(change, planned)
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
    entry = next((row for row in stated if row.fact is Fact.MEMBERSHIP and row.value == _ENTERED), None)
    if entry is None or voided is None or voided.value != _ENTERED:
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


def _timeline(rows: Sequence[HistoryRow], planned: Sequence[PlannedRow]) -> dict[Fact, list[_Entry]]:
    lines: dict[Fact, list[_Entry]] = {fact: [] for fact in Fact}
    for row in standing(rows):
        lines[row.fact].append(_Entry(row.effective_on, (0, row.seq), row.value))
    for index, new in enumerate(planned):
        if new.voids_seq is None:
            lines[new.fact].append(_Entry(new.effective_on, (_PLANNED, index), new.value))
    for line in lines.values():
        line.sort(key=lambda entry: (entry.effective_on, entry.order))
    return lines


def _value_on(line: Sequence[_Entry], day: date) -> str | None:
    return next((entry.value for entry in reversed(line) if entry.effective_on <= day), None)


def _check_still_stated(voided: HistoryRow | None, after: Mapping[Fact, Sequence[_Entry]]) -> None:
    if voided is None or voided.fact not in _ALWAYS_STATED:
        return
    entered = next((entry for entry in after[Fact.MEMBERSHIP] if entry.value == _ENTERED), None)
    if entered is None or _value_on(after[voided.fact], entered.effective_on) is None:
        raise NotVoidable(
            seq=voided.seq, problem=f"the site would be without {voided.fact}; give the right value too"
        )


def _check_membership(after: Mapping[Fact, Sequence[_Entry]]) -> None:
    values = [str(parse_json(entry.value)) for entry in after[Fact.MEMBERSHIP]]
    expected = ["left" if index % 2 else "entered" for index in range(len(values))]
    if values != expected:
        raise BrokenMembership(sequence=" -> ".join(values))


def _check_days(
    membership: Sequence[_Entry], planned: Sequence[PlannedRow], voided: HistoryRow | None
) -> None:
    """Check that facts are stated for days on which the site is in the inventory.

    What replaces a row from before the entry, or from after the leaving, may stay there.
    """
    for row in planned:
        if row.voids_seq is not None or row.fact is Fact.MEMBERSHIP:
            continue
        word = _value_on(membership, row.effective_on)
        if word == _ENTERED or (
            voided is not None
            and voided.fact is row.fact
            and word == _value_on(membership, voided.effective_on)
        ):
            continue
        if word is None:
            raise BeforeEntered(effective_on=row.effective_on, entered_on=membership[0].effective_on)
        left = [entry.effective_on for entry in membership if entry.effective_on <= row.effective_on]
        raise SiteHasLeft(left_on=left[-1])


@dataclass(frozen=True, slots=True)
class _Move:
    """One step from a status to the next in effective order; `rows` are its two ends."""

    rows: tuple[tuple[int, int], tuple[int, int]]
    was: Status
    to: Status
    allowed: frozenset[Status]

    @property
    def legal(self) -> bool:
        return self.to is self.was or self.to in self.allowed


def _check_moves(before: Mapping[Fact, Sequence[_Entry]], after: Mapping[Fact, Sequence[_Entry]]) -> None:
    """Check every step of the statuses in effective order; what was imported against the table may stay."""
    forbidden_before = {move.rows for move in _moves(before) if not move.legal}
    for move in _moves(after):
        if not move.legal and move.rows not in forbidden_before:
            words = ", ".join(status for status in Status if status in move.allowed) or "nothing"
            raise IllegalMove(field="status", before=move.was, to=move.to, allowed=words)


def _moves(lines: Mapping[Fact, Sequence[_Entry]]) -> list[_Move]:
    moves: list[_Move] = []
    earlier: Status | None = None
    line = lines[Fact.STATUS]
    for last, entry in pairwise(line):
        was, to = _status(last), _status(entry)
        approach = _value_on(lines[Fact.APPROACH], entry.effective_on)
        allowed = next_statuses(
            was, natural_recovery=approach == f'"{Approach.NATURAL_RECOVERY}"', earlier=earlier
        )
        moves.append(_Move((last.order, entry.order), was, to, allowed))
        earlier = earlier if to is was else was
    return moves


def _status(entry: _Entry) -> Status:
    return Status(str(parse_json(entry.value)))


def _check_restored(after: Mapping[Fact, Sequence[_Entry]], *, since: date) -> None:
    days = {since, *(e.effective_on for fact in (Fact.DAMAGED, Fact.RESTORED) for e in after[fact])}
    for day in sorted(day for day in days if day >= since):
        damaged = units_in(_value_on(after[Fact.DAMAGED], day))
        restored = units_in(_value_on(after[Fact.RESTORED], day))
        if damaged is not None and restored is not None and restored > damaged:
            raise RestoredOverDamaged(
                restored_ha=ha_from_units(restored), damaged_ha=ha_from_units(damaged), effective_on=day
            )


def _check_relapse(change: Change, planned: Sequence[PlannedRow]) -> None:
    relapses = any(row.fact is Fact.STATUS and row.value == f'"{Status.RELAPSED}"' for row in planned)
    if relapses and Fact.RESTORED not in change.facts:
        raise RestoredAreaNeeded


def _second_person(
    planned: Sequence[PlannedRow],
    voided: HistoryRow | None,
    units_before: Sequence[_Entry],
    units_after: Sequence[_Entry],
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


def _moved(before: Sequence[_Entry], after: Sequence[_Entry], day: date) -> bool:
    """Whether the site goes from one unit to another, or to none; finding its first unit is no move."""
    was, now = (_adcode(_value_on(line, day)) for line in (before, after))
    return was is not None and was != now


def _adcode(text: str | None) -> object:
    value = None if text is None else parse_json(text)
    return value.get("adcode") if isinstance(value, Mapping) else None
