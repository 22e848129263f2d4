"""Administrative units on the wire, with their place in the list of resource cities."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Self

from api.schemas.common import Wire
from geo.cities import City, CityType, Level, Listing


class Membership(Wire):
    """One membership in the list of resource cities.

    `basis` says whether a stored source confirms it; `standing` is how to show it. `left_on` is null while it
    lasts.
    """

    city_type: CityType
    name_listed: str
    entered_on: date
    left_on: date | None
    basis: str
    standing: str
    source: str
    note: str


class CityItem(Wire):
    """One unit: `city_type` is its own on the day asked for, `unlisted` where it has none."""

    adcode: str
    name_zh: str
    name_en: str
    level: Level
    parent: str | None
    edition: str
    city_type: CityType
    memberships: list[Membership]

    @classmethod
    def of(cls, city: City, listings: Iterable[Listing], *, as_of: date) -> Self:
        """The item of a unit, with those of `listings` that are its own."""
        own = [listing for listing in listings if listing.adcode == city.adcode]
        kind = next((listing.city_type for listing in own if listing.holds_on(as_of)), CityType.UNLISTED)
        names = {name: getattr(city, name) for name in cls.model_fields if hasattr(city, name)}
        return cls.model_validate({**names, "city_type": kind, "memberships": own}, from_attributes=True)


class CityList(Wire):
    """Units in the order of their codes."""

    items: list[CityItem]
    next: str | None


class CityDetail(CityItem):
    """One unit with those above it, innermost first, and those directly below it."""

    lineage: list[str]
    children: list[str]
    n_sites: int
    bbox: list[float] | None
