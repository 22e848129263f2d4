"""The demo's stories: the status of every site on paper since 2012 and what happens on its ground.

The area of treated legacy sites follows `HEADLINE`, the shape of the published national figure (28 % in 2012,
56.8 % a decade later); everything else is invented.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import numpy as np

from geo.areas import geodesic_area_units
from geo.demo.ground import Fate, Ground
from geo.demo.region import SitePlan
from geo.demo.traits import Traits, draw_traits
from geo.sites import Approach, Kind, Responsible
from geo.status import Status, status_table

INVENTORY_DATE: Final = date(2012, 6, 30)
LAST_DATE: Final = date(2024, 12, 20)
FIRST_YEAR: Final = 2012
LAST_YEAR: Final = 2024

HEADLINE: Final[Mapping[int, float]] = {
    2012: 0.280, 2013: 0.305, 2014: 0.335, 2015: 0.370, 2016: 0.405, 2017: 0.440, 2018: 0.475,
    2019: 0.505, 2020: 0.530, 2021: 0.552, 2022: 0.568, 2023: 0.570, 2024: 0.571,
}  # fmt: skip
"""Share of the legacy area that is treated at the end of each year."""

_COURSES_OF_THE_REST: Final = (
    "planned", "under_way", "untreated", "untreated", "cancelled",
    "under_way", "untreated", "planned", "untreated", "untreated",
)  # fmt: skip
_OVERSHOOT: Final = 0.006
_EAGERNESS: Final[Mapping[str, float]] = {"3203": 1.7, "3406": 1.3, "3404": 1.0, "3708": 1.2, "4114": 0.8}

StatusRows = tuple[tuple[Status, date], ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """Hectares reported restored, in units of 1e-4 m2, from a day on."""

    effective_on: date
    units: int


@dataclass(frozen=True, slots=True)
class Treatment:
    """One treatment: its start (None for natural recovery) and its end (None while it lasts)."""

    start: date | None
    end: date | None


@dataclass(frozen=True, slots=True)
class Story:
    """One site's history on paper and its course on the ground.

    `statuses` begin on the day the site entered the inventory. Areas are in units of 1e-4 m2.
    """

    site: SitePlan
    traits: Traits
    area_units: int
    damaged_units: int | None
    statuses: StatusRows
    treatments: tuple[Treatment, ...]
    restored: tuple[Restored, ...]
    approach: Approach | None
    ground: Ground

    @property
    def entered_on(self) -> date:
        """The day the site entered the inventory."""
        return self.statuses[0][1]

    @property
    def status(self) -> Status:
        """The last status of the story."""
        return self.statuses[-1][0]


@dataclass(frozen=True, slots=True)
class _Course:
    """The paper of one site while the stories are written."""

    statuses: StatusRows
    treatments: tuple[Treatment, ...] = ()
    approach: Approach | None = None
    fails: bool = False
    quiet_relapse: date | None = None

    def status_on(self, day: date) -> Status | None:
        """The status as of `day`, None before the site entered."""
        known = [status for status, since in self.statuses if since <= day]
        return known[-1] if known else None


def write_stories(sites: Sequence[SitePlan], *, seed: int) -> tuple[Story, ...]:
    """One story a site, in their order, the same for the same sites and `seed`."""
    rng = np.random.default_rng([seed, 2])
    traits = [draw_traits(rng, site.kind, index=index) for index, site in enumerate(sites)]
    areas = [geodesic_area_units(site.geometry) for site in sites]
    courses = [_excluded(rng, one) if one.excluded else None for one in traits]
    _treat_legacy(rng, sites, traits=traits, areas=areas, courses=courses)
    _treat_others(rng, traits, courses)
    _leave_the_rest(rng, traits, courses)
    stories = []
    for index, (site, one, area, course) in enumerate(zip(sites, traits, areas, courses, strict=True)):
        if course is not None:
            stories.append(_story(rng, site, traits=one, area_units=area, course=course, index=index))
    return tuple(stories)


def treated_share(
    stories: Sequence[Story], year: int, *, responsible: Responsible = Responsible.LEGACY
) -> float:
    """Share of the area of the stories' sites that is treated on 31 December of `year`."""
    day, done, total = date(year, 12, 31), 0, 0
    for story in stories:
        status = _Course(story.statuses).status_on(day)
        if story.traits.responsible is responsible and status not in {None, Status.EXCLUDED}:
            total += story.area_units
            done += story.area_units * _is_treated(status)
    return done / total if total else 0.0


def _is_treated(status: Status | None) -> bool:
    return status is not None and status_table()[status].treated


def _treat_legacy(
    rng: np.random.Generator,
    sites: Sequence[SitePlan],
    *,
    traits: Sequence[Traits],
    areas: Sequence[int],
    courses: list[_Course | None],
) -> None:
    """Fill `courses` with treatments of legacy sites until the treated share follows `HEADLINE`."""
    legacy = [i for i, one in enumerate(traits) if one.responsible is Responsible.LEGACY]
    eager = [_EAGERNESS.get((sites[i].unit.adcode or "")[:4], 0.7) for i in legacy]
    waiting = [
        legacy[k] for k in np.argsort(rng.random(len(legacy)) / np.array(eager), kind="stable").tolist()
    ]
    waiting = [i for i in waiting if courses[i] is None and traits[i].treatable]
    serial = _serials()
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        while (
            chosen := _next_treated(year, legacy, waiting, traits=traits, areas=areas, courses=courses)
        ) is not None:
            waiting.remove(chosen)
            courses[chosen] = _treated(rng, traits[chosen], year=year, serial=next(serial))


def _next_treated(
    year: int,
    legacy: Sequence[int],
    waiting: Sequence[int],
    *,
    traits: Sequence[Traits],
    areas: Sequence[int],
    courses: Sequence[_Course | None],
) -> int | None:
    """The site to be treated next so that the share at the end of `year` comes nearer to its aim, or None."""
    day, done, total = date(year, 12, 31), 0, 0
    for i in legacy:
        course = courses[i]
        status = (
            course.status_on(day) if course else (Status.UNTREATED if traits[i].entered_on <= day else None)
        )
        if status not in {None, Status.EXCLUDED}:
            total += areas[i]
            done += areas[i] * _is_treated(status)
    missing = HEADLINE[year] * total - done
    ready = [i for i in waiting if traits[i].entered_on <= date(max(year - 1, FIRST_YEAR), 6, 30)]
    fitting = [i for i in ready if areas[i] <= missing + _OVERSHOOT * total]
    if missing <= 0 or not ready:
        return None
    if fitting:
        return fitting[0]
    smallest = min(ready, key=lambda i: areas[i])
    return smallest if areas[smallest] < 2 * missing else None


def _treat_others(rng: np.random.Generator, traits: Sequence[Traits], courses: list[_Course | None]) -> None:
    serial = _serials()
    for i, one in enumerate(traits):
        if (
            courses[i] is None
            and one.responsible is not Responsible.LEGACY
            and one.treatable
            and rng.random() < 0.45
        ):
            year = int(rng.integers(max(2014, one.entered_on.year + 2), 2024))
            courses[i] = _treated(rng, one, year=year, serial=next(serial))


def _leave_the_rest(
    rng: np.random.Generator, traits: Sequence[Traits], courses: list[_Course | None]
) -> None:
    """Give every site without a course one that has not come to a treatment."""
    rest = [i for i, course in enumerate(courses) if course is None]
    for k, i in enumerate(rest):
        courses[i] = _untreated(
            rng, traits[i].entered_on, how=_COURSES_OF_THE_REST[k % len(_COURSES_OF_THE_REST)]
        )


def _serials() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


def _day(rng: np.random.Generator, year: int) -> date:
    return date(year, 3, 1) + timedelta(days=int(rng.integers(0, 270)))


def _later(rng: np.random.Generator, day: date, low_years: float, high_years: float) -> date:
    return day + timedelta(days=int(rng.uniform(low_years, high_years) * 365))


def _trimmed(entered_on: date, rows: Sequence[tuple[Status, date]]) -> StatusRows:
    """The rows from the one in force on the day of entry, which takes that day, up to `LAST_DATE`."""
    before = [status for status, since in rows if since <= entered_on]
    first = before[-1] if before else Status.UNTREATED
    after = [(status, since) for status, since in rows if entered_on < since <= LAST_DATE]
    return ((first, entered_on), *after)


def _untreated(rng: np.random.Generator, entered_on: date, *, how: str) -> _Course:
    planned = max(_day(rng, int(rng.integers(2018, 2023))), entered_on + timedelta(days=200))
    start = min(_later(rng, planned, 0.5, 2.0), LAST_DATE - timedelta(days=30))
    rows: list[tuple[Status, date]] = [(Status.UNTREATED, entered_on)]
    if how != "untreated":
        rows.append((Status.PLANNED, planned))
    if how == "cancelled":
        rows.append((Status.UNTREATED, start))
    if how == "under_way":
        rows.append((Status.IN_PROGRESS, start))
        return _Course(_trimmed(entered_on, rows), (Treatment(start, None),), Approach.RECONSTRUCTION)
    return _Course(_trimmed(entered_on, rows))


def _excluded(rng: np.random.Generator, traits: Traits) -> _Course:
    """A site taken off the inventory's count, some of them put back after a check."""
    out = _day(rng, int(rng.integers(max(2014, traits.entered_on.year + 1), 2023)))
    rows = [(Status.UNTREATED, traits.entered_on), (Status.EXCLUDED, out)]
    if traits.excluded == "and_back":
        rows.append((Status.UNTREATED, _later(rng, out, 0.5, 1.5)))
    return _Course(_trimmed(traits.entered_on, rows))


def _treated(rng: np.random.Generator, traits: Traits, *, year: int, serial: int) -> _Course:
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
    course = _Course(
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


def _relapsed(rng: np.random.Generator, course: _Course, *, again: bool) -> _Course:
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


def _story(
    rng: np.random.Generator, site: SitePlan, *, traits: Traits, area_units: int, course: _Course, index: int
) -> Story:
    damaged = None if index % 26 == 9 else round(area_units * traits.damage_share / 1e6) * 1_000_000
    ground = _ground(rng, traits, course=course, index=index)
    return Story(
        site=site,
        traits=traits,
        area_units=area_units,
        damaged_units=damaged,
        statuses=course.statuses,
        treatments=course.treatments,
        restored=_restored(rng, course, damaged=damaged, missing=index % 22 == 14),
        approach=course.approach,
        ground=ground,
    )


def _restored(
    rng: np.random.Generator, course: _Course, *, damaged: int | None, missing: bool
) -> tuple[Restored, ...]:
    """The reports of restored hectares: most of it when treated, little after a relapse."""
    if damaged is None or missing:
        return ()
    shares = {Status.TREATED: (0.82, 1.0), Status.RELAPSED: (0.1, 0.4), Status.IN_PROGRESS: (0.15, 0.55)}
    entry = course.statuses[0][0]
    if _is_treated(entry):
        shares[entry] = shares[Status.TREATED]
    reports = []
    for position, (status, since) in enumerate(course.statuses):
        after_treatment = position > 0 and status in {Status.ACCEPTED, Status.CLOSED}
        if status in shares and not after_treatment:
            low, high = shares[status]
            reports.append(Restored(since, int(damaged * rng.uniform(low, high)) // 1_000_000 * 1_000_000))
    return tuple(reports)


def _ground(rng: np.random.Generator, traits: Traits, *, course: _Course, index: int) -> Ground:
    """The course of the land that goes with `course`, or belies it."""
    settled = course.treatments and course.treatments[-1].end is not None
    base = Ground(
        fate=Fate.STAYS,
        kind=traits.kind,
        target=traits.target,
        damage_year=traits.damage_year,
        damage_share=traits.damage_share,
        pond_share=traits.pond_share,
        pond_growth=0.0 if settled else traits.pond_growth,
    )
    if settled:
        return _treated_ground(rng, base, course=course)
    if course.status_on(LAST_DATE) is Status.IN_PROGRESS and course.treatments[0].start:
        start = course.treatments[0].start.year
        return replace(
            base, fate=Fate.PARTLY, recover_from=start + 1, recover_years=4, success=rng.uniform(0.3, 0.7)
        )
    if course.statuses[-1][0] is Status.UNTREATED and index % 5 == 2 and not traits.hard_to_see:
        first = int(rng.integers(2014, 2019))
        return replace(
            base, fate=Fate.NATURAL, recover_from=first, recover_years=5, success=rng.uniform(0.72, 0.9),
            pond_share=min(base.pond_share, 0.1), pond_growth=0.0,
        )  # fmt: skip
    if index % 6 == 1:
        return replace(base, spread_year=int(rng.integers(2015, 2022)), spread_share=rng.uniform(0.05, 0.2))
    return base


def _treated_ground(rng: np.random.Generator, base: Ground, *, course: _Course) -> Ground:
    end = course.treatments[0].end or LAST_DATE
    first = end.year if end.year >= FIRST_YEAR else int(rng.integers(2011, 2016))
    lost = next(
        (since for status, since in course.statuses if status is Status.RELAPSED), course.quiet_relapse
    )
    works = replace(
        base, fate=Fate.RECOVERS, recover_from=first, recover_years=int(rng.integers(2, 5)),
        success=rng.uniform(0.76, 0.97),
    )  # fmt: skip
    if course.fails:
        return replace(works, fate=Fate.FAILS, success=rng.uniform(0.03, 0.18))
    if lost is not None:
        gone = 0.85 if len(course.treatments) == 1 else 0.0
        return replace(works, fate=Fate.RELAPSES, lose_year=lost.year, lose_share=gone, recover_years=2,
                       recover_from=min(first, lost.year - 3))  # fmt: skip
    return works
