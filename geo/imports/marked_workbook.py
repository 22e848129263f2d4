"""The marked workbook: the rows of a file as sent, each finding as a colour and a note on its cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, Final

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from geo.imports.receipts import Finding, Receipt, ReceiptRow, RowResult, Severity
from geo.readers.client import RawRow
from geo.vector_io import RawLayer
from geo.words import Lang, label
from geo.workbooks import LONGEST_CELL, Looks, cell_text, new_book, put, put_row, say

MAX_NOTES: Final = 5000
"""More notes than this make a workbook slow; the sheet of findings has them all."""
WKT: Final = "WKT"


def write_marked(target: BinaryIO, receipt: Receipt, layer: RawLayer | None, *, lang: Lang) -> None:
    """Write the receipt with the cells of the file to `target`; without the file (None) its rows alone.

    A boundary is written as WKT in the system of the file where a cell can hold it, so that the corrected
    workbook can be sent again.
    """
    columns = ["site_code"] if layer is None else list(layer.columns)
    with_wkt = layer is not None and layer.has_shapes and WKT not in columns
    heads = [*columns, *([WKT] if with_wkt else [])]
    raw = {} if layer is None else {row.row: row for row in layer.rows}
    with new_book(target) as (book, looks):
        sheet = book.add_worksheet(say("sheet_sites", lang))
        put_row(sheet, 0, heads, looks.head)
        put_row(sheet, 0, [say("result", lang), say("problems", lang)], looks.head, first=len(heads))
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(heads), 16)
        sheet.set_column(len(heads) + 1, len(heads) + 1, 80)
        marker = _Marker(sheet, looks, columns, lang)
        for line, row in enumerate(receipt.rows, 1):
            marker.write(line, row, raw.get(row.row), with_wkt=with_wkt)
        _write_findings(book.add_worksheet(say("sheet_findings", lang)), looks, receipt, lang)


class _Marker:
    """Writes the rows of one sheet."""

    def __init__(self, sheet: Worksheet, looks: Looks, columns: list[str], lang: Lang) -> None:
        self._sheet = sheet
        self._looks = looks
        self._columns = columns
        self._lang = lang
        self._notes = 0

    def write(self, line: int, row: ReceiptRow, raw: RawRow | None, *, with_wkt: bool) -> None:
        """One row of the file at the sheet's row `line`, what became of it behind."""
        by_column: dict[str | None, list[Finding]] = {}
        for finding in row.findings:
            by_column.setdefault(finding.column, []).append(finding)
        for column, name in enumerate(self._columns):
            value = row.site_code if raw is None else raw.values.get(name)
            self._cell(line, column, value, by_column.get(name, []))
        after = len(self._columns)
        if with_wkt:
            text = "" if raw is None or raw.geometry is None else raw.geometry.wkt
            put(self._sheet, line, after, text if len(text) <= LONGEST_CELL else "")
            after += 1
        worst = self._look(row.findings)
        put(self._sheet, line, after, label("import_results", row.result, self._lang), worst)
        told = "\n".join(f"{one.problem}; {one.suggestion}" for one in row.findings)
        put(self._sheet, line, after + 1, told, worst)

    def _cell(self, line: int, column: int, value: object, found: list[Finding]) -> None:
        put(self._sheet, line, column, value, self._look(found))
        if found and self._notes < MAX_NOTES:
            self._notes += 1
            text = "\n".join(f"{one.problem}\n→ {one.suggestion}" for one in found)
            self._sheet.write_comment(line, column, cell_text(text), {"x_scale": 2})

    def _look(self, found: Sequence[Finding]) -> Format | None:
        if not found:
            return None
        refused = any(one.severity is Severity.ERROR for one in found)
        return self._looks.error if refused else self._looks.warning


def _write_findings(sheet: Worksheet, looks: Looks, receipt: Receipt, lang: Lang) -> None:
    names = ("row", "column", "value", "severity", "problem", "suggestion")
    put_row(sheet, 0, ["site_code", *(say(name, lang) for name in names)], looks.head)
    sheet.set_column(0, 4, 14)
    sheet.set_column(5, 6, 60)
    line = 1
    for row in sorted(receipt.rows, key=lambda row: (row.result is not RowResult.REJECTED, row.row)):
        for one in row.findings:
            severity = say(f"severity_{one.severity.value}", lang)
            put_row(
                sheet,
                line,
                [row.site_code, row.place, one.column, one.value, severity, one.problem, one.suggestion],
            )
            line += 1
