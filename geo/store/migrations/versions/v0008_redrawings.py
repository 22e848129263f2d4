"""Proposals may redraw: sites leave so that others enter. Answers are kept for retries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from geo.store import embedded
from geo.store.types import WHOLE

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("proposals", sa.Column("redrawing", sa.Text()))
    op.add_column("proposals", sa.Column("other_sites", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "kept_answers",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("request_sha256", sa.Text(), nullable=False),
        sa.Column("status", WHOLE, nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.Text(), nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        for statement in embedded.guards(["kept_answers"]):
            op.get_bind().exec_driver_sql(statement)
