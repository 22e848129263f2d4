"""The store: a GeoPackage that holds the inventory, its history and what was found out about it.

SQL lives in this package alone. Every function takes a connection of `Store.read` or `Store.write` first;
none commits.
"""

from sqlalchemy import Connection

from geo.store import answers as answers
from geo.store import comment_tables as comment_tables
from geo.store import sample_tables as sample_tables
from geo.store import shard_tables as shard_tables
from geo.store import spectral_tables as spectral_tables
from geo.store.database import (
    NotAStore,
    Store,
    StoreBusy,
    StoreMissing,
    StoreNotWritable,
    StoreTooNew,
    get_setting,
    set_setting,
)
from geo.store.location import NetworkFileSystem, StoreKindUnavailable

__all__ = [
    "Connection",
    "NetworkFileSystem",
    "NotAStore",
    "Store",
    "StoreBusy",
    "StoreKindUnavailable",
    "StoreMissing",
    "StoreNotWritable",
    "StoreTooNew",
    "get_setting",
    "set_setting",
]
