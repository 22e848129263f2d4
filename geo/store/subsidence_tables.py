"""The tables of subsidence: displacement and ponding of the sites, and new water outside of them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import REAL, Column, Index, Table, UniqueConstraint

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

SUBSIDENCES: Final = make_table(
    "subsidences",
    key("subsidence_id"),
    maybe_whole("run_id"),
    parent("site_id", "sites.fid"),
    words("product"),
    words("edition"),
    words("source"),
    words("period_start"),
    words("period_end"),
    whole("n_epochs"),
    whole("area_units"),
    whole("valid_units"),
    maybe_real("mean"),
    maybe_real("p95"),
    maybe_real("p95_abs"),
    maybe_real("sigma"),
    Column("threshold", REAL, nullable=False),
    whole("moving_units"),
    whole("last_epochs"),
    words("last_from"),
    maybe_real("last_mean"),
    whole("fast_units"),
    whole("maybe_fast_units"),
    maybe_words("settlement"),
    maybe_words("reason"),
    words("content_key"),
    whole("geometry_seq"),
    whole("last_scene_id"),
    whole("terms"),
    whole("hidden"),
    whole("site_seq"),
    whole("scene_seq"),
    UniqueConstraint("site_id", "product", "edition", "hidden", name="uq_subsidences"),
    hidden_index("subsidences"),
)

SUBSIDENCE_EPOCHS: Final = make_table(
    "subsidence_epochs",
    key(),
    parent("subsidence_id", "subsidences.subsidence_id"),
    words("on_day"),
    maybe_real("mean_mm"),
    whole("valid_units"),
    UniqueConstraint("subsidence_id", "on_day", name="uq_subsidence_epochs"),
)

PONDINGS: Final = make_table(
    "pondings",
    key(),
    maybe_whole("run_id"),
    parent("site_id", "sites.fid"),
    words("product"),
    words("edition"),
    whole("year"),
    whole("n_seasons"),
    whole("area_units"),
    whole("valid_units"),
    maybe_whole("annual_units"),
    maybe_whole("perennial_units"),
    maybe_whole("seasonal_units"),
    words("content_key"),
    whole("geometry_seq"),
    whole("last_scene_id"),
    whole("terms"),
    whole("hidden"),
    whole("site_seq"),
    whole("scene_seq"),
    UniqueConstraint("site_id", "product", "edition", "year", "hidden", name="uq_pondings"),
    hidden_index("pondings"),
)

CANDIDATES: Final = Table(
    "candidates",
    METADATA,
    key(),
    Column("geom", GeometryColumn, nullable=False),
    words("product"),
    words("edition"),
    whole("from_year"),
    whole("to_year"),
    Column("area_ha", REAL, nullable=False),
    whole("area_units"),
    whole("touches_water"),
    words("state"),
    maybe_words("reason"),
    maybe_words("decided_by"),
    maybe_words("decided_at"),
    words("found_at"),
    words("content_key"),
    Index("ix_candidates_state", "state"),
    sqlite_autoincrement=True,
)
