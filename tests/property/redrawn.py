"""What a split and a merge must come to, written from the definitions and not from the code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from shapely import MultiPolygon, box

from geo.history import HistoryRow
from tests.property.inventory_model import Inventory

AGREED = ("status", "kind", "target_use", "responsible")
CARRIED = ("kind", "target_use", "responsible", "approach")


def halves(polygon: MultiPolygon) -> tuple[MultiPolygon, MultiPolygon]:
    """A rectangle cut from north to south."""
    west, south, east, north = polygon.bounds
    middle = (west + east) / 2
    return MultiPolygon([box(west, south, middle, north)]), MultiPolygon([box(middle, south, east, north)])


def check_entered(
    model: Inventory,
    olds: Sequence[int],
    entered: Mapping[int, Sequence[HistoryRow]],
    words: Mapping[int, Sequence[tuple[str, Any, date]]],
    day: date,
) -> None:
    """What the new sites say is what the old ones said; declared areas sum to the last unit."""
    for number, rows in words.items():
        said = {fact: value for fact, value, _ in rows if fact != "status"}
        assert said["membership"] == "entered"
        for fact in CARRIED:
            values = {repr(model.value(old, fact, day)) for old in olds}
            if len(values) == 1:
                assert said.get(fact) == model.value(olds[0], fact, day)
        statuses = [(value, on) for fact, value, on in rows if fact == "status"]
        assert statuses
        assert statuses[-1][0] == model.value(olds[0], "status", day)
        if len(olds) == 1:
            assert [value for value, _ in statuses] == [
                line.value for line in model.standing(olds[0]) if line.fact == "status" and line.day <= day
            ]
        assert all(row.approved_by == "b" for row in entered[number])
    for fact in ("damaged", "restored"):
        before = [units_of(model.value(old, fact, day)) for old in olds]
        after = [units_of(next((v for f, v, _ in rows if f == fact), None)) for rows in words.values()]
        known = [units for units in before if units is not None]
        if len(known) == len(before):
            assert sum(units or 0 for units in after) == sum(known)
        else:
            assert set(after) == {None}


def units_of(value: Any) -> int | None:
    return None if value is None else value["units"]
