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
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    insert,
    text,
)
from sqlalchemy.schema import SchemaItem

from geo.store.types import WHOLE, GeometryColumn

METADATA: Final = MetaData()
ROWS_AT_ONCE: Final = 10_000


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _maybe_text(name: str) -> Column[str]:
    return Column(name, Text)


def _whole(name: str) -> Column[int]:
    return Column(name, WHOLE, nullable=False)


def _maybe_whole(name: str) -> Column[int]:
    return Column(name, WHOLE)


def _real(name: str) -> Column[float]:
    return Column(name, REAL)


def _key(name: str = "fid") -> Column[int]:
    return Column(name, WHOLE, primary_key=True)


def _parent(name: str, key: str) -> Column[int]:
    return Column(name, WHOLE, ForeignKey(key, ondelete="CASCADE"), nullable=False)


def _table(name: str, *items: SchemaItem) -> Table:
    return Table(name, METADATA, *items, sqlite_autoincrement=True)


WRITER: Final = Table("writer", METADATA, Column("who", Text, nullable=False))
"""Holds a row only inside a write transaction of Reverdure; the guards of all other tables ask for it."""

SETTINGS: Final = Table("settings", METADATA, Column("name", Text, primary_key=True), _text("value"))

CITIES: Final = Table(
    "cities",
    METADATA,
    _key(),
    Column("geom", GeometryColumn),
    Column("adcode", Text, nullable=False, unique=True),
    _text("name_zh"),
    _text("name_en"),
    _text("level"),
    _maybe_text("parent"),
    _text("edition"),
    Index("ix_cities_parent", "parent"),
    sqlite_autoincrement=True,
)

CITY_LISTINGS: Final = _table(
    "city_listings",
    _key(),
    _text("adcode"),
    _text("name_listed"),
    _text("city_type"),
    _text("basis"),
    _text("entered_on"),
    _maybe_text("left_on"),
    _text("source"),
    _text("note"),
    UniqueConstraint("adcode", "entered_on", name="uq_city_listings"),
)

SITES: Final = Table(
    "sites",
    METADATA,
    _key(),
    Column("geom", GeometryColumn, nullable=False),
    Column("site_code", Text, nullable=False, unique=True),
    _text("name"),
    _text("status"),
    _text("status_since"),
    _text("kind"),
    _text("target_use"),
    _text("responsible"),
    _maybe_text("approach"),
    _maybe_text("adcode"),
    _maybe_text("county"),
    _maybe_text("prefecture"),
    _maybe_text("province"),
    Column("area_ha", REAL, nullable=False),
    _real("damaged_ha"),
    _real("restored_ha"),
    _maybe_whole("damage_year"),
    _maybe_text("treatment_start"),
    _maybe_text("treatment_end"),
    _maybe_text("settlement"),
    _maybe_text("ponding"),
    _text("entered_on"),
    _maybe_text("left_on"),
    _whole("area_units"),
    _maybe_whole("damaged_units"),
    _maybe_whole("restored_units"),
    _text("unit_shares"),
    _maybe_text("outline_edition"),
    _text("source_crs"),
    _text("attributes"),
    _text("extra"),
    _whole("version"),
    _text("updated_at"),
    Index("ix_sites_adcode", "adcode"),
    Index("ix_sites_status", "status"),
    sqlite_autoincrement=True,
)

HISTORY: Final = Table(
    "history",
    METADATA,
    _key("seq"),
    _whole("site_id"),
    _text("fact"),
    _text("value"),
    Column("wkb", LargeBinary),
    _text("effective_on"),
    _text("recorded_at"),
    _text("proposed_at"),
    _text("actor"),
    _maybe_text("approved_by"),
    _maybe_whole("voids_seq"),
    _text("reason"),
    _text("source"),
    _text("previous_hash"),
    _text("hash"),
    Index("ix_history_site_id", "site_id"),
    Index(
        "uq_history_voids_seq",
        "voids_seq",
        unique=True,
        sqlite_where=text("voids_seq IS NOT NULL"),
        postgresql_where=text("voids_seq IS NOT NULL"),
    ),
)

PROPOSALS: Final = _table(
    "proposals",
    _key("proposal_id"),
    _whole("site_id"),
    _text("facts"),
    Column("wkb", LargeBinary),
    _maybe_whole("voids_seq"),
    _whole("base_version"),
    _whole("base_seq"),
    _text("proposed_by"),
    _text("proposed_at"),
    _text("effective_on"),
    _text("reason"),
    _text("source"),
    _text("state"),
    _maybe_text("decided_by"),
    _maybe_text("decided_at"),
    _text("comment"),
    Index("ix_proposals_state", "state"),
    Index("ix_proposals_site_id", "site_id"),
)

IDEMPOTENCY: Final = Table(
    "idempotency_keys",
    METADATA,
    Column("key", Text, primary_key=True),
    _whole("site_id"),
    _text("request_sha256"),
    _text("seqs"),
    _maybe_whole("proposal_id"),
    _text("recorded_at"),
)

SCENES: Final = _table(
    "scenes",
    _key("scene_id"),
    _text("product"),
    _text("edition"),
    _text("period_start"),
    _text("period_end"),
    _text("path"),
    _whole("band"),
    _text("crs"),
    Column("x0", REAL, nullable=False),
    Column("y0", REAL, nullable=False),
    Column("dx", REAL, nullable=False),
    Column("dy", REAL, nullable=False),
    _whole("width"),
    _whole("height"),
    _maybe_whole("nodata"),
    _text("sha256"),
    _text("added_at"),
    UniqueConstraint("product", "edition", "period_start", "period_end", name="uq_scenes"),
)

RUNS: Final = _table(
    "runs",
    _key("run_id"),
    _text("kind"),
    _text("state"),
    _text("params"),
    _whole("done"),
    _whole("total"),
    _text("message"),
    _text("created_at"),
    _maybe_text("started_at"),
    _maybe_text("finished_at"),
    _maybe_text("error"),
    _text("result"),
    _whole("cancel_requested"),
    _maybe_text("owner"),
    _maybe_text("heartbeat_at"),
    Index("ix_runs_state", "state"),
)

RECOVERIES: Final = _table(
    "recoveries",
    _key("recovery_id"),
    _maybe_whole("run_id"),
    _parent("site_id", "sites.fid"),
    _text("product"),
    _text("edition"),
    _whole("from_year"),
    _whole("to_year"),
    _text("temporal_rule"),
    _whole("area_units"),
    _whole("disturbed_baseline_units"),
    _whole("recovered_units"),
    _whole("still_disturbed_units"),
    _whole("converted_units"),
    _whole("ponded_units"),
    _whole("new_damage_units"),
    _whole("valid_units"),
    _whole("baseline_late"),
    _whole("not_yet_crop_units"),
    _whole("end_year_unchanged"),
    _text("share_by_year"),
    _maybe_whole("relapse_year"),
    _maybe_text("reason"),
    _text("content_key"),
    _whole("geometry_seq"),
    _whole("last_scene_id"),
    _whole("terms"),
    UniqueConstraint(
        "site_id", "product", "edition", "from_year", "to_year", "temporal_rule", name="uq_recoveries"
    ),
)

CLASS_AREAS: Final = _table(
    "class_areas",
    _key(),
    _parent("recovery_id", "recoveries.recovery_id"),
    _whole("year"),
    _maybe_whole("class_code"),
    _whole("units"),
    Index("ix_class_areas_recovery_id", "recovery_id"),
)

RECOVERY_YEARS: Final = _table(
    "recovery_years",
    _key(),
    _parent("recovery_id", "recoveries.recovery_id"),
    _whole("year"),
    _whole("recovered_units"),
    _whole("disturbed_baseline_units"),
    _whole("valid_units"),
    _whole("new_damage_units"),
    UniqueConstraint("recovery_id", "year", name="uq_recovery_years"),
)

TRANSITIONS: Final = _table(
    "transitions",
    _key(),
    _parent("recovery_id", "recoveries.recovery_id"),
    _maybe_whole("from_code"),
    _maybe_whole("to_code"),
    _text("outcome"),
    _whole("units"),
    Column("ha", REAL, nullable=False),
    _real("ha_grid"),
    Index("ix_transitions_recovery_id", "recovery_id"),
)

EVIDENCE: Final = _table(
    "evidence",
    _key(),
    _maybe_whole("run_id"),
    _parent("site_id", "sites.fid"),
    _maybe_text("verdict"),
    _text("reasons"),
    _text("status"),
    _text("status_today"),
    _text("product"),
    _text("edition"),
    _whole("from_year"),
    _whole("to_year"),
    _real("recovered_share"),
    _real("raw_recovered_share"),
    _real("valid_share"),
    _whole("worklist_units"),
    _text("content_key"),
    _text("state_key"),
    _whole("geometry_seq"),
    _whole("last_scene_id"),
    _whole("terms"),
    UniqueConstraint("site_id", "product", "edition", "from_year", "to_year", name="uq_evidence"),
)

IMPORTS: Final = _table(
    "imports",
    _key("import_id"),
    _text("file_name"),
    _text("sha256"),
    _text("layer"),
    _text("source_crs"),
    _text("encoding"),
    _whole("rows_in"),
    _text("counts"),
    _text("defaults_used"),
    _text("mapping"),
    _whole("overlap_units"),
    _whole("dry_run"),
    _maybe_text("committed_at"),
    _text("actor"),
    _maybe_whole("seq"),
    _maybe_text("head"),
)

IMPORT_ROWS: Final = _table(
    "import_rows",
    _key(),
    _parent("import_id", "imports.import_id"),
    _whole("row"),
    _maybe_text("site_code"),
    _maybe_whole("site_id"),
    _text("result"),
    _text("findings"),
    _maybe_whole("area_before_units"),
    _maybe_whole("area_units"),
    _text("proposal_ids"),
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
