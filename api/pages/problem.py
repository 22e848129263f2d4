"""The page that tells of an error: what happened, what helps, the id of the request, the ways on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.auth.rights import get_rights, require
from api.error_words import (
    error_help,
    error_kinds,
    error_sentence,
    error_template,
    error_title,
    field_words,
)
from api.errors import ABOUT, NotValid, status_of
from api.import_words import said
from api.pages.view import Page, PageDep, PageRoute
from geo.accounts.rights import Action
from geo.errors import ReverdureError
from geo.words import Lang

router = APIRouter(route_class=PageRoute, dependencies=[require(Action.READ)], include_in_schema=False)


def error_page(
    request: Request, error: ReverdureError, lang: Lang, request_id: str, headers: Mapping[str, str]
) -> HTMLResponse:
    """The page of an error. It asks nothing of the store, which may be what is wrong."""
    status = status_of(error)
    page = Page(
        request=request,
        store=request.app.state.store,
        lang=lang,
        today=date.min,
        rights=get_rights(request),
        synthetic=False,
    )
    fields = field_words(lang, error.context["errors"], placed=False) if isinstance(error, NotValid) else []
    answer = page.render(
        "error.html",
        status_code=status,
        code=status,
        title=error_title(status, lang),
        problem=said(error_sentence(error, lang), "page", lang),
        fields=fields,
        helps=error_help(status, lang),
        request_id=request_id,
        about=f"{ABOUT}{type(error).slug()}",
        back=came_from(request),
        again=page.here if request.method == "GET" and status in {408, 429, 500, 503} else None,
        sign_in=f"/login?next={quote(page.here, safe='')}" if status == 401 else None,
    )
    answer.headers.update({**headers, "Cache-Control": "no-store"})
    return answer


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of error, as the list of all shows it."""

    slug: str
    status: int
    title: str
    sentence: str


@router.get("/docs/errors", response_class=HTMLResponse)
def list_kinds(page: PageDep) -> HTMLResponse:
    """Every error that the API answers with, as the `type` of a problem links to it."""
    kinds = {
        kind.slug(): Kind(
            kind.slug(),
            status := status_of(kind),
            error_title(status, page.lang),
            error_template(kind, page.lang),
        )
        for kind in error_kinds()
        if status_of(kind) < 500
    }
    return page.render("errors.html", kinds=[kinds[slug] for slug in sorted(kinds)])


def came_from(request: Request) -> str | None:
    """The page of this host on which somebody followed a link or sent a form; None where it is not known."""
    parts = urlsplit(request.headers.get("referer", ""))
    own = parts.netloc == request.url.netloc and parts.path.startswith("/") and parts.path[:2] != "//"
    if not own or (request.method == "GET" and parts.path == request.url.path):
        return None
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
