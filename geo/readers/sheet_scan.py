"""What calamine does not tell of a worksheet: where it ends, and which cells hold formulas."""

from __future__ import annotations

import posixpath
import re
import zipfile
from html import unescape
from pathlib import Path
from typing import Any, Final
from xml.parsers import expat

from geo.readers.found_layer import MAX_COLUMNS, FileRefused

_FAR_COLUMN: Final = re.compile(rb' r="[A-Z]{3}\d')
_ROW: Final = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="(\d+)"')
_CELL: Final = re.compile(
    rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3})(\d+)"[^>]*>\s*<(?:\w+:)?f\b[^>]*?(?:/>|>(.*?)</(?:\w+:)?f>)',
    re.DOTALL,
)
_GAP_ROWS: Final = 100_000
_MAX_FORMULAS: Final = 200_000


def sheet_members(path: Path) -> dict[str, str]:
    """{name of a sheet: member of the archive}; empty for a binary workbook (.xlsb). Raises FileRefused."""
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        if "xl/workbook.xml" not in names:
            return {}
        sheets = _elements(archive.read("xl/workbook.xml"), "sheet")
        links = "xl/_rels/workbook.xml.rels"
        targets = {
            one["Id"]: one["Target"]
            for one in (_elements(archive.read(links), "Relationship") if links in names else [])
            if "Id" in one and "Target" in one
        }
    found = {}
    for sheet in sheets:
        target = targets.get(next((value for name, value in sheet.items() if name.endswith(":id")), ""), "")
        member = posixpath.normpath(posixpath.join("xl", target)).removeprefix("/")
        if member in names:
            found[sheet.get("name", "")] = member
    return found


def _elements(xml: bytes, name: str) -> list[dict[str, str]]:
    """The attributes of every element of that name."""
    found: list[dict[str, str]] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.rpartition(":")[2] == name:
            found.append(attributes)

    def refuse(*_: Any) -> None:
        raise FileRefused("it declares a document type; entities are never resolved")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.StartDoctypeDeclHandler = start, refuse
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        raise FileRefused(f"it is no sound workbook: {error}") from None
    return found


def check_extent(archive: zipfile.ZipFile, member: str) -> None:
    """Raise FileRefused where a cell lies so far out that the space up to it would fill the memory."""
    xml = archive.read(member)
    far = _FAR_COLUMN.search(xml)
    if far is not None:
        raise FileRefused(f"it has more than {MAX_COLUMNS} columns")
    count, last = 0, 0
    for count, found in enumerate(_ROW.finditer(xml), 1):  # noqa: B007 - the last count is used
        last = max(last, int(found.group(1)))
    if last > count + _GAP_ROWS:
        raise FileRefused(f"its row {last} lies far below the others; delete the empty rows between")


def formulas(archive: zipfile.ZipFile, member: str) -> dict[tuple[int, int], str]:
    """{(row from 1, column from 0): text} of the cells of a sheet that hold a formula."""
    xml = archive.read(member)
    if b"<f" not in xml and b":f" not in xml:
        return {}
    found: dict[tuple[int, int], str] = {}
    for letters, row, text in _CELL.findall(xml):
        found[int(row), _column(letters)] = unescape(text.decode("utf-8", "replace"))
        if len(found) > _MAX_FORMULAS:
            raise FileRefused("it has too many formulas; paste it as values")
    return found


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number - 1
