"""Checked samples: points drawn over the sites, their labels, and matrices from elsewhere."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from geo.store import embedded, gpkg
from geo.store.types import WHOLE

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ATTRIBUTES = {
    "samples": "Samples of points to check the land cover by",
    "sample_points": "The points of each sample and what was found there",
}


def upgrade() -> None:
    _create_samples()
    _create_points()
    if op.get_bind().dialect.name == "sqlite":
        for table, title in ATTRIBUTES.items():
            op.get_bind().exec_driver_sql(gpkg.register_attributes(table, title))
        for statement in embedded.guards(ATTRIBUTES):
            op.get_bind().exec_driver_sql(statement)


def _create_samples() -> None:
    op.create_table(
        "samples",
        sa.Column("sample_id", WHOLE, primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False, unique=True),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("from_year", WHOLE),
        sa.Column("to_year", WHOLE),
        sa.Column("group_by", sa.Text()),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("group_name", sa.Text(), nullable=False),
        sa.Column("group_name_en", sa.Text(), nullable=False),
        sa.Column("responsible", sa.Text(), nullable=False),
        sa.Column("site_kind", sa.Text()),
        sa.Column("seed", WHOLE),
        sa.Column("blind", WHOLE, nullable=False),
        sa.Column("population_key", sa.Text(), nullable=False),
        sa.Column("strata", sa.Text(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("n_points", WHOLE, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )


def _create_points() -> None:
    op.create_table(
        "sample_points",
        sa.Column("fid", WHOLE, primary_key=True),
        sa.Column("sample_id", WHOLE, sa.ForeignKey("samples.sample_id", ondelete="CASCADE"), nullable=False),
        sa.Column("number", WHOLE, nullable=False),
        sa.Column("site_id", WHOLE, sa.ForeignKey("sites.fid", ondelete="CASCADE"), nullable=False),
        sa.Column("from_year", WHOLE, nullable=False),
        sa.Column("lon", sa.REAL(), nullable=False),
        sa.Column("lat", sa.REAL(), nullable=False),
        sa.Column("row", WHOLE, nullable=False),
        sa.Column("col", WHOLE, nullable=False),
        sa.Column("stratum", sa.Text(), nullable=False),
        sa.Column("checked", sa.Text()),
        sa.Column("checked_at", sa.Text()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.UniqueConstraint("sample_id", "number", name="uq_sample_points"),
        sqlite_autoincrement=True,
    )
