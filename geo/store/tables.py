"""The tables, as queries see them. The migrations make them; a test holds the two equal.

Text, integers, reals and blobs only, for GDAL drops every other type. Times are UTC text ending in Z, days
are ISO text, JSON is canonical text. `fid` is the key where a GIS shows the table as a layer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from sqlalchemy import (
    REAL,
    Column,
    Connection,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    insert,
    text,
)

from geo.store.columns import (
    METADATA,
    hidden_index,
    key,
    make_table,
    maybe_real,
    maybe_whole,
    maybe_words,
    parent,
    whole,
    words,
)
from geo.store.types import GeometryColumn

ROWS_AT_ONCE: Final = 10_000


WRITER: Final = Table("writer", METADATA, Column("who", Text, nullable=False))
"""Holds a row only inside a write transaction of Reverdure; the guards of all other tables ask for it."""

SETTINGS: Final = Table("settings", METADATA, Column("name", Text, primary_key=True), words("value"))

CITIES: Final = Table(
    "cities",
    METADATA,
    key(),
    Column("geom", GeometryColumn),
    Column("adcode", Text, nullable=False, unique=True),
    words("name_zh"),
    words("name_en"),
    words("level"),
    maybe_words("parent"),
    words("edition"),
    Index("ix_cities_parent", "parent"),
    sqlite_autoincrement=True,
)

CITY_LISTINGS: Final = make_table(
    "city_listings",
    key(),
    words("adcode"),
    words("name_listed"),
    words("city_type"),
    words("basis"),
    words("entered_on"),
    maybe_words("left_on"),
    words("source"),
    words("note"),
    UniqueConstraint("adcode", "entered_on", name="uq_city_listings"),
)

SITES: Final = Table(
    "sites",
    METADATA,
    key(),
    Column("geom", GeometryColumn, nullable=False),
    Column("site_code", Text, nullable=False, unique=True),
    words("name"),
    words("status"),
    words("status_since"),
    words("kind"),
    words("target_use"),
    words("responsible"),
    maybe_words("approach"),
    maybe_words("adcode"),
    maybe_words("county"),
    maybe_words("prefecture"),
    maybe_words("province"),
    Column("area_ha", REAL, nullable=False),
    maybe_real("damaged_ha"),
    maybe_real("restored_ha"),
    maybe_whole("damage_year"),
    maybe_words("treatment_start"),
    maybe_words("treatment_end"),
    maybe_words("settlement"),
    maybe_words("ponding"),
    words("entered_on"),
    maybe_words("left_on"),
    whole("area_units"),
    maybe_whole("damaged_units"),
    maybe_whole("restored_units"),
    words("unit_shares"),
    maybe_words("outline_edition"),
    words("source_crs"),
    words("attributes"),
    words("extra"),
    whole("version"),
    words("updated_at"),
    Index("ix_sites_adcode", "adcode"),
    Index("ix_sites_status", "status"),
    sqlite_autoincrement=True,
)

HISTORY: Final = Table(
    "history",
    METADATA,
    key("seq"),
    whole("site_id"),
    words("fact"),
    words("value"),
    Column("wkb", LargeBinary),
    words("effective_on"),
    words("recorded_at"),
    words("proposed_at"),
    words("actor"),
    maybe_words("approved_by"),
    maybe_whole("voids_seq"),
    words("reason"),
    words("source"),
    words("previous_hash"),
    words("hash"),
    Index("ix_history_site_id", "site_id"),
    Index(
        "uq_history_voids_seq",
        "voids_seq",
        unique=True,
        sqlite_where=text("voids_seq IS NOT NULL"),
        postgresql_where=text("voids_seq IS NOT NULL"),
    ),
)

PROPOSALS: Final = make_table(
    "proposals",
    key("proposal_id"),
    whole("site_id"),
    words("facts"),
    Column("wkb", LargeBinary),
    maybe_whole("voids_seq"),
    whole("base_version"),
    whole("base_seq"),
    words("proposed_by"),
    words("proposed_at"),
    words("effective_on"),
    words("reason"),
    words("source"),
    words("state"),
    maybe_words("decided_by"),
    maybe_words("decided_at"),
    words("comment"),
    maybe_words("redrawing"),
    words("other_sites"),
    Index("ix_proposals_state", "state"),
    Index("ix_proposals_site_id", "site_id"),
)

IDEMPOTENCY: Final = Table(
    "idempotency_keys",
    METADATA,
    Column("key", Text, primary_key=True),
    whole("site_id"),
    words("request_sha256"),
    words("seqs"),
    maybe_whole("proposal_id"),
    words("recorded_at"),
)

SCENES: Final = make_table(
    "scenes",
    key("scene_id"),
    words("product"),
    words("edition"),
    words("period_start"),
    words("period_end"),
    words("path"),
    whole("band"),
    words("crs"),
    Column("x0", REAL, nullable=False),
    Column("y0", REAL, nullable=False),
    Column("dx", REAL, nullable=False),
    Column("dy", REAL, nullable=False),
    whole("width"),
    whole("height"),
    maybe_whole("nodata"),
    words("sha256"),
    words("added_at"),
    words("kind"),
    words("bands"),
    Column("scale", REAL, nullable=False),
    Column("offset", REAL, nullable=False),
    words("unit"),
    UniqueConstraint("product", "edition", "period_start", "period_end", name="uq_scenes"),
)

RUNS: Final = make_table(
    "runs",
    key("run_id"),
    words("kind"),
    words("state"),
    words("params"),
    whole("done"),
    whole("total"),
    words("message"),
    words("created_at"),
    maybe_words("started_at"),
    maybe_words("finished_at"),
    maybe_words("error"),
    words("result"),
    whole("cancel_requested"),
    maybe_words("owner"),
    maybe_words("heartbeat_at"),
    maybe_words("requested_by"),
    Index("ix_runs_state", "state"),
)

RECOVERIES: Final = make_table(
    "recoveries",
    key("recovery_id"),
    maybe_whole("run_id"),
    parent("site_id", "sites.fid"),
    words("product"),
    words("edition"),
    whole("from_year"),
    whole("to_year"),
    words("temporal_rule"),
    whole("area_units"),
    whole("disturbed_baseline_units"),
    whole("recovered_units"),
    whole("still_disturbed_units"),
    whole("converted_units"),
    whole("ponded_units"),
    whole("new_damage_units"),
    whole("valid_units"),
    whole("baseline_late"),
    whole("not_yet_crop_units"),
    whole("end_year_unchanged"),
    words("share_by_year"),
    maybe_whole("relapse_year"),
    maybe_words("reason"),
    words("content_key"),
    whole("geometry_seq"),
    whole("last_scene_id"),
    whole("terms"),
    whole("hidden"),
    whole("site_seq"),
    whole("scene_seq"),
    UniqueConstraint(
        *("site_id", "product", "edition", "from_year", "to_year", "temporal_rule", "hidden"),
        name="uq_recoveries",
    ),
    hidden_index("recoveries"),
)

CLASS_AREAS: Final = make_table(
    "class_areas",
    key(),
    parent("recovery_id", "recoveries.recovery_id"),
    whole("year"),
    maybe_whole("class_code"),
    whole("units"),
    Index("ix_class_areas_recovery_id", "recovery_id"),
)

RECOVERY_YEARS: Final = make_table(
    "recovery_years",
    key(),
    parent("recovery_id", "recoveries.recovery_id"),
    whole("year"),
    whole("recovered_units"),
    whole("disturbed_baseline_units"),
    whole("valid_units"),
    whole("new_damage_units"),
    UniqueConstraint("recovery_id", "year", name="uq_recovery_years"),
)

TRANSITIONS: Final = make_table(
    "transitions",
    key(),
    parent("recovery_id", "recoveries.recovery_id"),
    maybe_whole("from_code"),
    maybe_whole("to_code"),
    words("outcome"),
    whole("units"),
    Column("ha", REAL, nullable=False),
    maybe_real("ha_grid"),
    Index("ix_transitions_recovery_id", "recovery_id"),
)

EVIDENCE: Final = make_table(
    "evidence",
    key(),
    maybe_whole("run_id"),
    parent("site_id", "sites.fid"),
    maybe_words("verdict"),
    words("reasons"),
    words("status"),
    words("status_today"),
    words("product"),
    words("edition"),
    whole("from_year"),
    whole("to_year"),
    maybe_real("recovered_share"),
    maybe_real("raw_recovered_share"),
    maybe_real("valid_share"),
    whole("worklist_units"),
    words("content_key"),
    words("state_key"),
    whole("geometry_seq"),
    whole("last_scene_id"),
    whole("terms"),
    whole("hidden"),
    whole("site_seq"),
    whole("scene_seq"),
    UniqueConstraint("site_id", "product", "edition", "from_year", "to_year", "hidden", name="uq_evidence"),
    hidden_index("evidence"),
)

IMPORTS: Final = make_table(
    "imports",
    key("import_id"),
    words("file_name"),
    words("sha256"),
    words("layer"),
    words("source_crs"),
    words("encoding"),
    whole("rows_in"),
    words("counts"),
    words("defaults_used"),
    words("mapping"),
    whole("overlap_units"),
    whole("dry_run"),
    maybe_words("committed_at"),
    words("actor"),
    maybe_whole("seq"),
    maybe_words("head"),
)

IMPORT_ROWS: Final = make_table(
    "import_rows",
    key(),
    parent("import_id", "imports.import_id"),
    whole("row"),
    maybe_words("site_code"),
    maybe_whole("site_id"),
    words("result"),
    words("findings"),
    maybe_whole("area_before_units"),
    maybe_whole("area_units"),
    words("proposal_ids"),
    maybe_whole("line"),
    Index("ix_import_rows_import_id", "import_id"),
)


def insert_many(
    conn: Connection, table: Table, rows: Iterable[Sequence[object]], *, keyed: bool = True
) -> None:
    """Insert rows of plain values, every column in order; without the first, the key, where not `keyed`."""
    names = [column.name for column in table.c][0 if keyed else 1 :]
    statement = insert(table).compile(dialect=conn.dialect, column_keys=names)
    waiting = iter(rows)
    while chunk := list(islice(waiting, ROWS_AT_ONCE)):
        if statement.positional:
            conn.exec_driver_sql(str(statement), [tuple(row) for row in chunk])
        else:
            conn.exec_driver_sql(str(statement), [dict(zip(names, row, strict=True)) for row in chunk])
