"""The cells of a file, one by one: the value that each means, or what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from geo.imports.column_map import ColumnMap
from geo.imports.fields import DEFAULT_WORDS, FIELDS, ROW_NUMBER, Field
from geo.imports.findings import finding
from geo.imports.receipts import Finding
from geo.imports.stated import Stated, clean_text, clean_value
from geo.status import Status
from geo.values import (
    Unreadable,
    folded,
    is_ambiguous,
    is_missing,
    read_area_units,
    read_date,
    read_number,
    read_start,
    read_text,
    read_year,
)
from geo.words import Lang, label

_REMEMBERED: Final = 20_000
_UNREAD: Final = object()
_NOTHING: Final = object()
_KEPT: Final = frozenset({str, int, float})
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
    "separators": {
        "zh": "数值：逗号或句点可能是小数点，也可能是千分位；请写成 1234.5",
        "en": "a number: its commas and points may part thousands or decimals, write it as in 1234.5",
    },
    "no_such_day": {"zh": "日期：没有这一天", "en": "a date: there is no such day"},
    "year_last": {
        "zh": "日期：日与月无法区分，请把年写在前面（如 2025-06-01）",
        "en": "a date: its day and month cannot be told apart, write the year first as in 2025-06-01",
    },
    "year": {"zh": "年份（如 1985）", "en": "a year such as 1985"},
}
_READERS: Final[Mapping[str, Callable[[Any, str], object]]] = {
    "code": lambda value, _: read_text(value),
    "text": lambda value, _: read_text(value),
    "number": lambda value, _: read_number(value),
    "area": read_area_units,
    "date": lambda value, _: read_date(value),
    "start": lambda value, _: read_start(value),
    "year": lambda value, _: read_year(value),
}


@dataclass(frozen=True, slots=True)
class _Column:
    """One column, and the field that it is `of`; `known` are values that were read already, by cell."""

    name: str
    of: Field
    unit: str
    known: dict[Any, Any] = field(default_factory=dict)


class CellReader:
    """Reads the cells of rows by one mapping of columns; most cells say what an earlier one said."""

    def __init__(self, mapping: ColumnMap, lang: Lang) -> None:
        self._columns = [
            _Column(source.column, FIELDS[name], source.unit) for name, source in mapping.sources.items()
        ]
        self._constants = [(FIELDS[name], value) for name, value in mapping.constants.items()]
        self._words = mapping.words
        self._rivals = {mapping.sources[name].column: (name, some) for name, some in mapping.rivals.items()}
        self._extra = [(column, clean_text(column)) for column in mapping.extra]
        self._lang = lang
        self._told: set[str] = set()

    def read(self, stated: Stated, cells: Mapping[str, Any], row: int) -> None:
        """Put what the cells say into `stated`; in a value for every row `{row}` stands for its number."""
        for column in self._columns:
            value = cells.get(column.name)
            if value is None:
                continue
            if value.__class__ in _KEPT:
                known = column.known.get(value, _UNREAD)
                if known is not _UNREAD:
                    if known is not _NOTHING:
                        stated.values[column.of.name] = known
                    continue
            self._read_new(stated, column, value)
        if self._rivals:
            self._compare_rivals(stated, cells)
        for one, text in self._constants:
            self._read_cell(stated, one, None, text.replace(ROW_NUMBER, str(row)), "ha")
        for name, clean in self._extra:
            if cells.get(name) is not None:
                stated.extra[clean] = clean_value(cells[name])

    def _read_new(self, stated: Stated, column: _Column, value: Any) -> None:
        before = len(stated.findings)
        self._read_cell(stated, column.of, column.name, value, column.unit)
        unremarkable = len(stated.findings) == before and value.__class__ in _KEPT
        if unremarkable and len(column.known) < _REMEMBERED:
            column.known[value] = stated.values.get(column.of.name, _NOTHING)

    def _read_cell(self, stated: Stated, one: Field, column: str | None, value: Any, unit: str) -> None:
        if is_missing(value):
            return
        if one.form == "word":
            self._read_word(stated, one, column, value)
            return
        try:
            stated.values[one.name] = _READERS[one.form](value, unit)
        except Unreadable as error:
            code = "kept_as_text" if one.attribute else "unreadable_value"
            wanted = _WANTED[error.rule or one.form][self._lang]
            stated.findings.append(finding(code, lang=self._lang, column=column, value=value, wanted=wanted))
            if one.attribute and column is not None:
                stated.extra[clean_text(column)] = clean_value(value)
            return
        if one.form in {"number", "area"} and isinstance(value, str) and is_ambiguous(value):
            self._tell_ambiguous(stated, column, value)

    def _tell_ambiguous(self, stated: Stated, column: str | None, value: str) -> None:
        """Marks the first number of a column that may mean a thousand times as much, or as little."""
        if column is not None and column not in self._told:
            self._told.add(column)
            read = f"{read_number(value):g}" if value.strip()[-1:].isdigit() else value
            stated.findings.append(
                finding("ambiguous_number", lang=self._lang, column=column, value=value, read=read)
            )

    def _compare_rivals(self, stated: Stated, cells: Mapping[str, Any]) -> None:
        """Marks the first row in which another column for the same field says something else."""
        for chosen, (name, rivals) in self._rivals.items():
            for rival in rivals:
                value = cells.get(rival.column)
                if rival.column in self._told or is_missing(value) or name not in stated.values:
                    continue
                if self._meaning(FIELDS[name], value, rival.unit) == stated.values[name]:
                    continue
                self._told.add(rival.column)
                columns = {"column": rival.column, "chosen": chosen, "other": rival.column}
                stated.findings.append(
                    finding("two_columns", lang=self._lang, value=value, field=name, **columns)
                )

    def _meaning(self, one: Field, value: Any, unit: str) -> object:
        """The value that the cell would be read as, None where it cannot be."""
        if one.form == "word":
            return self._words[one.name].get(folded(str(value)))
        try:
            return _READERS[one.form](value, unit)
        except Unreadable:
            return None

    def _read_word(self, stated: Stated, one: Field, column: str | None, value: Any) -> None:
        slug = self._words[one.name].get(folded(str(value)))
        if slug is not None:
            stated.values[one.name] = slug
            return
        if one.name == "status":
            stated.findings.append(self._unknown_status(column, value))
            return
        default = DEFAULT_WORDS.get(one.name, "-")
        told = finding(
            "word_not_understood",
            lang=self._lang,
            column=column,
            value=value,
            field=one.name,
            default=default,
        )
        stated.findings.append(told)
        if column is not None:
            stated.extra[clean_text(column)] = clean_value(value)

    def _unknown_status(self, column: str | None, value: Any) -> Finding:
        known = ", ".join(label("status", one, self._lang) for one in Status)
        return finding(
            "unknown_word", lang=self._lang, column=column, value=value, field="status", known=known
        )
