"""A whole list: the pages of its JSON, one after the other, asked of the service's own routes.

So a table that is taken away has the rights, the filters, the order and the values of the JSON, whatever the
list is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import Request, Response
from starlette.types import Message

from geo.errors import InvalidInput

PAGE_ROWS: Final = 500
MOST_ROWS: Final = 200_000
_OF_ANOTHER_REQUEST: Final = frozenset(
    {"route", "endpoint", "path_params", "router", "fastapi_inner_astack", "fastapi_function_astack"}
)
_PART: Final = re.compile(r"[0-9A-Za-z._-]{1,32}")
_NOT_PASSED_ON: Final = frozenset({b"if-none-match", b"if-modified-since", b"accept", b"range"})

Item = Mapping[str, object]


class TooManyRows(InvalidInput):
    """The list is longer than a table may be."""

    template = "the list has more than {most} rows: narrow it by a filter"


class MissingPart(InvalidInput):
    """The address of the list needs a parameter that was not given."""

    template = "{field}: say which one, as in ?{field}=1"


async def whole_list(request: Request, path: str) -> list[Item] | Response:
    """Every item of the list at `path` under the query of the request; the answer itself where it is no list.

    Parts of the path in braces are parameters of the query; a query of its own is kept.
    Raises `MissingPart`, `TooManyRows`.
    """
    path, _, own = path.partition("?")
    query = {**request.query_params, **dict(parse_qsl(own))}
    for name in re.findall(r"{(\w+)}", path):
        if not _PART.fullmatch(query.get(name, "")):
            raise MissingPart(field=name)
        path = path.replace(f"{{{name}}}", query.pop(name))
    query = {**query, "limit": str(PAGE_ROWS)}
    query.pop("after", None)
    items: list[Item] = []
    while True:
        status, media, body = await _ask(request, path, query)
        if status != 200:
            return Response(body, status_code=status, media_type=media)
        answer = json.loads(body)
        items += _items(answer)
        if len(items) > MOST_ROWS:
            raise TooManyRows(most=MOST_ROWS)
        following = _next(answer)
        if following is None:
            return items
        query = dict(parse_qsl(urlsplit(following).query))


def _items(answer: Mapping[str, Any]) -> list[Item]:
    """The items of an answer; a feature as its properties with its id."""
    if "features" not in answer:
        return list(answer["items"])
    return [{**one["properties"], "id": one["id"]} for one in answer["features"]]


def _next(answer: Mapping[str, Any]) -> str | None:
    links = answer.get("links", ())
    return answer.get("next") or next((one["href"] for one in links if one["rel"] == "next"), None)


async def _ask(request: Request, path: str, query: Mapping[str, str]) -> tuple[int, str, bytes]:
    """Status, media type and body of what the service's own routes answer to the one who asks."""
    scope = {name: value for name, value in request.scope.items() if name not in _OF_ANOTHER_REQUEST}
    headers = [(name, value) for name, value in scope["headers"] if name not in _NOT_PASSED_ON]
    scope |= {
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": urlencode(query).encode(),
        "headers": headers,
    }
    start: Message = {}
    parts: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            parts.append(message.get("body", b""))

    await request.app.router(scope, receive, send)
    kinds = [value.decode() for name, value in start["headers"] if name == b"content-type"]
    return start["status"], kinds[0] if kinds else "", b"".join(parts)
