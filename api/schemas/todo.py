"""What waits, on the wire."""

from __future__ import annotations

from api.schemas.common import Wire


class TodoItem(Wire):
    """What waits in one unit; of all together where `adcode` is null.

    `n_proposals` are the open ones of others, `n_outdated` the sites whose results wait for a run.
    """

    adcode: str | None
    n_proposals: int
    n_worklist: int
    worklist_ha: float
    n_overdue: int
    n_candidates: int
    n_outdated: int


class TodoList(Wire):
    """What waits, unit by unit, and how many notifications of one's own are unread."""

    items: list[TodoItem]
    unread: int
    next: str | None
