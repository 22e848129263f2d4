"""Heads: the columns of the sites table, which are what each site's history says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import cast

import shapely

from geo.areas import ha_from_units
from geo.canonical import canonical_json, parse_json
from geo.facts import since, standing
from geo.history import Fact, HistoryRow
from geo.store.gpkg import blob_of_wkb

_PLAIN = (
    Fact.STATUS,
    Fact.KIND,
    Fact.TARGET_USE,
    Fact.RESPONSIBLE,
    Fact.APPROACH,
    Fact.DAMAGE_YEAR,
    Fact.TREATMENT_START,
    Fact.TREATMENT_END,
    Fact.SETTLEMENT,
    Fact.PONDING,
)


def head_columns(rows: Sequence[HistoryRow]) -> dict[str, object]:
    """The columns that the history of one site determines; `rows` with their polygons, in any order."""
    kept = standing(rows)
    now = {row.fact: row for row in kept}
    values = {fact: _parsed(row.value) for fact, row in now.items()}
    columns: dict[str, object] = {fact.value: values.get(fact) for fact in _PLAIN}
    columns["name"] = values.get(Fact.NAME, "")
    columns["status_since"] = _status_since(kept)
    columns |= (
        _membership(kept)
        | _area("damaged", values.get(Fact.DAMAGED))
        | _area("restored", values.get(Fact.RESTORED))
    )
    units = cast("Mapping[str, int]", values[Fact.GEOMETRY])["area_units"]
    columns |= {"geom": _blob(now[Fact.GEOMETRY]), "area_units": units, "area_ha": ha_from_units(units)}
    unit = cast("Mapping[str, object]", values.get(Fact.UNIT, {}))
    columns["adcode"] = unit.get("adcode")
    columns["outline_edition"] = unit.get("edition")
    columns["unit_shares"] = canonical_json(unit.get("shares", {}))
    columns["attributes"] = now[Fact.ATTRIBUTES].value if Fact.ATTRIBUTES in now else "{}"
    return columns


def _parsed(text: str) -> object:
    return _word(text) if text.startswith('"') else parse_json(text)


_word = lru_cache(maxsize=1024)(parse_json)


def _status_since(kept: Sequence[HistoryRow]) -> str:
    start = since(kept, Fact.STATUS)
    return (date.min if start is None else start).isoformat()


def _membership(kept: Sequence[HistoryRow]) -> dict[str, object]:
    entered: str | None = None
    left: str | None = None
    for row in kept:
        if row.fact is Fact.MEMBERSHIP:
            day = row.effective_on.isoformat()
            entered, left = (day, None) if row.value == '"entered"' else (entered, day)
    return {"entered_on": entered, "left_on": left}


def _area(name: str, value: object) -> dict[str, object]:
    units = value.get("units") if isinstance(value, Mapping) else None
    return {f"{name}_units": units, f"{name}_ha": None if units is None else ha_from_units(units)}


def _blob(row: HistoryRow) -> bytes:
    wkb = cast("bytes", row.wkb)
    geometry = shapely.from_wkb(wkb)
    return blob_of_wkb(wkb, None if geometry.is_empty else geometry.bounds)
