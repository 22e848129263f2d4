"""The embedded store: all that is SQLite's and GeoPackage's own. The server's twin will stand beside it.

A twin has five things to say: how an engine is made, how a write transaction begins, how a box is asked for,
how a long list of keys is handed over, and which statements guard the tables. Everything else in `geo.store`
is the same for both.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    TableClause,
    and_,
    create_engine,
    event,
    func,
    literal,
    or_,
    select,
    table,
)
from sqlalchemy import column as sql_column
from sqlalchemy.engine import URL

from geo.store import gpkg

Condition = Callable[[ColumnElement[Any]], ColumnElement[bool]]
"""Of a column or an expression, something that may hold."""

LOCK_TIMEOUT_S: Final = 30.0
EDIT_ELSEWHERE: Final = (
    "this table is kept by Reverdure: edit on its pages, by its API or its command line, or save the layer to"
    " another file, edit that and bring it back with reverdure import"
)
APPEND_ONLY: Final = "the history is append-only: record a new row that voids the old one"


def make_file(path: Path) -> None:
    """Make an empty GeoPackage at `path`: the format's marks first, then write-ahead logging."""
    connection = sqlite3.connect(path, timeout=LOCK_TIMEOUT_S, isolation_level=None)
    try:
        connection.execute(f"PRAGMA application_id = {gpkg.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {gpkg.USER_VERSION}")
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def open_engine(path: Path) -> Engine:
    """An engine on the file: read connections refuse writes, the option `write` takes the writer's lock."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": LOCK_TIMEOUT_S, "check_same_thread": False},
        pool_size=8,
        max_overflow=-1,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    for name, function in gpkg.FUNCTIONS.items():
        connection.create_function(name, 1, function, deterministic=True)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("write"):
        connection.exec_driver_sql("PRAGMA query_only = 0")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("PRAGMA query_only = 1")
        connection.exec_driver_sql("BEGIN")


def in_box(fid: Column[int], layer: str, box: tuple[float, float, float, float]) -> ColumnElement[bool]:
    """The condition that a feature's own box meets `box` (min x, min y, max x, max y, degrees)."""
    min_x, min_y, max_x, max_y = box
    index = boxes_of(layer)
    return fid.in_(
        select(index.c.id).where(
            index.c.minx <= max_x, index.c.maxx >= min_x, index.c.miny <= max_y, index.c.maxy >= min_y
        )
    )


def is_one_of(key: Column[int], keys: Iterable[int]) -> ColumnElement[bool]:
    """The condition that a key is one of many, however many: they are handed over as one parameter."""
    given = func.json_each(json.dumps(sorted(keys))).table_valued("value")
    return key.in_(select(given.c.value))


def leads_into(
    facts: Column[str],
    redrawing: Column[str | None],
    inside: Condition,
) -> ColumnElement[bool]:
    """The condition that what is proposed brings a site into a unit that is `inside`.

    Both columns are JSON: facts by name, and a redrawing with its new sites under `enters`.
    """
    new = func.json_each(redrawing, "$.enters").table_valued("value")
    entered = (
        select(literal(1))
        .select_from(new)
        .where(inside(func.json_extract(new.c.value, "$.facts.unit.adcode")))
    )
    return or_(
        inside(func.json_extract(facts, "$.unit.adcode")),
        and_(redrawing.is_not(None), entered.correlate(redrawing.table).exists()),
    )


def boxes_of(layer: str) -> TableClause:
    """The index of a layer's boxes: id, minx, maxx, miny, maxy."""
    return table(
        f"rtree_{layer}_geom", *(sql_column(name) for name in ("id", "minx", "maxx", "miny", "maxy"))
    )


def guards(tables: Iterable[str]) -> list[str]:
    """The statements that let only Reverdure's own transactions write to `tables`."""
    return [
        f"CREATE TRIGGER guard_{name}_{word.lower()} BEFORE {word} ON {name}"  # noqa: S608 - our own names
        f" WHEN NOT EXISTS (SELECT 1 FROM writer) BEGIN SELECT RAISE(ABORT, '{EDIT_ELSEWHERE}'); END"
        for name in tables
        for word in ("INSERT", "UPDATE", "DELETE")
    ]


def append_only() -> list[str]:
    """The statements that let history only grow, at its end.

    `INSERT OR REPLACE` needs the third: it removes the row of an equal key, and of an equal voided row, in
    silence.
    """
    refuse = f"SELECT RAISE(ABORT, '{APPEND_ONLY}');"
    return [
        f"CREATE TRIGGER append_only_history_update BEFORE UPDATE ON history BEGIN {refuse} END",
        f"CREATE TRIGGER append_only_history_delete BEFORE DELETE ON history BEGIN {refuse} END",
        (
            "CREATE TRIGGER append_only_history_insert BEFORE INSERT ON history"  # noqa: S608 - no value from outside
            f" WHEN NEW.seq <= (SELECT coalesce(max(seq), 0) FROM history)"
            f" OR EXISTS (SELECT 1 FROM history WHERE voids_seq = NEW.voids_seq) BEGIN {refuse} END"
        ),
    ]


def append_only_table(name: str, key: str) -> list[str]:
    """The statements that let the table `name` only grow, at the end of its `key`."""
    refuse = f"SELECT RAISE(ABORT, '{name} is append-only');"
    before = f"CREATE TRIGGER append_only_{name}"
    return [
        f"{before}_update BEFORE UPDATE ON {name} BEGIN {refuse} END",
        f"{before}_delete BEFORE DELETE ON {name} BEGIN {refuse} END",
        (
            f"{before}_insert BEFORE INSERT ON {name}"  # noqa: S608 - our own names
            f" WHEN NEW.{key} <= (SELECT coalesce(max({key}), 0) FROM {name}) BEGIN {refuse} END"
        ),
    ]
