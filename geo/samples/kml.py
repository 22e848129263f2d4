"""Points of a sample that come back as KML, as Google Earth saves them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, Final

from geo.errors import InvalidInput

MAX_KML_BYTES: Final = 50 << 20
_KML: Final = "{http://www.opengis.net/kml/2.2}"


class NotKml(InvalidInput):
    """A file that should be KML cannot be taken."""

    template = "{file_name} cannot be read as KML: {problem}"


def kml_rows(path: Path) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """The columns and the values of every placemark, in file order.

    A placemark without a value `checked` is labelled by its description, which Google Earth lets people edit.
    A document type is refused, for it could define entities. Raises `NotKml`.
    """
    root = _root(path)
    rows = []
    for mark in root.iter(f"{_KML}Placemark"):
        row: dict[str, Any] = {
            data.get("name", ""): data.findtext(f"{_KML}value") or "" for data in mark.iter(f"{_KML}Data")
        }
        row["checked"] = row.get("checked") or (mark.findtext(f"{_KML}description") or "").strip()
        rows.append(row)
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    return columns, rows


def _root(path: Path) -> ET.Element:
    if not path.is_file():
        raise NotKml(file_name=path.name, problem="there is no such file")
    if path.stat().st_size > MAX_KML_BYTES:
        raise NotKml(file_name=path.name, problem=f"it has more than {MAX_KML_BYTES >> 20} MiB")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotKml(file_name=path.name, problem="it is not UTF-8") from error
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise NotKml(file_name=path.name, problem="it declares a document type")
    try:
        return ET.fromstring(text)  # noqa: S314 - no document type, so no entity to expand
    except ET.ParseError as error:
        raise NotKml(file_name=path.name, problem=error) from error
