"""Which column of a file each field comes from: told by the caller, or by the names in common use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from geo.errors import BadValue, InvalidInput
from geo.imports.fields import FIELDS, ROW_NUMBER, known_words
from geo.reference import reference_rows
from geo.status import Status
from geo.values import (
    HA_BY_UNIT,
    Unreadable,
    folded,
    is_missing,
    plain,
    read_area_units,
    read_date,
    read_number,
    read_start,
    read_text,
    read_year,
    spellings,
    unit_of,
    unit_word,
)

_FEATURE_ID: Final = "id"
"""The alias under which a GeoJSON feature's own number comes; beside a code it is no second code."""


class UnknownField(InvalidInput):
    """A mapping names a field that does not exist."""

    template = "no field is called {field!r}; the fields are {known}"


class UnknownColumn(InvalidInput):
    """A mapping names a column that the file does not have."""

    template = "the file has no column {column!r}; its columns are {known}"


class NoCodeColumn(InvalidInput):
    """Nothing tells the sites of the file apart."""

    template = (
        "no column is known to hold the site code; say which, as in --map site_code=COLUMN, of: {known}; "
        "or number the rows, as in --set site_code=S-{{row}}"
    )


@dataclass(frozen=True, slots=True)
class Source:
    """Where a field comes from: a column, with the unit of its numbers where they are areas."""

    column: str
    unit: str = "ha"
    unit_assumed: bool = False


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which column each field comes from, what is the same for every row, and which columns are left.

    `rivals` {field: columns left over whose names mean that field too}.
    """

    sources: Mapping[str, Source]
    constants: Mapping[str, str]
    extra: tuple[str, ...]
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rivals: Mapping[str, tuple[Source, ...]] = field(default_factory=dict)

    def as_text(self) -> dict[str, str]:
        """{field: column} for the receipt, a constant as `=value`."""
        return {name: source.column for name, source in self.sources.items()} | {
            name: f"={value}" for name, value in self.constants.items()
        }


def map_columns(
    columns: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    *,
    field_map: Mapping[str, str],
    status_map: Mapping[str, str],
    constants: Mapping[str, str],
    cut_columns: Collection[str] = (),
    area_units: Mapping[str, str] = MappingProxyType({}),
    ignored: Collection[str] = (),
) -> ColumnMap:
    """The mapping of a file's columns: what the caller says, then the names that are commonly used.

    Where several columns could hold the status, the one most of whose words are known does. Of
    `cut_columns`, whose names were cut short, it is enough that one field's names begin so. `area_units`
    {column: unit} overrules the unit that a name says; `ignored` columns mean nothing by their names.
    Raises UnknownField, UnknownColumn, NoCodeColumn and BadValue.
    """
    words = {name: dict(known_words(name)) for name, one in FIELDS.items() if one.words is not None}
    words["status"] |= {folded(word): _status(value) for word, value in status_map.items()}
    fixed = {_known(name): plain(value) for name, value in constants.items()}
    for name, value in fixed.items():
        _check_constant(name, value, words)
    told = {_known(name): _column(column, columns) for name, column in field_map.items()}
    sources = {name: _source(column) for name, column in told.items()}
    taken, rivals = set(told.values()), {}
    for name, candidates in _candidates(columns, cut_columns).items():
        free = [column for column in candidates if column not in taken and column not in ignored]
        if name in sources or name in fixed or not free:
            continue
        chosen = _best(free, rows, words["status"]) if name == "status" else free[0]
        sources[name] = _source(chosen)
        taken.add(chosen)
        others = (column for column in free if column != chosen and _alias(column) != _FEATURE_ID)
        rivals[name] = tuple(map(_source, others))
    for column, unit in area_units.items():
        _overrule_unit(sources, _column(column, columns), unit)
    if "site_code" not in sources and ROW_NUMBER not in fixed.get("site_code", ""):
        raise NoCodeColumn(known=", ".join(columns) or "(no columns)")
    ordered = {name: sources[name] for name in FIELDS if name in sources and name not in fixed}
    used = {source.column for source in ordered.values()}
    extra = tuple(column for column in columns if column not in used)
    return ColumnMap(ordered, fixed, extra, words, {name: some for name, some in rivals.items() if some})


@cache
def _aliases() -> Mapping[str, tuple[str, str]]:
    """{folded alias: (field, unit)}."""
    return {folded(row["alias"]): (row["field"], row["unit"]) for row in reference_rows("field_names")}


@cache
def _ranks() -> Mapping[str, int]:
    return {alias: rank for rank, alias in enumerate(_aliases())}


def _candidates(columns: Sequence[str], cut: Collection[str]) -> dict[str, list[str]]:
    """{field: columns whose names mean it}, the likeliest name first."""
    ranked: dict[str, list[tuple[int, str]]] = {}
    for column in columns:
        alias = _alias(column) or (_alias_of_cut(column) if column in cut else None)
        if alias is not None:
            ranked.setdefault(_aliases()[alias][0], []).append((_ranks()[alias], column))
    return {name: [column for _, column in sorted(ranked[name])] for name in FIELDS if name in ranked}


def _alias(column: str) -> str | None:
    for spelled in spellings(column):
        whole, (bare, unit) = folded(spelled), unit_of(spelled)
        if whole in _aliases():
            return whole
        if bare in _aliases() and unit is not None and FIELDS[_aliases()[bare][0]].form == "area":
            return bare
    return None


def _alias_of_cut(column: str) -> str | None:
    """The likeliest alias that begins as the column does, None where such aliases mean different fields."""
    longer = [alias for alias in _aliases() if alias.startswith(folded(column))]
    return longer[0] if len({_aliases()[alias][0] for alias in longer}) == 1 else None


def _source(column: str) -> Source:
    said = (_aliases().get(folded(one), ("", ""))[1] or unit_of(one)[1] for one in spellings(column))
    named = next(filter(None, said), None)
    return Source(column, named or "ha", unit_assumed=named is None)


def _overrule_unit(sources: dict[str, Source], column: str, unit: str) -> None:
    known = unit_word(unit)
    if known is None:
        problem = f"is no unit of area; known: {', '.join(HA_BY_UNIT)}"
        raise BadValue(field=f"unit of {column}", value=unit, problem=problem)
    for name, source in sources.items():
        if source.column == column:
            sources[name] = Source(column, known)


def _best(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> str:
    def known(column: str) -> int:
        cells = (row.get(column) for row in rows)
        return sum(not is_missing(cell) and folded(str(cell)) in words for cell in cells)

    return max(columns, key=known)


def _known(name: str) -> str:
    wanted = folded(name)
    for known in FIELDS:
        if wanted in {folded(known), folded(known.removesuffix("_ha"))}:
            return known
    raise UnknownField(field=name, known=", ".join(FIELDS))


def _column(column: str, columns: Iterable[str]) -> str:
    listed = list(columns)
    for known in listed:
        if column == known or folded(column) == folded(known):
            return known
    raise UnknownColumn(column=column, known=", ".join(listed))


_READERS: Final[Mapping[str, Callable[[Any], object]]] = {
    "code": read_text,
    "text": read_text,
    "number": read_number,
    "area": lambda value: read_area_units(value, "ha"),
    "date": read_date,
    "start": read_start,
    "year": read_year,
}


def _check_constant(name: str, value: str, words: Mapping[str, Mapping[str, str]]) -> None:
    """Raises BadValue where a value for every row cannot be read as its field."""
    one = FIELDS[name]
    if is_missing(value):
        raise BadValue(field=name, value=value, problem="says nothing")
    if one.words is not None:
        if folded(value) not in words[name]:
            raise BadValue(field=name, value=value, problem=f"is not one of {', '.join(one.words)}")
        return
    try:
        _READERS[one.form](value)
    except Unreadable as error:
        raise BadValue(field=name, value=value, problem=f"cannot be read as {error}") from error


def _status(value: str) -> str:
    slug = known_words("status").get(folded(value))
    if slug is None:
        raise BadValue(field="status", value=value, problem=f"is not one of {', '.join(Status)}")
    return slug
