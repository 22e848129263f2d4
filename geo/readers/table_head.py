"""The head of a table: which row names the columns, under titles and notes as people write them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from geo.readers.found_layer import MAX_COLUMNS, FileRefused
from geo.readers.joined_head import JoinedHead, Merged
from geo.reference import reference_rows
from geo.values import folded, spellings, unit_of

SEARCHED_ROWS: Final = 20


def head_of(rows: Sequence[Sequence[Any]], merged: Merged = ()) -> tuple[int, list[str]]:
    """The position of the last row of the head, and the names of the columns.

    The head is the row of the first twenty with most names of fields; where none has any, the first row with
    text in two cells; and the rows beside it that belong to it, by their `merged` cells or groups. Raises
    FileRefused where there is no such row.
    """
    best, most = -1, 0
    for place, row in enumerate(rows[:SEARCHED_ROWS]):
        words = [cell for cell in row if isinstance(cell, str) and cell.strip()]
        known = sum(is_field_name(word) for word in words)
        score = 1000 * known + (1 if len(words) >= 2 and best < 0 else 0)
        if score > most:
            best, most = place, score
    if best < 0:
        raise FileRefused("no row of it names columns; the first row must, such as 图斑编号 or site_code")
    head = JoinedHead(rows, best, merged, is_field_name)
    if head.top == head.bottom:
        return best, [_name(cell) for cell in rows[best]]
    return head.bottom, head.names()


def has_code_column(names: Sequence[str]) -> bool:
    """Whether one of the columns is known to hold the site code."""
    return any(_fields().get(folded(name)) == "site_code" for name in names)


def is_field_name(word: str) -> bool:
    """Whether a text names a field that is known, with or without a unit, in either order of its words."""
    return any(folded(one) in _fields() or unit_of(one)[0] in _fields() for one in spellings(word))


@cache
def _fields() -> dict[str, str]:
    found = {folded(row["alias"]): row["role"] for row in reference_rows("geometry_columns")}
    return found | {folded(row["alias"]): row["field"] for row in reference_rows("field_names")}


def _name(cell: Any) -> str:
    return " ".join(str(cell).split()) if cell is not None else ""


def unique_names(names: Sequence[str]) -> list[str]:
    """The names, a repeated one with its number; a column without a name stays without.

    >>> unique_names(["面积", "", "面积"])
    ['面积', '', '面积 (2)']
    """
    if len(names) > MAX_COLUMNS:
        raise FileRefused(f"it has more than {MAX_COLUMNS} columns")
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(f"{name} ({seen[name]})" if name and seen[name] > 1 else name)
    return found
