"""Administrative units: provinces, prefectures, counties, their outlines, and the listed resource cities."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shapely import MultiPolygon


class Level(StrEnum):
    """Where a unit stands; a municipality is a province without prefectures."""

    PROVINCE = "province"
    PREFECTURE = "prefecture"
    COUNTY = "county"


class CityType(StrEnum):
    """The type of a listed resource city (`data/reference/city_types.csv`)."""

    GROWING = "growing"
    MATURE = "mature"
    DECLINING = "declining"
    REGENERATIVE = "regenerative"
    UNLISTED = "unlisted"


@dataclass(frozen=True, slots=True)
class City:
    """One administrative unit with its outline.

    `adcode` is its public code (six digits in China); `parent` the adcode of the unit that holds it, None at
    the top. `outline` is in longitude and latitude (degrees), None for a unit known by name alone. `edition`
    names where the outline came from.
    """

    adcode: str
    name_zh: str
    name_en: str
    level: Level
    parent: str | None
    edition: str
    outline: MultiPolygon | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """One membership of a unit in the list of resource-based cities.

    `basis` is `sourced` or `memory` (not confirmed by any stored source: shown as disputed).
    `left_on` is None while the membership lasts.
    """

    adcode: str
    name_listed: str
    city_type: CityType
    basis: str
    entered_on: date
    left_on: date | None = None
    source: str = ""
    note: str = ""
