"""Retries: a write under an Idempotency-Key is done once, and every retry hears the first answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request, Response

from api import deps
from geo import clock
from geo.store import Connection, answers

KEPT_HEADERS = ("etag", "location", "content-type")


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
        kept = answers.answered(conn, self.key, whole)
        if kept is not None:
            return Response(kept.body, status_code=kept.status, headers=dict(kept.headers))
        answer = work()
        headers = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
        body = bytes(answer.body).decode()
        answers.keep(
            conn, self.key, whole, answers.KeptAnswer(answer.status_code, headers, body), now=clock.now_utc()
        )
        return answer


RetryDep = Annotated[Retry, Depends()]
