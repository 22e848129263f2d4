"""Every result says what it rests on, so that runs may end in any order; all wait out of sight until then."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from geo.store import embedded
from geo.store.types import WHOLE

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ADDED: Final = ("recoveries", "evidence")
"""Tables that have the column `hidden` already."""

REBUILT: Final = {
    "spectral_results": "site_id, product, edition, index_name, params_key",
    "subsidences": "site_id, product, edition",
    "pondings": "site_id, product, edition, year",
}
"""Tables that get it, with the columns of which one row of equal values is kept."""

KEPT: Final = ("spectral_years", "spectral_metrics", "subsidence_epochs")
"""Tables whose rows go with their result, so that they are set aside while it is made anew."""


def upgrade() -> None:
    for table in ADDED:
        for name in ("site_seq", "scene_seq"):
            op.add_column(table, sa.Column(name, WHOLE, nullable=False, server_default="0"))
    _run("DELETE FROM spectral_results WHERE params_key LIKE 'run %'")
    made = {table: _made(table) for table in KEPT}
    for table in KEPT:
        _run(f"CREATE TEMP TABLE aside_{table} AS SELECT * FROM {table}")  # noqa: S608 - our own names
        _run(f"DROP TABLE {table}")
    for table, columns in REBUILT.items():
        _rebuild(table, columns)
    for table in KEPT:
        for statement in made[table]:
            _run(statement)
        _run(f"INSERT INTO {table} SELECT * FROM aside_{table}")  # noqa: S608
        _run(f"DROP TABLE aside_{table}")
    for statement in embedded.guards([*REBUILT, *KEPT]):
        _run(statement)


def _rebuild(table: str, columns: str) -> None:
    """Give a table the new columns, and one row of equal `columns` for each value of `hidden`."""
    create, *indexes = _made(table)
    names = ", ".join(row[1] for row in op.get_bind().exec_driver_sql(f"PRAGMA table_info({table})"))
    unique = f"CONSTRAINT uq_{table} UNIQUE ({columns}"
    fresh = ("hidden", "site_seq", "scene_seq")
    new = create.replace(
        unique, "".join(f"{name} INTEGER NOT NULL, " for name in fresh) + f"{unique}, hidden"
    )
    if new == create:
        raise AssertionError(f"{table} is not made as expected: {create}")
    _run(new.replace(f"CREATE TABLE {table}", f"CREATE TABLE new_{table}", 1))
    _run(
        f"INSERT INTO new_{table} ({names}, {', '.join(fresh)}) "  # noqa: S608
        f"SELECT {names}, 0, 0, 0 FROM {table}"
    )
    _run(f"DROP TABLE {table}")
    _run(f"ALTER TABLE new_{table} RENAME TO {table}")
    for statement in indexes:
        _run(statement)
    op.create_index(f"ix_{table}_hidden", table, ["hidden"])


def _made(table: str) -> list[str]:
    """The statements that made a table and its indexes, the table first."""
    found = op.get_bind().exec_driver_sql(
        "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type IN ('table', 'index') AND sql IS NOT NULL"
        " ORDER BY type DESC",
        (table,),
    )
    return [sql for (sql,) in found]


def _run(statement: str) -> None:
    op.get_bind().exec_driver_sql(statement)
