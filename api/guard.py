"""The guard before every route: request id, addressed host, origin of writes, size of bodies, headers."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import answers, errors
from api.metrics import Metrics
from geo.errors import ReverdureError

log = logging.getLogger("reverdure.http")

LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
BODY_STALLS_S: Final = 30
UPLOAD_PATHS: Final = ("/api/imports", "/imports")
ATTACHMENT_PATH: Final = re.compile(r"/api/sites/\d+/attachments")
FORM_ROOM_BYTES: Final = 100_000
INLINE_SCRIPT_PATHS: Final = ("/maps/", "/docs")
_GOOD_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HOST: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?")


@dataclass(frozen=True, slots=True)
class GuardRules:
    """What the guard lets pass. Sizes in bytes; `image_origins` are further hosts of map images."""

    hosts: frozenset[str]
    max_body_bytes: int
    max_upload_bytes: int
    image_origins: tuple[str, ...] = ()
    max_attachment_bytes: int = 25_000_000 + FORM_ROOM_BYTES


def content_policy(path: str, image_origins: Iterable[str] = ()) -> str:
    """The content security policy of the answer at `path`.

    Nothing is loaded from another host but the background map that the settings name. Maps (folium) and the
    API's own documentation carry inline scripts; every text in them passed the escaping gate.
    """
    scripts = "'self' 'unsafe-inline'" if path.startswith(INLINE_SCRIPT_PATHS) else "'self'"
    images = " ".join(("'self'", "data:", "blob:", *image_origins))
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src {images}; "
        "font-src 'self' data:; connect-src 'self'; frame-src 'self'; frame-ancestors 'self'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'"
    )


class Guard:
    """ASGI middleware that every request passes, the refused ones included."""

    def __init__(self, app: ASGIApp, *, rules: GuardRules, metrics: Metrics) -> None:
        self.app = app
        self.rules = rules
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        scope["reverdure.request_id"] = _request_id(headers)
        started, status, is_head = time.perf_counter(), 500, scope["method"] == "HEAD"

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                set_headers(MutableHeaders(scope=message), scope, self.rules)
            await send(_without_body(message) if is_head else message)

        try:
            refusal = self._refusal(scope, headers)
            scope["method"] = "GET" if is_head else scope["method"]
            if refusal is None:
                await self.app(scope, _counted(receive, self._limit(scope)), send_guarded)
            else:
                await answers.answer(Request(scope), refusal)(scope, receive, send_guarded)
        finally:
            self._record(scope, status, time.perf_counter() - started)

    def _limit(self, scope: Scope) -> int:
        if ATTACHMENT_PATH.fullmatch(scope["path"]):
            return self.rules.max_attachment_bytes
        uploads = scope["path"].startswith(UPLOAD_PATHS)
        return self.rules.max_upload_bytes if uploads else self.rules.max_body_bytes

    def _refusal(self, scope: Scope, headers: Headers) -> ReverdureError | None:
        """Why the request is not let in; None where it is."""
        host = headers.get("host", "")
        if host_name(host) not in self.rules.hosts:
            return errors.UnknownHost()
        if scope["method"] not in SAFE_METHODS and not _same_origin(headers, host):
            return errors.CrossSiteWrite()
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > self._limit(scope):
            return errors.BodyTooLarge(limit_bytes=self._limit(scope))
        return None

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", None) or "(none)"
        self.metrics.observe(method=scope["method"], route=route, status=status, seconds=seconds)
        log.info(
            "%s %s %d",
            scope["method"],
            route,
            status,
            extra={"request_id": scope["reverdure.request_id"], "milliseconds": round(seconds * 1e3, 1)},
        )


def host_name(host: str) -> str:
    """The name in a Host header, without its port and in lower case; '' for one that is none.

    >>> host_name("LocalHost:8000"), host_name("[::1]:80"), host_name("evil@127.0.0.1")
    ('localhost', '[::1]', '')
    """
    match = _HOST.fullmatch(host)
    return match.group(1).lower() if match else ""


def set_headers(headers: MutableHeaders, scope: Scope, rules: GuardRules) -> None:
    """Set the headers that every answer carries."""
    headers["X-Request-ID"] = scope["reverdure.request_id"]
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers.setdefault("Content-Security-Policy", content_policy(scope["path"], rules.image_origins))
    headers.setdefault("Cache-Control", "no-cache")


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _GOOD_ID.fullmatch(given) else uuid.uuid4().hex


def _same_origin(headers: Headers, host: str) -> bool:
    """Whether a write comes from our own pages or from no browser at all."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") in {"same-origin", "none"}
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.netloc.lower() == host.lower()


def _counted(receive: Receive, limit: int) -> Receive:
    """`receive`, refusing with 413 once more than `limit` bytes came and with 408 where the body stalls."""
    seen, complete = 0, False

    async def counted() -> Message:
        nonlocal seen, complete
        try:
            with anyio.fail_after(None if complete else BODY_STALLS_S):
                message = await receive()
        except TimeoutError as error:
            raise answers.StopsReading(errors.BodyStalled(seconds=BODY_STALLS_S)) from error
        complete = not message.get("more_body", False)
        seen += len(message.get("body", b""))
        if seen > limit:
            raise answers.StopsReading(errors.BodyTooLarge(limit_bytes=limit))
        return message

    return counted


def _without_body(message: Message) -> Message:
    """What a HEAD request gets: the start as it is, every body empty."""
    return message if message["type"] != "http.response.body" else {**message, "body": b""}
