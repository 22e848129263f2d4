"""What a project has spent, and the day on which it was closed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from geo.store.types import WHOLE

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("projects", sa.Column("spent_cents", WHOLE))
    op.add_column("projects", sa.Column("closed_on", sa.Text()))
