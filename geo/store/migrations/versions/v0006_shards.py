"""Results of a run wait out of sight until the run is over; finished shards are noted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from geo.store import embedded, gpkg
from geo.store.rebuilding import rebuild_hidden
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
    rebuild_hidden(op.get_bind(), UNIQUE, ("hidden",), kept=KEPT)
    _run(gpkg.register_attributes("run_shards", "What runs have finished of their sites"))
    for statement in embedded.guards([*UNIQUE, *KEPT, "run_shards"]):
        _run(statement)


def _run(statement: str) -> None:
    op.get_bind().exec_driver_sql(statement)
