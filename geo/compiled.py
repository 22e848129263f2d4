"""The one door to numba: inner loops compiled once and kept on disk where the disk allows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

_P = ParamSpec("_P")
_R = TypeVar("_R")


def compiled(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """The function as machine code, compiled at its first call and free of Python's lock while it runs.

    The machine code is kept beside the module, or where `NUMBA_CACHE_DIR` says. Where neither can be written
    (a read-only install without a home), it is compiled anew in every process. No fast-math: the same
    bits come out on every machine.
    """
    try:
        loop = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # numba's word for "no place to keep the cache"
        loop = numba.njit(nogil=True)(function)
    return cast("Callable[_P, _R]", loop)
