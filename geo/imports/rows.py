"""The rows of a file: what each states of its site, checked against itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from geo.areas import ha_from_units
from geo.imports.cells import CellReader
from geo.imports.column_map import ColumnMap
from geo.imports.fields import FIELDS, Field
from geo.imports.findings import finding
from geo.imports.stated import Stated
from geo.status import Status
from geo.words import Lang

DECLARED_TOLERANCE: Final = 0.05
"""A declared area further than this share from the measured one is flagged."""

_TREATED: Final = frozenset({Status.TREATED, Status.ACCEPTED, Status.CLOSED})
_PAST: Final = ("status_since", "entered_on", "acceptance_date", "damage_year")
"""Fields that say what has happened by today."""


class RowReader:
    """Reads rows by one mapping of columns."""

    def __init__(self, mapping: ColumnMap, *, today: date, lang: Lang) -> None:
        self._mapping = mapping
        self._cells = CellReader(mapping, lang)
        self._today = today
        self._lang = lang

    def read(self, cells: Mapping[str, Any], *, row: int = 1) -> Stated:
        """What the row's cells state, with findings for those that cannot be read.

        In a value for every row `{row}` stands for the row's number.
        """
        stated = Stated()
        self._cells.read(stated, cells, row)
        self._state(stated)
        return stated

    def _state(self, stated: Stated) -> None:
        """Turns the values read into facts and attributes, and checks them against each other."""
        values = stated.values
        if not values.get("site_code"):
            stated.findings.append(finding("no_site_code", lang=self._lang))
        self._check_future(stated)
        if "remaining_ha" in values:
            self._convert_remaining(stated)
        for name, value in values.items():
            one = FIELDS[name]
            if one.fact is not None:
                stated.facts[one.fact] = _fact_json(one, value)
            elif one.attribute:
                stated.attributes[name] = _attribute_json(one, value)
        self._check_areas(stated)
        start, end = values.get("treatment_start"), values.get("treatment_end")
        if start is not None and end is not None and end < start:
            stated.findings.append(finding("dates_reversed", lang=self._lang, start=start, end=end))

    def _check_future(self, stated: Stated) -> None:
        """Refuses what cannot have happened yet; a treatment that goes on may end later."""
        values = stated.values
        past = (*_PAST, "treatment_end") if values.get("status") in _TREATED else _PAST
        for name in past:
            when = values.get(name)
            if when is None or when <= (self._today.year if isinstance(when, int) else self._today):
                continue
            source = self._mapping.sources.get(name)
            column = name if source is None else source.column
            stated.findings.append(
                finding("future_date", lang=self._lang, column=column, value=when, today=self._today)
            )

    def _convert_remaining(self, stated: Stated) -> None:
        """Damaged is the total ever damaged: what remains and what was restored."""
        values = stated.values
        if "damaged_ha" in values:
            return
        untreated = values.get("status", Status.UNTREATED) == Status.UNTREATED
        restored = values.get("restored_ha", 0 if untreated else None)
        if restored is None:
            stated.extra["remaining_ha"] = ha_from_units(values["remaining_ha"])
        else:
            values["damaged_ha"] = values["remaining_ha"] + restored

    def _check_areas(self, stated: Stated) -> None:
        damaged, restored = stated.values.get("damaged_ha"), stated.values.get("restored_ha")
        if damaged is not None and restored is not None and restored > damaged:
            stated.findings.append(
                finding(
                    "restored_over_damaged",
                    lang=self._lang,
                    restored_ha=ha_from_units(restored),
                    damaged_ha=ha_from_units(damaged),
                )
            )

    def compare_area(self, stated: Stated, area_units: int) -> None:
        """Flags a declared area that is 0 or far from the measured one (1e-4 m2)."""
        declared = stated.values.get("declared_area_ha")
        if declared is None:
            return
        source = self._mapping.sources.get("declared_area_ha")
        column = None if source is None else source.column
        if declared == 0:
            stated.findings.append(finding("declared_area_zero", lang=self._lang, column=column, value=0))
        elif abs(declared - area_units) > DECLARED_TOLERANCE * area_units:
            stated.findings.append(
                finding(
                    "declared_area_differs",
                    lang=self._lang,
                    column=column,
                    declared_ha=f"{ha_from_units(declared):.2f}",
                    measured_ha=f"{ha_from_units(area_units):.2f}",
                    percent=f"{abs(declared - area_units) / area_units * 100:.0f}",
                )
            )


def _fact_json(one: Field, value: Any) -> object:
    if one.form == "area":
        return {"units": value}
    return value.isoformat() if isinstance(value, date) else value


def _attribute_json(one: Field, value: Any) -> object:
    if one.form == "area":
        return ha_from_units(value)
    return value.isoformat() if isinstance(value, date) else value
