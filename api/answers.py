"""Every error as an answer: a page where somebody looks at pages, a problem (RFC 9457) for programs."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Final, cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api import errors
from api.addresses import is_for_people
from api.deps import get_lang, get_settings
from api.error_words import error_sentence, error_title
from api.errors import headers_of, status_of
from api.import_words import said
from api.pages.problem import error_page
from geo.errors import ReverdureError
from geo.words import Lang

log = logging.getLogger("reverdure.api")

MOST_ENTRIES: Final = 50


class StopsReading(HTTPException):
    """An error found while the body is read; what reads it lets this kind of exception alone pass."""

    def __init__(self, error: ReverdureError) -> None:
        super().__init__(status_of(error), str(error))
        self.error = error


def request_id(request: Request) -> str:
    """The id of this request, as every answer and log line names it."""
    return str(request.scope.get("reverdure.request_id", ""))


def wants_page(request: Request) -> bool:
    """Whether the answer is for somebody's eyes: a page's address, and no other kind of answer asked for."""
    accept = request.headers.get("accept", "*/*")
    return is_for_people(request.url.path) and ("text/html" in accept or "*/*" in accept)


def lang_of(request: Request) -> Lang:
    """The language in which to tell of an error; the address may name it as on any page."""
    asked = request.query_params.get("lang")
    return get_lang(request, get_settings(request), cast("Lang", asked) if asked in {"zh", "en"} else None)


def answer(request: Request, error: ReverdureError) -> Response:
    """The answer to an error of the domain: its sentence and its fields; of a 5xx only the request id."""
    status, slug, key = status_of(error), type(error).slug(), request_id(request)
    if status >= 500:
        log.error("request failed", exc_info=error, extra={"request_id": key, "error": slug})
        error = errors.StoreUnusable() if status == 503 else errors.Internal()
    else:
        log.info("request refused", extra={"request_id": key, "error": slug, "status": status})
    return shown(request, error)


def shown(request: Request, error: ReverdureError) -> Response:
    """The error as a page or as a problem, in the language of whoever asks."""
    lang, headers = lang_of(request), headers_of(error)
    if wants_page(request):
        return error_page(request, error, lang, request_id(request), headers)
    title, detail = error_title(status_of(error), lang), said(error_sentence(error, lang), "wire", lang)
    headers = {**headers, "Content-Language": lang}
    return errors.problem(error, title=title, detail=detail, request_id=request_id(request), headers=headers)


async def answer_reverdure_error(request: Request, error: Exception) -> Response:
    """The answer to an error that was raised on purpose."""
    if not isinstance(error, ReverdureError):
        raise error
    return answer(request, error)


async def answer_http_exception(request: Request, error: Exception) -> Response:
    """The answer to what the framework refuses: unknown path, wrong method, a body that cannot be read."""
    if not isinstance(error, HTTPException):
        raise error
    refused = shown(request, _of_framework(request, error))
    refused.headers.update(error.headers or {})
    return refused


def _of_framework(request: Request, error: HTTPException) -> ReverdureError:
    if isinstance(error, StopsReading):
        return error.error
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            return errors.UnknownAddress()
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return errors.WrongMethod(method=request.method)
        case _:
            return errors.BadRequest()


async def answer_validation_error(request: Request, error: Exception) -> Response:
    """422 with one entry a field that cannot be taken; the input itself is never echoed."""
    if not isinstance(error, RequestValidationError):
        raise error
    found = [
        {
            "loc": [str(part)[:200] for part in entry["loc"]],
            "msg": entry["msg"][:500],
            "type": entry["type"],
            "limits": {name: str(value)[:200] for name, value in entry.get("ctx", {}).items()},
        }
        for entry in error.errors()[:MOST_ENTRIES]
    ]
    log.info("request not valid", extra={"request_id": request_id(request), "count": len(found)})
    fields = "; ".join(f"{'.'.join(entry['loc'])}: {entry['msg']}" for entry in found)
    return shown(request, errors.NotValid(fields=fields, errors=found))


async def answer_unforeseen(request: Request, error: Exception) -> Response:
    """500 for what nobody foresaw: the log has the traceback, the client the request id alone."""
    log.error("unforeseen error", extra={"request_id": request_id(request), "error": type(error).__name__})
    return shown(request, errors.Internal())


def add_handlers(app: FastAPI) -> None:
    """Let `app` answer every error as a page or a problem."""
    app.add_exception_handler(ReverdureError, answer_reverdure_error)
    app.add_exception_handler(HTTPException, answer_http_exception)
    app.add_exception_handler(RequestValidationError, answer_validation_error)
    app.add_exception_handler(Exception, answer_unforeseen)
