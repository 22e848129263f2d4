"""The tables of checked samples."""

from __future__ import annotations

from typing import Final

from sqlalchemy import REAL, Column, Text, UniqueConstraint

from geo.store.columns import key, make_table, maybe_whole, maybe_words, parent, whole, words

SAMPLES: Final = make_table(
    "samples",
    key("sample_id"),
    words("kind"),
    Column("token", Text, nullable=False, unique=True),
    words("product"),
    words("edition"),
    maybe_whole("from_year"),
    maybe_whole("to_year"),
    maybe_words("group_by"),
    words("group_key"),
    words("group_name"),
    words("group_name_en"),
    words("responsible"),
    maybe_words("site_kind"),
    maybe_whole("seed"),
    whole("blind"),
    words("population_key"),
    words("strata"),
    words("counts"),
    whole("n_points"),
    words("source"),
    words("made_at"),
)

SAMPLE_POINTS: Final = make_table(
    "sample_points",
    key(),
    parent("sample_id", "samples.sample_id"),
    whole("number"),
    parent("site_id", "sites.fid"),
    whole("from_year"),
    Column("lon", REAL, nullable=False),
    Column("lat", REAL, nullable=False),
    whole("row"),
    whole("col"),
    words("stratum"),
    maybe_words("checked"),
    maybe_words("checked_at"),
    words("note"),
    UniqueConstraint("sample_id", "number", name="uq_sample_points"),
)
