"""What calamine does not tell of an old workbook (.xls): which of its cells hold formulas.

The sheet is a stream of records in a compound file ([MS-CFB] 2, [MS-XLS] 2.4). The text of a formula is not
put together again; that there is one is enough.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from geo.readers.found_layer import FileRefused

FORMULA_SIGN: Final = "…"
"""What stands for the text of a formula."""

_END: Final = 0xFFFFFFFC
_FORMULA, _BOUND_SHEET, _EOF = 0x06, 0x85, 0x0A
_ENTRY_BYTES: Final = 128
_MOST_FORMULAS: Final = 200_000


def formulas(path: Path, sheet: int) -> dict[tuple[int, int], str]:
    """{(row from 1, column from 0): sign} of the cells of the sheet at this position that hold a formula."""
    try:
        stream = _workbook(path.read_bytes())
        starts = [
            struct.unpack_from("<I", data)[0] for kind, data in _records(stream, 0) if kind == _BOUND_SHEET
        ]
        found = {}
        for kind, data in _records(stream, starts[sheet]) if sheet < len(starts) else ():
            if kind == _FORMULA:
                row, column = struct.unpack_from("<HH", data)
                found[row + 1, column] = FORMULA_SIGN
                if len(found) > _MOST_FORMULAS:
                    raise FileRefused("it has too many formulas; paste it as values")
        return found
    except struct.error:
        raise FileRefused("it is no sound workbook: a record is cut short") from None


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """The records from `at` to the end of their part of the stream: what kind, and what it holds."""
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        if kind == _EOF:
            return
        yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


def _workbook(raw: bytes) -> bytes:
    """The stream of the workbook; empty where there is none, or one so small that it holds no sheet."""
    shift, directory = struct.unpack_from("<H", raw, 30)[0], struct.unpack_from("<I", raw, 48)[0]
    if shift not in {9, 12}:
        raise FileRefused("it is no sound workbook: its sectors have an odd size")
    size = 1 << shift
    table = _table(raw, size)
    entries = _chain(raw, size, table, directory)
    for start in range(0, len(entries) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
        entry = entries[start : start + _ENTRY_BYTES]
        name = entry[: max(0, struct.unpack_from("<H", entry, 64)[0] - 2)].decode("utf-16-le", "replace")
        first, length = struct.unpack_from("<II", entry, 116)
        if name in {"Workbook", "Book"}:
            return _chain(raw, size, table, first)[:length]
    return b""


def _table(raw: bytes, size: int) -> list[int]:
    """For each sector the one that follows it."""
    parts = [one for one in struct.unpack_from("<109I", raw, 76) if one < _END]
    following, count = struct.unpack_from("<II", raw, 68)
    for _ in range(min(count, len(raw) // size)):
        if following >= _END:
            break
        more = struct.unpack_from(f"<{size // 4}I", raw, (following + 1) * size)
        parts += [one for one in more[:-1] if one < _END]
        following = more[-1]
    table: list[int] = []
    for part in parts[: len(raw) // size]:
        table += struct.unpack_from(f"<{size // 4}I", raw, (part + 1) * size)
    return table


def _chain(raw: bytes, size: int, table: list[int], sector: int) -> bytes:
    """The sectors from one to the end of its chain, joined; a chain that bites its tail is refused."""
    found: list[bytes] = []
    while sector < min(_END, len(table)):
        found.append(raw[(sector + 1) * size : (sector + 2) * size])
        if len(found) > len(table):
            raise FileRefused("it is no sound workbook: its sectors run in a circle")
        sector = table[sector]
    return b"".join(found)
