"""Runs: long work that shows its progress, survives a restart and can be cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Run:
    """One run as stored. Times are UTC text; `done` of `total` steps; `error` is for people."""

    run_id: int
    kind: str  # "recovery"
    state: RunState
    params: Mapping[str, object]
    done: int
    total: int
    message: str
    created_at: str
    started_at: str | None
    finished_at: str | None
    error: str | None
    result: Mapping[str, object] = field(default_factory=dict)
