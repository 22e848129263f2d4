"""The timeline: the rows of one site that count, by fact in effective order, and the rules among them.

Pure. A change is checked by the timeline that it would make, so a back-dated row, a correction and a row of
today obey the same rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

from geo.areas import ha_from_units
from geo.canonical import parse_json
from geo.errors import InvalidInput, Refused
from geo.facts import current, says_nothing, standing, units_in
from geo.history import Fact, HistoryRow
from geo.sites import Approach
from geo.status import Status, next_statuses

ENTERED: Final = '"entered"'
_PLANNED: Final = 1
_TREATMENT: Final = (Fact.TREATMENT_START, Fact.TREATMENT_END)
_ALWAYS_STATED: Final = frozenset(
    {Fact.MEMBERSHIP, Fact.STATUS, Fact.GEOMETRY, Fact.KIND, Fact.TARGET_USE, Fact.RESPONSIBLE}
)


class IllegalMove(Refused):
    """The status table has no such move."""

    template = "{field} cannot go from {before} to {to}; allowed: {allowed}"


class BeforeEntered(InvalidInput):
    """The site was not in the inventory yet."""

    template = "effective_on: {effective_on} is before the site entered the inventory on {entered_on}"


class SiteHasLeft(Refused):
    """The site is in the inventory no more."""

    template = "the site left the inventory on {left_on}"


class RestoredOverDamaged(InvalidInput):
    """More was restored than was ever damaged."""

    template = "restored_ha {restored_ha} is more than damaged_ha {damaged_ha} on {effective_on}"


class TreatmentReversed(InvalidInput):
    """A treatment cannot end before it starts."""

    template = "treatment_end {treatment_end} is before treatment_start {treatment_start}"


class NotVoidable(Refused):
    """The row cannot be voided."""

    template = "row {seq} cannot be voided: {problem}"


class BrokenMembership(Refused):
    """A site enters, then leaves, then may enter again."""

    template = "membership cannot go {sequence}: a site enters first, and enters and leaves by turns"


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One history row to be: `value` is canonical JSON, `wkb` the polygon of a geometry row."""

    fact: Fact
    value: str
    effective_on: date
    wkb: bytes | None = None
    voids_seq: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A row that counts, stored or planned; planned ones come last on their day."""

    effective_on: date
    order: tuple[int, int]
    value: str


def timeline(rows: Sequence[HistoryRow], planned: Sequence[PlannedRow]) -> dict[Fact, list[Entry]]:
    """The standing and the planned rows of one site by fact, in effective order."""
    lines: dict[Fact, list[Entry]] = {fact: [] for fact in Fact}
    for row in standing(rows):
        lines[row.fact].append(Entry(row.effective_on, (0, row.seq), row.value))
    for index, new in enumerate(planned):
        if new.voids_seq is None:
            lines[new.fact].append(Entry(new.effective_on, (_PLANNED, index), new.value))
    for line in lines.values():
        line.sort(key=lambda entry: (entry.effective_on, entry.order))
    return lines


def value_on(line: Sequence[Entry], day: date) -> str | None:
    """What a fact is on a day, canonical JSON; None where nothing is said yet."""
    return next((entry.value for entry in reversed(line) if entry.effective_on <= day), None)


def check_still_stated(voided: HistoryRow | None, after: Mapping[Fact, Sequence[Entry]]) -> None:
    """Check that no fact that every site has is voided away; raises `NotVoidable`."""
    if voided is None or voided.fact not in _ALWAYS_STATED:
        return
    entered = next((entry for entry in after[Fact.MEMBERSHIP] if entry.value == ENTERED), None)
    if entered is None or value_on(after[voided.fact], entered.effective_on) is None:
        raise NotVoidable(
            seq=voided.seq, problem=f"the site would be without {voided.fact}; give the right value too"
        )


def check_membership(after: Mapping[Fact, Sequence[Entry]]) -> None:
    """Check that the site enters and leaves by turns; raises `BrokenMembership`."""
    values = [str(parse_json(entry.value)) for entry in after[Fact.MEMBERSHIP]]
    expected = ["left" if index % 2 else "entered" for index in range(len(values))]
    if values != expected:
        raise BrokenMembership(sequence=" -> ".join(values))


def uncounted_until(rows: Sequence[HistoryRow], day: date) -> list[HistoryRow]:
    """What stands of a site that was in the inventory on no day and last left after `day`; else empty."""
    kept = standing(rows)
    days = [row.effective_on for row in kept if row.fact is Fact.MEMBERSHIP]
    was_there = len(days) % 2 == 1 or days[::2] != days[1::2]
    return [] if not days or was_there or day >= days[-1] else kept


def begun_anew(
    uncounted: Sequence[HistoryRow], stated: Sequence[PlannedRow], *, on: date, said: Iterable[Fact]
) -> tuple[PlannedRow, ...]:
    """The rows by which a site that never counted enters on an earlier day.

    All of `uncounted` is voided, so that nothing of it holds later; what `said` and `stated` are silent of is
    stated for the new day.
    """
    new = {*said, *(row.fact for row in stated)}
    voids = (PlannedRow(row.fact, "null", row.effective_on, voids_seq=row.seq) for row in uncounted)
    carried = (
        PlannedRow(fact, row.value, on, wkb=row.wkb)
        for fact, row in current(uncounted).items()
        if fact not in new and not says_nothing(row.value)
    )
    return (*voids, *stated, *carried)


def check_days(membership: Sequence[Entry], planned: Sequence[PlannedRow], voided: HistoryRow | None) -> None:
    """Check that facts are stated for days on which the site is in the inventory.

    What replaces a row from before the entry, or from after the leaving, may stay there. Raises
    `BeforeEntered`, `SiteHasLeft`.
    """
    for row in planned:
        if row.voids_seq is not None or row.fact is Fact.MEMBERSHIP:
            continue
        word = value_on(membership, row.effective_on)
        if word == ENTERED or (
            voided is not None
            and voided.fact is row.fact
            and word == value_on(membership, voided.effective_on)
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


def check_moves(before: Mapping[Fact, Sequence[Entry]], after: Mapping[Fact, Sequence[Entry]]) -> None:
    """Check every step of the statuses in effective order; what was imported against the table may stay.

    Raises `IllegalMove`.
    """
    forbidden_before = {move.rows for move in _moves(before) if not move.legal}
    for move in _moves(after):
        if not move.legal and move.rows not in forbidden_before:
            words = ", ".join(status for status in Status if status in move.allowed) or "nothing"
            raise IllegalMove(field="status", before=move.was, to=move.to, allowed=words)


def _moves(lines: Mapping[Fact, Sequence[Entry]]) -> list[_Move]:
    moves: list[_Move] = []
    earlier: Status | None = None
    line = lines[Fact.STATUS]
    for last, entry in pairwise(line):
        was, to = _status(last), _status(entry)
        approach = value_on(lines[Fact.APPROACH], entry.effective_on)
        allowed = next_statuses(
            was, natural_recovery=approach == f'"{Approach.NATURAL_RECOVERY}"', earlier=earlier
        )
        moves.append(_Move((last.order, entry.order), was, to, allowed))
        earlier = earlier if to is was else was
    return moves


def _status(entry: Entry) -> Status:
    return Status(str(parse_json(entry.value)))


def check_restored(after: Mapping[Fact, Sequence[Entry]], *, since: date) -> None:
    """Check restored against damaged on every day from `since`; raises `RestoredOverDamaged`."""
    days = {since, *(e.effective_on for fact in (Fact.DAMAGED, Fact.RESTORED) for e in after[fact])}
    for day in sorted(day for day in days if day >= since):
        damaged = units_in(value_on(after[Fact.DAMAGED], day))
        restored = units_in(value_on(after[Fact.RESTORED], day))
        if damaged is not None and restored is not None and restored > damaged:
            raise RestoredOverDamaged(
                restored_ha=ha_from_units(restored), damaged_ha=ha_from_units(damaged), effective_on=day
            )


def check_treatment(after: Mapping[Fact, Sequence[Entry]], planned: Sequence[PlannedRow]) -> None:
    """Check the days of the treatment, from where one of them is stated; raises `TreatmentReversed`."""
    stated = [row.effective_on for row in planned if row.fact in _TREATMENT]
    days = {entry.effective_on for fact in _TREATMENT for entry in after[fact]}
    for day in sorted(day for day in days if stated and day >= min(stated)):
        values = [value_on(after[fact], day) for fact in _TREATMENT]
        start, end = (None if value is None else parse_json(value) for value in values)
        if start is not None and end is not None and str(end) < str(start):
            raise TreatmentReversed(treatment_end=end, treatment_start=start)
