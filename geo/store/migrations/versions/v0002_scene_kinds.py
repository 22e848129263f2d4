"""Scenes have a kind: land cover, spectral composites with named bands, displacements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("kind", sa.Text(), nullable=False, server_default="landcover"),
        sa.Column("bands", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("scale", sa.REAL(), nullable=False, server_default="1"),
        sa.Column("offset", sa.REAL(), nullable=False, server_default="0"),
        sa.Column("unit", sa.Text(), nullable=False, server_default=""),
    ):
        op.add_column("scenes", column)
