"""The template workbook: a head row that is understood, drop-downs from the tables, instructions."""

from __future__ import annotations

from typing import BinaryIO, Final

from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from geo.imports.fields import FIELDS
from geo.reference import reference_rows
from geo.words import Lang
from geo.workbooks import Looks, new_book, put, put_row, say

ROWS: Final = 5000
"""How many rows have drop-downs."""
WKT_EXAMPLE: Final = "POLYGON ((117 33, 117.01 33, 117.01 33.01, 117 33.01, 117 33))"
_LISTS: Final = "lists"


def write_template(target: BinaryIO, *, lang: Lang) -> None:
    """Write the template in one language to `target`."""
    fields = [row for row in reference_rows("import_fields") if row["template"] == "yes"]
    with new_book(target) as (book, looks):
        sheet = book.add_worksheet(say("sheet_sites", lang))
        lists = Lists(book, lang)
        put_row(sheet, 0, [*(row[lang] for row in fields), "WKT"], looks.head)
        sheet.freeze_panes(1, 1)
        for column, row in enumerate(fields):
            sheet.set_column(column, column, max(12, len(row[lang]) * 2), looks.text)
            lists.validate(sheet, column, row["slug"])
        sheet.set_column(len(fields), len(fields), 40, looks.text)
        _write_help(book, looks, fields, lang)
        lists.hide()


class Lists:
    """The words of the tables on a hidden sheet, to which the drop-downs point."""

    def __init__(self, book: Workbook, lang: Lang) -> None:
        self._sheet: Worksheet = book.add_worksheet(_LISTS)
        self._lang = lang
        self._columns: dict[str, str] = {}

    def validate(self, sheet: Worksheet, column: int, field: str, *, first_row: int = 1) -> None:
        """Give the column of a field with words its drop-down."""
        one = FIELDS[field]
        if one.words is None:
            return
        if field not in self._columns:
            place = len(self._columns)
            labels = words_of(field, self._lang)
            for row, label in enumerate(labels):
                put(self._sheet, row, place, label)
            letter = chr(ord("A") + place)
            self._columns[field] = f"={_LISTS}!${letter}$1:${letter}${len(labels)}"
        rule = {
            "validate": "list",
            "source": self._columns[field],
            "error_type": "warning",
            "error_title": say("choose", self._lang),
            "error_message": say("not_in_list", self._lang),
        }
        sheet.data_validation(first_row, column, first_row + ROWS, column, rule)

    def hide(self) -> None:
        """Hide the sheet."""
        self._sheet.hide()


def words_of(field: str, lang: Lang) -> list[str]:
    """The labels of a field's words, in the order of its table; each is unique among them."""
    return [row[lang] for row in reference_rows(FIELDS[field].table)]


def _write_help(book: Workbook, looks: Looks, fields: list[dict[str, str]], lang: Lang) -> None:
    sheet = book.add_worksheet(say("sheet_help", lang))
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 2, 60)
    put(sheet, 0, 0, say("help_title", lang), looks.title)
    for place, slug in enumerate(("help_dates", "help_units", "help_keep"), 1):
        put(sheet, place, 0, say(slug, lang))
    put_row(sheet, 5, [say(slug, lang) for slug in ("field", "hint", "allowed")], looks.head)
    line = 6
    for row in fields:
        allowed = "" if FIELDS[row["slug"]].words is None else " / ".join(words_of(row["slug"], lang))
        hint = row[f"hint_{lang}"]
        example = row[f"example_{lang}"]
        put_row(sheet, line, [row[lang], hint or example, allowed], looks.note)
        line += 1
    put_row(sheet, line, ["WKT", say("wkt_hint", lang, example=WKT_EXAMPLE)], looks.note)
