"""Errors on the wire: the one table from error class to status, and the shape of the answer (RFC 9457)."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from enum import Enum
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.import_words import said
from geo import errors as geo_errors
from geo.accounts.rights import NotSignedIn, TooManyAttempts
from geo.changes import BrokenMembership, IllegalMove, NotVoidable, SiteHasLeft
from geo.errors import ReverdureError
from geo.imports.prepare import ImportRefused
from geo.kept_files import FileTooLarge
from geo.photos import NotAttachable
from geo.planning import StaleRecord
from geo.store.changes import StaleVersion

log = logging.getLogger("reverdure.api")

PROBLEM_TYPE: Final = "application/problem+json"
ABOUT: Final = "/docs/errors#"


class MustBeConditional(geo_errors.InvalidInput):
    """A write came without If-Match."""

    template = "send If-Match with the site's ETag, so that nobody's change is overwritten unseen"


STATUS: Final[Mapping[type[ReverdureError], int]] = {
    MustBeConditional: 428,
    NotSignedIn: 401,
    TooManyAttempts: 429,
    StaleVersion: 412,
    StaleRecord: 412,
    FileTooLarge: 413,
    NotAttachable: 415,
    IllegalMove: 409,
    SiteHasLeft: 409,
    ImportRefused: 422,
    NotVoidable: 409,
    BrokenMembership: 409,
    geo_errors.NotFound: 404,
    geo_errors.InvalidInput: 422,
    geo_errors.Conflict: 409,
    geo_errors.Refused: 403,
    geo_errors.StoreError: 503,
    ReverdureError: 500,
}
"""Error class -> HTTP status; the nearest class in an error's ancestry counts."""


def status_of(error: ReverdureError | type[ReverdureError]) -> int:
    """The HTTP status of an error or of its class.

    >>> status_of(geo_errors.UnknownSite)
    404
    """
    kind = error if isinstance(error, type) else type(error)
    return next(STATUS[ancestor] for ancestor in kind.__mro__ if ancestor in STATUS)


def request_id(request: Request) -> str:
    """The id of this request, as every answer and log line names it."""
    return str(request.scope.get("reverdure.request_id", ""))


def problem(
    status: int,
    *,
    slug: str,
    detail: str,
    request_id: str,
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, object] | None = None,
) -> Response:
    """An answer `application/problem+json`: type, title, status, detail, request_id and `extra` members."""
    body = {
        **{name: wire_safe(value) for name, value in (extra or {}).items()},
        "type": f"{ABOUT}{slug}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": wire_safe(detail),
        "request_id": request_id,
    }
    safe = {"X-Request-ID": request_id, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    return JSONResponse(
        body, status_code=status, headers={**safe, **(headers or {})}, media_type=PROBLEM_TYPE
    )


def wire_safe(value: object) -> object:
    """`value` as JSON can carry it: no NaN, no lone surrogates, dates as text, anything odd as its text."""
    safe: object
    match value:
        case Enum():
            safe = wire_safe(value.value)
        case None | bool() | int():
            safe = value
        case float():
            safe = value if math.isfinite(value) else None
        case str():
            safe = value.encode("utf-8", "backslashreplace").decode("utf-8")
        case Mapping():
            safe = {str(wire_safe(str(name))): wire_safe(item) for name, item in value.items()}
        case list() | tuple() | set() | frozenset():
            safe = [wire_safe(item) for item in value]
        case _:
            safe = wire_safe(str(value))
    return safe


async def answer_reverdure_error(request: Request, error: Exception) -> Response:
    """The answer to an error of the domain: its sentence and its fields; of a 5xx only the request id."""
    if not isinstance(error, ReverdureError):
        raise error
    status, slug = status_of(type(error)), type(error).slug()
    if status >= 500:
        log.error("request failed", exc_info=error, extra={"request_id": request_id(request), "error": slug})
        return _hidden(request, status)
    log.info("request refused", extra={"request_id": request_id(request), "error": slug, "status": status})
    context = {name: value for name, value in error.context.items() if name not in _RESERVED}
    return problem(
        status,
        slug=slug,
        detail=said(str(error), "wire"),
        request_id=request_id(request),
        headers=headers_of(error),
        extra=context,
    )


def headers_of(error: ReverdureError) -> Mapping[str, str]:
    """The headers that go with an error: how to sign in, when to try again."""
    wait = error.context.get("retry_after_s")
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return {**headers, "WWW-Authenticate": "Bearer"} if status_of(error) == 401 else headers


_RESERVED: Final = frozenset({"type", "title", "status", "detail", "instance", "request_id"})


async def answer_http_exception(request: Request, error: Exception) -> Response:
    """The answer to what the framework refuses: unknown path, wrong method, body too large."""
    if not isinstance(error, HTTPException):
        raise error
    slug = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    return problem(
        error.status_code,
        slug=slug,
        detail=str(error.detail),
        request_id=request_id(request),
        headers=error.headers,
    )


async def answer_validation_error(request: Request, error: Exception) -> Response:
    """422 with one entry a field that cannot be taken; the input itself is never echoed."""
    if not isinstance(error, RequestValidationError):
        raise error
    found = [
        {"loc": [str(part)[:200] for part in entry["loc"]], "msg": entry["msg"][:500], "type": entry["type"]}
        for entry in error.errors()[:50]
    ]
    detail = "; ".join(f"{'.'.join(entry['loc'])}: {entry['msg']}" for entry in found[:5])
    log.info("request not valid", extra={"request_id": request_id(request), "count": len(found)})
    return problem(
        422, slug="not-valid", detail=detail, request_id=request_id(request), extra={"errors": found}
    )


async def answer_unforeseen(request: Request, error: Exception) -> Response:
    """500 for what nobody foresaw: the log has the traceback, the client the request id alone."""
    log.error("unforeseen error", extra={"request_id": request_id(request), "error": type(error).__name__})
    return _hidden(request, 500)


def _hidden(request: Request, status: int) -> Response:
    detail = (
        "the store cannot be used at present; the log of the service says why"
        if status == 503
        else "something went wrong inside; the log of the service has the details under this request id"
    )
    return problem(status, slug="internal", detail=detail, request_id=request_id(request))


def add_handlers(app: FastAPI) -> None:
    """Let `app` answer every error as a problem."""
    app.add_exception_handler(ReverdureError, answer_reverdure_error)
    app.add_exception_handler(HTTPException, answer_http_exception)
    app.add_exception_handler(RequestValidationError, answer_validation_error)
    app.add_exception_handler(Exception, answer_unforeseen)
