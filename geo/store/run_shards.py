"""Finished shards of runs in the store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select

from geo.runs.run import RunState
from geo.store.shard_tables import RUN_SHARDS
from geo.store.tables import RUNS

_RUNS_KEPT: Final = 20
"""The shards of this many finished runs are remembered, so that a later run can take over their totals."""


def put(
    conn: Connection, run_id: int, shard: int, *, shard_key: str, total_key: str, found: Mapping[str, Any]
) -> None:
    """Note a shard as finished, in place of what was noted of it; `found` is what its total is made of."""
    conn.execute(delete(RUN_SHARDS).where(RUN_SHARDS.c.run_id == run_id, RUN_SHARDS.c.shard == shard))
    conn.execute(
        insert(RUN_SHARDS).values(
            run_id=run_id,
            shard=shard,
            shard_key=shard_key,
            total_key=total_key,
            found=json.dumps(found, separators=(",", ":")),
        )
    )


def finished(conn: Connection, run_id: int, shard: int, shard_key: str) -> Mapping[str, Any] | None:
    """What a shard of this run came to, None where it is not finished or its sites have changed since."""
    columns = RUN_SHARDS.c
    query = select(columns.found).where(
        columns.run_id == run_id, columns.shard == shard, columns.shard_key == shard_key
    )
    return _parsed(conn.execute(query).scalar())


def same_total(conn: Connection, total_key: str) -> Mapping[str, Any] | None:
    """What a shard of the same sites and inputs came to in any run, None where none had them."""
    query = select(RUN_SHARDS.c.found).where(RUN_SHARDS.c.total_key == total_key)
    return _parsed(conn.execute(query.order_by(RUN_SHARDS.c.fid.desc()).limit(1)).scalar())


def forget_old(conn: Connection) -> None:
    """Forget the shards of runs that were given up, and of all but the last finished ones."""
    last = select(RUNS.c.run_id).where(RUNS.c.state == RunState.DONE.value)
    last = last.order_by(RUNS.c.run_id.desc()).limit(_RUNS_KEPT)
    alive = select(RUNS.c.run_id).where(RUNS.c.state.in_((RunState.QUEUED.value, RunState.RUNNING.value)))
    columns = RUN_SHARDS.c
    conn.execute(
        delete(RUN_SHARDS).where(columns.run_id.not_in(last.scalar_subquery()), columns.run_id.not_in(alive))
    )


def count(conn: Connection, run_id: int) -> int:
    """How many shards of a run are finished."""
    query = select(func.count()).select_from(RUN_SHARDS).where(RUN_SHARDS.c.run_id == run_id)
    return int(conn.execute(query).scalar_one())


def _parsed(text: str | None) -> Mapping[str, Any] | None:
    if text is None:
        return None
    found: Mapping[str, Any] = json.loads(text)
    return found
