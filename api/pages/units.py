"""The units to choose from on a page."""

from __future__ import annotations

from collections.abc import Mapping

from api.pages.view import Page
from geo.cities import City


def unit_options(page: Page, units: Mapping[str, City], chosen: str | None) -> list[tuple[str, str]]:
    """All, every unit that holds others, and the one chosen; a county is reached through its city."""
    holders = {unit.parent for unit in units.values() if unit.parent} | {chosen}
    named = [(code, f"{page.name(unit)} {code}") for code, unit in sorted(units.items()) if code in holders]
    return [("", page.say("any_city")), *named]
