"""What the reader process finds in a file: one layer, feature by feature, as plain values and WKB."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

MAX_FEATURES: Final = 2_000_000
MAX_COLUMNS: Final = 512
_MAX_DIGITS: Final = 300

Feature = tuple[dict[str, Any], bytes | None, str | None]
"""Values by column, the geometry as WKB (None where there is none), and a problem slug where it is broken."""


Note = tuple[str, str | None, str | None]
"""What a reader notices in a row: a slug of `data/reference/findings.csv`, the column and the cell's text."""


class FileRefused(Exception):
    """The file breaks a rule; the text goes to the person who sent it."""


@dataclass(frozen=True, slots=True)
class FoundLayer:
    """The facts of a layer and its features, in the order of the file.

    `lines` are the lines of the file, or the rows of the sheet, on which the features begin, from 1; empty
    where the format has none. `notes` by position say what was noticed in a feature. `has_shapes` is False
    for a table without any geometry.
    """

    name: str
    crs: str | None
    encoding: str
    columns: list[str]
    features: Iterable[Feature]
    lines: Sequence[int] = ()
    notes: Mapping[int, Sequence[Note]] = field(default_factory=dict)
    has_shapes: bool = True


def parsed_json(text: str, parse_constant: Callable[[str], object]) -> Any:
    """The value of a JSON text; a number beyond what a float can hold stays as its text.

    `parse_constant` says what NaN and the infinities become. Raises ValueError and RecursionError.
    """
    return json.loads(text, parse_float=_number, parse_int=_whole, parse_constant=parse_constant)


def _number(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _whole(text: str) -> int | str:
    return int(text) if len(text) <= _MAX_DIGITS else text
