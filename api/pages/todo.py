"""What waits for whoever is signed in, unit by unit, and which unit the dashboard shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.pages.view import Page
from api.reviewing import own_units
from geo.cities import City
from geo.todo import Todo, todo_of

ALL = "all"
"""The value of `city` that shows every unit to somebody who has units of their own."""


@dataclass(frozen=True, slots=True)
class TodoLine:
    """What waits in one unit of one's own, with the unit's name."""

    name: str
    todo: Todo


def unit_shown(page: Page, city: str | None) -> str | None:
    """The unit that the dashboard is of: the one asked for, else one's own where it is one; None for all."""
    if city == ALL:
        return None
    own = own_units(page.rights.user) or frozenset()
    return next(iter(own)) if city is None and len(own) == 1 else city


def unit_choices(page: Page, units: Mapping[str, City], chosen: str | None) -> Sequence[tuple[str, str]]:
    """All, one's own units and the one shown; nothing to choose for who has no unit and asked for none."""
    codes = {*(own_units(page.rights.user) or ()), *([] if chosen is None else [chosen])}
    named = [(code, f"{page.name(units[code])} {code}") for code in sorted(codes & units.keys())]
    return [(ALL, page.say("any_city")), *named] if named else []


def todo_view(page: Page, units: Mapping[str, City]) -> list[TodoLine]:
    """What waits in each of one's own units; nothing for who has none."""
    codes = sorted((own_units(page.rights.user) or frozenset()) & units.keys())
    return [
        TodoLine(page.name(units[code]), todo_of(page.store, code, name=page.rights.name, today=page.today))
        for code in codes
    ]
