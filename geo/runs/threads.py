"""Threads: how many of them share work that gives up Python's lock."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")

MOST: Final = 4
"""More threads than these wait for each other's memory rather than work."""


def threads() -> int:
    """Threads that one piece of work may use: one in a process of a pool, whose neighbours have the rest."""
    if multiprocessing.parent_process() is not None:
        return 1
    return max(1, min(MOST, os.cpu_count() or 1))


def side_by_side(function: Callable[[_Given], _Made], given: Iterable[_Given]) -> Iterator[_Made]:
    """`function` of each of `given`, in their order, worked out by several threads where that pays.

    The function must give up Python's lock while it works, and be safe to call from several threads.
    """
    pieces = list(given)
    count = min(threads(), len(pieces))
    if count <= 1:
        yield from map(function, pieces)
        return
    with ThreadPoolExecutor(count, thread_name_prefix="side-by-side") as pool:
        yield from pool.map(function, pieces)
