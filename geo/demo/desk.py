"""The demo's last month at the desk: changes made by one person and released, or not, by another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from shapely import MultiPolygon
from shapely.affinity import scale

from geo.changes import Change
from geo.demo.histories import Story
from geo.history import Fact
from geo.sites import Approach
from geo.status import Status

FIRST_DAY: Final = date(2026, 6, 1)
LAST_DAY: Final = date(2026, 6, 30)
"""After this day the demo knows nothing."""

_SETTLED: Final = date(2025, 10, 1)
_REPORTED_AFTER: Final = timedelta(days=7)

Decision = Literal["none", "approve", "reject", "open"]


@dataclass(frozen=True, slots=True)
class Step:
    """One change, reported on `day`, to the site at `index` of the stories.

    `decision` is what the reviewer makes of it on the next day; `none` where nobody has to.
    """

    index: int
    day: date
    change: Change
    decision: Decision


def steps(stories: Sequence[Story]) -> list[Step]:
    """The changes of June 2026, in order, each legal after those before it."""
    wanted: list[tuple[Status, Status, Decision, int]] = [
        (Status.TREATED, Status.ACCEPTED, "approve", 6),
        (Status.TREATED, Status.ACCEPTED, "open", 4),
        (Status.ACCEPTED, Status.CLOSED, "approve", 3),
        (Status.ACCEPTED, Status.CLOSED, "open", 2),
        (Status.ACCEPTED, Status.CLOSED, "reject", 1),
        (Status.PLANNED, Status.IN_PROGRESS, "none", 4),
        (Status.UNTREATED, Status.PLANNED, "none", 3),
        (Status.UNTREATED, Status.EXCLUDED, "open", 1),
    ]
    scale_down = max(1, 400 // max(1, len(stories)))
    free = [i for i, story in enumerate(stories) if story.approach is not Approach.NATURAL_RECOVERY]
    found: list[tuple[int, Change, Decision]] = []
    for before, after, decision, count in wanted:
        eligible = [i for i in free if stories[i].status is before and stories[i].statuses[-1][1] < _SETTLED]
        for i in eligible[: max(1, count // scale_down)] if len(eligible) > 1 else []:
            free.remove(i)
            found.append((i, _status_change(after), decision))
    found += _area_changes(stories, free)
    return [
        Step(i, _day(k), _dated(change, _day(k)), decision) for k, (i, change, decision) in enumerate(found)
    ]


def _day(number: int) -> date:
    """The working day of the change `number`, two a day."""
    weeks, day = divmod(number // 2, 5)
    return FIRST_DAY + timedelta(weeks=weeks, days=day)


def _status_change(after: Status) -> Change:
    reasons = {
        Status.ACCEPTED: "竣工验收通过",
        Status.CLOSED: "管护期满，申请销号",
        Status.IN_PROGRESS: "工程开工",
        Status.PLANNED: "列入年度治理计划",
        Status.EXCLUDED: "与在产矿权重叠，核减",
    }
    return Change({Fact.STATUS: after.value}, FIRST_DAY, reasons[after])


def _area_changes(stories: Sequence[Story], free: Sequence[int]) -> list[tuple[int, Change, Decision]]:
    """A corrected boundary and a corrected damaged area, both waiting."""
    measured = [i for i in free if stories[i].damaged_units and stories[i].status is Status.UNTREATED]
    if len(measured) < 3:
        return []
    first, second = measured[-1], measured[-2]
    smaller = scale(stories[first].site.geometry, 0.94, 0.94, origin="centroid")
    boundary = Change({}, FIRST_DAY, "边界复测", geometry=MultiPolygon(smaller))
    units = (stories[second].damaged_units or 0) * 9 // 10
    return [
        (first, boundary, "open"),
        (second, Change({Fact.DAMAGED: {"units": units}}, FIRST_DAY, "损毁面积复核"), "open"),
    ]


def _dated(change: Change, day: date) -> Change:
    """The change as of some days before the day on which it is reported."""
    happened = day - _REPORTED_AFTER
    facts = dict(change.facts)
    if facts.get(Fact.STATUS) == Status.IN_PROGRESS:
        facts[Fact.TREATMENT_START] = happened.isoformat()
    return Change(facts, happened, change.reason, geometry=change.geometry)
