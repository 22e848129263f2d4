"""A head over two or three rows, as forms have it: groups such as 面积 over 损毁 and 治理, joined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from geo.values import unit_of, unit_word

MOST_ROWS: Final = 3
_LONGEST_NAME: Final = 30

Merged = Sequence[tuple[tuple[int, int], tuple[int, int]]]
"""Merged cells: the first and the last (row, column) of each, from 0."""


class JoinedHead:
    """The rows of a head around the one that names most fields; `known` says whether a name is a field's."""

    def __init__(
        self, rows: Sequence[Sequence[Any]], best: int, merged: Merged, known: Callable[[str], bool]
    ) -> None:
        self._rows = rows
        self._known = known
        self._width = max(len(row) for row in rows[max(0, best - MOST_ROWS) : best + MOST_ROWS])
        self._merged = [
            (first, last)
            for first, last in merged
            if last[0] - first[0] < MOST_ROWS and not self._is_title(first, last, best)
        ]
        self.top = self.bottom = best
        while self._height < MOST_ROWS and self._goes_on_below():
            self.bottom += 1
        while self._height < MOST_ROWS and self.top > 0 and self._begins_above():
            self.top -= 1

    def names(self) -> list[str]:
        """The name of each column, '' where it has none."""
        return [self._name(column) for column in range(self._width)]

    @property
    def _height(self) -> int:
        return self.bottom - self.top + 1

    def _is_title(self, first: tuple[int, int], last: tuple[int, int], best: int) -> bool:
        named = sum(bool(self._text(best, column)) for column in range(self._width))
        return first[0] < best and last[1] - first[1] + 1 >= max(named, self._width - 1)

    def _text(self, row: int, column: int) -> str:
        cells = self._rows[row] if 0 <= row < len(self._rows) else ()
        cell = cells[column] if column < len(cells) else None
        return " ".join(cell.split()) if isinstance(cell, str) else ""

    def _spans(self, row: int) -> bool:
        """Whether a merged cell reaches from the row to the next."""
        return any(first[0] <= row < last[0] for first, last in self._merged)

    def _goes_on_below(self) -> bool:
        below = self.bottom + 1
        if below >= len(self._rows):
            return False
        return self._spans(self.bottom) or self._is_under_groups(below)

    def _is_under_groups(self, row: int) -> bool:
        """Whether the row names parts of groups, or units, and nothing else, as a row of data would."""
        filled = [column for column, cell in enumerate(self._rows[row]) if cell not in {None, ""}]
        grouped = [column for column in filled if self._is_in_group(row, column)]
        rest = [column for column in filled if column not in grouped]
        return (
            bool(filled)
            and all(_is_name(self._text(row, column)) for column in filled)
            and all(unit_word(self._text(row, column)) is not None for column in rest)
        )

    def _is_in_group(self, row: int, column: int) -> bool:
        """Whether the cell stands under a name that reaches over an empty cell beside it."""
        above = self._text(row - 1, column)
        if not above:
            return any(self._text(row - 1, left) and self._text(row, left) for left in range(column))
        return (
            column + 1 < self._width
            and not self._text(row - 1, column + 1)
            and bool(self._text(row, column + 1))
        )

    def _begins_above(self) -> bool:
        above = self.top - 1
        if self._spans(above):
            return True
        wide = [first for first, last in self._merged if first[0] == above and last[1] > first[1]]
        if any(_is_name(self._text(*first)) for first in wide):
            return True
        empty = [column for column in range(self._width) if not self._text(self.top, column)]
        return any(self._known(self._text(above, column)) for column in empty)

    def _name(self, column: int) -> str:
        words = [word for row in range(self.top, self.bottom + 1) if (word := self._word(row, column))]
        for start in range(len(words)):
            joined = " ".join(words[start:])
            if self._known(joined):
                return _with_unit(joined, words[:start])
        return " ".join(words)

    def _word(self, row: int, column: int) -> str:
        """What one row of the head says of the column: its cell, or the group that reaches over it."""
        own = self._text(row, column)
        if row == self.bottom:
            return own
        if own:
            return own if _is_name(own) else ""
        for first, last in self._merged:
            if first[0] <= row <= last[0] and first[1] <= column <= last[1]:
                return self._text(*first) if row == first[0] and _is_name(self._text(*first)) else ""
        if self._merged or not self._text(row + 1, column):
            return ""
        left = next((place for place in range(column, -1, -1) if self._text(row, place)), None)
        grouped = left is not None and self._text(row + 1, left)
        return self._text(row, left) if left is not None and grouped else ""


def _is_name(text: str) -> bool:
    """Whether a text may be part of a head: short, without digits, no note such as 填报单位：某局."""
    bare = text.replace("m2", "").replace("km2", "")
    return (
        0 < len(text) <= _LONGEST_NAME
        and not any(sign.isdigit() for sign in bare)
        and not set(text) & set(":：")
    )


def _with_unit(name: str, groups: Sequence[str]) -> str:
    """The name, with the unit that its group says where it says none itself."""
    units = [unit for group in groups if (unit := unit_of(group)[1] or unit_word(group))]
    return f"{name} ({units[-1]})" if units and unit_of(name)[1] is None else name
