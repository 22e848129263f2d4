"""Fields of the inventory: what a column can be mapped to, and the words that its cells hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Final, Literal

from geo.history import Fact
from geo.reference import reference_rows
from geo.sites import Approach, Kind, Ponding, Responsible, Settlement, Target
from geo.status import Status
from geo.values import folded

ROW_NUMBER: Final = "{row}"
"""What stands for the number of the row in a value for every row."""

FieldType = Literal["code", "text", "number", "area", "date", "start", "year", "word"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: how its cells are read, and the fact that they state, if any."""

    name: str
    form: FieldType
    fact: Fact | None = None
    words: type[StrEnum] | None = None
    table: str = ""
    attribute: bool = False


def _attribute(name: str, kind: FieldType) -> Field:
    return Field(name, kind, attribute=True)


FIELDS: Final[Mapping[str, Field]] = MappingProxyType(
    {
        one.name: one
        for one in (
            Field("site_code", "code"),
            Field("name", "text", Fact.NAME),
            Field("status", "word", Fact.STATUS, Status, "status"),
            Field("status_since", "date"),
            Field("entered_on", "date"),
            Field("kind", "word", Fact.KIND, Kind, "kinds"),
            Field("target_use", "word", Fact.TARGET_USE, Target, "targets"),
            Field("responsible", "word", Fact.RESPONSIBLE, Responsible, "responsible"),
            Field("approach", "word", Fact.APPROACH, Approach, "approaches"),
            Field("settlement", "word", Fact.SETTLEMENT, Settlement, "settlements"),
            Field("ponding", "word", Fact.PONDING, Ponding, "pondings"),
            Field("damaged_ha", "area", Fact.DAMAGED),
            Field("restored_ha", "area", Fact.RESTORED),
            Field("remaining_ha", "area"),
            Field("damage_year", "year", Fact.DAMAGE_YEAR),
            Field("treatment_start", "start", Fact.TREATMENT_START),
            Field("treatment_end", "date", Fact.TREATMENT_END),
            _attribute("declared_area_ha", "area"),
            _attribute("acceptance_date", "date"),
            _attribute("minerals", "text"),
            _attribute("township", "text"),
            _attribute("damage_type", "text"),
            _attribute("hazards", "text"),
            _attribute("tenure", "text"),
            _attribute("cost_planned", "number"),
            _attribute("cost_spent", "number"),
            _attribute("renewal_action", "text"),
            _attribute("operator", "text"),
            _attribute("notes", "text"),
        )
    }
)
"""Every field that a column can be mapped to, in the order in which receipts show them."""

DEFAULT_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {"status": "untreated", "kind": "other", "target_use": "none", "responsible": "unknown"}
)
"""What a new site is where its row is silent; each use is counted in the receipt."""


@cache
def known_words(name: str) -> Mapping[str, str]:
    """{folded word: slug} of one field: its slugs, their labels in both languages, and `value_words.csv`."""
    one = FIELDS[name]
    if one.words is None:
        return {}
    found = {folded(slug): str(slug) for slug in one.words}
    for row in reference_rows(one.table):
        found |= {folded(row["zh"]): row["slug"], folded(row["en"]): row["slug"]}
    found |= {
        folded(row["word"]): row["value"] for row in reference_rows("value_words") if row["field"] == name
    }
    return MappingProxyType(found)
