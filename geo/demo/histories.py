"""The demo's stories: the status of every site on paper since 2012 and what happens on its ground.

The area of treated legacy sites follows `HEADLINE`, the shape of the published national figure (28 % in 2012,
56.8 % a decade later); everything else is invented.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np

from geo.areas import geodesic_area_units
from geo.demo.courses import (
    FIRST_YEAR,
    LAST_DATE,
    LAST_YEAR,
    Course,
    StatusRows,
    Treatment,
    excluded,
    is_treated,
    treated,
    untreated,
)
from geo.demo.ground import Ground, ground_of
from geo.demo.region import SitePlan
from geo.demo.traits import Traits, draw_traits
from geo.sites import Approach, Responsible
from geo.status import Status

HEADLINE: Final[Mapping[int, float]] = {
    2012: 0.280, 2013: 0.305, 2014: 0.335, 2015: 0.370, 2016: 0.405, 2017: 0.440, 2018: 0.475,
    2019: 0.505, 2020: 0.530, 2021: 0.552, 2022: 0.568, 2023: 0.574, 2024: 0.582, 2025: 0.604, 2026: 0.624,
}  # fmt: skip
"""Share of the legacy area that is treated at the end of each year, of the last year at the story's end."""

_COURSES_OF_THE_REST: Final = (
    "planned", "under_way", "untreated", "untreated", "cancelled",
    "under_way", "untreated", "planned", "untreated", "untreated",
)  # fmt: skip
_OVERSHOOT: Final = 0.006
_EAGERNESS: Final[Mapping[str, float]] = {"3203": 1.7, "3406": 1.3, "3404": 1.0, "3708": 1.2, "4114": 0.8}


@dataclass(frozen=True, slots=True)
class Restored:
    """Hectares reported restored, in units of 1e-4 m2, from a day on."""

    effective_on: date
    units: int


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


def write_stories(sites: Sequence[SitePlan], *, seed: int) -> tuple[Story, ...]:
    """One story a site, in their order, the same for the same sites and `seed`."""
    rng = np.random.default_rng([seed, 2])
    traits = [draw_traits(rng, site.kind, index=index) for index, site in enumerate(sites)]
    areas = [geodesic_area_units(site.geometry) for site in sites]
    courses = [excluded(rng, one) if one.excluded else None for one in traits]
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
    """Share of the area of the stories' sites that is treated at the end of `year`."""
    day, done, total = min(date(year, 12, 31), LAST_DATE), 0, 0
    for story in stories:
        status = Course(story.statuses).status_on(day)
        if story.traits.responsible is responsible and status not in {None, Status.EXCLUDED}:
            total += story.area_units
            done += story.area_units * is_treated(status)
    return done / total if total else 0.0


def _treat_legacy(
    rng: np.random.Generator,
    sites: Sequence[SitePlan],
    *,
    traits: Sequence[Traits],
    areas: Sequence[int],
    courses: list[Course | None],
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
            courses[chosen] = treated(rng, traits[chosen], year=year, serial=next(serial))


def _next_treated(
    year: int,
    legacy: Sequence[int],
    waiting: Sequence[int],
    *,
    traits: Sequence[Traits],
    areas: Sequence[int],
    courses: Sequence[Course | None],
) -> int | None:
    """The site to be treated next so that the share at the end of `year` comes nearer to its aim, or None."""
    day, done, total = min(date(year, 12, 31), LAST_DATE), 0, 0
    for i in legacy:
        course = courses[i]
        status = (
            course.status_on(day) if course else (Status.UNTREATED if traits[i].entered_on <= day else None)
        )
        if status not in {None, Status.EXCLUDED}:
            total += areas[i]
            done += areas[i] * is_treated(status)
    missing = HEADLINE[year] * total - done
    ready = [i for i in waiting if traits[i].entered_on <= date(max(year - 1, FIRST_YEAR), 6, 30)]
    fitting = [i for i in ready if areas[i] <= missing + _OVERSHOOT * total]
    if missing <= 0 or not ready:
        return None
    if fitting:
        return fitting[0]
    smallest = min(ready, key=lambda i: areas[i])
    return smallest if areas[smallest] < 2 * missing else None


def _treat_others(rng: np.random.Generator, traits: Sequence[Traits], courses: list[Course | None]) -> None:
    serial = _serials()
    for i, one in enumerate(traits):
        if (
            courses[i] is None
            and one.responsible is not Responsible.LEGACY
            and one.treatable
            and rng.random() < 0.45
        ):
            year = int(rng.integers(max(2014, one.entered_on.year + 2), 2026))
            courses[i] = treated(rng, one, year=year, serial=next(serial))


def _leave_the_rest(rng: np.random.Generator, traits: Sequence[Traits], courses: list[Course | None]) -> None:
    """Give every site without a course one that has not come to a treatment."""
    rest = [i for i, course in enumerate(courses) if course is None]
    left_alone = 0
    for k, i in enumerate(rest):
        how = _COURSES_OF_THE_REST[k % len(_COURSES_OF_THE_REST)]
        course = untreated(rng, traits[i].entered_on, how=how)
        if how == "untreated" and traits[i].damage_year < FIRST_YEAR and not traits[i].hard_to_see:
            course = replace(course, heals_alone=left_alone % 4 == 0)
            left_alone += 1
        courses[i] = course


def _serials() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


def _story(
    rng: np.random.Generator, site: SitePlan, *, traits: Traits, area_units: int, course: Course, index: int
) -> Story:
    damaged = None if index % 26 == 9 else round(area_units * traits.damage_share / 1e6) * 1_000_000
    traits = _damaged_before_treated(traits, course)
    ground = ground_of(rng, traits, course=course, spreads=index % 6 == 1)
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
    rng: np.random.Generator, course: Course, *, damaged: int | None, missing: bool
) -> tuple[Restored, ...]:
    """The reports of restored hectares: most of it when treated, little after a relapse."""
    if damaged is None or missing:
        return ()
    shares = {Status.TREATED: (0.82, 1.0), Status.RELAPSED: (0.1, 0.4), Status.IN_PROGRESS: (0.15, 0.55)}
    entry = course.statuses[0][0]
    if is_treated(entry):
        shares[entry] = shares[Status.TREATED]
    reports = []
    for position, (status, since) in enumerate(course.statuses):
        after_treatment = position > 0 and status in {Status.ACCEPTED, Status.CLOSED}
        if status in shares and not after_treatment:
            low, high = shares[status]
            reports.append(Restored(since, int(damaged * rng.uniform(low, high)) // 1_000_000 * 1_000_000))
    return tuple(reports)


def _damaged_before_treated(traits: Traits, course: Course) -> Traits:
    """The traits with the damage in the year before the first treatment, where they put it later."""
    starts = [one.start.year for one in course.treatments if one.start is not None]
    if not starts or traits.damage_year < min(starts):
        return traits
    return replace(traits, damage_year=min(starts) - 1)
