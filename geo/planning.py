"""What stands around the sites: treatment projects, annual targets, field inspections. Pure.

None of them is a fact of a site, so no rate depends on them but a target's own progress. Each has a version,
and the store keeps every version that there was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from geo.errors import BadValue, Conflict, InvalidInput, NotFound
from geo.snapshot import STATUSES, Snapshot
from geo.status import Status, status_table


class RecordKind(StrEnum):
    """What is kept in versions."""

    PROJECT = "project"
    TARGET = "target"
    INSPECTION = "inspection"
    ATTACHMENT = "attachment"


class Finding(StrEnum):
    """What an inspector found (`data/reference/inspection_findings.csv`)."""

    PASSED = "passed"
    DEFECTS = "defects"
    FAILED = "failed"


class UnknownRecord(NotFound):
    """There is no such project, target or inspection."""

    template = "no {kind} has the id {record_id}"


class StaleRecord(Conflict):
    """Somebody else changed it first."""

    template = "{kind} {record_id} is at version {current_version} by now, not at {given}"


class TakenKey(Conflict):
    """A project's code, or a unit's target of a year, is there already."""

    template = "there is a {kind} {key} already"


class EndsBeforeStart(InvalidInput):
    """A project cannot end, or be closed, before it starts."""

    template = "{field}: {day} lies before start_on, {start_on}"


class FutureInspection(InvalidInput):
    """Nobody has been there yet."""

    template = "inspected_on: {inspected_on} lies in the future (today is {today})"


@dataclass(frozen=True, slots=True)
class Project:
    """A treatment project over any number of sites.

    `budget_cents` and `spent_cents` are in hundredths of `currency` (ISO 4217); `adcode` is the unit that
    runs it. A project that is closed makes no site overdue.
    """

    code: str
    name: str
    adcode: str | None = None
    fund_source: str = ""
    budget_cents: int | None = None
    spent_cents: int | None = None
    currency: str = "CNY"
    contractor: str = ""
    start_on: date | None = None
    end_on: date | None = None
    closed_on: date | None = None
    notes: str = ""
    site_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """The hectares that a unit is to treat within a year; `units` are of 1e-4 m2."""

    adcode: str
    year: int
    units: int
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What somebody saw on a site on a day; `photos` are the hashes of attachments of the site."""

    site_id: int
    inspected_on: date
    inspector: str
    finding: Finding
    notes: str = ""
    photos: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """What was done of a target, in units of 1e-4 m2 and sites.

    `done` counts the whole area of sites that count as treated on `as_of` and did not when the year began,
    `lost` the area of those that did then and no longer do. Proposals count nowhere.
    """

    as_of: date
    done_units: int
    done_count: int
    lost_units: int
    lost_count: int

    def share(self, target: Target) -> float | None:
        """Done over the target; None for a target of nothing."""
        return self.done_units / target.units if target.units else None


@dataclass(frozen=True, slots=True)
class Work:
    """What became of the sites of a project by a day: whole areas in units of 1e-4 m2, and sites.

    Sites that left, or are removed from the inventory, are not among them.
    """

    as_of: date
    units: int
    count: int
    treated_units: int
    treated_count: int

    @property
    def share(self) -> float | None:
        """The treated share of the area; None without a site."""
        return self.treated_units / self.units if self.units else None


@dataclass(frozen=True, slots=True)
class Overdue:
    """A site that should have been treated by `due_on`; `project_code` is None where its own date says so."""

    site_id: int
    due_on: date
    status: Status
    project_id: int | None = None
    project_code: str | None = None


def check_project(project: Project) -> None:
    """Raise `EndsBeforeStart` or `BadValue` where the project cannot be."""
    for field, day in (("end_on", project.end_on), ("closed_on", project.closed_on)):
        if project.start_on and day and day < project.start_on:
            raise EndsBeforeStart(field=field, day=day, start_on=project.start_on)
    if len(project.currency) != 3 or not (project.currency.isascii() and project.currency.isupper()):
        raise BadValue(field="currency", value=project.currency, problem="is no currency code (ISO 4217)")


def check_inspection(inspection: Inspection, *, today: date) -> None:
    """Raise `FutureInspection` where nobody can have been there yet."""
    if inspection.inspected_on > today:
        raise FutureInspection(inspected_on=inspection.inspected_on, today=today)


def progress(before: Snapshot, now: Snapshot, site_ids: frozenset[int]) -> Progress:
    """What was done between two snapshots over the sites of a unit.

    A site that entered already treated, as a part of a split does, was not done within the time.
    """
    was, is_ = (_treated(one, site_ids) for one in (before, now))
    first_day = before.as_of.toordinal() + 1
    done = [area for site, (since, area) in is_.items() if site not in was and since >= first_day]
    still = set(now.site.tolist())
    lost = [area for site, (_, area) in was.items() if site not in is_ and site in still]
    return Progress(
        as_of=now.as_of,
        done_units=sum(done),
        done_count=len(done),
        lost_units=sum(lost),
        lost_count=len(lost),
    )


def _treated(snapshot: Snapshot, site_ids: frozenset[int]) -> dict[int, tuple[int, int]]:
    """{site: (first day of its treated time as an ordinal, area)} of the sites that count as treated."""
    treated = [status_table()[status].treated for status in STATUSES]
    columns = (snapshot.site, snapshot.status, snapshot.treated_since, snapshot.area)
    return {
        site: (since, area)
        for site, status, since, area in zip(*(column.tolist() for column in columns), strict=True)
        if treated[status] and site in site_ids
    }


def work_done(now: Snapshot, site_ids: frozenset[int]) -> Work:
    """What became of these sites by the day of the snapshot."""
    treated = [area for _, area in _treated(now, site_ids).values()]
    left_out = STATUSES.index(Status.EXCLUDED)
    columns = (now.site, now.status, now.area)
    areas = [
        area
        for site, status, area in zip(*(column.tolist() for column in columns), strict=True)
        if site in site_ids and status != left_out
    ]
    return Work(now.as_of, sum(areas), len(areas), sum(treated), len(treated))


def progress_days(target: Target, today: date) -> tuple[date, date]:
    """The last day of the year before the target's, and its own last day or `today` if earlier."""
    return date(target.year - 1, 12, 31), min(date(target.year, 12, 31), today)


WORKING = frozenset({Status.PLANNED, Status.IN_PROGRESS, Status.RELAPSED, Status.UNTREATED})
"""Statuses in which a site whose treatment should have ended is overdue."""


def earliest(found: Sequence[Overdue]) -> list[Overdue]:
    """One line a site, that of its earliest date, the longest overdue first."""
    by_site: dict[int, Overdue] = {}
    for one in found:
        if one.site_id not in by_site or one.due_on < by_site[one.site_id].due_on:
            by_site[one.site_id] = one
    return sorted(by_site.values(), key=lambda one: (one.due_on, one.site_id))
