"""Administrative units: provinces, prefectures, counties, their outlines, and the listed resource cities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Final, Literal

from shapely import MultiPolygon

from geo.reference import reference_rows

PLAN_DATE: Final = date(2013, 11, 12)
"""The date of the State Council plan that lists China's resource-based cities (Guofa [2013] 45)."""

Standing = Literal["confirmed", "unconfirmed", "disputed"]


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

    `basis` is `sourced` or `memory` (not confirmed by any stored source). `left_on` is the first day outside
    the list, None while the membership lasts. `level_listed` is what the list calls the unit: prefecture,
    county-level city, county or district.
    """

    adcode: str
    name_listed: str
    city_type: CityType
    basis: str
    entered_on: date
    left_on: date | None = None
    source: str = ""
    note: str = ""
    level_listed: str = ""

    @property
    def standing(self) -> Standing:
        """How well the membership is known, to be shown beside the name."""
        if self.note.startswith("disputed"):
            return "disputed"
        return "confirmed" if self.basis == "sourced" else "unconfirmed"

    def holds_on(self, day: date) -> bool:
        """Whether the unit is on the list on `day`."""
        return self.entered_on <= day and (self.left_on is None or day < self.left_on)


@cache
def listed_cities() -> tuple[Listing, ...]:
    """China's 262 listed resource-based cities and counties, in the order of `data/reference/cities.csv`."""
    return tuple(
        Listing(
            adcode=row["adcode"],
            name_listed=row["name_listed"],
            city_type=CityType(row["type"]),
            basis=row["basis"],
            entered_on=date.fromisoformat(row["entered_on"]),
            left_on=date.fromisoformat(row["left_on"]) if row["left_on"] else None,
            source=row["source"],
            note=row["note"],
            level_listed=row["level_listed"],
        )
        for row in reference_rows("cities")
    )


def parent_code(adcode: str, known: Iterable[str]) -> str | None:
    """The code of the unit above the Chinese unit `adcode`: its prefecture if known, else its province.

    Municipalities and the counties that a province runs itself have no prefecture; a province has no parent.

    >>> parent_code("340621", {"340600", "340000"}), parent_code("429004", {"420000"})
    ('340600', '420000')
    """
    codes = known if isinstance(known, set | frozenset | dict) else set(known)
    for code in (f"{adcode[:4]}00", f"{adcode[:2]}0000"):
        if code != adcode and code in codes:
            return code
    return None


def lineage(adcode: str | None, cities: Mapping[str, City]) -> tuple[str, ...]:
    """The codes of the unit and of those that hold it, innermost first; empty for None or an unknown code."""
    codes: list[str] = []
    while adcode is not None and adcode in cities and adcode not in codes:
        codes.append(adcode)
        adcode = cities[adcode].parent
    return tuple(codes)


def listed_unit_of(
    adcode: str | None, cities: Mapping[str, City], listings: Iterable[Listing], as_of: date
) -> tuple[str | None, CityType]:
    """The most specific listed unit over `adcode` on a day, and its type; (None, unlisted) if there is none.

    For many lookups build one `ListIndex`.
    """
    return ListIndex(cities, listings, as_of).unit_of(adcode)


class ListIndex:
    """The list of resource cities on one day, looked up by any unit's code."""

    def __init__(self, cities: Mapping[str, City], listings: Iterable[Listing], as_of: date) -> None:
        self._cities = cities
        self._listed = {listing.adcode: listing for listing in listings if listing.holds_on(as_of)}
        self._found: dict[str | None, tuple[str | None, CityType]] = {None: (None, CityType.UNLISTED)}

    def unit_of(self, adcode: str | None) -> tuple[str | None, CityType]:
        """The most specific listed unit that holds `adcode` (itself first) and its type."""
        if adcode not in self._found:
            code = next((code for code in self._chain(adcode) if code in self._listed), None)
            kind = CityType.UNLISTED if code is None else self._listed[code].city_type
            self._found[adcode] = (code, kind)
        return self._found[adcode]

    def listing(self, adcode: str) -> Listing | None:
        """The membership of exactly this unit, None where it is not listed itself."""
        return self._listed.get(adcode)

    def _chain(self, adcode: str | None) -> tuple[str, ...]:
        known = lineage(adcode, self._cities)
        return known or (() if adcode is None else (adcode,))


class CityIndex:
    """The tree of units: who holds whom."""

    def __init__(self, cities: Mapping[str, City]) -> None:
        self.cities = cities
        self._children: dict[str | None, list[str]] = {}
        for code in sorted(cities):
            self._children.setdefault(cities[code].parent, []).append(code)

    def lineage(self, adcode: str | None) -> tuple[str, ...]:
        """The codes of the unit and of those that hold it, innermost first."""
        return lineage(adcode, self.cities)

    def children(self, adcode: str | None) -> tuple[str, ...]:
        """The codes directly under the unit (None: those without a parent), sorted."""
        return tuple(self._children.get(adcode, ()))

    def under(self, adcode: str) -> frozenset[str]:
        """The unit itself and every unit below it: the codes that a sum over the unit takes."""
        found: set[str] = set()
        waiting = [adcode]
        while waiting:
            code = waiting.pop()
            if code not in found:
                found.add(code)
                waiting.extend(self._children.get(code, ()))
        return frozenset(found)

    def leaves(self) -> tuple[str, ...]:
        """The codes of the units that hold no other, sorted: the level at which a site is placed."""
        return tuple(code for code in sorted(self.cities) if code not in self._children)
