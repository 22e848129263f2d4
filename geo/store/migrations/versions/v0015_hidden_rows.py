"""The index of results out of sight holds those alone: no query of what is shown is led through it."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

RESULTS: Final = ("recoveries", "evidence", "spectral_results", "subsidences", "pondings")


def upgrade() -> None:
    for table in RESULTS:
        op.drop_index(f"ix_{table}_hidden", table)
        op.create_index(
            f"ix_{table}_hidden",
            table,
            ["hidden"],
            sqlite_where=sa.text("hidden != 0"),
            postgresql_where=sa.text("hidden != 0"),
        )
