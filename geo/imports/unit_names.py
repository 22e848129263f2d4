"""What a file says of the unit of a site, compared with where its polygon lies; the polygon decides."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any, Final

from geo.cities import City, lineage
from geo.imports.findings import finding
from geo.imports.receipts import Finding
from geo.reference import reference_rows
from geo.values import folded, is_missing
from geo.words import Lang

_ENDING: Final = re.compile(r"(?<=..)(自治区|自治州|自治县|地区|新区|省|市|县|区|旗|盟)$")


class UnitNames:
    """Compares the columns that name a unit, such as 市 or county, with the units that the sites lie in."""

    def __init__(self, columns: Collection[str], units: Mapping[str, City], *, lang: Lang) -> None:
        aliases = _aliases()
        self._columns = [(name, aliases[folded(name)]) for name in columns if folded(name) in aliases]
        self._units = units
        self._lang = lang
        self._told: dict[tuple[str, str, str], Finding | None] = {}

    def differences(self, adcode: str, cells: Mapping[str, Any]) -> Iterator[Finding]:
        """A finding for each cell that names another unit than the one that the polygon lies in."""
        for column, level in self._columns:
            if is_missing(cell := cells.get(column)):
                continue
            key = (adcode, column, str(cell))
            if key not in self._told:
                self._told[key] = self._difference(adcode, column, level, str(cell))
            told = self._told[key]
            if told is not None:
                yield told

    def _difference(self, adcode: str, column: str, level: str, cell: str) -> Finding | None:
        above = [self._units[code] for code in lineage(adcode, self._units) if code in self._units]
        right = next(
            (unit for unit in above if unit.level == level), above[0] if not level and above else None
        )
        if right is None or _names(cell) & {name for unit in above for name in _names_of(unit)}:
            return None
        if not level and any(name in folded(cell) for unit in above[:1] for name in _names_of(unit)):
            return None
        name = right.name_zh if self._lang == "zh" else right.name_en or right.name_zh
        slug = "unit_looks_like" if _is_near(folded(cell), _names_of(right)) else "unit_differs"
        return finding(slug, lang=self._lang, column=column, value=cell, name=name)


@cache
def _aliases() -> dict[str, str]:
    return {folded(row["alias"]): row["level"] for row in reference_rows("unit_columns")}


def _names(text: str) -> frozenset[str]:
    """The name as it is compared, with and without the word for its kind."""
    whole = folded(text)
    return frozenset({whole, _ENDING.sub("", whole)})


def _names_of(unit: City) -> frozenset[str]:
    return _names(unit.name_zh) | _names(unit.name_en) | {unit.adcode}


def _is_near(text: str, names: Collection[str]) -> bool:
    """Whether the text differs from one of the names by a single sign."""
    return any(
        len(text) == len(name) > 1 and sum(one != other for one, other in zip(text, name, strict=True)) == 1
        for name in names
    )
