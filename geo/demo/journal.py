"""The demo's journal: on which day the inventory came to hold each part of the stories, and by whom.

The first inventory is entered early in 2013. From then on every change is reported some days or weeks after
it happened, many of them with the year's return, a few years late; some reports were wrong and are put right
in 2022. All is in order of the day of recording.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

import numpy as np

from geo.changes import Change
from geo.clock import time_text
from geo.demo.desk import Decision, Step
from geo.demo.histories import Story
from geo.demo.mistakes import Mistake, mistakes
from geo.demo.people import officer, reviewer
from geo.demo.records import later_changes
from geo.demo.traits import INVENTORY_DATE, SURVEY_DATE
from geo.history import Fact
from geo.status import Status, status_table

FIRST_ENTRY: Final = date(2013, 2, 18)
SURVEY_ENTRY: Final = date(2018, 12, 3)
LAST_REPORT: Final = date(2026, 5, 22)
LAST_DECISION: Final = date(2026, 5, 29)
LATE_YEARS: Final = frozenset({2013, 2014, 2015, 2016, 2017, 2022})
"""The years of which some changes were only reported a year or more later."""

_LATE_SHARE: Final = 0.07
_YEARLY_SHARE: Final = 0.25
_REJECTED_SHARE: Final = 0.06


class Deed(StrEnum):
    """What is done on a day."""

    ENTER = "enter"
    REPORT = "report"
    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Act:
    """One deed upon the site at `index` of the stories, at the moment `at`, by `actor`.

    A report carries its `change`; where it corrects, `voids` names fact and day of the wrong row. A decision
    is on the report with the same `case` of the same site.
    """

    at: datetime
    index: int
    case: int
    deed: Deed
    actor: str
    change: Change | None = None
    voids: tuple[Fact, date] | None = None

    @property
    def now(self) -> str:
        """The moment as UTC text."""
        return time_text(self.at)


def journal(stories: Sequence[Story], desk: Sequence[Step], *, seed: int) -> list[Act]:
    """All acts of the stories and then of the `desk`, in order of their moments."""
    wrong = mistakes(stories)
    prefectures = sorted({(story.site.unit.adcode or "")[:4] for story in stories})
    acts: list[Act] = []
    for index, story in enumerate(stories):
        batch = prefectures.index((story.site.unit.adcode or "")[:4])
        acts += _Desk(index, story, seed=seed).acts(batch, wrong.get(index))
    for step in desk:
        acts += _desk_acts(step, stories[step.index])
    return sorted(acts, key=lambda act: (act.at, act.index, act.case))


def needs_second_person(change: Change) -> bool:
    """Whether somebody else has to release a report of the demo."""
    status = change.facts.get(Fact.STATUS)
    stated = isinstance(status, str) and status_table()[Status(status)].second_person
    return stated or change.geometry is not None or Fact.DAMAGED in change.facts


class _Desk:
    """The course of one site's papers; every step is reported after the one before it is done with."""

    def __init__(self, index: int, story: Story, *, seed: int) -> None:
        self.index, self.story = index, story
        self.rng = np.random.default_rng([seed, 5, index])
        self.unit = story.site.unit.adcode
        self.day = story.entered_on
        self.cases = 0

    def acts(self, batch: int, wrong: Mistake | None) -> Iterator[Act]:
        """The acts in order; `batch` tells on which day of an inventory the site is entered."""
        self.day = self._entry_day(batch)
        yield self._act(self.day, Deed.ENTER)
        waiting = wrong
        for change in later_changes(self.story):
            if waiting is not None and change.effective_on > waiting.known_from:
                yield from self._correct(waiting)
                waiting = None
            yield from self._report(change if wrong is None else wrong.as_reported(change))
        if waiting is not None:
            yield from self._correct(waiting)

    def _entry_day(self, batch: int) -> date:
        fixed = {INVENTORY_DATE: FIRST_ENTRY, SURVEY_DATE: SURVEY_ENTRY}.get(self.story.entered_on)
        return _workday(fixed + timedelta(days=batch)) if fixed else self._after(self.story.entered_on, 9, 50)

    def _after(self, day: date, low: int, high: int) -> date:
        return _workday(day + timedelta(days=int(self.rng.integers(low, high))))

    def _report_day(self, happened: date) -> date:
        kind = self.rng.random()
        day = self._after(happened, 5, 42)
        if kind < _LATE_SHARE and happened.year in LATE_YEARS:
            day = self._after(happened, 400, 880)
        elif kind > 1 - _YEARLY_SHARE and happened.month >= 8:
            day = self._after(date(happened.year + 1, 1, 8), 0, 40)
        return max(min(day, LAST_REPORT), _workday(self.day + timedelta(days=1)))

    def _report(self, change: Change) -> Iterator[Act]:
        self.day = self._report_day(change.effective_on)
        if (self.day - change.effective_on).days > 365:
            change = replace(change, reason=f"补录：{change.reason}")
        rejected = needs_second_person(change) and self.rng.random() < _REJECTED_SHARE
        if rejected and self.day < LAST_REPORT - timedelta(days=120):
            yield from self._case(change, Deed.REJECT)
            self.day = self._after(self.day, 20, 70)
        yield from self._case(change, Deed.APPROVE)

    def _case(self, change: Change, deed: Deed, *, voids: tuple[Fact, date] | None = None) -> Iterator[Act]:
        """The report on the day reached and, where one is needed, the decision some days later."""
        self.cases += 1
        yield self._act(self.day, Deed.REPORT, change, voids=voids)
        if needs_second_person(change):
            decided = self._after(self.day, 2, 24)
            self.day = max(min(decided, LAST_DECISION), self.day + timedelta(days=1))
            yield self._act(self.day, deed)

    def _correct(self, wrong: Mistake) -> Iterator[Act]:
        self.day = max(_workday(wrong.corrected_on), _workday(self.day + timedelta(days=1)))
        for fact, happened, change in wrong.corrections(self.story):
            yield from self._case(change, Deed.APPROVE, voids=(fact, happened))

    def _act(
        self, day: date, deed: Deed, change: Change | None = None, *, voids: tuple[Fact, date] | None = None
    ) -> Act:
        decides = deed in {Deed.APPROVE, Deed.REJECT}
        actor = reviewer(self.unit, day) if decides else officer(self.unit)
        hour = 6 if decides else 2
        return Act(_moment(day, hour), self.index, self.cases, deed, actor, change, voids)


def _desk_acts(step: Step, story: Story) -> Iterator[Act]:
    deeds: dict[Decision, Deed] = {"approve": Deed.APPROVE, "reject": Deed.REJECT}
    unit, next_day = story.site.unit.adcode, step.day + timedelta(days=1)
    yield Act(_moment(step.day, 2), step.index, -1, Deed.REPORT, officer(unit), step.change)
    if step.decision in deeds:
        yield Act(_moment(next_day, 6), step.index, -1, deeds[step.decision], reviewer(unit, next_day))


def _workday(day: date) -> date:
    """`day`, or the Monday after where it falls on a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


def _moment(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=UTC)
