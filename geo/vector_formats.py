"""The vector formats that are accepted, told by their first bytes: a file's name proves nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

Format = Literal["gpkg", "zip", "geojson", "shp"]

GDAL_DRIVERS: Final = frozenset({"GPKG", "ESRI Shapefile"})
"""The only drivers of GDAL that may open a file from outside."""

FORMAT_NAMES: Final[dict[Format, str]] = {
    "gpkg": "GeoPackage",
    "zip": "zip archive",
    "geojson": "GeoJSON",
    "shp": "Shapefile",
}
FORMAT_BY_SUFFIX: Final[dict[str, Format]] = {
    ".gpkg": "gpkg",
    ".zip": "zip",
    ".geojson": "geojson",
    ".json": "geojson",
    ".shp": "shp",
}
SHAPEFILE_PARTS: Final = (".shp", ".dbf", ".shx", ".prj", ".cpg")

_HEAD_BYTES: Final = 4096
_EMPTY_ZIP: Final = b"PK\x05\x06"
_OTHERS: Final = (
    (b"%PDF", "PDF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"\x89PNG", "PNG"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"),
    (b"Rar!", "RAR archive"),
    (b"7z\xbc\xaf", "7-Zip archive"),
    (b"\x1f\x8b", "gzip"),
    (b"<", "XML"),
)


def format_of(path: Path) -> Format | None:
    """The accepted format that the file's first bytes show, None for any other."""
    head = _head(path)
    if head.startswith(b"SQLite format 3\x00"):
        return "gpkg"
    if head.startswith((b"PK\x03\x04", _EMPTY_ZIP)):
        return "zip"
    if head.startswith(b"\x00\x00\x27\x0a"):
        return "shp"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return "geojson"
    return None


def described(path: Path) -> str:
    """What the file looks like, in words, for the person who sent it."""
    found = format_of(path)
    if found is not None:
        return FORMAT_NAMES[found]
    head = _head(path)
    if not head:
        return "an empty file"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<") and b"<kml" in text:
        return "KML, which is not read yet"
    return next((name for magic, name in _OTHERS if text.startswith(magic)), "something else")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)
