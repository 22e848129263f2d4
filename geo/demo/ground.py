"""What really happens on the ground of a demo site, year by year, whatever the paper says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from geo.demo.courses import FIRST_YEAR, LAST_DATE, Course
from geo.demo.traits import Traits
from geo.sites import Kind, Target
from geo.status import Status


class Fate(StrEnum):
    """What becomes of the damaged land."""

    RECOVERS = "recovers"  # the treatment works
    FAILS = "fails"  # treated on paper, bare from above
    RELAPSES = "relapses"  # recovers and is lost again
    NATURAL = "natural"  # comes back without anybody's doing
    PARTLY = "partly"  # treatment under way
    STAYS = "stays"  # untreated and damaged


@dataclass(frozen=True, slots=True)
class Ground:
    """The course of one site as its pixels will show it.

    Shares are of the site's area (`damage_share`, `pond_share` in 2013, `pond_growth` a year, `spread_share`
    newly damaged from `spread_year` on) or of its damaged area (`success` recovers between `recover_from` and
    `recover_from + recover_years`; `lose_share` of that is lost again in `lose_year`).
    """

    fate: Fate
    kind: Kind
    target: Target
    damage_year: int
    damage_share: float
    recover_from: int | None = None
    recover_years: int = 3
    success: float = 0.0
    lose_year: int | None = None
    lose_share: float = 0.0
    spread_year: int | None = None
    spread_share: float = 0.0
    pond_share: float = 0.0
    pond_growth: float = 0.0


def ground_of(rng: np.random.Generator, traits: Traits, *, course: Course, spreads: bool) -> Ground:
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
    if course.heals_alone:
        first = int(rng.integers(2014, 2019))
        return replace(
            base, fate=Fate.NATURAL, recover_from=first, recover_years=5, success=rng.uniform(0.72, 0.9),
            pond_share=min(base.pond_share, 0.1), pond_growth=0.0,
        )  # fmt: skip
    if spreads:
        return replace(base, spread_year=int(rng.integers(2015, 2022)), spread_share=rng.uniform(0.05, 0.2))
    return base


def _treated_ground(rng: np.random.Generator, base: Ground, *, course: Course) -> Ground:
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
