"""Each row of an import says on which line of its file or sheet it stands."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from geo.store.types import WHOLE

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("import_rows", sa.Column("line", WHOLE))
