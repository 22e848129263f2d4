"""A minimal old workbook (.xls), made record by record: one sheet of texts, numbers and formulas."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SECTOR = 512
END, FREE, TABLE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


@dataclass(frozen=True)
class Formula:
    """A cell that holds a formula, and the number that it last gave."""

    value: float


def write_xls(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    """The rows in the one sheet of a workbook."""
    cells = b"".join(
        cell(row, column, value)
        for row, values in enumerate(rows)
        for column, value in enumerate(values)
        if value is not None
    )
    name = "图斑".encode("utf-16-le")
    begin = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    length = len(begin) + 4 + 8 + len(name) + 4
    sheet = record(0x85, struct.pack("<IBBBB", length, 0, 0, 2, 1) + name)
    content = begin + sheet + record(0x0A)
    content += record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0)) + cells + record(0x0A)
    path.write_bytes(compound(content.ljust(4096, b"\0")))
    return path


def record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def cell(row: int, column: int, value: object) -> bytes:
    place = struct.pack("<HHH", row, column, 0)
    if isinstance(value, Formula):
        return record(0x06, place + struct.pack("<dHIH", value.value, 0, 0, 3) + b"\x1e\x01\x00")
    if isinstance(value, int | float):
        return record(0x203, place + struct.pack("<d", value))
    text = str(value)
    return record(0x204, place + struct.pack("<HB", len(text), 1) + text.encode("utf-16-le"))


def compound(stream: bytes) -> bytes:
    """The stream as the `Workbook` of a compound file: a table, a directory, then its sectors."""
    count = -(-len(stream) // SECTOR)
    table = [TABLE, END, *range(3, count + 2), END]
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(24, b"\0") + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    head = head.ljust(44, b"\0") + struct.pack("<IIIIIIIII", 1, 1, 0, 4096, END, 0, END, 0, 0)
    entries = entry("Root Entry", 5, END, 0, child=1) + entry("Workbook", 2, 2, len(stream))
    parts = [
        head + struct.pack(f"<{108}I", *[FREE] * 108),
        struct.pack("<128I", *table, *[FREE] * (128 - len(table))),
        entries.ljust(SECTOR, b"\0"),
        stream.ljust(count * SECTOR, b"\0"),
    ]
    return b"".join(parts)


def entry(name: str, kind: int, first: int, length: int, child: int = FREE) -> bytes:
    text = name.encode("utf-16-le")
    head = text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text) + 2, kind, 1, FREE, FREE, child)
    return head.ljust(116, b"\0") + struct.pack("<IQ", first, length)
