"""Which lines of the audit an address asks for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from api import deps
from geo.accounts.audit import AuditEvent
from geo.store.audit import AuditFilter


def audit_filter(
    settings: deps.SettingsDep,
    event: Annotated[AuditEvent | None, Query(description="Only this kind of event.")] = None,
    actor: Annotated[str | None, Query(max_length=100, description="Only what this account did.")] = None,
    since: Annotated[str | None, Query(max_length=40, description="A date or a time: not earlier.")] = None,
    until: Annotated[str | None, Query(max_length=40, description="A date or a time: not later.")] = None,
    limit: deps.Limit = 100,
    after: deps.After = None,
) -> AuditFilter:
    """Which lines of the audit are asked for. Raises `BadValue`."""
    return AuditFilter(
        event=event,
        actor=actor or None,
        since=deps.known_at_text(since, settings.timezone, last=False) if since else None,
        until=deps.known_at_text(until, settings.timezone) if until else None,
        before=after,
        limit=limit,
    )


AuditFilterDep = Annotated[AuditFilter, Depends(audit_filter)]
