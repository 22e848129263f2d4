"""What is fixed of a demo site before its story: responsibility, target, damage and water."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

import numpy as np

from geo.sites import Approach, Kind, Ponding, Responsible, Settlement, Target

Excluded = Literal["", "for_good", "and_back"]

_TARGETS: Final[Mapping[Kind, Mapping[Target, float]]] = {
    Kind.SUBSIDENCE: {
        Target.CROPLAND: 45, Target.WATER: 18, Target.WETLAND: 15,
        Target.FOREST: 12, Target.BUILT: 4, Target.NONE: 6,
    },
    Kind.COAL_GANGUE: {Target.FOREST: 55, Target.GRASS: 33, Target.BUILT: 6, Target.NONE: 6},
    Kind.OPEN_PIT: {Target.FOREST: 52, Target.GRASS: 26, Target.WATER: 6, Target.BUILT: 6, Target.NONE: 10},
    Kind.INDUSTRIAL_YARD: {Target.BUILT: 45, Target.HERITAGE: 15, Target.FOREST: 20, Target.CROPLAND: 20},
    Kind.UNDERGROUND: {Target.CROPLAND: 60, Target.NONE: 40},
    Kind.WASTE_DUMP: {Target.FOREST: 50, Target.GRASS: 40, Target.CROPLAND: 10},
    Kind.TAILINGS: {Target.GRASS: 60, Target.FOREST: 40},
    Kind.ISOLATED_DISTRICT: {Target.BUILT: 55, Target.HERITAGE: 20, Target.FOREST: 25},
    Kind.OTHER: {Target.CROPLAND: 65, Target.WATER: 20, Target.GRASS: 15},
}  # fmt: skip
_APPROACHES: Final[Mapping[Kind, Approach]] = {
    Kind.OPEN_PIT: Approach.ASSISTED_REGENERATION,
    Kind.COAL_GANGUE: Approach.ASSISTED_REGENERATION,
    Kind.WASTE_DUMP: Approach.ASSISTED_REGENERATION,
}
INVENTORY_DATE: Final = date(2012, 6, 30)
"""The day that the first inventory describes."""

SURVEY_DATE: Final = date(2018, 9, 30)
"""The day that the second survey describes; it found what the first inventory had missed."""


@dataclass(frozen=True, slots=True)
class Traits:
    """The fixed part of a site: `damage_share` of its area is damaged, `pond_share` under water in 2013.

    `treatable` sites may come to a treatment; `hard_to_see` ones show little from above.
    """

    kind: Kind
    responsible: Responsible
    target: Target
    approach: Approach
    entered_on: date
    damage_year: int
    damage_share: float
    pond_share: float
    pond_growth: float
    settlement: Settlement | None
    ponding: Ponding | None
    treatable: bool
    excluded: Excluded

    @property
    def hard_to_see(self) -> bool:
        """Whether a satellite can say little of the site."""
        return self.kind is Kind.UNDERGROUND or self.target is Target.HERITAGE


def draw_traits(rng: np.random.Generator, kind: Kind, *, index: int) -> Traits:
    """The traits of site number `index`."""
    responsible = _responsible(rng)
    late = responsible is Responsible.LIABLE and rng.random() < 0.35
    damage_year = int(rng.integers(2012, 2019)) if late else int(rng.integers(1968, 2011))
    target = _weighted(rng, _TARGETS[kind])
    approach = Approach.CONVERSION if target in {Target.BUILT, Target.HERITAGE} else _APPROACHES.get(
        kind, Approach.RECONSTRUCTION
    )  # fmt: skip
    pond_share, pond_growth, settlement, ponding = _water(rng, kind, target=target, damage_year=damage_year)
    return Traits(
        kind=kind,
        responsible=responsible,
        target=target,
        approach=approach,
        entered_on=_entered_on(rng, damage_year),
        damage_year=damage_year,
        damage_share=rng.uniform(0.12, 0.3) if kind is Kind.UNDERGROUND else rng.uniform(0.68, 0.97),
        pond_share=pond_share,
        pond_growth=pond_growth,
        settlement=settlement,
        ponding=ponding,
        treatable=index % 8 != 2,
        excluded=("and_back" if index % 99 == 73 else "for_good") if index % 33 == 7 else "",
    )


def _responsible(rng: np.random.Generator) -> Responsible:
    drawn = rng.random()
    if drawn < 0.83:
        return Responsible.LEGACY
    return Responsible.LIABLE if drawn < 0.96 else Responsible.UNKNOWN


def _weighted(rng: np.random.Generator, weights: Mapping[Target, float]) -> Target:
    reach = np.cumsum(list(weights.values()))
    return list(weights)[int(np.searchsorted(reach, rng.random() * reach[-1], side="right"))]


def _entered_on(rng: np.random.Generator, damage_year: int) -> date:
    """The day of the inventory, of the second survey, or the one on which the site was found in between."""
    found = rng.random()
    if damage_year < INVENTORY_DATE.year and found < 0.97:
        return INVENTORY_DATE if found < 0.89 else SURVEY_DATE
    return date(max(2013, damage_year + 1), 2, 1) + timedelta(
        days=int(found * 300) + int(rng.integers(0, 300))
    )


def _water(
    rng: np.random.Generator, kind: Kind, *, target: Target, damage_year: int
) -> tuple[float, float, Settlement | None, Ponding | None]:
    """Share under water in 2013, its growth a year, and the two words that subsidence sites carry."""
    if kind is not Kind.SUBSIDENCE:
        return 0.0, 0.0, None, None
    moving = damage_year >= 2008 or (damage_year > 1985 and rng.random() < 0.45)
    wet = target in {Target.WATER, Target.WETLAND} or rng.random() < 0.55
    share = rng.uniform(0.12, 0.4) if wet else 0.0
    growth = rng.uniform(0.01, 0.03) if moving and wet else 0.0
    ponding = Ponding.NONE if not wet else (Ponding.PERENNIAL if share > 0.2 else Ponding.SEASONAL)
    return share, growth, Settlement.STILL_MOVING if moving else Settlement.SETTLED, ponding
