"""Wrong reports of the demo, found by the check of 2022: works called finished too early, areas too large.

They make one day's figures differ by what was known: the reports stood until the check, and the rows that
replace them are effective on the true day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from geo.changes import Change
from geo.demo.histories import Story
from geo.demo.traits import INVENTORY_DATE
from geo.history import Fact
from geo.sites import Responsible
from geo.status import Status

CHECK_FIRST_DAY: Final = date(2022, 3, 21)
CLAIMED: Final = (date(2019, 5, 1), date(2020, 11, 15))
"""Between which days works were called finished that were not."""

_FINISHED: Final = (date(2020, 7, 1), date(2022, 2, 28))
_EARLY_SHARE: Final = 0.035
_MEASURED: Final = 6
_TOO_LARGE: Final = 1.1


@dataclass(frozen=True, slots=True)
class Mistake:
    """What was reported wrongly of one site, put right on `corrected_on`.

    `early` are the true day on which works ended and the earlier one that was reported; `damaged_units` the
    damaged area as first recorded. The papers know nothing of what happened after `known_from` until then.
    """

    corrected_on: date
    early: tuple[date, date] | None = None
    damaged_units: int | None = None

    @property
    def known_from(self) -> date:
        """The day after which changes are reported only once the mistake is put right."""
        return self.corrected_on if self.early is None else self.early[0]

    def as_reported(self, change: Change) -> Change:
        """The change with the wrong day where it is the one that was reported too early."""
        if self.early is None or change.effective_on != self.early[0]:
            return change
        facts = dict(change.facts)
        if Fact.TREATMENT_END in facts:
            facts[Fact.TREATMENT_END] = self.early[1].isoformat()
        return replace(change, facts=facts, effective_on=self.early[1])

    def corrections(self, story: Story) -> Iterator[tuple[Fact, date, Change]]:
        """Fact and day of each wrong row, and the change that replaces it."""
        if self.damaged_units is not None:
            facts: dict[Fact, object] = {Fact.DAMAGED: {"units": story.damaged_units}}
            yield Fact.DAMAGED, story.entered_on, Change(facts, story.entered_on, "2022年复测：更正损毁面积")
        if self.early is None:
            return
        finished, claimed = self.early
        true: dict[Fact, object] = {
            Fact.STATUS: Status.TREATED.value,
            Fact.TREATMENT_END: finished.isoformat(),
        }
        for report in story.restored:
            if report.effective_on == finished:
                true[Fact.RESTORED] = {"units": report.units}
        reason = f"2022年核查：{claimed.year}年尚未完工，更正完工日期"
        for fact, value in true.items():
            yield fact, claimed, Change({fact: value}, finished, reason)


def mistakes(stories: Sequence[Story]) -> Mapping[int, Mistake]:
    """The wrong reports by the index of their site, at most one a site."""
    found: dict[int, Mistake] = {}
    legacy = sum(s.area_units for s in stories if s.traits.responsible is Responsible.LEGACY)
    claimed_units = 0
    for index, story in enumerate(stories):
        early = _called_finished(story)
        if early is not None and (not found or claimed_units + story.area_units <= _EARLY_SHARE * legacy):
            claimed_units += story.area_units
            found[index] = Mistake(_check_day(len(found)), early=early)
    measured = [i for i, story in enumerate(stories) if i not in found and _measured(story)]
    for index in measured[:: max(1, len(measured) // _MEASURED)]:
        found[index] = Mistake(_check_day(len(found)), damaged_units=_too_large(stories[index]))
    return found


def _too_large(story: Story) -> int:
    """The damaged area as first measured: a tenth too large but within the site, in whole hectares."""
    return min(int((story.damaged_units or 0) * _TOO_LARGE), story.area_units) // 100_000_000 * 100_000_000


def _check_day(number: int) -> date:
    return CHECK_FIRST_DAY + timedelta(days=3 * (number % 25))


def _called_finished(story: Story) -> tuple[date, date] | None:
    """The true day on which works of a legacy site ended, and an earlier one that may have been reported."""
    if story.traits.responsible is not Responsible.LEGACY or len(story.treatments) != 1:
        return None
    (treatment,) = story.treatments
    days = [day for _, day in story.statuses]
    if treatment.start is None or treatment.end not in days[1:]:
        return None
    claimed = treatment.start + (treatment.end - treatment.start) * 2 // 5
    begun = max(day for day in days if day < treatment.end)
    in_time = _FINISHED[0] <= treatment.end <= _FINISHED[1] and CLAIMED[0] <= claimed <= CLAIMED[1]
    return (treatment.end, claimed) if in_time and claimed - begun > timedelta(days=45) else None


def _measured(story: Story) -> bool:
    """Whether a site of the first inventory may have been recorded with too large a damaged area."""
    return story.entered_on == INVENTORY_DATE and _too_large(story) > (story.damaged_units or 0) > 0
