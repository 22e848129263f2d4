"""Carbon factors: what new cover takes up, from `data/reference/carbon_factors.csv`."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction
from functools import cache

from geo.landcover import LegendClass
from geo.reference import reference_rows
from geo.sites import Approach

_ANY = "*"
_NOT_RECORDED = "?"


@dataclass(frozen=True, slots=True)
class CarbonFactor:
    """One line of the table: t CO2 per hectare and year, `low` to `high`, over the first `years` of growth.

    `verified` is False where nobody has compared the figure with its source.
    """

    slug: str
    classes: tuple[str, ...]
    roles: tuple[str, ...]
    approaches: tuple[str, ...]
    low: Fraction
    high: Fraction
    years: int
    verified: bool
    source: str

    def fits(self, cover: LegendClass, approach: Approach | None) -> bool:
        """Whether the line is about this class on a site of this approach."""
        word = _NOT_RECORDED if approach is None else approach.value
        return (
            any(fnmatchcase(cover.slug, pattern) for pattern in self.classes)
            and (_ANY in self.roles or cover.role.value in self.roles)
            and (_ANY in self.approaches or word in self.approaches)
        )


@cache
def carbon_factors() -> tuple[CarbonFactor, ...]:
    """The lines of the table, in its order."""
    return tuple(
        CarbonFactor(
            slug=row["slug"],
            classes=tuple(row["classes"].split()),
            roles=tuple(row["roles"].split()),
            approaches=tuple(row["approaches"].split()),
            low=Fraction(row["low"]),
            high=Fraction(row["high"]),
            years=int(row["years"]),
            verified=row["verified"] == "yes",
            source=row["source"],
        )
        for row in reference_rows("carbon_factors")
    )


def factor_of(cover: LegendClass | None, approach: Approach | None) -> CarbonFactor | None:
    """The first factor that fits, None where there is none (crops, wetland, water)."""
    if cover is None:
        return None
    return next((factor for factor in carbon_factors() if factor.fits(cover, approach)), None)
