"""Displacement and ponding of the sites, and new water outside of them."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

from geo.store import embedded, gpkg
from geo.store.types import WHOLE, GeometryColumn

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LAYERS = {"candidates": "New water outside known sites"}
ATTRIBUTES = {
    "subsidences": "How fast the ground of each site moves in the line of sight",
    "subsidence_epochs": "Mean displacement of each site by epoch",
    "pondings": "Water on each site by year and season",
}


def upgrade() -> None:
    _create_subsidences()
    _create_pondings()
    _create_candidates()
    if op.get_bind().dialect.name == "sqlite":
        for table, title in LAYERS.items():
            _run(gpkg.register_features(table, title))
        _run(gpkg.register_attributes(table, title) for table, title in ATTRIBUTES.items())
        _run(embedded.guards([*LAYERS, *ATTRIBUTES]))


def _run(statements: Iterable[str]) -> None:
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)


def _create_subsidences() -> None:
    op.create_table(
        "subsidences",
        sa.Column("subsidence_id", WHOLE, primary_key=True),
        sa.Column("run_id", WHOLE),
        sa.Column("site_id", WHOLE, sa.ForeignKey("sites.fid", ondelete="CASCADE"), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("period_start", sa.Text(), nullable=False),
        sa.Column("period_end", sa.Text(), nullable=False),
        sa.Column("n_epochs", WHOLE, nullable=False),
        sa.Column("area_units", WHOLE, nullable=False),
        sa.Column("valid_units", WHOLE, nullable=False),
        sa.Column("mean", sa.REAL()),
        sa.Column("p95", sa.REAL()),
        sa.Column("p95_abs", sa.REAL()),
        sa.Column("sigma", sa.REAL()),
        sa.Column("threshold", sa.REAL(), nullable=False),
        sa.Column("moving_units", WHOLE, nullable=False),
        sa.Column("last_epochs", WHOLE, nullable=False),
        sa.Column("last_from", sa.Text(), nullable=False),
        sa.Column("last_mean", sa.REAL()),
        sa.Column("fast_units", WHOLE, nullable=False),
        sa.Column("maybe_fast_units", WHOLE, nullable=False),
        sa.Column("settlement", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("content_key", sa.Text(), nullable=False),
        sa.Column("geometry_seq", WHOLE, nullable=False),
        sa.Column("last_scene_id", WHOLE, nullable=False),
        sa.Column("terms", WHOLE, nullable=False),
        sa.UniqueConstraint("site_id", "product", "edition", name="uq_subsidences"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "subsidence_epochs",
        sa.Column("fid", WHOLE, primary_key=True),
        sa.Column(
            "subsidence_id",
            WHOLE,
            sa.ForeignKey("subsidences.subsidence_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("on_day", sa.Text(), nullable=False),
        sa.Column("mean_mm", sa.REAL()),
        sa.Column("valid_units", WHOLE, nullable=False),
        sa.UniqueConstraint("subsidence_id", "on_day", name="uq_subsidence_epochs"),
        sqlite_autoincrement=True,
    )


def _create_pondings() -> None:
    op.create_table(
        "pondings",
        sa.Column("fid", WHOLE, primary_key=True),
        sa.Column("run_id", WHOLE),
        sa.Column("site_id", WHOLE, sa.ForeignKey("sites.fid", ondelete="CASCADE"), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, nullable=False),
        sa.Column("n_seasons", WHOLE, nullable=False),
        sa.Column("area_units", WHOLE, nullable=False),
        sa.Column("valid_units", WHOLE, nullable=False),
        sa.Column("annual_units", WHOLE),
        sa.Column("perennial_units", WHOLE),
        sa.Column("seasonal_units", WHOLE),
        sa.Column("content_key", sa.Text(), nullable=False),
        sa.Column("geometry_seq", WHOLE, nullable=False),
        sa.Column("last_scene_id", WHOLE, nullable=False),
        sa.Column("terms", WHOLE, nullable=False),
        sa.UniqueConstraint("site_id", "product", "edition", "year", name="uq_pondings"),
        sqlite_autoincrement=True,
    )


def _create_candidates() -> None:
    op.create_table(
        "candidates",
        sa.Column("fid", WHOLE, primary_key=True),
        sa.Column("geom", GeometryColumn(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("from_year", WHOLE, nullable=False),
        sa.Column("to_year", WHOLE, nullable=False),
        sa.Column("area_ha", sa.REAL(), nullable=False),
        sa.Column("area_units", WHOLE, nullable=False),
        sa.Column("touches_water", WHOLE, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decided_at", sa.Text()),
        sa.Column("found_at", sa.Text(), nullable=False),
        sa.Column("content_key", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_candidates_state", "candidates", ["state"])
