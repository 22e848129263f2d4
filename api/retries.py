"""Retries: a write under an Idempotency-Key is done once, and a retry hears what became of it.

Here every retry hears the first answer. A change of a site is the exception: its key stands in the history
(`geo.store.changes`), and a retry hears the site as it is by then, since whoever asks
again will write next under the version that they are told, and that of the first answer may be stale.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Annotated

from fastapi import Depends, Request, Response

from api import deps
from geo import clock
from geo.errors import Conflict
from geo.store import Connection, Store, answers

KEPT_HEADERS = ("etag", "location", "content-type")
_running: set[str] = set()
_turn = Lock()


class StillRunning(Conflict):
    """The same request is being worked on."""

    template = "the request under the idempotency key {key!r} is being worked on; ask again in a moment"


class Retry:
    """The key of a request and who sent it; `once` does the work unless it was done under the key."""

    def __init__(
        self, request: Request, rights: deps.RightsDep, idempotency_key: deps.IdempotencyKey = None
    ) -> None:
        self.key = idempotency_key
        self._asked = f"{rights.name}\n{request.method}\n{request.url.path}"

    def once(self, conn: Connection, asked: str, work: Callable[[], Response]) -> Response:
        """The answer of `work`, kept in the same transaction; of an earlier one where there is the key.

        `asked` is what the body said. Raises `IdempotencyKeyReused`.
        """
        if self.key is None:
            return work()
        whole = f"{self._asked}\n{asked}"
        earlier = _earlier(conn, self.key, whole)
        if earlier is not None:
            return earlier
        answer = work()
        _keep(conn, self.key, whole, answer)
        return answer

    def around(self, store: Store, asked: str, work: Callable[[], Response]) -> Response:
        """As `once`, for work in transactions of its own.

        The answer is kept after the work: where the service is killed between the two, a retry does it again.
        Raises `IdempotencyKeyReused` and `StillRunning`.
        """
        if self.key is None:
            return work()
        whole = f"{self._asked}\n{asked}"
        with _turn:
            if self.key in _running:
                raise StillRunning(key=self.key)
            _running.add(self.key)
        try:
            with store.read() as conn:
                earlier = _earlier(conn, self.key, whole)
            if earlier is not None:
                return earlier
            answer = work()
            with store.write() as conn:
                _keep(conn, self.key, whole, answer)
            return answer
        finally:
            with _turn:
                _running.discard(self.key)


def _earlier(conn: Connection, key: str, whole: str) -> Response | None:
    kept = answers.answered(conn, key, whole)
    return None if kept is None else Response(kept.body, status_code=kept.status, headers=dict(kept.headers))


def _keep(conn: Connection, key: str, whole: str, answer: Response) -> None:
    headers = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
    kept = answers.KeptAnswer(answer.status_code, headers, bytes(answer.body).decode())
    answers.keep(conn, key, whole, kept, now=clock.now_utc())


RetryDep = Annotated[Retry, Depends()]
