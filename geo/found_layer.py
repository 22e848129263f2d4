"""What the reader process finds in a file: one layer, feature by feature, as plain values and WKB."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

MAX_FEATURES: Final = 2_000_000
MAX_COLUMNS: Final = 512

Feature = tuple[dict[str, Any], bytes | None, str | None]
"""Values by column, the geometry as WKB (None where there is none), and a problem slug where it is broken."""


class FileRefused(Exception):
    """The file breaks a rule; the text goes to the person who sent it."""


@dataclass(frozen=True, slots=True)
class FoundLayer:
    """The facts of a layer and its features, in the order of the file."""

    name: str
    crs: str | None
    encoding: str
    columns: list[str]
    features: Iterable[Feature]
