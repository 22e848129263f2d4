"""Writes of records: projects, targets and inspections, each under a version and once a key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Response
from pydantic import BaseModel

from api import deps
from api.retries import RetryDep
from api.shapes import json_answer
from geo import clock
from geo.planning import RecordKind
from geo.store import Connection, records


class RecordWrite:
    """What every write of a record needs: who writes and when, and whether it is a retry."""

    def __init__(
        self, store: deps.StoreDep, rights: deps.RightsDep, today: deps.TodayDep, retry: RetryDep
    ) -> None:
        self.store = store
        self.rights = rights
        self.actor = rights.name
        self.today = today
        self.now = clock.now_utc()
        self._retry = retry

    def once(self, asked: BaseModel | str, work: Callable[[Connection], Response]) -> Response:
        """The answer of `work`, done in one transaction and not again for a retry."""
        words = asked if isinstance(asked, str) else asked.model_dump_json(exclude_unset=True)
        with self.store.write() as conn:
            return self._retry.once(conn, words, lambda: work(conn))


class RecordChange:
    """What every change of a record needs besides: the version that whoever changes it saw."""

    def __init__(self, write: Annotated[RecordWrite, Depends()], if_match: deps.IfMatch) -> None:
        self.write = write
        self.seen = deps.version_of(if_match)


class RecordRemoval:
    """What every removal of a record needs: the version that was seen, and why."""

    def __init__(self, change: Annotated[RecordChange, Depends()], reason: deps.Why = "") -> None:
        self.write = change.write
        self.seen = change.seen
        self.reason = reason.strip()

    def of(self, kind: RecordKind, record_id: int, check: Callable[[Connection], None]) -> Response:
        """Take the record off where `check` raises nothing, once a key: an answer without a body.

        Raises what `check` raises, `UnknownRecord`, `StaleRecord`.
        """

        def work(conn: Connection) -> Response:
            check(conn)
            records.remove(
                conn,
                kind,
                record_id,
                reason=self.reason,
                if_version=self.seen,
                actor=self.write.actor,
                now=self.write.now,
            )
            return Response(status_code=204)

        return self.write.once(self.reason, work)


NewRecord = Annotated[RecordWrite, Depends()]
Changed = Annotated[RecordChange, Depends()]
Removed = Annotated[RecordRemoval, Depends()]


def record_answer(item: BaseModel, path: str, version: int, *, status: int = 200) -> Response:
    """A record as JSON with its version as the ETag and its address as the Location."""
    return json_answer(item, status=status, headers={"ETag": deps.etag(version), "Location": path})
