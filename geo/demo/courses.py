"""Courses on paper: from a site's entry through planning and treatment to close-out, relapse or removal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import numpy as np

from geo.demo.traits import Traits
from geo.sites import Approach, Kind
from geo.status import Status, status_table

LAST_DATE: Final = date(2026, 5, 15)
"""The last day on which anything of a story happens."""

FIRST_YEAR: Final = 2012
LAST_YEAR: Final = 2026

StatusRows = tuple[tuple[Status, date], ...]


@dataclass(frozen=True, slots=True)
class Treatment:
    """One treatment: its start (None for natural recovery) and its end (None while it lasts)."""

    start: date | None
    end: date | None


@dataclass(frozen=True, slots=True)
class Course:
    """The paper of one site while the stories are written, and where the ground belies it.

    `fails` is a treatment without effect, `heals_alone` land that recovers untreated, `quiet_relapse` the day
    from which treated land is lost again and nobody says so.
    """

    statuses: StatusRows
    treatments: tuple[Treatment, ...] = ()
    approach: Approach | None = None
    fails: bool = False
    heals_alone: bool = False
    quiet_relapse: date | None = None

    def status_on(self, day: date) -> Status | None:
        """The status as of `day`, None before the site entered."""
        known = [status for status, since in self.statuses if since <= day]
        return known[-1] if known else None


def is_treated(status: Status | None) -> bool:
    """Whether the status counts as treated; False for None."""
    return status is not None and status_table()[status].treated


def _day(rng: np.random.Generator, year: int) -> date:
    """A day of the working season of `year`; of the last year only its first months are told."""
    if year == LAST_YEAR:
        return date(year, 1, 8) + timedelta(days=int(rng.integers(0, 110)))
    return date(year, 3, 1) + timedelta(days=int(rng.integers(0, 270)))


def _later(rng: np.random.Generator, day: date, low_years: float, high_years: float) -> date:
    return day + timedelta(days=int(rng.uniform(low_years, high_years) * 365))


def _trimmed(entered_on: date, rows: Sequence[tuple[Status, date]]) -> StatusRows:
    """The rows from the one in force on the day of entry, which takes that day, up to `LAST_DATE`."""
    before = [status for status, since in rows if since <= entered_on]
    first = before[-1] if before else Status.UNTREATED
    after = [(status, since) for status, since in rows if entered_on < since <= LAST_DATE]
    return ((first, entered_on), *after)


def untreated(rng: np.random.Generator, entered_on: date, *, how: str) -> Course:
    """The course of a site that stays `untreated`, or is `planned`, `under_way` or `cancelled`."""
    planned = max(_day(rng, int(rng.integers(2018, 2026))), entered_on + timedelta(days=200))
    start = min(_later(rng, planned, 0.5, 2.0), LAST_DATE - timedelta(days=30))
    rows: list[tuple[Status, date]] = [(Status.UNTREATED, entered_on)]
    if how != "untreated":
        rows.append((Status.PLANNED, planned))
    if how == "cancelled":
        rows.append((Status.UNTREATED, start))
    if how == "under_way":
        rows.append((Status.IN_PROGRESS, start))
        return Course(_trimmed(entered_on, rows), (Treatment(start, None),), Approach.RECONSTRUCTION)
    return Course(_trimmed(entered_on, rows))


def excluded(rng: np.random.Generator, traits: Traits) -> Course:
    """A site taken off the inventory's count, some of them put back after a check."""
    out = _day(rng, int(rng.integers(max(2014, traits.entered_on.year + 1), 2023)))
    rows = [(Status.UNTREATED, traits.entered_on), (Status.EXCLUDED, out)]
    if traits.excluded == "and_back":
        rows.append((Status.UNTREATED, _later(rng, out, 0.5, 1.5)))
    return Course(_trimmed(traits.entered_on, rows))


def treated(rng: np.random.Generator, traits: Traits, *, year: int, serial: int) -> Course:
    """The course of a site whose treatment ends in `year` (2012: at some time before the inventory)."""
    if year == FIRST_YEAR:
        end = date(int(rng.integers(2004, 2012)), 1, 1) + timedelta(days=int(rng.integers(0, 360)))
    else:
        end = _day(rng, year)
    natural = serial % 9 == 4 and traits.kind is not Kind.UNDERGROUND
    start = _later(rng, end, -3.0, -1.0)
    rows = [(Status.UNTREATED, date.min)]
    if not natural:
        rows += [(Status.PLANNED, _later(rng, start, -1.4, -0.4)), (Status.IN_PROGRESS, start)]
    rows += [(Status.TREATED, end), *_after_treatment(rng, end, serial=serial)]
    course = Course(
        statuses=_trimmed(traits.entered_on, rows),
        treatments=(Treatment(None if natural else start, end),),
        approach=Approach.NATURAL_RECOVERY if natural else traits.approach,
        fails=serial % 10 == 3 and year <= 2020 and not traits.hard_to_see,
    )
    if serial % 12 == 5 and year <= 2019 and not course.fails:
        return _relapsed(rng, course, again=serial % 24 == 17)
    if serial % 16 == 7 and year <= 2018 and not course.fails and not traits.hard_to_see:
        return replace(course, quiet_relapse=_day(rng, int(rng.integers(max(2019, end.year + 3), 2023))))
    return course


def _after_treatment(rng: np.random.Generator, end: date, *, serial: int) -> list[tuple[Status, date]]:
    """Acceptance and close-out of most treatments."""
    accepted = _later(rng, end, 0.7, 2.0)
    closed = _later(rng, accepted, 1.0, 2.5)
    rows = [(Status.ACCEPTED, accepted), (Status.CLOSED, closed)]
    return rows[: (2, 1, 0, 2, 1, 1, 0)[serial % 7]]


def _relapsed(rng: np.random.Generator, course: Course, *, again: bool) -> Course:
    """`course` with the ground lost some years after the treatment, and treated once more if `again`."""
    end = course.treatments[-1].end or course.statuses[-1][1]
    lost = _day(rng, int(rng.integers(max(2015, end.year + 3), max(2015, end.year + 3) + 3)))
    kept = tuple(row for row in course.statuses if row[1] < lost)
    relapse = replace(course, statuses=(*kept, (Status.RELAPSED, lost)))
    if not again or lost.year > 2020:
        return relapse
    planned = _later(rng, lost, 0.3, 0.8)
    start = _later(rng, planned, 0.3, 0.8)
    done = _later(rng, start, 1.0, 1.6)
    rows = ((Status.PLANNED, planned), (Status.IN_PROGRESS, start), (Status.TREATED, done))
    treatments = (*course.treatments, Treatment(start, done))
    return replace(
        relapse, statuses=relapse.statuses + rows, treatments=treatments, approach=Approach.RECONSTRUCTION
    )
