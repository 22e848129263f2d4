"""What an engine of the bench hands over: something to run and a way to read its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Table = np.ndarray
"""Rows of site, class and weighted cells."""


@dataclass(frozen=True)
class Prepared:
    """`run` is timed; `table` turns its result into rows; `warm` is run once before, to compile."""

    run: Callable[[], object]
    table: Callable[[object], Table]
    warm: Callable[[], object] | None = None
