"""The gate before every route: it finds out who sends the request."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth.who import SCOPE_KEY, Who, local_user


class Gate:
    """ASGI middleware that says who sends each request, for the rights that the routes declare."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on with its sender."""
        if scope["type"] == "http":
            scope[SCOPE_KEY] = Who(user=local_user(scope["app"].state.settings.actor), local=True)
        await self.app(scope, receive, send)
