"""The text encoding of a dBASE table, the attribute half of a Shapefile, which seldom says it truly."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

_HEADER_BYTES: Final = 32
_FIELD_BYTES: Final = 32
_NAME_BYTES: Final = 10
_END_OF_FIELDS: Final = 0x0D


@dataclass(frozen=True, slots=True)
class DbfHead:
    """Rows, where they start, how wide each is, and (name, type, start, width) of each field."""

    rows: int
    start: int
    width: int
    fields: tuple[tuple[bytes, str, int, int], ...]


def dbf_head(path: Path) -> DbfHead | None:
    """The head of the table, None where its bytes make none."""
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
        if len(head) < _HEADER_BYTES:
            return None
        start, width = int.from_bytes(head[8:10], "little"), int.from_bytes(head[10:12], "little")
        described = file.read(max(0, start - _HEADER_BYTES))
    fields, offset = [], 1
    for at in range(0, len(described) - _FIELD_BYTES + 1, _FIELD_BYTES):
        one = described[at : at + _FIELD_BYTES]
        if one[0] == _END_OF_FIELDS:
            break
        name, kind, size = one[:11].split(b"\x00")[0], chr(one[11]), one[16]
        if kind == "C":
            size += one[17] << 8
        fields.append((name, kind, offset, size))
        offset += size
    if width < 1 or offset > width:
        return None
    return DbfHead(int.from_bytes(head[4:8], "little"), start, width, tuple(fields))


def dbf_encoding(path: Path, declared: str | None = None) -> str:
    """The encoding of the table's text: UTF-8 or GB18030, or the declared one where the text fits it.

    The bytes decide: text is UTF-8 if every field strictly is, a character cut by the end of a full field
    aside; else it is in the declared encoding (that of a .cpg) if it fits, else in GB18030, which holds GBK.
    """
    texts = list(_texts(path))
    known = _codec(declared)
    if (
        known not in {None, "utf-8"}
        and any(byte > 127 for text in texts for byte in text)
        and _fits(texts, known)
    ):
        return str(known).upper()
    return "UTF-8" if _fits(texts, "utf-8") else "GB18030"


def trim_cut_names(path: Path, encoding: str) -> tuple[str, ...]:
    """The names of fields that may have been longer: those that fill their ten bytes.

    A name that ends inside a character loses that character's first bytes, in the file itself, since no
    reader can tell what they mean.
    """
    head = dbf_head(path)
    if head is None:
        return ()
    cut, seen = [], {name for name, *_ in head.fields}
    with path.open("r+b") as file:
        for place, (name, *_) in enumerate(head.fields):
            text = codecs.getincrementaldecoder(encoding)("ignore").decode(name)
            kept = text.encode(encoding)
            if kept != name and name.startswith(kept):
                text, kept = _distinct(text, encoding, seen)
                file.seek(_HEADER_BYTES + place * _FIELD_BYTES)
                file.write(kept.ljust(_NAME_BYTES + 1, b"\x00"))
            if len(name) >= _NAME_BYTES:
                cut.append(text)
    return tuple(cut)


def _distinct(text: str, encoding: str, seen: set[bytes]) -> tuple[str, bytes]:
    """The trimmed name, with a digit in the place of the bytes that it lost where it is taken already."""
    for candidate in (text, *(f"{text}{digit}" for digit in range(2, 10))):
        raw = candidate.encode(encoding)
        if raw not in seen:
            break
    seen.add(raw)
    return candidate, raw


def trim_cut_cells(path: Path, encoding: str) -> None:
    """Blanks the first bytes of a character that the end of a full field cut off, in the file itself."""
    head = dbf_head(path)
    if head is None:
        return
    table = _table(path, head)
    changed = False
    for _, kind, start, width in head.fields:
        if kind != "C" or not width or not len(table):
            continue
        cells = np.ascontiguousarray(table[:, start : start + width]).view(f"S{width}").ravel()
        for cell in np.unique(cells).tolist():
            length = _whole_length(cell, encoding)
            if length < len(cell) == width:
                table[cells == cell, start + length : start + width] = ord(" ")
                changed = True
    if changed:
        with path.open("r+b") as file:
            file.seek(head.start)
            file.write(table.tobytes())


def _whole_length(cell: bytes, encoding: str) -> int:
    """The length of the cell without a character that its end cuts; its own where the bytes are no text."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        decoder.decode(cell, final=False)
    except UnicodeDecodeError:
        return len(cell)
    return len(cell) - len(decoder.getstate()[0])


def _table(path: Path, head: DbfHead) -> npt.NDArray[np.uint8]:
    """The bytes of the rows, (rows, width)."""
    raw = np.fromfile(path, dtype=np.uint8, offset=head.start)
    rows = min(head.rows, len(raw) // head.width)
    return raw[: rows * head.width].reshape(rows, head.width)


def _codec(name: str | None) -> str | None:
    """The codec that the first line of a .cpg names: `UTF-8`, `65001`, `GBK`, `936`, `OEM 936`."""
    word = (name or "").strip().upper().removeprefix("OEM").removeprefix("ANSI").strip()
    if word in {"936", "GB2312", "GBK", "GB18030", "CP936"}:
        return "gb18030"
    try:
        return codecs.lookup({"65001": "utf-8"}.get(word, f"cp{word}" if word.isdigit() else word)).name
    except LookupError:
        return None


def _texts(path: Path) -> Iterator[bytes]:
    """The distinct raw texts of the table: its field names and the contents of its character fields."""
    head = dbf_head(path)
    if head is None:
        return
    table = _table(path, head)
    yield from (name for name, *_ in head.fields)
    for _, kind, start, width in head.fields:
        if kind == "C" and width and len(table):
            cells = np.ascontiguousarray(table[:, start : start + width]).view(f"S{width}").ravel()
            yield from np.unique(cells).tolist()


def _fits(texts: list[bytes], encoding: str | None) -> bool:
    if encoding is None:
        return False
    for text in texts:
        try:
            codecs.getincrementaldecoder(encoding)().decode(text, final=False)
        except UnicodeDecodeError:
            return False
    return True
