"""What really happens on the ground of a demo site, year by year, whatever the paper says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from geo.sites import Kind, Target


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
