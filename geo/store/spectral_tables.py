"""The tables of spectral recovery and of reference polygons, as queries see them."""

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

SPECTRAL: Final = make_table(
    "spectral_results",
    key("spectral_id"),
    maybe_whole("run_id"),
    parent("site_id", "sites.fid"),
    words("product"),
    words("edition"),
    words("index_name"),
    words("params_key"),
    words("formula"),
    whole("direction"),
    maybe_whole("disturbance_year"),
    maybe_whole("restoration_year"),
    whole("k_years"),
    Column("target_share", REAL, nullable=False),
    words("target_kind"),
    words("target_scope"),
    maybe_real("target_value"),
    maybe_whole("target_first_year"),
    maybe_whole("target_last_year"),
    words("reference_kind"),
    maybe_whole("relapse_year"),
    whole("n_relapsed"),
    whole("valid_years"),
    whole("n_years"),
    words("confidence"),
    words("scenes"),
    maybe_words("reason"),
    words("params"),
    words("content_key"),
    whole("hidden"),
    whole("site_seq"),
    whole("scene_seq"),
    UniqueConstraint(
        *("site_id", "product", "edition", "index_name", "params_key", "hidden"),
        name="uq_spectral_results",
    ),
    hidden_index("spectral_results"),
)

SPECTRAL_YEARS: Final = make_table(
    "spectral_years",
    key(),
    parent("spectral_id", "spectral_results.spectral_id"),
    words("period"),
    whole("year"),
    maybe_real("value"),
    maybe_real("low"),
    maybe_real("high"),
    whole("n_pixels"),
    maybe_real("valid_share"),
    maybe_real("reference_value"),
    maybe_real("relative_value"),
    UniqueConstraint("spectral_id", "period", name="uq_spectral_years"),
)

SPECTRAL_METRICS: Final = make_table(
    "spectral_metrics",
    key(),
    parent("spectral_id", "spectral_results.spectral_id"),
    whole("relative"),
    words("metric"),
    maybe_real("value"),
    maybe_real("median"),
    whole("n_pixels"),
    whole("n_none"),
    UniqueConstraint("spectral_id", "relative", "metric", name="uq_spectral_metrics"),
)

REFERENCES: Final = Table(
    "reference_polygons",
    METADATA,
    key(),
    Column("geom", GeometryColumn, nullable=False),
    words("set_name"),
    words("name"),
    words("source"),
    words("sha256"),
    words("added_at"),
    Index("ix_reference_polygons_set_name", "set_name"),
    sqlite_autoincrement=True,
)
