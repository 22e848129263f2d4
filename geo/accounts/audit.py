"""The audit: who signed in, was refused, took something out, approved, or changed an account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class AuditEvent(StrEnum):
    """What is written down (`data/reference/audit_events.csv`)."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_OUT = "signed_out"
    REFUSED = "refused"
    EXPORTED = "exported"
    APPROVED = "approved"
    REJECTED = "rejected"
    USER_ADDED = "user_added"
    USER_CHANGED = "user_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of an event
    SESSION_REVOKED = "session_revoked"
    TOKEN_MADE = "token_made"  # noqa: S105
    TOKEN_REVOKED = "token_revoked"  # noqa: S105
    MAPPING_CHANGED = "mapping_changed"
    LINK_MADE = "link_made"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that happened: by whom, from where, upon what, in which request."""

    event: AuditEvent
    actor: str
    target: str = ""
    address: str = ""
    request_id: str = ""
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An entry as it is stored: its place in the chain and its time (UTC text)."""

    seq: int
    at: str
    entry: AuditEntry
    hash: str
