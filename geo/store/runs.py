"""Runs in the store: a queue that survives a restart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Connection, RowMapping, insert, select, update

from geo import clock
from geo.accounts.notices import NoticeKind
from geo.canonical import canonical_json, parse_json
from geo.errors import UnknownRun
from geo.runs.run import Run, RunState
from geo.store import notifications
from geo.store.tables import RUNS
from geo.store.types import new_key


@dataclass(frozen=True, slots=True)
class HeldRun:
    """A running run and the process that holds it, with the time of its last note (UTC text)."""

    run_id: int
    owner: str | None
    heartbeat_at: str | None


_OVER = (RunState.DONE, RunState.FAILED, RunState.CANCELLED)


def create(
    conn: Connection,
    kind: str,
    params: Mapping[str, object],
    *,
    now: str | None = None,
    requested_by: str | None = None,
) -> Run:
    """A new run, queued; `requested_by` is told when it is over."""
    key = conn.execute(
        insert(RUNS).values(
            kind=kind,
            state=RunState.QUEUED.value,
            params=canonical_json(params),
            done=0,
            total=0,
            message="",
            created_at=now or clock.now_utc(),
            result="{}",
            cancel_requested=0,
            requested_by=requested_by,
        )
    ).inserted_primary_key
    return get(conn, new_key(key))


def get(conn: Connection, run_id: int) -> Run:
    """The run with this id; raises `UnknownRun`."""
    return _run(_stored(conn, run_id))


def requested_by(conn: Connection, run_id: int) -> str | None:
    """Who asked for the run, None where nobody is known; raises `UnknownRun`."""
    name: str | None = _stored(conn, run_id)["requested_by"]
    return name


def find(conn: Connection, state: RunState | None = None, limit: int | None = None) -> list[Run]:
    """The runs, newest first."""
    query = select(RUNS).order_by(RUNS.c.run_id.desc()).limit(limit)
    if state is not None:
        query = query.where(RUNS.c.state == state.value)
    return [_run(row) for row in conn.execute(query).mappings()]


def claim(conn: Connection, *, owner: str, now: str | None = None) -> Run | None:
    """The oldest queued run, now running and held by `owner`; None where none waits."""
    queued = (
        select(RUNS.c.run_id).where(RUNS.c.state == RunState.QUEUED.value).order_by(RUNS.c.run_id).limit(1)
    )
    run_id = conn.execute(queued).scalar()
    return None if run_id is None else start(conn, run_id, owner=owner, now=now)


def start(conn: Connection, run_id: int, *, owner: str, now: str | None = None) -> Run:
    """The run, now running and held by the process `owner`."""
    now = now or clock.now_utc()
    return _set(conn, run_id, state=RunState.RUNNING.value, started_at=now, owner=owner, heartbeat_at=now)


def beat(conn: Connection, run_id: int, *, now: str | None = None) -> None:
    """Note that the process which holds a running run still works on it."""
    conn.execute(
        update(RUNS)
        .where(RUNS.c.run_id == run_id, RUNS.c.state == RunState.RUNNING.value)
        .values(heartbeat_at=now or clock.now_utc())
    )


def held(conn: Connection) -> list[HeldRun]:
    """The running runs, oldest first, with the process that holds each."""
    columns = RUNS.c
    query = select(columns.run_id, columns.owner, columns.heartbeat_at)
    query = query.where(columns.state == RunState.RUNNING.value).order_by(columns.run_id)
    return [HeldRun(*row) for row in conn.execute(query)]


def progress(conn: Connection, run_id: int, done: int, total: int, message: str) -> None:
    """Note how far a run has come."""
    _set(conn, run_id, done=done, total=total, message=message)


def finish(conn: Connection, run_id: int, result: Mapping[str, object], *, now: str | None = None) -> Run:
    """The run, done."""
    now = now or clock.now_utc()
    _tell(conn, run_id, NoticeKind.RUN_DONE, now=now)
    return _set(conn, run_id, state=RunState.DONE.value, result=canonical_json(result), finished_at=now)


def fail(conn: Connection, run_id: int, error: str, *, now: str | None = None) -> Run:
    """The run, failed; `error` is for people."""
    now = now or clock.now_utc()
    _tell(conn, run_id, NoticeKind.RUN_FAILED, now=now, problem=error)
    return _set(conn, run_id, state=RunState.FAILED.value, error=error, finished_at=now)


def cancelled(conn: Connection, run_id: int, *, now: str | None = None) -> Run:
    """The run, given up as asked."""
    return _set(conn, run_id, state=RunState.CANCELLED.value, finished_at=now or clock.now_utc())


def request_cancel(conn: Connection, run_id: int, *, now: str | None = None) -> Run:
    """Ask a run to stop: a queued one is cancelled at once, a running one when it next looks."""
    run = get(conn, run_id)
    if run.state is RunState.QUEUED:
        return cancelled(conn, run_id, now=now)
    return run if run.state in _OVER else _set(conn, run_id, cancel_requested=1)


def cancel_requested(conn: Connection, run_id: int) -> bool:
    """Whether somebody asked the run to stop."""
    return bool(_stored(conn, run_id)["cancel_requested"])


def requeue(conn: Connection, run_id: int, *, now: str | None = None) -> bool:
    """Whether a running run waits again; one that somebody asked to stop is cancelled instead."""
    if cancel_requested(conn, run_id):
        cancelled(conn, run_id, now=now)
        return False
    _set(conn, run_id, state=RunState.QUEUED.value, started_at=None, done=0, owner=None, heartbeat_at=None)
    return True


def _tell(conn: Connection, run_id: int, kind: NoticeKind, *, now: str, problem: str = "") -> None:
    asked = requested_by(conn, run_id)
    if asked is not None:
        notifications.notify(
            conn,
            [asked],
            kind,
            now=now,
            subject=f"run:{run_id}",
            link=f"/api/runs/{run_id}",
            facts={"run": run_id, "problem": problem},
        )


def _set(conn: Connection, run_id: int, **values: object) -> Run:
    conn.execute(update(RUNS).where(RUNS.c.run_id == run_id).values(**values))
    return get(conn, run_id)


def _stored(conn: Connection, run_id: int) -> RowMapping:
    row = conn.execute(select(RUNS).where(RUNS.c.run_id == run_id)).mappings().first()
    if row is None:
        raise UnknownRun(run_id=run_id)
    return row


def _run(row: RowMapping) -> Run:
    return Run(
        run_id=row["run_id"],
        kind=row["kind"],
        state=RunState(row["state"]),
        params=cast("Mapping[str, object]", parse_json(row["params"])),
        done=row["done"],
        total=row["total"],
        message=row["message"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        error=row["error"],
        result=cast("Mapping[str, object]", parse_json(row["result"])),
    )
