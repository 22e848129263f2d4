"""Errors on the wire: the one table from error class to status, and the shape of the answer (RFC 9457)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum
from typing import Final

from starlette.responses import JSONResponse, Response

from geo import errors as geo_errors
from geo.accounts.rights import NotSignedIn, TooManyAttempts
from geo.changes import BrokenMembership, IllegalMove, NotVoidable, SiteHasLeft
from geo.errors import ReverdureError
from geo.imports.prepare import ImportRefused
from geo.kept_files import FileTooLarge
from geo.photos import NotAttachable
from geo.planning import StaleRecord
from geo.store.changes import StaleVersion

PROBLEM_TYPE: Final = "application/problem+json"
ABOUT: Final = "/docs/errors#"


class MustBeConditional(geo_errors.InvalidInput):
    """A write came without If-Match."""

    template = "send If-Match with the site's ETag, so that nobody's change is overwritten unseen"


class UnknownAddress(geo_errors.NotFound):
    """Nothing is served at this address."""

    template = "nothing is served at this address"


class WrongMethod(geo_errors.InvalidInput):
    """The address is there, but not for this method."""

    template = "this address does not answer to {method}"


class BadRequest(geo_errors.InvalidInput):
    """The request cannot be read."""

    template = "the request cannot be read"


class BodyStalled(geo_errors.InvalidInput):
    """The body of a request stopped coming."""

    template = "no more of the body came for {seconds} s"


class BodyTooLarge(geo_errors.InvalidInput):
    """The body of a request is larger than the service takes."""

    template = "the body is larger than {limit_bytes} bytes"


class UnknownHost(geo_errors.Refused):
    """The service was addressed by a name that is not its own."""

    template = "this service answers to the names of its own machine only"


class CrossSiteWrite(geo_errors.Refused):
    """A page of another site tried to change something."""

    template = "a page of another site may not change anything here"


class NotValid(geo_errors.InvalidInput):
    """Fields of the address, the form or the body cannot be taken; `errors` has one entry a field."""

    template = "{fields}"


class Internal(ReverdureError):
    """Something went wrong inside."""

    template = "something went wrong inside; the log of the service has the details under this request id"


class StoreUnusable(geo_errors.StoreError):
    """The store cannot be used at present."""

    template = "the store cannot be used at present; the log of the service says why"


STATUS: Final[Mapping[type[ReverdureError], int]] = {
    MustBeConditional: 428,
    WrongMethod: 405,
    BadRequest: 400,
    BodyStalled: 408,
    BodyTooLarge: 413,
    UnknownHost: 421,
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


def problem(
    error: ReverdureError,
    *,
    title: str,
    detail: str,
    request_id: str,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer `application/problem+json`: type, title, status, detail, request_id, the error's fields."""
    status = status_of(error)
    body = {
        **{name: wire_safe(value) for name, value in error.context.items() if name not in _RESERVED},
        "type": f"{ABOUT}{error.slug()}",
        "title": title,
        "status": status,
        "detail": wire_safe(detail),
        "request_id": request_id,
    }
    safe = {"X-Request-ID": request_id, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    return JSONResponse(
        body, status_code=status, headers={**safe, **(headers or {})}, media_type=PROBLEM_TYPE
    )


_RESERVED: Final = frozenset({"type", "title", "status", "detail", "instance", "request_id"})


def headers_of(error: ReverdureError) -> Mapping[str, str]:
    """The headers that go with an error: how to sign in, when to try again."""
    wait = error.context.get("retry_after_s")
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return {**headers, "WWW-Authenticate": "Bearer"} if status_of(error) == 401 else headers


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
