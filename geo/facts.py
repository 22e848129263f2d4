"""The values of facts: what each may be, and the site that they make together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from typing import Final

from geo.canonical import canonical_json, parse_json
from geo.errors import BadValue
from geo.history import Fact, HistoryRow
from geo.sites import Approach, Kind, Ponding, Responsible, Settlement, Target
from geo.status import Status

MEMBERSHIPS: Final = ("entered", "left")

_WORDS: Final[Mapping[Fact, type[StrEnum]]] = {
    Fact.STATUS: Status,
    Fact.KIND: Kind,
    Fact.TARGET_USE: Target,
    Fact.RESPONSIBLE: Responsible,
    Fact.APPROACH: Approach,
    Fact.SETTLEMENT: Settlement,
    Fact.PONDING: Ponding,
}
_SLUGS: Final = {fact: frozenset(word.value for word in words) for fact, words in _WORDS.items()}
_MAY_BE_NULL: Final = frozenset({Fact.APPROACH, Fact.SETTLEMENT, Fact.PONDING})

DEFAULTS: Final[Mapping[Fact, object]] = {
    Fact.NAME: "",
    Fact.KIND: Kind.OTHER,
    Fact.TARGET_USE: Target.NONE,
    Fact.RESPONSIBLE: Responsible.UNKNOWN,
}
"""What a new site is where nothing is said; every site has a row of each."""


def fact_value(fact: Fact, value: object) -> str:
    """The canonical JSON text of a fact's value; raises `BadValue` where the fact cannot have it.

    >>> fact_value(Fact.DAMAGED, {"units": 150_000_000})
    '{"units":150000000}'
    >>> fact_value(Fact.STATUS, "treated")
    '"treated"'
    """
    return _word_text(fact, value) if isinstance(value, str) else canonical_json(_checked(fact, value))


@lru_cache(maxsize=4096)
def _word_text(fact: Fact, value: str) -> str:
    return canonical_json(_checked(fact, value))


def _checked(fact: Fact, value: object) -> object:
    if fact in _WORDS:
        return _word(fact, value)
    return _CHECKS[fact](fact, value)


def _word(fact: Fact, value: object) -> str | None:
    if value is None and fact in _MAY_BE_NULL:
        return None
    if not isinstance(value, str) or value not in _SLUGS[fact]:
        raise BadValue(field=fact, value=value, problem=f"is not one of {', '.join(_WORDS[fact])}")
    return str(value)


def _membership(fact: Fact, value: object) -> object:
    if value not in MEMBERSHIPS:
        raise BadValue(field=fact, value=value, problem=f"is not one of {', '.join(MEMBERSHIPS)}")
    return value


def _area(fact: Fact, value: object) -> object:
    units = value.get("units", value) if isinstance(value, Mapping) and len(value) == 1 else value
    if units is None and isinstance(value, Mapping):
        return {"units": None}
    if not isinstance(units, int) or isinstance(units, bool) or units < 0:
        raise BadValue(
            field=fact, value=value, problem='is not {"units": whole number, not below 0, or null}'
        )
    return {"units": units}


def _geometry(fact: Fact, value: object) -> object:
    if isinstance(value, Mapping) and set(value) == {"area_units"} and isinstance(value["area_units"], int):
        return dict(value)
    raise BadValue(field=fact, value=value, problem='is not {"area_units": whole number}')


def _year(fact: Fact, value: object) -> object:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 9999):
        return value
    raise BadValue(field=fact, value=value, problem="is not a year")


def _day(fact: Fact, value: object) -> object:
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError as error:
        raise BadValue(field=fact, value=value, problem="is not a date (YYYY-MM-DD)") from error


def _name(fact: Fact, value: object) -> object:
    if isinstance(value, str):
        return value
    raise BadValue(field=fact, value=value, problem="is not text")


def _attributes(fact: Fact, value: object) -> object:
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return dict(value)
    raise BadValue(field=fact, value=value, problem="is not an object of names and values")


def _unit(fact: Fact, value: object) -> object:
    problem = 'is not {"adcode": text or null, "edition": text or null, "shares": {adcode: decimal text}}'
    if not isinstance(value, Mapping) or set(value) != {"adcode", "edition", "shares"}:
        raise BadValue(field=fact, value=value, problem=problem)
    words = (value["adcode"], value["edition"])
    shares = value["shares"]
    if not all(word is None or isinstance(word, str) for word in words) or not isinstance(shares, Mapping):
        raise BadValue(field=fact, value=value, problem=problem)
    return {
        "adcode": words[0],
        "edition": words[1],
        "shares": {str(code): _share(fact, share) for code, share in shares.items()},
    }


def _share(fact: Fact, share: object) -> str:
    try:
        number = Decimal(share if isinstance(share, str) else repr(share))
    except InvalidOperation as error:
        raise BadValue(field=fact, value=share, problem="is not a decimal share") from error
    if not number.is_finite() or not 0 <= number <= 1:
        raise BadValue(field=fact, value=share, problem="is not a share between 0 and 1")
    return share if isinstance(share, str) else repr(share)


_CHECKS: Final[Mapping[Fact, Callable[[Fact, object], object]]] = {
    Fact.MEMBERSHIP: _membership,
    Fact.GEOMETRY: _geometry,
    Fact.UNIT: _unit,
    Fact.DAMAGED: _area,
    Fact.RESTORED: _area,
    Fact.DAMAGE_YEAR: _year,
    Fact.TREATMENT_START: _day,
    Fact.TREATMENT_END: _day,
    Fact.NAME: _name,
    Fact.ATTRIBUTES: _attributes,
}


def standing(rows: Iterable[HistoryRow]) -> list[HistoryRow]:
    """The rows that count, in effective order: not voided, and not voiding rows themselves."""
    listed = list(rows)
    voided = {row.voids_seq for row in listed}
    kept = [row for row in listed if row.voids_seq is None and row.seq not in voided]
    return sorted(kept, key=lambda row: (row.effective_on, row.seq))


def current(rows: Iterable[HistoryRow], *, on: date | None = None) -> dict[Fact, HistoryRow]:
    """The row that says each fact of one site, on the day `on` or, where None, as of the latest."""
    return {row.fact: row for row in standing(rows) if on is None or row.effective_on <= on}


def says_nothing(text: str) -> bool:
    """Whether a value states nothing, so that a site without the row is the same site."""
    return text in {"null", '{"units":null}', "{}"}


def units_in(text: str | None) -> int | None:
    """The area in the value of a damaged or restored row, None where it states none."""
    value = None if text is None else parse_json(text)
    units = value.get("units") if isinstance(value, Mapping) else None
    return units if isinstance(units, int) else None


def since(rows: Iterable[HistoryRow], fact: Fact) -> date | None:
    """The day since which the fact has had its current value without a break, None where it has none.

    Of several rows on one day the last counts.
    """
    values = {row.effective_on: row.value for row in standing(rows) if row.fact is fact}
    start: date | None = None
    for day, value in values.items():
        if start is None or value != values[start]:
            start = day
    return start
