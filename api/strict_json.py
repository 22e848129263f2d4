"""Strict JSON bodies: what the standard does not allow is refused before any model sees it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Coroutine
from typing import Any, Final, Never

from fastapi import Request, Response
from fastapi.routing import APIRoute

DEEPEST: Final = 64
LONGEST_NUMBER: Final = 400


def parse(body: bytes) -> Any:
    """The JSON value of a body in UTF-8.

    Raises `json.JSONDecodeError` for anything else, and for NaN, Infinity, numbers beyond a double (1e999),
    numbers of more than 400 digits, lone surrogates, NUL characters, and values nested more than 64 deep.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise json.JSONDecodeError("the body is not UTF-8", "", error.start) from error
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_float, parse_int=_int)
    except RecursionError as error:
        raise json.JSONDecodeError("nested too deep", "", 0) from error
    _check(value, 0)
    return value


def _refuse(constant: str) -> Never:
    raise json.JSONDecodeError(f"{constant} is not JSON", "", 0)


def _float(digits: str) -> float:
    if len(digits) > LONGEST_NUMBER or not math.isfinite(value := float(digits)):
        raise json.JSONDecodeError("a number is too large", "", 0)
    return value


def _int(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise json.JSONDecodeError("a number is too large", "", 0)
    return int(digits)


def _check(value: object, depth: int) -> None:
    if depth > DEEPEST:
        raise json.JSONDecodeError("nested too deep", "", 0)
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)
    elif isinstance(value, dict):
        for name, item in value.items():
            _check_text(name)
            _check(item, depth + 1)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise json.JSONDecodeError("a text holds a NUL character", "", 0)
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise json.JSONDecodeError("a text holds half of a surrogate pair", "", 0)


class StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self) -> Any:
        """The body's JSON value. Raises `json.JSONDecodeError`, which the framework answers with 422."""
        return parse(await self.body())


class StrictRoute(APIRoute):
    """A route that reads its body by `parse`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler over a strict request."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await handler(StrictRequest(request.scope, request.receive))

        return handle
