"""The rows of a file, cell by cell: what each states of its site, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from geo.areas import ha_from_units
from geo.history import Fact
from geo.imports.fields import DEFAULT_WORDS, FIELDS, ROW_NUMBER, ColumnMap, Field
from geo.imports.findings import finding
from geo.imports.receipts import Finding, Severity
from geo.status import Status
from geo.values import (
    Unreadable,
    folded,
    is_missing,
    read_area_units,
    read_date,
    read_number,
    read_start,
    read_text,
    read_year,
)
from geo.words import Lang

DECLARED_TOLERANCE: Final = 0.05
"""A declared area further than this share from the measured one is flagged."""

_TREATED: Final = frozenset({Status.TREATED, Status.ACCEPTED, Status.CLOSED})
_REMEMBERED: Final = 20_000
_UNREAD: Final = object()
_NOTHING: Final = object()
_MAX_EXACT_INTEGER: Final = 2**53 - 1
_WANTED: Final[Mapping[str, Mapping[Lang, str]]] = {
    "code": {"zh": "编号", "en": "a code"},
    "text": {"zh": "文字", "en": "text"},
    "number": {"zh": "数值", "en": "a number"},
    "area": {"zh": "面积", "en": "an area"},
    "date": {"zh": "日期（如 2025-06-01）", "en": "a date such as 2025-06-01"},
    "start": {"zh": "日期或年份（如 2025-06-01、2025）", "en": "a date or a year such as 2025-06-01 or 2025"},
    "control_characters": {"zh": "不含控制字符的文字", "en": "text without control characters"},
    "below_zero": {"zh": "面积（不得小于 0）", "en": "an area, which cannot be below 0"},
    "too_large": {"zh": "大小合理的数值", "en": "a number of a possible size"},
    "year_last": {
        "zh": "日期：日与月无法区分，请把年写在前面（如 2025-06-01）",
        "en": "a date: its day and month cannot be told apart, write the year first as in 2025-06-01",
    },
    "year": {"zh": "年份（如 1985）", "en": "a year such as 1985"},
}


@dataclass(slots=True)
class Stated:
    """What one row states: facts, attributes and the row's own values; `extra` holds what is left over.

    `without_shape` says that the row is one of a table and gives no boundary.
    """

    values: dict[str, Any] = field(default_factory=dict)
    facts: dict[Fact, object] = field(default_factory=dict)
    attributes: dict[str, object] = field(default_factory=dict)
    extra: dict[str, object] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    without_shape: bool = False

    @property
    def site_code(self) -> str | None:
        """The code as text, None where the row has none."""
        code: str | None = self.values.get("site_code")
        return code

    @property
    def refused(self) -> bool:
        """Whether a finding refuses the row."""
        return any(one.severity is Severity.ERROR for one in self.findings)


class RowReader:
    """Reads rows by one mapping of columns."""

    def __init__(self, mapping: ColumnMap, *, today: date, lang: Lang) -> None:
        self._mapping = mapping
        self._today = today
        self._lang = lang
        self._rivals_told: set[str] = set()
        self._read: dict[object, Any] = {}
        self._readers: Mapping[str, Callable[[Any, str], object]] = {
            "code": lambda value, _: read_text(value),
            "text": lambda value, _: read_text(value),
            "number": lambda value, _: read_number(value),
            "area": read_area_units,
            "date": lambda value, _: read_date(value),
            "start": lambda value, _: read_start(value),
            "year": lambda value, _: read_year(value),
        }

    def read(self, cells: Mapping[str, Any], *, row: int = 1) -> Stated:
        """What the row's cells state, with findings for those that cannot be read.

        In a value for every row `{row}` stands for the row's number.
        """
        stated = Stated()
        for name, source in self._mapping.sources.items():
            self._read_cell(stated, FIELDS[name], source.column, cells.get(source.column), source.unit)
        self._compare_rivals(stated, cells)
        for name, value in self._mapping.constants.items():
            self._read_cell(stated, FIELDS[name], None, value.replace(ROW_NUMBER, str(row)), "ha")
        for column in self._mapping.extra:
            if cells.get(column) is not None:
                stated.extra[clean_text(column)] = clean_value(cells[column])
        self._state(stated)
        return stated

    def _read_cell(self, stated: Stated, one: Field, column: str | None, value: Any, unit: str) -> None:
        key = (one.name, unit, value.__class__, value) if isinstance(value, str | int | float) else None
        known = self._read.get(key, _UNREAD)
        if known is not _UNREAD:
            if known is not _NOTHING:
                stated.values[one.name] = known
            return
        before = len(stated.findings)
        self._read_new_cell(stated, one, column, value, unit)
        if key is not None and len(stated.findings) == before and len(self._read) < _REMEMBERED:
            self._read[key] = stated.values.get(one.name, _NOTHING)

    def _read_new_cell(self, stated: Stated, one: Field, column: str | None, value: Any, unit: str) -> None:
        if is_missing(value):
            return
        if one.form == "word":
            self._read_word(stated, one, column, value)
            return
        try:
            stated.values[one.name] = self._readers[one.form](value, unit)
        except Unreadable as error:
            code = "kept_as_text" if one.attribute else "unreadable_value"
            wanted = _WANTED[error.rule or one.form][self._lang]
            stated.findings.append(finding(code, lang=self._lang, column=column, value=value, wanted=wanted))
            if one.attribute and column is not None:
                stated.extra[clean_text(column)] = clean_value(value)

    def _compare_rivals(self, stated: Stated, cells: Mapping[str, Any]) -> None:
        """Marks the first row in which another column for the same field says something else."""
        for name, rivals in self._mapping.rivals.items():
            chosen = self._mapping.sources[name].column
            for rival in rivals:
                value = cells.get(rival.column)
                if rival.column in self._rivals_told or is_missing(value) or name not in stated.values:
                    continue
                if self._meaning(FIELDS[name], value, rival.unit) == stated.values[name]:
                    continue
                self._rivals_told.add(rival.column)
                columns = {"column": rival.column, "chosen": chosen, "other": rival.column}
                stated.findings.append(
                    finding("two_columns", lang=self._lang, value=value, field=name, **columns)
                )

    def _meaning(self, one: Field, value: Any, unit: str) -> object:
        """The value that the cell would be read as, None where it cannot be."""
        if one.form == "word":
            return self._mapping.words[one.name].get(folded(str(value)))
        try:
            return self._readers[one.form](value, unit)
        except Unreadable:
            return None

    def _read_word(self, stated: Stated, one: Field, column: str | None, value: Any) -> None:
        words = self._mapping.words[one.name]
        slug = words.get(folded(str(value)))
        if slug is not None:
            stated.values[one.name] = slug
            return
        if one.name == "status":
            stated.findings.append(self._unknown_status(one, column, value))
            return
        default = DEFAULT_WORDS.get(one.name, "-")
        stated.findings.append(
            finding(
                "word_not_understood",
                lang=self._lang,
                column=column,
                value=value,
                field=one.name,
                default=default,
            )
        )
        if column is not None:
            stated.extra[clean_text(column)] = clean_value(value)

    def _unknown_status(self, one: Field, column: str | None, value: Any) -> Finding:
        known = ", ".join(Status)
        return finding(
            "unknown_word", lang=self._lang, column=column, value=value, field=one.name, known=known
        )

    def _state(self, stated: Stated) -> None:
        """Turns the values read into facts and attributes, and checks them against each other."""
        if not stated.values.get("site_code"):
            stated.findings.append(finding("no_site_code", lang=self._lang))
        self._check_future(stated)
        self._convert_remaining(stated)
        for name, value in stated.values.items():
            one = FIELDS[name]
            if one.fact is not None:
                stated.facts[one.fact] = _fact_json(one, value)
            elif one.attribute:
                stated.attributes[name] = _attribute_json(one, value)
        self._check_areas(stated)
        start, end = stated.values.get("treatment_start"), stated.values.get("treatment_end")
        if start is not None and end is not None and end < start:
            stated.findings.append(finding("dates_reversed", lang=self._lang, start=start, end=end))

    def _check_future(self, stated: Stated) -> None:
        """Refuses what cannot have happened yet; a treatment that goes on may end later."""
        past = ["status_since", "entered_on", "acceptance_date", "damage_year"]
        if stated.values.get("status") in _TREATED:
            past.append("treatment_end")
        for name in past:
            when = stated.values.get(name)
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
        remaining = values.get("remaining_ha")
        if remaining is None or "damaged_ha" in values:
            return
        untreated = values.get("status", Status.UNTREATED) == Status.UNTREATED
        restored = values.get("restored_ha", 0 if untreated else None)
        if restored is None:
            stated.extra["remaining_ha"] = ha_from_units(remaining)
        else:
            values["damaged_ha"] = remaining + restored

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


def clean_text(text: str) -> str:
    """The text without what has no form in UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def clean_value(value: Any) -> object:
    """A JSON value as it is kept among the extra columns; whole numbers too large for JSON become text."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [clean_value(part) for part in value]
    if isinstance(value, dict):
        return {clean_text(str(name)): clean_value(part) for name, part in value.items()}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _MAX_EXACT_INTEGER:
        return str(value)
    checked: object = value
    return checked
