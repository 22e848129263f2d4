"""The page of imports: try a file, see what would become of every row, commit; and the imports so far."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.auth.rights import require
from api.pages.view import PageDep, PageRoute
from geo.accounts import Action
from geo.imports import RowResult
from geo.reference import reference_rows
from geo.store import imports

router = APIRouter(route_class=PageRoute, dependencies=[require(Action.READ)])

PAST_IMPORTS: Final = 50


@router.get("/imports", response_class=HTMLResponse, include_in_schema=False)
def show_imports(page: PageDep) -> HTMLResponse:
    """The form and the past imports."""
    with page.store.read() as conn:
        past = imports.find(conn, limit=PAST_IMPORTS)
    results = {result.value: page.say(f"result_{result.value}") for result in RowResult}
    return page.render(
        "imports.html",
        active="imports",
        json_url="/api/imports",
        past=past,
        results=results,
        fields=", ".join(dict.fromkeys(row["field"] for row in reference_rows("field_names"))),
    )
