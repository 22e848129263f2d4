"""The import wizard: mappings of columns that are remembered, imports that were undone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from geo.store import embedded, gpkg
from geo.store.types import WHOLE

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = {
    "import_profiles": "Mappings of columns, as departments said them",
    "import_undos": "Undone imports",
}


def upgrade() -> None:
    op.create_table(
        "import_profiles",
        sa.Column("profile_id", WHOLE, primary_key=True),
        *_words("department", "columns_key", "field_map", "status_map", "area_units", "ignored"),
        *_words("saved_by", "saved_at"),
        sa.UniqueConstraint("department", "columns_key", name="uq_import_profiles"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "import_undos",
        sa.Column("undo_id", WHOLE, primary_key=True),
        sa.Column("import_id", WHOLE, sa.ForeignKey("imports.import_id", ondelete="CASCADE"), nullable=False),
        *_words("actor", "undone_at"),
        sa.Column("partly", WHOLE, nullable=False),
        *_words("rows"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_import_undos_import_id", "import_undos", ["import_id"], unique=True)
    if op.get_bind().dialect.name == "sqlite":
        listed = (gpkg.register_attributes(table, title) for table, title in TABLES.items())
        for statement in (*listed, *embedded.guards(TABLES)):
            op.get_bind().exec_driver_sql(statement)


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]
