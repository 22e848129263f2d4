"""A small model of an inventory, written from the definitions and not from the code that it checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

MOVES = {
    "untreated": {"planned", "excluded"},
    "planned": {"in_progress", "untreated", "excluded"},
    "in_progress": {"treated", "planned", "excluded"},
    "treated": {"accepted", "in_progress", "relapsed", "excluded"},
    "accepted": {"closed", "relapsed", "excluded"},
    "closed": {"relapsed", "excluded"},
    "relapsed": {"planned", "in_progress", "excluded"},
    "excluded": set(),
}
BY_ITSELF = {"untreated", "relapsed"}
SECOND_PERSON = {"accepted", "closed", "excluded"}
OF_TWO = {"damaged", "geometry", "membership"}
ALWAYS = {"membership", "status", "geometry", "kind", "target_use", "responsible"}
SILENT: tuple[Any, ...] = (None, {"units": None})


@dataclass(frozen=True)
class Line:
    """One row of the history as the model has it."""

    seq: int
    site: int
    fact: str
    value: Any
    day: date
    recorded: str
    voids: int | None = None
    approved: bool = False


@dataclass(frozen=True)
class Asked:
    """One change that is asked of one site."""

    site: int
    facts: Mapping[str, Any]
    day: date
    voids: int | None = None


@dataclass
class Inventory:
    """All rows in the order of their numbers."""

    lines: list[Line] = field(default_factory=list)

    def standing(self, site: int, known: str = "9", *, without: int | None = None) -> list[Line]:
        """The rows of a site that count, in effective order."""
        seen = [line for line in self.lines if line.recorded <= known and line.site == site]
        void = {line.voids for line in seen} | {without}
        kept = [line for line in seen if line.voids is None and line.seq not in void]
        return sorted(kept, key=lambda line: (line.day, line.seq))

    def value(self, site: int, fact: str, day: date, known: str = "9") -> Any:
        """What a fact of a site is as of a day and known at a time, None where nothing is said."""
        return value_on(self.standing(site, known), fact, day)

    def says_later(self, numbers: Sequence[int], day: date) -> bool:
        """Whether anything but membership and unit is said of one of the sites for a later day."""
        lines = [line for number in numbers for line in self.standing(number)]
        return any(line.day > day and line.fact not in {"membership", "unit"} for line in lines)

    def erases(self, asked: Asked) -> bool:
        """Whether a site would leave on the day that it last entered, so that it never counts."""
        days = [line.day for line in self.standing(asked.site) if line.value == "entered"]
        return asked.facts.get("membership") == "left" and asked.day == days[-1]

    def rows_of(self, asked: Asked) -> list[tuple[str, Any, date, int | None]]:
        """The rows (fact, value, day, voided row) that a change would add."""
        voided = self.row(asked.voids)
        kept = self.standing(asked.site, without=asked.voids)
        rows: list[tuple[str, Any, date, int | None]] = []
        if self.begins_anew(asked, kept):
            said = {fact: line_value(kept, fact) for fact in {line.fact for line in kept}} | asked.facts
            rows = [(line.fact, None, line.day, line.seq) for line in kept]
            return rows + [
                (fact, value, asked.day, None) for fact, value in said.items() if value not in SILENT
            ]
        for fact, value in asked.facts.items():
            now = value_on(kept, fact, asked.day)
            if now != value and not (now is None and value in SILENT):
                rows.append((fact, value, asked.day, None))
        entry = asked.facts.get("membership") == "entered"
        if entry and voided is not None and voided.value == "entered" and rows:
            for fact in {line.fact for line in kept} - {fact for fact, *_ in rows}:
                old = value_on(kept, fact, voided.day)
                if old is not None and value_on(kept, fact, asked.day) is None:
                    rows.append((fact, old, asked.day, None))
        return rows if voided is None else [(voided.fact, None, voided.day, voided.seq), *rows]

    def begins_anew(self, asked: Asked, kept: list[Line]) -> bool:
        """Whether a site that has been there on no day enters on an earlier one."""
        if asked.facts.get("membership") != "entered" or asked.voids is not None:
            return False
        turns = [line for line in kept if line.fact == "membership"]
        there = any(value_on(kept, "membership", line.day) == "entered" for line in turns)
        return bool(turns) and not there and asked.day < turns[-1].day

    def row(self, seq: int | None) -> Line | None:
        """The row of that number."""
        return next((line for line in self.lines if line.seq == seq), None)

    def allows(self, asked: Asked, today: date) -> bool:
        """Whether the rules let the change through, whoever approves it."""
        voided = self.row(asked.voids)
        if voided is not None and (
            voided.voids is not None or any(line.voids == voided.seq for line in self.lines)
        ):
            return False
        alone = voided is not None and voided.fact == "unit" and not {"unit", "geometry"} & set(asked.facts)
        if alone and voided is not None and self.has_outline(voided):
            return False
        rows = self.rows_of(asked)
        gone = {voids for *_, voids in rows}
        after = [line for line in self.standing(asked.site) if line.seq not in gone] + [
            Line(10**9 + number, asked.site, fact, value, day, "9")
            for number, (fact, value, day, voids) in enumerate(rows)
            if voids is None
        ]
        after.sort(key=lambda line: (line.day, line.seq))
        if not rows or asked.day > today or not sound(after):
            return False
        if asked.facts.get("status") == "relapsed" and "restored" not in asked.facts:
            # a relapse that is no news states nothing
            return not any(fact == "status" and voids is None for fact, _, _, voids in rows)
        return all(
            fact == "membership" or voids is not None or in_membership(after, fact, day, voided)
            for fact, _, day, voids in rows
        )

    def has_outline(self, unit: Line) -> bool:
        """Whether the outline that was recorded with a unit holds on its day."""
        outlines = [
            line for line in self.standing(unit.site) if line.fact == "geometry" and line.day <= unit.day
        ]
        last = outlines[-1] if outlines else None
        return last is not None and (last.day, last.recorded) == (unit.day, unit.recorded)

    def needs_two(self, asked: Asked) -> bool:
        """Whether a second person has to approve the change."""
        voided = self.row(asked.voids)
        rows = self.rows_of(asked)
        return (
            any(fact in OF_TWO for fact, *_ in rows)
            or any(fact == "status" and value in SECOND_PERSON for fact, value, *_ in rows)
            or (voided is not None and voided.approved)
            or self.moves(asked, rows)
        )

    def moves(self, asked: Asked, rows: list[tuple[str, Any, date, int | None]]) -> bool:
        """Whether the change takes the site out of the unit in which it lies."""
        after = Inventory([*self.lines])
        after.add(rows, asked.site, "9", approved=False)
        for fact, _, day, _ in rows:
            if fact == "unit":
                was, now = (one.value(asked.site, "unit", day) for one in (self, after))
                if was is not None and was["adcode"] not in (None, (now or {"adcode": None})["adcode"]):
                    return True
        return False

    def add(
        self, rows: list[tuple[str, Any, date, int | None]], site: int, recorded: str, *, approved: bool
    ) -> None:
        """Record rows as `rows_of` gives them, in this order."""
        for fact, value, day, voids in rows:
            seq = len(self.lines) + 1
            self.lines.append(Line(seq, site, fact, value, day, recorded, voids, approved))


def value_on(lines: list[Line], fact: str, day: date) -> Any:
    """The value of a fact on a day, `lines` in effective order."""
    values = [line.value for line in lines if line.fact == fact and line.day <= day]
    return values[-1] if values else None


def line_value(lines: list[Line], fact: str) -> Any:
    """The latest value of a fact, `lines` in effective order."""
    return [line.value for line in lines if line.fact == fact][-1]


def in_membership(after: list[Line], fact: str, day: date, voided: Line | None) -> bool:
    """Whether a fact may be stated for a day; what replaces a row may stay outside as that row did."""
    word = value_on(after, "membership", day)
    if word == "entered":
        return True
    return voided is not None and voided.fact == fact and word == value_on(after, "membership", voided.day)


def sound(lines: list[Line]) -> bool:
    """Whether the standing rows of a site obey every rule that holds between rows."""
    members = [line for line in lines if line.fact == "membership"]
    if [line.value for line in members] != [("entered", "left")[n % 2] for n in range(len(members))]:
        return False
    if not members or any(value_on(lines, fact, members[0].day) is None for fact in ALWAYS):
        return False
    for day in {line.day for line in lines}:
        damaged, restored = (value_on(lines, fact, day) for fact in ("damaged", "restored"))
        known = [
            area["units"] for area in (damaged, restored) if area is not None and area["units"] is not None
        ]
        if len(known) == 2 and known[1] > known[0]:
            return False
    statuses = [line for line in lines if line.fact == "status"]
    return all(legal(lines, statuses[: index + 1]) for index in range(1, len(statuses)))


def legal(lines: list[Line], statuses: list[Line]) -> bool:
    """Whether the last of the statuses follows from those before it."""
    *before, last = statuses
    was, to = before[-1].value, last.value
    if was == to or to in MOVES[was]:
        return True
    if was == "excluded":
        others = [line.value for line in before if line.value != "excluded"]
        return bool(others) and others[-1] == to
    by_itself = value_on(lines, "approach", last.day) == "natural_recovery"
    return to == "treated" and was in BY_ITSELF and by_itself
