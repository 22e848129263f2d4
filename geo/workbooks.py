"""Workbooks as they are written: text stays text, so that no cell of a user's becomes a formula."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO, Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from geo.words import Lang, sentence

WORDS: Final = "words_workbooks"
LANGUAGES: Final[tuple[Lang, ...]] = ("zh", "en")
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST_CELL: Final = 32_767
_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MAX_EXACT: Final = 10**15


@dataclass(frozen=True, slots=True)
class Looks:
    """The formats of a workbook."""

    head: Format
    locked: Format
    text: Format
    error: Format
    warning: Format
    title: Format
    note: Format


@contextmanager
def new_book(target: BinaryIO) -> Iterator[tuple[Workbook, Looks]]:
    """A workbook that is written to `target` when the block ends."""
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(target, options)
    font = {"font_name": "Microsoft YaHei", "font_size": 10}
    looks = Looks(
        head=book.add_format({**font, "bold": True, "bg_color": "#1f6f4a", "font_color": "#ffffff"}),
        locked=book.add_format({**font, "bg_color": "#eeeeee", "font_color": "#555555"}),
        text=book.add_format({**font, "num_format": "@", "locked": False}),
        error=book.add_format({**font, "bg_color": "#f4b6b6"}),
        warning=book.add_format({**font, "bg_color": "#ffe9a8"}),
        title=book.add_format({**font, "bold": True, "font_size": 14}),
        note=book.add_format({**font, "text_wrap": True, "valign": "top"}),
    )
    try:
        yield book, looks
    finally:
        book.close()


def put(sheet: Worksheet, row: int, column: int, value: object, look: Format | None = None) -> None:
    """Write a value: numbers as numbers where a cell keeps every digit of them, anything else as text."""
    if value is None or value == "":
        sheet.write_blank(row, column, None, look)
    elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MAX_EXACT:
        sheet.write_number(row, column, value, look)
    else:
        sheet.write_string(row, column, cell_text(str(value)), look)


def put_row(
    sheet: Worksheet, row: int, values: Sequence[object], look: Format | None = None, *, first: int = 0
) -> None:
    """Write the values side by side from column `first`."""
    for column, value in enumerate(values, first):
        put(sheet, row, column, value, look)


def cell_text(text: str) -> str:
    """The text as a cell can hold it: without what XML cannot, and not longer than Excel allows."""
    return _UNWRITABLE.sub("\ufffd", text)[:LONGEST_CELL]


def say(slug: str, lang: Lang, **values: object) -> str:
    """The word or sentence `slug` of the workbooks."""
    return sentence(WORDS, slug, lang, **values)


@cache
def mark_columns() -> frozenset[str]:
    """The names of the columns that a marked workbook adds, in both languages; an import leaves them out."""
    return frozenset(say(slug, lang) for slug in ("result", "problems") for lang in LANGUAGES)
