"""Lists as tables: the items of a list's JSON as lines of a CSV file or of a workbook.

What can be taken away, and in which columns, stands in the reference tables `exports.csv` and
`export_columns.csv`. Slugs stay slugs in CSV and are words in a workbook; no text is ever a formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from api.csv_cells import csv_cell
from geo.cities import City
from geo.reference import reference_rows
from geo.words import Lang, label, sentence
from geo.workbooks import XLSX, new_book, put_row

Units = Mapping[str, City]
Item = Mapping[str, object]

UNITS: Final = "units"
"""The words of a column that are the names of units."""
BYTE_ORDER_MARK: Final = "\ufeff"
"""By it a spreadsheet reads CSV as UTF-8."""


class ExportForm(StrEnum):
    """What a list is taken away as."""

    CSV = "csv"
    XLSX = "xlsx"


MEDIA: Final = {ExportForm.CSV: "text/csv; charset=utf-8", ExportForm.XLSX: XLSX}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, the ways to its value in an item, the table of its words, its heading."""

    name: str
    paths: tuple[tuple[str, ...], ...]
    words: str
    heading: str


@dataclass(frozen=True, slots=True)
class ExportList:
    """A list that can be taken away; `path` is the address of its JSON."""

    slug: str
    path: str
    title: str
    columns: tuple[Column, ...]


def export_slugs() -> tuple[str, ...]:
    """The lists that can be taken away."""
    return tuple(row["slug"] for row in reference_rows("exports"))


@cache
def export_list(slug: str, lang: Lang) -> ExportList:
    """The list `slug` in a language. Raises `KeyError`."""
    row = {row["slug"]: row for row in reference_rows("exports")}[slug]
    columns = tuple(
        Column(
            name=one["column"],
            paths=tuple(
                tuple(way.format(lang=lang).split(".")) for way in (one["path"] or one["column"]).split("|")
            ),
            words=one["words"],
            heading=one[lang],
        )
        for one in reference_rows("export_columns")
        if one["list"] == slug
    )
    return ExportList(slug, row["path"], row[lang], columns)


def table_of(
    wanted: ExportList, items: Sequence[Item], *, form: ExportForm, units: Units, lang: Lang
) -> bytes:
    """The items as a file of the form."""
    if form is ExportForm.CSV:
        return _csv(wanted, (cells(wanted, item, form, units, lang) for item in items))
    target = io.BytesIO()
    with new_book(target) as (book, looks):
        sheet = book.add_worksheet(wanted.title)
        put_row(sheet, 0, [column.heading for column in wanted.columns], looks.head)
        sheet.freeze_panes(1, 2)
        sheet.set_column(0, len(wanted.columns) - 1, 14)
        for row, item in enumerate(items, 1):
            put_row(sheet, row, cells(wanted, item, form, units, lang))
        sheet.autofilter(0, 0, len(items), len(wanted.columns) - 1)
    return target.getvalue()


def _csv(wanted: ExportList, lines: Iterable[Sequence[object]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column.name for column in wanted.columns])
    writer.writerows([csv_cell(value) for value in line] for line in lines)
    return (BYTE_ORDER_MARK + out.getvalue()).encode()


def cells(wanted: ExportList, item: Item, form: ExportForm, units: Units, lang: Lang) -> list[object]:
    """The cells of one item: texts, numbers and None."""
    return [_cell(column, value_at(item, column.paths), form, units, lang) for column in wanted.columns]


def value_at(item: Item, paths: Iterable[Sequence[str]]) -> object:
    """The first value that one of the ways leads to, None where none does.

    >>> value_at({"observed": {"rate": 0.5}}, [("key",), ("observed", "rate")])
    0.5
    """
    for path in paths:
        found: object = item
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        if found is not None:
            return found
    return None


def _cell(column: Column, value: object, form: ExportForm, units: Units, lang: Lang) -> object:
    if isinstance(value, list):
        parts = (_cell(column, one, form, units, lang) for one in value)
        return ("；" if lang == "zh" else "; ").join(str(one) for one in parts)
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_cell(column, one, form, units, lang)}" for name, one in value.items())
    if column.words == UNITS and isinstance(value, str):
        return _unit_name(units.get(value), lang) or value
    if isinstance(value, bool):
        plain = "yes" if value else "no"
        return sentence("words_pages", plain, lang) if form is ExportForm.XLSX else plain
    if column.words and form is ExportForm.XLSX and isinstance(value, str):
        return _word(column.words, value, lang)
    return value


def _unit_name(unit: City | None, lang: Lang) -> str:
    if unit is None:
        return ""
    return unit.name_zh or unit.name_en if lang == "zh" else unit.name_en or unit.name_zh


def _word(table: str, slug: str, lang: Lang) -> str:
    """The word of a slug; the slug itself where its table does not list it."""
    try:
        return label(table, slug, lang)
    except KeyError:
        return slug
