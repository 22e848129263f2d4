"""The gate before every route: it finds out who sends the request and turns nobody away unheard.

It refuses whoever has to sign in first before anything of the body is read, and writes refusals and downloads
into the audit. What a route needs besides is declared there (`api.auth.rights`).
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import answers
from api.addresses import is_for_people
from api.auth import trail
from api.auth.file_links import FOLDER
from api.auth.identity import UnknownToken, who_sends
from api.auth.rights import SAFE_METHODS
from api.auth.who import SCOPE_KEY, Who, local_user
from geo.accounts.audit import AuditEvent
from geo.accounts.rights import NotSignedIn
from geo.errors import ReverdureError, StoreError
from geo.store import Store

log = logging.getLogger("reverdure.auth")

OPEN_PATHS: Final = frozenset({"/healthz", "/readyz", "/favicon.ico", "/login", "/logout"})
OPEN_FOLDERS: Final = ("/static/", "/assets/", "/files/", "/login/")
WITHOUT_COOKIES: Final = ("/static/", "/assets/", "/files/", "/healthz")
ACCOUNT_FOLDERS: Final = ("/account", "/logout", "/static/", "/assets/", "/login")


class Gate:
    """ASGI middleware that says who sends each request, for the rights that the routes declare."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on with its sender, or answer that they must sign in."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        store: Store | None = getattr(scope["app"].state, "store", None)
        settings = scope["app"].state.settings
        try:
            if store is None:
                who = Who(user=local_user(settings.actor), local=True)
            elif is_open(scope["path"]) and scope["path"].startswith(WITHOUT_COOKIES):
                who = Who(user=None)
            else:
                who = await to_thread.run_sync(who_sends, store, settings, request)
        except (UnknownToken, StoreError) as error:
            await answers.answer(request, error)(scope, receive, send)
            return
        scope[SCOPE_KEY] = replace(who, address=trail.address_of(request))
        refused = refusal_of(request, who)
        if refused is not None:
            answer = refused if isinstance(refused, Response) else answers.answer(request, refused)
            await answer(scope, receive, send)
            return
        watch = _Watch(send, scope["path"])
        await self.app(scope, receive, watch)
        if watch.event is not None and store is not None:
            await to_thread.run_sync(_write_down, store, request, watch.event)


class _Watch:
    """Hands an answer on and notes whether the audit asks for it; a bad link to a file is nobody's."""

    def __init__(self, send: Send, path: str) -> None:
        self._send = send
        self._to_a_file = path.startswith(FOLDER)
        self.event: AuditEvent | None = None

    async def __call__(self, message: Message) -> None:
        """Hand one message on."""
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            if message["status"] == 403 and not self._to_a_file:
                self.event = AuditEvent.REFUSED
            elif message["status"] == 200 and is_download(headers):
                self.event = AuditEvent.EXPORTED
        await self._send(message)


def is_download(headers: Headers) -> bool:
    """Whether an answer is something that somebody takes away; the pictures of a page are not.

    >>> is_download(Headers({"content-type": "text/csv; charset=utf-8"}))
    True
    >>> is_download(Headers({"content-type": "image/png", "content-disposition": "attachment"}))
    False
    """
    kind = headers.get("content-type", "")
    saved = headers.get("content-disposition", "").startswith("attachment") and not kind.startswith("image/")
    return saved or kind.startswith(trail.DOWNLOADS)


def is_open(path: str) -> bool:
    """Whether the path is there for everybody.

    >>> is_open("/login"), is_open("/loginx"), is_open("/api/sites")
    (True, False, False)
    """
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDERS)


def refusal_of(request: Request, who: Who) -> Response | ReverdureError | None:
    """What somebody is answered who first has to sign in or to change their password; None lets them pass."""
    path, is_read = request.url.path, request.method in SAFE_METHODS
    for_people = is_read and is_for_people(path)
    if who.user is None:
        if is_open(path) or (who.public_read and is_read):
            return None
        here = f"{path}?{request.url.query}" if request.url.query else path
        return RedirectResponse(f"/login?next={quote(here, safe='')}", 303) if for_people else NotSignedIn()
    if who.user.must_change_password and for_people and not path.startswith(ACCOUNT_FOLDERS):
        return RedirectResponse("/account", 303)
    return None


def _write_down(store: Store, request: Request, event: AuditEvent) -> None:
    doer = trail.doer_of(request)
    try:
        with store.write() as conn:
            doer.note(conn, event, target=trail.address_line(request))
    except StoreError as error:
        log.warning("not in the audit", extra={"event": event.value, "error": error.slug()})
