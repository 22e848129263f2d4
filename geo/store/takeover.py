"""One store takes over all that another holds, in a single transaction of the database itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from geo.errors import Conflict
from geo.store import sites
from geo.store.database import Store


class StoreNotEmpty(Conflict):
    """The store holds sites already."""

    template = "{path} already holds {count} sites; only an empty store can take over another's content"


def refuse_sites(store: Store) -> None:
    """Raise `StoreNotEmpty` where the store holds sites."""
    with store.read() as conn:
        count = sites.count(conn)
    if count:
        raise StoreNotEmpty(path=store.path, count=count)


def take_over(store: Store, source: Store) -> None:
    """Replace what the empty `store` holds by all of `source`; whoever reads sees the one or the other.

    A process killed on the way leaves `store` as it was. Raises `StoreNotEmpty`.
    """
    refuse_sites(store)
    with closing(sqlite3.connect(source.path)) as old, closing(sqlite3.connect(store.path)) as new:
        old.backup(new)
