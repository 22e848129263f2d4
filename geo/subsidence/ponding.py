"""Ponding of a site: its water by year and season, and whether the record says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geo.recovery import NO_INPUTS, Inputs, Recovery
from geo.sites import Ponding
from geo.subsidence.rules import SubsidenceRules


@dataclass(frozen=True, slots=True)
class PondingYear:
    """The water on a site in one year, by one product and edition. Areas in units of 1e-4 m2.

    `annual_units` is the water of the scene of the whole year, None without one. With at least two scenes of
    parts of the year, `perennial_units` is where every season that can be seen shows water and
    `seasonal_units` where some do and some do not, over the cells seen in two seasons or more; both are None
    with annual scenes alone, since seasons are then unknown. `valid_units` is what could be seen: in two
    seasons where there are any, else in the year. `outdated` is found out on reading, never stored.
    """

    site_id: int
    product: str
    edition: str
    year: int
    n_seasons: int
    area_units: int
    valid_units: int
    annual_units: int | None = None
    perennial_units: int | None = None
    seasonal_units: int | None = None
    content_key: str = ""
    inputs: Inputs = NO_INPUTS
    outdated: bool = False

    @property
    def water_units(self) -> int:
        """Where there is water at some time of the year, as far as the scenes tell."""
        if self.perennial_units is not None and self.seasonal_units is not None:
            return self.perennial_units + self.seasonal_units
        return self.annual_units or 0

    @property
    def valid_share(self) -> float | None:
        """Share of the site's area that could be seen."""
        return None if self.area_units == 0 else min(1.0, self.valid_units / self.area_units)

    def found(self, rules: SubsidenceRules) -> Ponding | None:
        """How the site is ponded; None where seasons are unknown and there is water."""
        least = rules.ponding_share * self.area_units
        if self.perennial_units is not None and self.seasonal_units is not None:
            if self.perennial_units >= least:
                return Ponding.PERENNIAL
            return Ponding.SEASONAL if self.water_units >= least else Ponding.NONE
        return Ponding.NONE if self.water_units < least else None


def annual_pondings(recovery: Recovery, water_codes: frozenset[int]) -> list[PondingYear]:
    """The water by year out of the class areas of a stored recovery; seasons are unknown."""
    return [
        PondingYear(
            site_id=recovery.site_id,
            product=recovery.product,
            edition=recovery.edition,
            year=year,
            n_seasons=0,
            area_units=recovery.area_units,
            valid_units=sum(units for code, units in areas.items() if code is not None),
            annual_units=sum(units for code, units in areas.items() if code in water_codes),
            inputs=recovery.inputs,
            outdated=recovery.outdated,
        )
        for year, areas in sorted(recovery.class_units.items())
    ]


def merged(stored: Sequence[PondingYear], derived: Sequence[PondingYear]) -> list[PondingYear]:
    """One line a product, edition and year: the stored one where it still holds, else the derived one."""
    best: dict[tuple[str, str, int], PondingYear] = {}
    for one in sorted((*stored, *derived), key=lambda line: line.outdated):
        best.setdefault((one.product, one.edition, one.year), one)
    return [best[place] for place in sorted(best)]


def ponding_disagreement(
    recorded: Ponding | None, latest: PondingYear | None, rules: SubsidenceRules
) -> str | None:
    """The reason slug where the record and the last year seen contradict each other, else None.

    A map of the whole year may miss water of one season, so against a recorded seasonal ponding it proves
    nothing.
    """
    if recorded is None or latest is None:
        return None
    if (latest.valid_share or 0.0) < rules.displacement_valid_share:
        return None
    wet = latest.water_units >= rules.ponding_share * latest.area_units
    found = latest.found(rules)
    seasons_known = latest.perennial_units is not None
    if recorded is Ponding.NONE:
        return "recorded_dry_but_water" if wet else None
    if not wet:
        return "recorded_water_but_dry" if seasons_known or recorded is Ponding.PERENNIAL else None
    if found is None or found is recorded:
        return None
    return (
        "recorded_perennial_but_seasonal" if found is Ponding.SEASONAL else "recorded_seasonal_but_perennial"
    )
