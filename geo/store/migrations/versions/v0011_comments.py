"""Comments on proposals, append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from geo.store import embedded, gpkg
from geo.store.types import WHOLE

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLE = "proposal_comments"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("comment_id", WHOLE, primary_key=True),
        sa.Column(
            "proposal_id",
            WHOLE,
            sa.ForeignKey("proposals.proposal_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_proposal_comments_proposal_id", TABLE, ["proposal_id"])
    if op.get_bind().dialect.name == "sqlite":
        statements = [
            gpkg.register_attributes(TABLE, "Comments on proposals, append-only"),
            *embedded.append_only_table(TABLE, "comment_id"),
            *embedded.guards([TABLE]),
        ]
        for statement in statements:
            op.get_bind().exec_driver_sql(statement)
