"""Land-cover products and their legends: which code means what, and which role it plays in recovery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a class counts as when recovery is judged (`data/reference/roles.csv`)."""

    DISTURBED = "disturbed"
    NATURAL_BARE = "natural_bare"
    GREEN = "green"
    WETLAND = "wetland"
    CROP = "crop"
    WATER = "water"
    BUILT = "built"
    SNOW = "snow"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True)
class LegendClass:
    """One line of a legend CSV."""

    code: int
    slug: str
    zh: str
    en: str
    colour: str
    role: Role


@dataclass(frozen=True, slots=True)
class Product:
    """A land-cover product: its legend and what must be known before it is used.

    `not_comparable` lists pairs of editions, or of (edition, year) written `edition@year`, that must never be
    differenced, each with the reason.
    """

    slug: str
    zh: str
    en: str
    resolution_m: float
    attribution: str
    accuracy_note: str
    legend: Mapping[int, LegendClass]
    not_comparable: tuple[tuple[str, str, str], ...] = ()
