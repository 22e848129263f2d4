"""What waits for whoever asks."""

from __future__ import annotations

from fastapi import APIRouter

from api import deps
from api.auth.rights import require
from api.reviewing import own_units
from api.schemas.todo import TodoItem, TodoList
from api.strict_json import StrictRoute
from geo.accounts.rights import Action
from geo.store import notifications
from geo.todo import todo_of

router = APIRouter(tags=["rates"], route_class=StrictRoute, dependencies=[require(Action.READ)])


@router.get("/api/todo")
def get_todo(
    store: deps.StoreDep, rights: deps.RightsDep, today: deps.TodayDep, city: deps.Unit = None
) -> TodoList:
    """What waits in each of one's own units, or in the one asked for; of all together for who has none."""
    codes: list[str | None] = (
        [city] if city is not None else [*sorted(own_units(rights.user) or ())] or [None]
    )
    items = [TodoItem.model_validate(todo_of(store, code, name=rights.name, today=today)) for code in codes]
    key = rights.user.user_id
    with store.read() as conn:
        unread = 0 if key is None else notifications.count_unread(conn, key)
    return TodoList(items=items, unread=unread, next=None)
