"""Chronosequence: how units stand by the years since they were treated, whatever year that was.

Units of different ages stand in for one unit through time. The units that are old are others than those that
are young, so beside the mean over all stands the mean change of the same units since their own first year.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import fsum, sqrt
from pathlib import Path
from typing import TypeVar

from geo.errors import InvalidInput
from geo.values import Unreadable, is_missing, read_number, read_text, read_year

Value = TypeVar("Value")


class UnreadableTable(InvalidInput):
    """The file is no table of text with a line of column names."""

    template = "{file_name} is no CSV table: {problem}"


class NoColumn(InvalidInput):
    """A column that was named is not there."""

    template = "{file_name} has no column {column!r}; it has: {known}"


class BadCell(InvalidInput):
    """A cell does not hold what its column must."""

    template = "{file_name}, row {row}, column {column}: {value!r} is not {wanted}"


class RepeatedRow(InvalidInput):
    """One unit has two values for one year."""

    template = "{file_name}, row {row}: {unit} has a value for {year} in row {other} already"


class NoRows(InvalidInput):
    """The table holds no value."""

    template = "{file_name} holds no row with a value in the column {column!r}"


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table hold the unit, the year, the years since treatment and the value."""

    unit: str
    year: str
    age: str
    value: str


@dataclass(frozen=True, slots=True)
class Observation:
    """One unit in one year, `age` years since its treatment; `row` counts the line of names as 1."""

    row: int
    unit: str
    year: int
    age: int
    value: float | None


@dataclass(frozen=True, slots=True)
class AgeFigures:
    """The units of one age: their number, mean and standard deviation (None for one), least and greatest.

    `change` is the mean change of those `n_change` units that have a value at the first age too, None without
    one.
    """

    age: int
    n: int
    mean: float
    deviation: float | None
    low: float
    high: float
    n_change: int
    change: float | None


@dataclass(frozen=True, slots=True)
class Chronosequence:
    """The figures by age, in rising order, and of how many units, rows and years they are."""

    value: str
    ages: tuple[AgeFigures, ...]
    n_units: int
    n_rows: int
    n_missing: int
    years: tuple[int, int]


def chronosequence(observations: Sequence[Observation], value: str) -> Chronosequence:
    """The mean of `value` by years since treatment; rows without a value are counted and left out.

    The observations must hold at least one value. Their order does not matter, to the last digit.
    """
    known = [(one.age, one.unit, one.value) for one in observations if one.value is not None]
    first = min(age for age, _, _ in known)
    at_first = {unit: found for age, unit, found in known if age == first}
    by_age: defaultdict[int, list[tuple[str, float]]] = defaultdict(list)
    for age, unit, found in known:
        by_age[age].append((unit, found))
    years = [one.year for one in observations if one.value is not None]
    return Chronosequence(
        value=value,
        ages=tuple(_figures(age, by_age[age], at_first) for age in sorted(by_age)),
        n_units=len({unit for _, unit, _ in known}),
        n_rows=len(known),
        n_missing=len(observations) - len(known),
        years=(min(years), max(years)),
    )


def _figures(age: int, rows: Sequence[tuple[str, float]], at_first: dict[str, float]) -> AgeFigures:
    values = [value for _, value in rows]
    changes = [value - at_first[unit] for unit, value in rows if unit in at_first]
    mean = _mean(values)
    spread = fsum((value - mean) ** 2 for value in values)
    return AgeFigures(
        age=age,
        n=len(values),
        mean=mean,
        deviation=None if len(values) < 2 else sqrt(spread / (len(values) - 1)),
        low=min(values),
        high=max(values),
        n_change=len(changes),
        change=_mean(changes) if changes else None,
    )


def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values)


def read_observations(path: Path, columns: Columns) -> list[Observation]:
    """The rows of a CSV table (UTF-8, else GB 18030), its first line the names of the columns.

    A value may be missing; unit, year and age may not. Raises `UnreadableTable`, `NoColumn`, `BadCell`,
    `RepeatedRow` and `NoRows`, each naming the row and the column.
    """
    rows = csv.DictReader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        names = list(rows.fieldnames or ())
        for column in (columns.unit, columns.year, columns.age, columns.value):
            if names.count(column) != 1:
                raise NoColumn(file_name=path.name, column=column, known=", ".join(map(str, names)) or "none")
        found = [_observation(path.name, number, row, columns) for number, row in enumerate(rows, start=2)]
    except csv.Error as error:
        raise UnreadableTable(file_name=path.name, problem=str(error)) from error
    _refuse_repeated(path.name, found)
    if all(one.value is None for one in found):
        raise NoRows(file_name=path.name, column=columns.value)
    return found


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableTable(file_name=path.name, problem=error.strerror or "it cannot be read") from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableTable(file_name=path.name, problem="it is neither UTF-8 nor GB 18030 text")


def _observation(file_name: str, number: int, row: dict[str, str | None], columns: Columns) -> Observation:
    def cell(column: str, read: Callable[[object], Value]) -> Value:
        text = row[column]
        try:
            if is_missing(text):
                raise Unreadable("there")
            return read(text)
        except Unreadable as error:
            raise BadCell(
                file_name=file_name, row=number, column=column, value=text or "", wanted=str(error)
            ) from error
        except ValueError as error:
            raise BadCell(
                file_name=file_name, row=number, column=column, value=text or "", wanted="such a value"
            ) from error

    return Observation(
        row=number,
        unit=cell(columns.unit, read_text),
        year=cell(columns.year, read_year),
        age=cell(columns.age, _whole_years),
        value=None if is_missing(row[columns.value]) else cell(columns.value, read_number),
    )


def _whole_years(text: object) -> int:
    number = read_number(text)
    if not number.is_integer() or abs(number) > 200:
        raise Unreadable("a whole number of years since treatment")
    return int(number)


def _refuse_repeated(file_name: str, found: Iterable[Observation]) -> None:
    seen: dict[tuple[str, int], int] = {}
    for one in found:
        other = seen.setdefault((one.unit, one.year), one.row)
        if other != one.row:
            raise RepeatedRow(file_name=file_name, row=one.row, unit=one.unit, year=one.year, other=other)
