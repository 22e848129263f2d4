"""Carbon: what the new cover of restored land takes up, as a range and never one number.

Assumed, and said beside every figure: uptake is even over the first years of growth (20 in the sources) and
nothing after; the cover of a class is as old as the recovered land as a whole; land that stands recovered
today became so in the last year from which on at least as much was recovered. Sums are whole kilograms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from geo.areas import UNITS_PER_HA
from geo.carbon.factors import CarbonFactor, factor_of
from geo.landcover import LegendClass
from geo.recovery import Outcome, Recovery
from geo.sites import Approach

KG_PER_T = 1000


@dataclass(frozen=True, slots=True)
class Cohort:
    """Land (1e-4 m2) that became recovered between two scenes and still is; its age in whole years."""

    units: int
    youngest: int
    oldest: int


@dataclass(frozen=True, slots=True)
class KgRange:
    """Kilograms of CO2, at least `low` and at most `high`."""

    low: int = 0
    high: int = 0

    def __add__(self, other: KgRange) -> KgRange:
        return KgRange(self.low + other.low, self.high + other.high)


@dataclass(frozen=True, slots=True)
class CarbonPart:
    """The new cover of one class on a site: its area (1e-4 m2), and what it takes up by its factor.

    `a_year` is the uptake in the year of the figure, `so_far` that since the cover began; both None where no
    factor fits.
    """

    class_code: int | None
    factor: CarbonFactor | None
    units: int
    a_year: KgRange | None
    so_far: KgRange | None


@dataclass(frozen=True, slots=True)
class SiteCarbon:
    """The uptake of a site's new cover in one year, by one product and edition, from its raw recovery.

    `recovered_units` is the new cover (1e-4 m2), `factored_units` the part of it with a factor. `a_year` and
    `so_far` are None where nothing has one, and `reason` says why. `unverified_units` rest on a factor that
    nobody has compared with its source. `outdated` as for the recovery.
    """

    site_id: int
    product: str
    edition: str
    from_year: int
    year: int
    recovered_units: int
    factored_units: int
    unverified_units: int
    a_year: KgRange | None
    so_far: KgRange | None
    parts: tuple[CarbonPart, ...]
    reason: str | None
    outdated: bool = False


def cohorts(recovered: Mapping[int, int], *, from_year: int, year: int) -> list[Cohort]:
    """The land recovered in `year` by the time since which it has been, the oldest first.

    `recovered` is {year: recovered units}. Of the land of a year only as much counts as old as every later
    year up to `year` still shows, so that land lost and regained is as young as its last return. A cohort
    became green after the scene before its first: both ends of its age are kept.

    >>> cohorts({2010: 50, 2015: 30, 2020: 70}, from_year=2005, year=2020)
    [Cohort(units=30, youngest=10, oldest=15), Cohort(units=40, youngest=0, oldest=5)]
    """
    years = [from_year, *sorted(one for one in recovered if from_year < one <= year)]
    standing: list[int] = []
    least = None
    for one in reversed(years[1:]):
        least = recovered[one] if least is None else min(least, recovered[one])
        standing.append(least)
    steps = zip(pairwise(years), pairwise([0, *reversed(standing)]), strict=True)
    return [
        Cohort(after - before, youngest=year - last, oldest=year - first)
        for (first, last), (before, after) in steps
        if after > before
    ]


def site_carbon(
    recovery: Recovery,
    *,
    year: int,
    approach: Approach | None,
    legend: Mapping[int, LegendClass],
) -> SiteCarbon:
    """The uptake in `year`, at most the recovery's later year, by class of the new cover.

    In an earlier year the classes are taken in the proportions of the later one.
    """
    recovered = {one: line.recovered_units for one, line in recovery.lines.items()}
    ages = cohorts(recovered, from_year=recovery.from_year, year=year)
    new_units = sum(cohort.units for cohort in ages)
    cover = _new_cover(recovery)
    total = sum(cover.values())
    parts = tuple(
        _part(code, Fraction(units, total), ages, factor_of(legend.get(code), approach))
        for code, units in sorted(cover.items())
    )
    factored = [part for part in parts if part.factor is not None]
    reason = None if factored and new_units else ("no_factor" if new_units else "no_new_cover")
    return SiteCarbon(
        site_id=recovery.site_id,
        product=recovery.product,
        edition=recovery.edition,
        from_year=recovery.from_year,
        year=year,
        recovered_units=new_units,
        factored_units=sum(part.units for part in factored),
        unverified_units=sum(part.units for part in factored if part.factor and not part.factor.verified),
        a_year=None if reason else summed(part.a_year for part in factored),
        so_far=None if reason else summed(part.so_far for part in factored),
        parts=parts if new_units else (),
        reason=reason,
        outdated=recovery.outdated,
    )


def summed(ranges: Iterable[KgRange | None]) -> KgRange:
    """The sum of the ranges that are there."""
    return sum((one for one in ranges if one is not None), KgRange())


def _new_cover(recovery: Recovery) -> dict[int, int]:
    """Recovered units by class of the later year, without slivers that are less than one unit."""
    cover: dict[int, int] = {}
    for step in recovery.transitions:
        if step.outcome == Outcome.RECOVERED and step.to_code is not None and step.units > 0:
            cover[step.to_code] = cover.get(step.to_code, 0) + step.units
    return cover


def _part(code: int, share: Fraction, ages: Iterable[Cohort], factor: CarbonFactor | None) -> CarbonPart:
    ages = list(ages)
    units = round(share * sum(cohort.units for cohort in ages))
    if factor is None:
        return CarbonPart(code, None, units, None, None)
    limit = factor.years
    surely = sum(cohort.units for cohort in ages if cohort.oldest <= limit)
    maybe = sum(cohort.units for cohort in ages if cohort.youngest < limit)
    grown_least = sum(cohort.units * min(cohort.youngest, limit) for cohort in ages)
    grown_most = sum(cohort.units * min(cohort.oldest, limit) for cohort in ages)
    return CarbonPart(
        code,
        factor,
        units,
        KgRange(_kg(share * surely, factor.low), _kg(share * maybe, factor.high)),
        KgRange(_kg(share * grown_least, factor.low), _kg(share * grown_most, factor.high)),
    )


def _kg(units: Fraction, t_per_ha: Fraction) -> int:
    """Whole kilograms of an area (times years) and a factor in t per hectare (and year)."""
    return round(units * t_per_ha * KG_PER_T / UNITS_PER_HA)
