"""Excel workbooks, read by calamine: values as shown by their cells, formulas by what they last gave."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from geo.readers import xls_scan
from geo.readers.found_layer import MAX_COLUMNS, MAX_FEATURES, FileRefused, FoundLayer, Note
from geo.readers.sheet_scan import check_extent, formulas, sheet_members
from geo.readers.table_head import SEARCHED_ROWS, has_code_column, head_of, unique_names
from geo.readers.table_shapes import Row, shaped
from geo.reference import reference_rows

_MAX_EXACT: Final = 2**53
_OWN_SHEETS: Final = frozenset({"sheet_sites", "sheet_status"})


def read(job: Mapping[str, Any]) -> FoundLayer:
    """The rows of one sheet under its head row; its geometry is that of its cells."""
    path = Path(job["path"])
    members = sheet_members(path) if job["kind"] == "xlsx" else {}
    if members:
        with zipfile.ZipFile(path) as archive:
            for member in members.values():
                check_extent(archive, member)
    try:
        book = CalamineWorkbook.from_path(str(path))
        sheet = _sheet(book, job.get("layer"))
        rows = sheet.to_python(skip_empty_area=False)
    except CalamineError as error:
        raise FileRefused(f"it is no sound workbook: {error}") from None
    if len(rows) > MAX_FEATURES:
        raise FileRefused(f"it has more than {MAX_FEATURES} rows")
    start, names = head_of(rows, sheet.merged_cell_ranges or ())
    columns = unique_names(names)
    lines: list[Row] = []
    for number, cells in enumerate(rows[start + 1 :], start + 2):
        values = {name: _plain(cell) for name, cell in zip(columns, cells, strict=False) if name}
        if any(value is not None for value in values.values()):
            lines.append((number, values))
    found = _formulas(path, job["kind"], members.get(sheet.name), book.sheet_names.index(sheet.name))
    notes = _formula_notes(found, columns, lines)
    return shaped(sheet.name, "UTF-8", [name for name in columns if name], lines, notes)


def _sheet(book: CalamineWorkbook, asked: str | None) -> CalamineSheet:
    """The sheet asked for; else the one of our own workbooks, the only one with rows, or with codes."""
    visible = [one.name for one in book.sheets_metadata if one.visible == SheetVisibleEnum.Visible]
    if asked is not None:
        if asked not in book.sheet_names:
            raise FileRefused(f"it has no sheet {asked!r}; it has {', '.join(visible)}")
        return book.get_sheet_by_name(asked)
    sheets = [sheet for name in visible if (sheet := book.get_sheet_by_name(name)).height > 1]
    if len(sheets) > 1:
        own = [sheet for sheet in sheets if sheet.name in _own_names()]
        sheets = own or [sheet for sheet in sheets if _has_codes(sheet)] or sheets
    if not sheets:
        raise FileRefused("it has no sheet with rows")
    if len(sheets) > 1:
        names = ", ".join(sheet.name for sheet in sheets)
        raise FileRefused(f"it has the sheets {names}; choose one with --layer")
    return sheets[0]


def _own_names() -> set[str]:
    """The names of the sheet with rows in the workbooks that are written here."""
    rows = reference_rows("words_workbooks")
    return {
        row[lang] for row in rows if row["slug"] in {"sheet_sites", "sheet_status"} for lang in ("zh", "en")
    }


def _has_codes(sheet: CalamineSheet) -> bool:
    try:
        rows = sheet.to_python(skip_empty_area=False, nrows=SEARCHED_ROWS)
        _, names = head_of(rows, sheet.merged_cell_ranges or ())
    except FileRefused:
        return False
    return has_code_column(names)


def _plain(cell: Any) -> Any:
    """The cell as a JSON value; a whole number without a decimal point, a day without a time."""
    if isinstance(cell, str):
        return cell if cell and not cell.isspace() else None
    if isinstance(cell, float):
        if cell.is_integer() and abs(cell) < _MAX_EXACT:
            return int(cell)
        return cell if math.isfinite(cell) else str(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
    return str(cell) if isinstance(cell, date | time | timedelta) else cell


def _formulas(path: Path, kind: str, member: str | None, position: int) -> dict[tuple[int, int], str]:
    """{(row from 1, column from 0): text} of the cells of the sheet that hold a formula."""
    if kind == "xls":
        return xls_scan.formulas(path, position)
    if member is None:
        return {}
    with zipfile.ZipFile(path) as archive:
        return formulas(archive, member)


def _formula_notes(
    found: Mapping[tuple[int, int], str], columns: Sequence[str], rows: Sequence[Row]
) -> dict[int, list[Note]]:
    """What is to be said of cells that hold a formula: their last value was taken, or there is none."""
    places = {line: position for position, (line, _) in enumerate(rows)}
    notes: dict[int, list[Note]] = {}
    for (line, column), text in found.items():
        if line not in places or column >= min(len(columns), MAX_COLUMNS) or not columns[column]:
            continue
        name = columns[column]
        value = rows[places[line]][1].get(name)
        code = "formula_without_value" if value is None else "formula_value"
        notes.setdefault(places[line], []).append((code, name, f"={text}"))
    return notes
