"""What runs leave behind: results that were replaced, or that a run which was given up never showed."""

from __future__ import annotations

from typing import Final

from geo.store import Store, hidden

_AT_ONCE: Final = 1_000


def clear_waste(store: Store) -> None:
    """Delete results that nobody will see, a few at a time, so that no writer waits long."""
    while True:
        with store.read() as conn:
            if not hidden.any_waste(conn):
                return
        with store.write() as conn:
            hidden.delete_waste(conn, _AT_ONCE)
