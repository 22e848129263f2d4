"""CSV and other separated text, whatever its separator and encoding."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from geo.readers.found_layer import MAX_COLUMNS, MAX_FEATURES, FileRefused, FoundLayer
from geo.readers.geojson import decode_text
from geo.readers.table_head import head_of, unique_names
from geo.readers.table_shapes import Row, shaped

_SEPARATORS: Final = ",;\t|"
_LONGEST_CELL: Final = 20_000_000
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


def read(job: Mapping[str, Any]) -> FoundLayer:
    """The rows of the file under its head line; its geometry is that of its cells."""
    raw = Path(job["path"]).read_bytes()
    asked = job.get("encoding") or ("utf-16" if raw.startswith(_UTF_16) else None)
    text, encoding = decode_text(raw, asked)
    lines = _lines(text)
    start, names = head_of([cells for _, cells in lines])
    columns = unique_names(names)
    rows = [_row(line, cells, columns) for line, cells in lines[start + 1 :] if any(map(str.strip, cells))]
    if len(rows) > MAX_FEATURES:
        raise FileRefused(f"it has more than {MAX_FEATURES} features")
    return shaped("", encoding, [name for name in columns if name], rows, {})


def _lines(text: str) -> list[tuple[int, list[str]]]:
    """Each record with the line that it begins on."""
    csv.field_size_limit(_LONGEST_CELL)
    first = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    found, begins = [], 1
    try:
        for cells in reader:
            if len(cells) > MAX_COLUMNS:
                raise FileRefused(f"it has more than {MAX_COLUMNS} columns")
            found.append((begins, cells))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise FileRefused(f"line {reader.line_num} cannot be read as separated text: {error}") from None
    return found


def _row(line: int, cells: list[str], columns: list[str]) -> Row:
    filled = [*cells, *[""] * (len(columns) - len(cells))]
    return line, {name: _clean(cell) for name, cell in zip(columns, filled, strict=False) if name}


def _clean(cell: str) -> str | None:
    """The cell, None where it is empty; the sign that keeps a text from being a formula is taken off."""
    if cell[:1] == "'" and cell[1:2] in {"=", "+", "@", "-", "\t", "\r"}:
        cell = cell[1:]
    return cell if cell.strip() else None
