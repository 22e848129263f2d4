"""Attachments, projects, targets, inspections, and every version that there was of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from geo.store import embedded, gpkg
from geo.store.types import WHOLE

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ATTRIBUTES = {
    "attachments": "Photos and reports of sites",
    "projects": "Treatment projects",
    "project_sites": "Which sites a project treats",
    "targets": "Hectares to treat by unit and year",
    "inspections": "Field inspections of sites",
    "record_versions": "Every version of attachments, projects, targets and inspections, append-only",
}
KEPT = "every version is kept: record a new one"


def upgrade() -> None:
    _create_attachments()
    _create_projects()
    _create_targets()
    _create_inspections()
    _create_versions()
    if op.get_bind().dialect.name == "sqlite":
        statements = [gpkg.register_attributes(table, title) for table, title in ATTRIBUTES.items()]
        statements += embedded.guards(ATTRIBUTES)
        statements += [
            f"CREATE TRIGGER append_only_record_versions_{word.lower()} BEFORE {word} ON record_versions"
            f" BEGIN SELECT RAISE(ABORT, '{KEPT}'); END"
            for word in ("UPDATE", "DELETE")
        ]
        for statement in statements:
            op.get_bind().exec_driver_sql(statement)


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, WHOLE, nullable=False)


def _parent(name: str, key: str) -> sa.Column[int]:
    return sa.Column(name, WHOLE, sa.ForeignKey(key, ondelete="CASCADE"), nullable=False)


def _create_attachments() -> None:
    op.create_table(
        "attachments",
        sa.Column("attachment_id", WHOLE, primary_key=True),
        _parent("site_id", "sites.fid"),
        _words("sha256"),
        _words("file_name"),
        _words("media_type"),
        _whole("size_bytes"),
        _words("kind"),
        _words("caption"),
        sa.Column("width_px", WHOLE),
        sa.Column("height_px", WHOLE),
        sa.Column("taken_at", sa.Text()),
        sa.Column("lon", sa.REAL()),
        sa.Column("lat", sa.REAL()),
        sa.Column("distance_m", sa.REAL()),
        sa.Column("pair_of", WHOLE),
        sa.Column("inspection_id", WHOLE),
        _words("actor"),
        _words("added_at"),
        sa.Column("removed_at", sa.Text()),
        sa.Column("removed_by", sa.Text()),
        sa.Column("removal_reason", sa.Text()),
        _whole("version"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_attachments_site_id", "attachments", ["site_id"])
    op.create_index("ix_attachments_sha256", "attachments", ["sha256"])


def _create_projects() -> None:
    op.create_table(
        "projects",
        sa.Column("project_id", WHOLE, primary_key=True),
        _words("code"),
        _words("name"),
        sa.Column("adcode", sa.Text()),
        _words("fund_source"),
        sa.Column("budget_cents", WHOLE),
        _words("currency"),
        _words("contractor"),
        sa.Column("start_on", sa.Text()),
        sa.Column("end_on", sa.Text()),
        _words("notes"),
        _words("actor"),
        _words("updated_at"),
        _whole("version"),
        sa.UniqueConstraint("code", name="uq_projects_code"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "project_sites",
        sa.Column("fid", WHOLE, primary_key=True),
        _parent("project_id", "projects.project_id"),
        _parent("site_id", "sites.fid"),
        sa.UniqueConstraint("project_id", "site_id", name="uq_project_sites"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_project_sites_site_id", "project_sites", ["site_id"])


def _create_targets() -> None:
    op.create_table(
        "targets",
        sa.Column("target_id", WHOLE, primary_key=True),
        _words("adcode"),
        _whole("year"),
        _whole("units"),
        _words("notes"),
        _words("actor"),
        _words("updated_at"),
        _whole("version"),
        sa.UniqueConstraint("adcode", "year", name="uq_targets"),
        sqlite_autoincrement=True,
    )


def _create_inspections() -> None:
    op.create_table(
        "inspections",
        sa.Column("inspection_id", WHOLE, primary_key=True),
        _parent("site_id", "sites.fid"),
        _words("inspected_on"),
        _words("inspector"),
        _words("finding"),
        _words("notes"),
        _words("photos"),
        _words("actor"),
        _words("updated_at"),
        _whole("version"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_inspections_site_id", "inspections", ["site_id"])


def _create_versions() -> None:
    op.create_table(
        "record_versions",
        sa.Column("fid", WHOLE, primary_key=True),
        _words("kind"),
        _whole("record_id"),
        _whole("version"),
        _words("value"),
        _words("actor"),
        _words("recorded_at"),
        sa.UniqueConstraint("kind", "record_id", "version", name="uq_record_versions"),
        sqlite_autoincrement=True,
    )
