"""Results of a run wait out of sight until the run is over; finished shards are noted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from geo.store import embedded, gpkg
from geo.store.types import WHOLE

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEPT = ("class_areas", "recovery_years", "transitions")
"""The tables whose rows go with their recovery, so that they are set aside while it is made anew."""

UNIQUE = {
    "recoveries": "site_id, product, edition, from_year, to_year, temporal_rule",
    "evidence": "site_id, product, edition, from_year, to_year",
}


def upgrade() -> None:
    op.create_table(
        "run_shards",
        sa.Column("fid", WHOLE, primary_key=True),
        sa.Column("run_id", WHOLE, sa.ForeignKey("runs.run_id", ondelete="CASCADE"), nullable=False),
        sa.Column("shard", WHOLE, nullable=False),
        sa.Column("shard_key", sa.Text(), nullable=False),
        sa.Column("total_key", sa.Text(), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.UniqueConstraint("run_id", "shard", name="uq_run_shards"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_run_shards_total_key", "run_shards", ["total_key"])
    made = {table: _made(table) for table in KEPT}
    for table in KEPT:
        _run(f"CREATE TEMP TABLE aside_{table} AS SELECT * FROM {table}")  # noqa: S608 - our own names
        _run(f"DROP TABLE {table}")
    for table, columns in UNIQUE.items():
        _add_hidden(table, columns)
    for table in KEPT:
        for statement in made[table]:
            _run(statement)
        _run(f"INSERT INTO {table} SELECT * FROM aside_{table}")  # noqa: S608
        _run(f"DROP TABLE aside_{table}")
    _run(gpkg.register_attributes("run_shards", "What runs have finished of their sites"))
    for statement in embedded.guards([*UNIQUE, *KEPT, "run_shards"]):
        _run(statement)


def _add_hidden(table: str, columns: str) -> None:
    """Give a table the column `hidden`, and one row of equal `columns` for each value of it."""
    create, *indexes = _made(table)
    names = ", ".join(row[1] for row in op.get_bind().exec_driver_sql(f"PRAGMA table_info({table})"))
    unique = f"CONSTRAINT uq_{table} UNIQUE ({columns}"
    new = create.replace(unique, f"hidden INTEGER NOT NULL, {unique}, hidden")
    if new == create:
        raise AssertionError(f"{table} is not made as expected: {create}")
    _run(new.replace(f"CREATE TABLE {table}", f"CREATE TABLE new_{table}", 1))
    _run(f"INSERT INTO new_{table} ({names}, hidden) SELECT {names}, 0 FROM {table}")  # noqa: S608
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
