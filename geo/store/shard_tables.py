"""The table of finished shards: what a run has behind it, so that it goes on where it was stopped."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table, UniqueConstraint

from geo.store.columns import key, make_table, parent, whole, words

RUN_SHARDS: Final[Table] = make_table(
    "run_shards",
    key(),
    parent("run_id", "runs.run_id"),
    whole("shard"),
    words("shard_key"),
    words("total_key"),
    words("found"),
    UniqueConstraint("run_id", "shard", name="uq_run_shards"),
    Index("ix_run_shards_total_key", "total_key"),
)
