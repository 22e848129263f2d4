"""Notifications: what is told to somebody in the application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class NoticeKind(StrEnum):
    """What a notification is about (`data/reference/notice_kinds.csv` has the sentences)."""

    PROPOSAL_WAITS = "proposal_waits"
    PROPOSAL_APPROVED = "proposal_approved"
    PROPOSAL_REJECTED = "proposal_rejected"
    CONFLICT = "conflict"
    RUN_DONE = "run_done"
    RUN_FAILED = "run_failed"
    COMMENT = "comment"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification of one user. `facts` fill its sentence; `count` is how often it happened unread."""

    notification_id: int
    kind: NoticeKind
    subject: str
    link: str
    count: int
    created_at: str
    read_at: str | None
    site_id: int | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
