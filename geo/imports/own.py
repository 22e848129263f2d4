"""A store of Reverdure, or a copy of its sites layer, sent as a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from geo.vector_io import RawLayer
from geo.workbooks import mark_columns

_MARKS: Final = frozenset({"site_code", "area_units", "unit_shares", "outline_edition", "version"})
_BOOKKEEPING: Final = frozenset(
    {
        "adcode",
        "area_ha",
        "area_units",
        "county",
        "damaged_units",
        "outline_edition",
        "prefecture",
        "province",
        "restored_units",
        "source_crs",
        "unit_shares",
        "updated_at",
        "version",
    }
)
"""What a store works out by itself; its `area_ha` is measured, not declared."""


def unpacked(layer: RawLayer) -> RawLayer:
    """The layer with the columns that its sender once sent, without the marks of a marked workbook."""
    if mark_columns() & set(layer.columns):
        kept = tuple(name for name in layer.columns if name not in mark_columns())
        layer = replace(layer, columns=kept)
    if not set(layer.columns) >= _MARKS:
        return layer
    rows = tuple(replace(row, values=_sent(row.values)) for row in layer.rows)
    columns = dict.fromkeys(name for row in rows for name in row.values)
    return replace(layer, rows=rows, columns=tuple(columns))


def _sent(values: Mapping[str, Any]) -> dict[str, Any]:
    own = {
        name: value for name, value in values.items() if name not in _BOOKKEEPING | {"attributes", "extra"}
    }
    return {**_members(values.get("extra")), **_members(values.get("attributes")), **own}


def _members(value: Any) -> dict[str, Any]:
    """The members of a JSON object, also of its text; none where it is no object."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}
