"""Signing in and out: one answer for every failure, a new session for every success."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from api.auth import trail
from api.auth.secrets import csrf_of, hash_password, is_outdated, new_secret, password_fits
from api.auth.who import who_of
from api.settings import Settings
from geo import clock
from geo.accounts.audit import AuditEvent
from geo.accounts.rights import SignInFailed, TooManyAttempts, User
from geo.store import Connection, Store, accounts, get_setting, sign_ins
from geo.store.accounts import Account

COOKIE: Final = "reverdure_session"
SECURE_COOKIE: Final = "__Host-reverdure_session"
COOKIE_LASTS_S: Final = 400 * 24 * 3600
"""The cookie outlasts its session, which the store ends: a browser that had one is not taken for anybody."""
_ONE_AT_A_TIME: Final = Lock()
"""Look whether one must wait, try the password, count the failure: as one step, or a crowd passes at once."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: the secret for the cookie, and whose it is."""

    secret: str
    user: User

    @property
    def csrf(self) -> str:
        """The token that the forms of the session carry."""
        return csrf_of(self.secret)


def sign_in(store: Store, settings: Settings, request: Request, name: str, password: str) -> SignedIn:
    """A new session for whoever knows the password. Raises `SignInFailed` and `TooManyAttempts`."""
    name = name.strip().lower()[:100]
    subjects = {"name": name, "address": trail.address_of(request)}
    with _ONE_AT_A_TIME:
        now = clock.now_utc()
        with store.read() as conn:
            blocked = sign_ins.blocked_until(conn, subjects, now=now)
            account = accounts.by_name(conn, name)
            usable = account is not None and is_usable(conn, settings, account)
        if blocked is not None:
            wait = clock.moment_of(blocked) - clock.moment_of(now)
            raise TooManyAttempts(retry_after_s=int(wait.total_seconds()) + 1)
        fits = password_fits(account.password_hash if account else None, password)
        if account is None or not (fits and usable):
            with store.write() as conn:
                sign_ins.note_failure(conn, subjects, now=now)
                trail.doer_of(request, name).note(conn, AuditEvent.SIGN_IN_FAILED)
            raise SignInFailed
    with store.write() as conn:
        sign_ins.forget_failures(conn, name)
        if account.password_hash and is_outdated(account.password_hash):
            must = account.user.must_change_password
            accounts.set_password(conn, account.user_id, hash_password(password), must_change=must)
        return open_session(conn, settings, request, account, how="password")


def is_usable(conn: Connection, settings: Settings, account: Account) -> bool:
    """Whether the account may be used here and now: not shut, and a demo's account in a demo alone."""
    if account.user.disabled:
        return False
    return not account.user.demo or (get_setting(conn, "synthetic") == "yes" and settings.binds_loopback)


def open_session(
    conn: Connection, settings: Settings, request: Request, account: Account, *, how: str
) -> SignedIn:
    """A new session of the account, in place of the one that the browser had."""
    now, old = clock.now_utc(), who_of(request)
    if old.session_id is not None and old.user is not None and old.user.user_id is not None:
        sign_ins.revoke_session(conn, old.user.user_id, old.session_id, now=now)
    secret = new_secret()
    sign_ins.add_session(
        conn,
        account.user_id,
        secret,
        now=now,
        lasts_s=settings.session_hours * 3600,
        address=trail.address_of(request),
        agent=request.headers.get("user-agent", ""),
    )
    trail.doer_of(request, account.user.name).note(conn, AuditEvent.SIGNED_IN, detail={"how": how})
    return SignedIn(secret, account.user)


def sign_out(store: Store, request: Request) -> None:
    """End the session of the request."""
    who = who_of(request)
    if who.session_id is None or who.user is None or who.user.user_id is None:
        return
    with store.write() as conn:
        sign_ins.revoke_session(conn, who.user.user_id, who.session_id, now=clock.now_utc())
        trail.doer_of(request).note(conn, AuditEvent.SIGNED_OUT)


def is_secure(settings: Settings, request: Request) -> bool:
    """Whether people reach the service by https."""
    return request.url.scheme == "https" or (settings.public_url or "").startswith("https://")


def set_cookie(response: Response, settings: Settings, request: Request, signed_in: SignedIn) -> None:
    """Let the browser keep the session."""
    secure = is_secure(settings, request)
    response.set_cookie(
        SECURE_COOKIE if secure else COOKIE,
        signed_in.secret,
        max_age=COOKIE_LASTS_S,
        httponly=True,
        secure=secure,
        samesite="lax",
        path="/",
    )


def drop_cookie(response: Response) -> None:
    """Let the browser forget the session."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
    response.delete_cookie(SECURE_COOKIE, path="/", httponly=True, samesite="lax", secure=True)
