"""Answers kept under the key of a request, so that a retry changes nothing and hears the same again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from sqlalchemy import Column, Connection, Table, Text, insert, select

from geo.canonical import canonical_json, parse_json
from geo.store.changes import IdempotencyKeyReused
from geo.store.columns import METADATA, whole, words

KEPT_ANSWERS: Final = Table(
    "kept_answers",
    METADATA,
    Column("key", Text, primary_key=True),
    words("request_sha256"),
    whole("status"),
    words("headers"),
    words("body"),
    words("recorded_at"),
)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What a request was answered: status, the headers that matter, the body as text."""

    status: int
    headers: Mapping[str, str]
    body: str


def answered(conn: Connection, key: str, request: str) -> KeptAnswer | None:
    """The answer to an earlier request under the key; raises `IdempotencyKeyReused` for another request."""
    row = conn.execute(select(KEPT_ANSWERS).where(KEPT_ANSWERS.c.key == key)).mappings().first()
    if row is None:
        return None
    if row["request_sha256"] != _digest(request):
        raise IdempotencyKeyReused(key=key)
    headers = cast("Mapping[str, str]", parse_json(row["headers"]))
    return KeptAnswer(row["status"], headers, row["body"])


def keep(conn: Connection, key: str, request: str, answer: KeptAnswer, *, now: str) -> None:
    """Keep the answer under the key."""
    conn.execute(
        insert(KEPT_ANSWERS).values(
            key=key,
            request_sha256=_digest(request),
            status=answer.status,
            headers=canonical_json(dict(answer.headers)),
            body=answer.body,
            recorded_at=now,
        )
    )


def _digest(request: str) -> str:
    return hashlib.sha256(request.encode()).hexdigest()
