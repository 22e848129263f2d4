"""Spectral recovery of sites, and the reference polygons that they are compared with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from geo.store import embedded, gpkg
from geo.store.types import WHOLE, GeometryColumn

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ATTRIBUTES = {
    "spectral_results": "Spectral recovery of each site by index",
    "spectral_years": "Index of each site by year",
    "spectral_metrics": "Metrics of spectral recovery, also relative to the reference",
}
LAYER, TITLE = "reference_polygons", "Reference polygons for spectral recovery"


def upgrade() -> None:
    _create_results()
    _create_parts()
    op.create_table(
        "reference_polygons",
        sa.Column("fid", WHOLE, primary_key=True),
        sa.Column("geom", GeometryColumn(), nullable=False),
        sa.Column("set_name", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("added_at", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_reference_polygons_set_name", "reference_polygons", ["set_name"])
    if op.get_bind().dialect.name == "sqlite":
        statements = [
            *gpkg.register_features(LAYER, TITLE),
            *(gpkg.register_attributes(table, title) for table, title in ATTRIBUTES.items()),
            *embedded.guards([LAYER, *ATTRIBUTES]),
        ]
        for statement in statements:
            op.get_bind().exec_driver_sql(statement)


def _create_results() -> None:
    op.create_table(
        "spectral_results",
        sa.Column("spectral_id", WHOLE, primary_key=True),
        sa.Column("run_id", WHOLE),
        sa.Column("site_id", WHOLE, sa.ForeignKey("sites.fid", ondelete="CASCADE"), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("index_name", sa.Text(), nullable=False),
        sa.Column("params_key", sa.Text(), nullable=False),
        sa.Column("formula", sa.Text(), nullable=False),
        sa.Column("direction", WHOLE, nullable=False),
        sa.Column("disturbance_year", WHOLE),
        sa.Column("restoration_year", WHOLE),
        sa.Column("k_years", WHOLE, nullable=False),
        sa.Column("target_share", sa.REAL(), nullable=False),
        sa.Column("target_kind", sa.Text(), nullable=False),
        sa.Column("target_scope", sa.Text(), nullable=False),
        sa.Column("target_value", sa.REAL()),
        sa.Column("target_first_year", WHOLE),
        sa.Column("target_last_year", WHOLE),
        sa.Column("reference_kind", sa.Text(), nullable=False),
        sa.Column("relapse_year", WHOLE),
        sa.Column("n_relapsed", WHOLE, nullable=False),
        sa.Column("valid_years", WHOLE, nullable=False),
        sa.Column("n_years", WHOLE, nullable=False),
        sa.Column("confidence", sa.Text(), nullable=False),
        sa.Column("scenes", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("content_key", sa.Text(), nullable=False),
        sa.UniqueConstraint(
            "site_id", "product", "edition", "index_name", "params_key", name="uq_spectral_results"
        ),
        sqlite_autoincrement=True,
    )


def _create_parts() -> None:
    owner = "spectral_results.spectral_id"
    op.create_table(
        "spectral_years",
        sa.Column("fid", WHOLE, primary_key=True),
        sa.Column("spectral_id", WHOLE, sa.ForeignKey(owner, ondelete="CASCADE"), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, nullable=False),
        sa.Column("value", sa.REAL()),
        sa.Column("low", sa.REAL()),
        sa.Column("high", sa.REAL()),
        sa.Column("n_pixels", WHOLE, nullable=False),
        sa.Column("valid_share", sa.REAL()),
        sa.Column("reference_value", sa.REAL()),
        sa.Column("relative_value", sa.REAL()),
        sa.UniqueConstraint("spectral_id", "period", name="uq_spectral_years"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "spectral_metrics",
        sa.Column("fid", WHOLE, primary_key=True),
        sa.Column("spectral_id", WHOLE, sa.ForeignKey(owner, ondelete="CASCADE"), nullable=False),
        sa.Column("relative", WHOLE, nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("value", sa.REAL()),
        sa.Column("median", sa.REAL()),
        sa.Column("n_pixels", WHOLE, nullable=False),
        sa.Column("n_none", WHOLE, nullable=False),
        sa.UniqueConstraint("spectral_id", "relative", "metric", name="uq_spectral_metrics"),
        sqlite_autoincrement=True,
    )
