"""The first schema: places, sites with their history, scenes and recoveries, imports."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

from geo.store import embedded, gpkg
from geo.store.types import WHOLE, GeometryColumn

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

LAYERS = {"sites": "Sites of the inventory, as of today", "cities": "Administrative units"}
ATTRIBUTES = {
    "history": "Every fact with its two times, append-only",
    "proposals": "Changes that wait for a second person",
    "city_listings": "Membership in the list of resource-based cities",
    "scenes": "Registered land-cover rasters",
    "recoveries": "Recovery of each site between two years",
    "class_areas": "Hectares by class and year of each recovery",
    "recovery_years": "What each recovery says of every later year",
    "transitions": "Hectares from class to class of each recovery",
    "evidence": "Whether the land cover bears out the status",
    "runs": "Long work and its progress",
    "imports": "Receipts of imports",
    "import_rows": "What became of each imported row",
}
INTERNAL = ("settings", "idempotency_keys")


def upgrade() -> None:
    embedded_store = op.get_bind().dialect.name == "sqlite"
    if embedded_store:
        _run(gpkg.BASE_TABLES)
    _create_places()
    _create_ledger()
    _create_recovery()
    _create_imports()
    if embedded_store:
        _list_layers()
        _run(embedded.append_only())
        _run(embedded.guards([*LAYERS, *ATTRIBUTES, *INTERNAL]))


def _run(statements: Iterable[str]) -> None:
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)


def _list_layers() -> None:
    for table, title in LAYERS.items():
        _run(gpkg.register_features(table, title))
    _run(gpkg.register_attributes(table, title) for table, title in ATTRIBUTES.items())


def _create_places() -> None:
    op.create_table(
        "writer",
        sa.Column("who", sa.Text(), nullable=False),
    )
    op.create_table(
        "settings",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )
    op.create_table(
        "cities",
        sa.Column("fid", WHOLE, primary_key=True),
        sa.Column("geom", GeometryColumn()),
        sa.Column("adcode", sa.Text(), nullable=False, unique=True),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text()),
        sa.Column("edition", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_cities_parent", "cities", ["parent"])
    op.create_table(
        "city_listings",
        sa.Column("fid", WHOLE, primary_key=True),
        sa.Column("adcode", sa.Text(), nullable=False),
        sa.Column("name_listed", sa.Text(), nullable=False),
        sa.Column("city_type", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("entered_on", sa.Text(), nullable=False),
        sa.Column("left_on", sa.Text()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.UniqueConstraint("adcode", "entered_on", name="uq_city_listings"),
        sqlite_autoincrement=True,
    )


def _create_ledger() -> None:
    op.create_table(
        "sites",
        sa.Column("fid", WHOLE, primary_key=True),
        sa.Column("geom", GeometryColumn(), nullable=False),
        sa.Column("site_code", sa.Text(), nullable=False, unique=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_since", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target_use", sa.Text(), nullable=False),
        sa.Column("responsible", sa.Text(), nullable=False),
        sa.Column("approach", sa.Text()),
        sa.Column("adcode", sa.Text()),
        sa.Column("county", sa.Text()),
        sa.Column("prefecture", sa.Text()),
        sa.Column("province", sa.Text()),
        sa.Column("area_ha", sa.REAL(), nullable=False),
        sa.Column("damaged_ha", sa.REAL()),
        sa.Column("restored_ha", sa.REAL()),
        sa.Column("damage_year", WHOLE),
        sa.Column("treatment_start", sa.Text()),
        sa.Column("treatment_end", sa.Text()),
        sa.Column("settlement", sa.Text()),
        sa.Column("ponding", sa.Text()),
        sa.Column("entered_on", sa.Text(), nullable=False),
        sa.Column("left_on", sa.Text()),
        sa.Column("area_units", WHOLE, nullable=False),
        sa.Column("damaged_units", WHOLE),
        sa.Column("restored_units", WHOLE),
        sa.Column("unit_shares", sa.Text(), nullable=False),
        sa.Column("outline_edition", sa.Text()),
        sa.Column("source_crs", sa.Text(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("extra", sa.Text(), nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sites_adcode", "sites", ["adcode"])
    op.create_index("ix_sites_status", "sites", ["status"])
    op.create_table(
        "history",
        sa.Column("seq", WHOLE, primary_key=True),
        sa.Column("site_id", WHOLE, nullable=False),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("wkb", sa.LargeBinary()),
        sa.Column("effective_on", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text()),
        sa.Column("voids_seq", WHOLE),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
    )
    op.create_index(
        "uq_history_voids_seq",
        "history",
        ["voids_seq"],
        unique=True,
        sqlite_where=sa.text("voids_seq IS NOT NULL"),
        postgresql_where=sa.text("voids_seq IS NOT NULL"),
    )
    op.create_index("ix_history_site_id", "history", ["site_id"])
    op.create_table(
        "proposals",
        sa.Column("proposal_id", WHOLE, primary_key=True),
        sa.Column("site_id", WHOLE, nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("wkb", sa.LargeBinary()),
        sa.Column("voids_seq", WHOLE),
        sa.Column("base_version", WHOLE, nullable=False),
        sa.Column("base_seq", WHOLE, nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decided_at", sa.Text()),
        sa.Column("comment", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_proposals_site_id", "proposals", ["site_id"])
    op.create_index("ix_proposals_state", "proposals", ["state"])
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("site_id", WHOLE, nullable=False),
        sa.Column("request_sha256", sa.Text(), nullable=False),
        sa.Column("seqs", sa.Text(), nullable=False),
        sa.Column("proposal_id", WHOLE),
        sa.Column("recorded_at", sa.Text(), nullable=False),
    )


def _create_recovery() -> None:
    op.create_table(
        "scenes",
        sa.Column("scene_id", WHOLE, primary_key=True),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("period_start", sa.Text(), nullable=False),
        sa.Column("period_end", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("band", WHOLE, nullable=False),
        sa.Column("crs", sa.Text(), nullable=False),
        sa.Column("x0", sa.REAL(), nullable=False),
        sa.Column("y0", sa.REAL(), nullable=False),
        sa.Column("dx", sa.REAL(), nullable=False),
        sa.Column("dy", sa.REAL(), nullable=False),
        sa.Column("width", WHOLE, nullable=False),
        sa.Column("height", WHOLE, nullable=False),
        sa.Column("nodata", WHOLE),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("added_at", sa.Text(), nullable=False),
        sa.UniqueConstraint("product", "edition", "period_start", "period_end", name="uq_scenes"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "runs",
        sa.Column("run_id", WHOLE, primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("done", WHOLE, nullable=False),
        sa.Column("total", WHOLE, nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text()),
        sa.Column("finished_at", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("cancel_requested", WHOLE, nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("heartbeat_at", sa.Text()),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_runs_state", "runs", ["state"])
    op.create_table(
        "recoveries",
        sa.Column("recovery_id", WHOLE, primary_key=True),
        sa.Column("run_id", WHOLE),
        sa.Column("site_id", WHOLE, sa.ForeignKey("sites.fid", ondelete="CASCADE"), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("from_year", WHOLE, nullable=False),
        sa.Column("to_year", WHOLE, nullable=False),
        sa.Column("temporal_rule", sa.Text(), nullable=False),
        sa.Column("area_units", WHOLE, nullable=False),
        sa.Column("disturbed_baseline_units", WHOLE, nullable=False),
        sa.Column("recovered_units", WHOLE, nullable=False),
        sa.Column("still_disturbed_units", WHOLE, nullable=False),
        sa.Column("converted_units", WHOLE, nullable=False),
        sa.Column("ponded_units", WHOLE, nullable=False),
        sa.Column("new_damage_units", WHOLE, nullable=False),
        sa.Column("valid_units", WHOLE, nullable=False),
        sa.Column("baseline_late", WHOLE, nullable=False),
        sa.Column("not_yet_crop_units", WHOLE, nullable=False),
        sa.Column("end_year_unchanged", WHOLE, nullable=False),
        sa.Column("share_by_year", sa.Text(), nullable=False),
        sa.Column("relapse_year", WHOLE),
        sa.Column("reason", sa.Text()),
        sa.Column("content_key", sa.Text(), nullable=False),
        sa.Column("geometry_seq", WHOLE, nullable=False),
        sa.Column("last_scene_id", WHOLE, nullable=False),
        sa.Column("terms", WHOLE, nullable=False),
        sa.UniqueConstraint(
            "site_id", "product", "edition", "from_year", "to_year", "temporal_rule", name="uq_recoveries"
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "class_areas",
        sa.Column("fid", WHOLE, primary_key=True),
        sa.Column(
            "recovery_id", WHOLE, sa.ForeignKey("recoveries.recovery_id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("year", WHOLE, nullable=False),
        sa.Column("class_code", WHOLE),
        sa.Column("units", WHOLE, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_class_areas_recovery_id", "class_areas", ["recovery_id"])
    op.create_table(
        "recovery_years",
        sa.Column("fid", WHOLE, primary_key=True),
        sa.Column(
            "recovery_id", WHOLE, sa.ForeignKey("recoveries.recovery_id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("year", WHOLE, nullable=False),
        sa.Column("recovered_units", WHOLE, nullable=False),
        sa.Column("disturbed_baseline_units", WHOLE, nullable=False),
        sa.Column("valid_units", WHOLE, nullable=False),
        sa.Column("new_damage_units", WHOLE, nullable=False),
        sa.UniqueConstraint("recovery_id", "year", name="uq_recovery_years"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "transitions",
        sa.Column("fid", WHOLE, primary_key=True),
        sa.Column(
            "recovery_id", WHOLE, sa.ForeignKey("recoveries.recovery_id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("from_code", WHOLE),
        sa.Column("to_code", WHOLE),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("units", WHOLE, nullable=False),
        sa.Column("ha", sa.REAL(), nullable=False),
        sa.Column("ha_grid", sa.REAL()),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_transitions_recovery_id", "transitions", ["recovery_id"])
    op.create_table(
        "evidence",
        sa.Column("fid", WHOLE, primary_key=True),
        sa.Column("run_id", WHOLE),
        sa.Column("site_id", WHOLE, sa.ForeignKey("sites.fid", ondelete="CASCADE"), nullable=False),
        sa.Column("verdict", sa.Text()),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_today", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("from_year", WHOLE, nullable=False),
        sa.Column("to_year", WHOLE, nullable=False),
        sa.Column("recovered_share", sa.REAL()),
        sa.Column("raw_recovered_share", sa.REAL()),
        sa.Column("valid_share", sa.REAL()),
        sa.Column("worklist_units", WHOLE, nullable=False),
        sa.Column("content_key", sa.Text(), nullable=False),
        sa.Column("state_key", sa.Text(), nullable=False),
        sa.Column("geometry_seq", WHOLE, nullable=False),
        sa.Column("last_scene_id", WHOLE, nullable=False),
        sa.Column("terms", WHOLE, nullable=False),
        sa.UniqueConstraint("site_id", "product", "edition", "from_year", "to_year", name="uq_evidence"),
        sqlite_autoincrement=True,
    )


def _create_imports() -> None:
    op.create_table(
        "imports",
        sa.Column("import_id", WHOLE, primary_key=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("source_crs", sa.Text(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("rows_in", WHOLE, nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("defaults_used", sa.Text(), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("overlap_units", WHOLE, nullable=False),
        sa.Column("dry_run", WHOLE, nullable=False),
        sa.Column("committed_at", sa.Text()),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("seq", WHOLE),
        sa.Column("head", sa.Text()),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "import_rows",
        sa.Column("fid", WHOLE, primary_key=True),
        sa.Column("import_id", WHOLE, sa.ForeignKey("imports.import_id", ondelete="CASCADE"), nullable=False),
        sa.Column("row", WHOLE, nullable=False),
        sa.Column("site_code", sa.Text()),
        sa.Column("site_id", WHOLE),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("area_before_units", WHOLE),
        sa.Column("area_units", WHOLE),
        sa.Column("proposal_ids", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_import_rows_import_id", "import_rows", ["import_id"])
