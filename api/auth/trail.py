"""What of a request is written into the audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.requests import HTTPConnection

from api.auth.file_links import FOLDER
from api.auth.who import who_of
from geo import clock
from geo.accounts.audit import AuditEntry, AuditEvent
from geo.store import Connection, audit

NOTHING: Final[Mapping[str, object]] = {}
HIDDEN: Final = "/login/first/"
HOLDER_KEY: Final = "reverdure.holder"
DOWNLOADS: Final = (
    "text/csv",
    "application/pdf",
    "application/zip",
    "application/geopackage",
    "application/vnd.openxmlformats",
    "application/vnd.google-earth",
    "application/octet-stream",
)
"""Kinds of answers that somebody takes away."""


def address_of(connection: HTTPConnection) -> str:
    """The address that a request comes from, '' where unknown."""
    return connection.client.host if connection.client else ""


def request_id_of(connection: HTTPConnection) -> str:
    """The id of a request, as its answer and the log name it."""
    return str(connection.scope.get("reverdure.request_id", ""))


@dataclass(frozen=True, slots=True)
class Doer:
    """Who does something that the audit is to hold, from where and in which request."""

    name: str
    address: str = ""
    request_id: str = ""

    def note(
        self, conn: Connection, event: AuditEvent, *, target: str = "", detail: Mapping[str, object] = NOTHING
    ) -> None:
        """Write down what is done, in the transaction that does it."""
        entry = AuditEntry(event, self.name, target, self.address, self.request_id, detail)
        audit.add(conn, entry, now=clock.now_utc())


def doer_of(connection: HTTPConnection, name: str | None = None) -> Doer:
    """Who sends a request; `name` where somebody only says who they are."""
    user = who_of(connection).user
    own = user.name if user else str(connection.scope.get(HOLDER_KEY, ""))
    return Doer(own if name is None else name, address_of(connection), request_id_of(connection))


def note_holder(connection: HTTPConnection, name: str) -> None:
    """Remember who was handed the link that this request, which nobody signs, comes by."""
    connection.scope[HOLDER_KEY] = name


def address_line(connection: HTTPConnection) -> str:
    """Method, path and query of a request, without secrets, cut at 500 signs."""
    path, query = connection.url.path, connection.url.query
    if path.startswith(HIDDEN):
        path = f"{HIDDEN}..."
    if path.startswith(FOLDER):
        query = ""
    return f"{connection.scope['method']} {path}{'?' if query else ''}{query}"[:500]
