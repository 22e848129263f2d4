"""Tables made anew within a migration, for what SQLite's ALTER cannot do: another UNIQUE constraint.

Migrations that are released call this, so what it does to a given table stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection


def rebuild_hidden(
    conn: Connection, unique: Mapping[str, str], fresh: Sequence[str], *, kept: Sequence[str]
) -> None:
    """Give each table of `unique` the integer columns `fresh`, 0 in the rows that there are.

    `unique` names the columns of which a table keeps one row of equal values, henceforth for each value of
    `hidden`. Rows of the tables `kept` go with those of the others, so they are set aside meanwhile.
    """
    made = {table: _made(conn, table) for table in kept}
    for table in kept:
        conn.exec_driver_sql(f"CREATE TEMP TABLE aside_{table} AS SELECT * FROM {table}")  # noqa: S608 - our own names
        conn.exec_driver_sql(f"DROP TABLE {table}")
    for table, columns in unique.items():
        _rebuild(conn, table, columns, fresh)
    for table in kept:
        for statement in made[table]:
            conn.exec_driver_sql(statement)
        conn.exec_driver_sql(f"INSERT INTO {table} SELECT * FROM aside_{table}")  # noqa: S608
        conn.exec_driver_sql(f"DROP TABLE aside_{table}")


def _rebuild(conn: Connection, table: str, columns: str, fresh: Sequence[str]) -> None:
    create, *indexes = _made(conn, table)
    names = ", ".join(row[1] for row in conn.exec_driver_sql(f"PRAGMA table_info({table})"))
    unique = f"CONSTRAINT uq_{table} UNIQUE ({columns}"
    added = "".join(f"{name} INTEGER NOT NULL, " for name in fresh)
    new = create.replace(unique, f"{added}{unique}, hidden")
    if new == create:
        raise AssertionError(f"{table} is not made as expected: {create}")
    conn.exec_driver_sql(new.replace(f"CREATE TABLE {table}", f"CREATE TABLE new_{table}", 1))
    conn.exec_driver_sql(
        f"INSERT INTO new_{table} ({names}, {', '.join(fresh)}) "  # noqa: S608
        f"SELECT {names}, {', '.join('0' for _ in fresh)} FROM {table}"
    )
    conn.exec_driver_sql(f"DROP TABLE {table}")
    conn.exec_driver_sql(f"ALTER TABLE new_{table} RENAME TO {table}")
    for statement in indexes:
        conn.exec_driver_sql(statement)
    conn.exec_driver_sql(f"CREATE INDEX ix_{table}_hidden ON {table} (hidden)")


def _made(conn: Connection, table: str) -> list[str]:
    """The statements that made a table and its indexes, the table first."""
    found = conn.exec_driver_sql(
        "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type IN ('table', 'index') AND sql IS NOT NULL"
        " ORDER BY type DESC",
        (table,),
    )
    return [sql for (sql,) in found]
