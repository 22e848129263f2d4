"""The columns that all tables are made of: text, integers, reals and blobs; GDAL drops every other type."""

from __future__ import annotations

from typing import Final

from sqlalchemy import REAL, Column, ColumnClause, ForeignKey, Index, MetaData, Table, Text, column
from sqlalchemy.schema import SchemaItem

from geo.store.types import WHOLE

METADATA: Final = MetaData()


def words(name: str) -> Column[str]:
    """A text that is always there."""
    return Column(name, Text, nullable=False)


def maybe_words(name: str) -> Column[str]:
    """A text that may be missing."""
    return Column(name, Text)


def whole(name: str) -> Column[int]:
    """A whole number that is always there."""
    return Column(name, WHOLE, nullable=False)


def maybe_whole(name: str) -> Column[int]:
    """A whole number that may be missing."""
    return Column(name, WHOLE)


def maybe_real(name: str) -> Column[float]:
    """A real number that may be missing."""
    return Column(name, REAL)


def key(name: str = "fid") -> Column[int]:
    """The key of a table, given once and never again."""
    return Column(name, WHOLE, primary_key=True)


def hidden_index(table: str) -> Index:
    """The index of the rows out of sight (`geo.store.hidden`), and of those alone.

    One of all rows would be taken for queries of what is shown, and lead through a country to find a site.
    """
    hidden: ColumnClause[int] = column("hidden")
    return Index(f"ix_{table}_hidden", "hidden", sqlite_where=hidden != 0, postgresql_where=hidden != 0)


def parent(name: str, key: str) -> Column[int]:
    """The row of another table to which the rows belong; they go with it."""
    return Column(name, WHOLE, ForeignKey(key, ondelete="CASCADE"), nullable=False)


def make_table(name: str, *items: SchemaItem) -> Table:
    """A table of the store whose keys are never reused."""
    return Table(name, METADATA, *items, sqlite_autoincrement=True)
