"""The formats that are accepted, told by their first bytes: a file's name proves nothing."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Final, Literal

Format = Literal["gpkg", "zip", "geojson", "shp", "kml", "gdb", "dxf", "points", "csv", "xlsx", "xls"]

_GDAL_DRIVERS: Final = frozenset({"GPKG", "ESRI Shapefile"})
_GDAL_DRIVERS_OF_GDB: Final = frozenset({"OpenFileGDB"})


def drivers_for(kind: str) -> frozenset[str]:
    """The only drivers of GDAL that may open a file of this kind from outside."""
    return _GDAL_DRIVERS_OF_GDB if kind == "gdb" else _GDAL_DRIVERS


FORMAT_NAMES: Final[dict[Format, str]] = {
    "gpkg": "GeoPackage",
    "zip": "zip archive",
    "geojson": "GeoJSON",
    "shp": "Shapefile",
    "kml": "KML",
    "gdb": "FileGDB",
    "dxf": "DXF",
    "points": "a text file of boundary points",
    "csv": "plain text",
    "xlsx": "an Excel workbook",
    "xls": "an old Office file",
}
FORMAT_BY_SUFFIX: Final[dict[str, Format]] = {
    ".gpkg": "gpkg",
    ".zip": "zip",
    ".kmz": "zip",
    ".geojson": "geojson",
    ".json": "geojson",
    ".shp": "shp",
    ".kml": "kml",
    ".dxf": "dxf",
    ".csv": "csv",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xls": "xls",
}
LAYER_SUFFIXES: Final = (".gpkg", ".geojson", ".json", ".shp", ".kml", ".dxf")
"""What an archive may hold a layer as, beside the folder of a FileGDB."""
TABLES: Final[frozenset[Format]] = frozenset({"csv", "xlsx", "xls"})
"""The formats whose rows may have no geometry: they then speak of sites that are known."""
READ_FORMATS: Final = (
    "GeoPackage, GeoJSON, zipped Shapefile, KML and KMZ, zipped FileGDB, DXF, text files of boundary points, "
    "Excel and CSV"
)
SHAPEFILE_PARTS: Final = (".shp", ".dbf", ".shx", ".prj", ".cpg")

_HEAD_BYTES: Final = 4096
_EMPTY_ZIP: Final = b"PK\x05\x06"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_DXF: Final = re.compile(rb"\s*(?:999\r?\n[^\n]*\n\s*)*0\s*\r?\n\s*SECTION\b")
_POINTS: Final = re.compile(
    "|".join(("属性描述", "地块坐标", "几度分带")).encode()
    + b"|"
    + "|".join(("属性描述", "地块坐标", "几度分带")).encode("gb18030")
)
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SEPARATOR: Final = re.compile(rb"[^\n]*[,;\t|]")
_OTHERS: Final = (
    (b"%PDF", "PDF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"Rar!", "RAR archive"),
    (b"7z\xbc\xaf", "7-Zip archive"),
    (b"\x1f\x8b", "gzip"),
    (b"<", "XML"),
)


def format_of(path: Path) -> Format | None:
    """The accepted format that the file's first bytes show, None for any other."""
    head = _head(path)
    if head.startswith((b"PK\x03\x04", _EMPTY_ZIP)):
        return "xlsx" if _is_workbook(path) else "zip"
    for magic, found in _MAGIC:
        if head.startswith(magic):
            return found
    if head.startswith(_UTF_16):
        return "csv"
    return _text_format(head.removeprefix(b"\xef\xbb\xbf"))


_MAGIC: Final[tuple[tuple[bytes, Format], ...]] = (
    (b"SQLite format 3\x00", "gpkg"),
    (b"\x00\x00\x27\x0a", "shp"),
    (b"\xd0\xcf\x11\xe0", "xls"),
    (b"AutoCAD Binary DXF", "dxf"),
)


def _text_format(head: bytes) -> Format | None:
    text = head.lstrip()
    if text.startswith(b"{"):
        return "geojson"
    if text.startswith(b"<"):
        return "kml" if re.search(rb"<(\w+:)?kml[\s>/]", text) else None
    if _DXF.match(head):
        return "dxf"
    if _CONTROL.search(head) or any(text.startswith(magic) for magic, _ in _OTHERS):
        return None
    if _POINTS.search(text):
        return "points"
    return "csv" if _SEPARATOR.match(text) else None


def _is_workbook(path: Path) -> bool:
    """Whether a zip archive is an Excel workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.NameToInfo
            return "[Content_Types].xml" in names and any(name.startswith("xl/workbook.") for name in names)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, ValueError):
        return False


def described(path: Path) -> str:
    """What the file looks like, in words, for the person who sent it."""
    found = format_of(path)
    if found is not None:
        return FORMAT_NAMES[found]
    head = _head(path)
    if not head:
        return "an empty file"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((name for magic, name in _OTHERS if text.startswith(magic)), "something else")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)
