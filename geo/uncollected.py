"""Work that makes very many objects and no rings of them: the collector of rings rests meanwhile."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_resting = 0


@contextmanager
def uncollected() -> Iterator[None]:
    """The collector rests until the last of those that asked for it is done; objects are freed as ever.

    It would look again and again through all the rows of a file, which takes a fifth of the time to judge it.
    """
    global _resting  # noqa: PLW0603 - the collector is one for the whole process
    with _lock:
        was_on = gc.isenabled() or _resting > 0
        _resting += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _resting -= 1
            if was_on and _resting == 0:
                gc.enable()
