"""The pages to sign in and out, and the one on which the first administrator is made."""

from __future__ import annotations

import hmac
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.auth import keeping, oidc
from api.auth.demo import demo_accounts
from api.auth.opening import FIRST
from api.auth.rights import require
from api.auth.sign_in import drop_cookie, is_secure, is_usable, open_session, set_cookie, sign_in, sign_out
from api.auth.trail import doer_of
from api.deps import SettingsDep
from api.error_words import error_sentence
from api.pages.view import NULL, Page, PageDep, PageRoute
from geo import clock
from geo.accounts.audit import AuditEvent
from geo.accounts.rights import Action, NotSignedIn, SignInFailed, TooManyAttempts
from geo.accounts.rules import BadLoginName, BadPassword, check_login_name
from geo.errors import ReverdureError
from geo.store import accounts, cities, sign_ins
from geo.store.accounts import NameTaken
from geo.store.sign_ins import LinkNotGood

router = APIRouter(route_class=PageRoute, dependencies=[require(Action.OPEN)], include_in_schema=False)

Word = Annotated[str, Form(max_length=100)]
Secret = Annotated[str, Form(max_length=1024)]
Next = Annotated[str, Query(max_length=2000)]
NO_STORE: Final = {"Cache-Control": "no-store"}


def safe_next(address: str) -> str:
    """Where to go on after signing in: a path of this service alone.

    >>> safe_next("/sites?q=1"), safe_next("//evil.example"), safe_next("https://evil.example")
    ('/sites?q=1', '/', '/')
    """
    if not address.startswith("/") or address[:2] in {"//", "/\\"} or not address.isprintable():
        return "/"
    return address


@router.get("/login", response_class=HTMLResponse)
def login(page: PageDep, settings: SettingsDep, next: Next = "/") -> Response:  # noqa: A002 - the address says so
    """The form to sign in."""
    return login_page(page, settings, safe_next(next))


@router.post("/login", response_class=HTMLResponse)
def login_by_form(
    page: PageDep,
    settings: SettingsDep,
    request: Request,
    name: Word = "",
    password: Secret = "",
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002
) -> Response:
    """Sign in and go on, or say once more that it failed."""
    try:
        signed_in = sign_in(page.store, settings, request, name, password)
    except TooManyAttempts as error:
        seconds = error.context["retry_after_s"]
        again = login_page(page, settings, safe_next(next), name, page.tell("too_many", seconds=seconds), 429)
        again.headers["Retry-After"] = str(seconds)
        return again
    except SignInFailed:
        return login_page(page, settings, safe_next(next), name, page.tell("sign_in_failed"), 401)
    target = "/account" if signed_in.user.must_change_password else safe_next(next)
    answer = RedirectResponse(target, 303, headers=NO_STORE)
    set_cookie(answer, settings, request, signed_in)
    return answer


@router.post("/logout")
def logout(page: PageDep, request: Request) -> Response:
    """End the session."""
    sign_out(page.store, request)
    answer = RedirectResponse("/login", 303, headers={**NO_STORE, "Clear-Site-Data": '"cache"'})
    drop_cookie(answer)
    return answer


@router.post("/login/local")
def go_on_without_account(page: PageDep, next: Annotated[str, Form(max_length=2000)] = "/") -> Response:  # noqa: A002
    """Forget the browser's session and go on as whoever works on this machine, while there are no accounts.

    Raises `NotSignedIn` where there are accounts.
    """
    if not page.rights.who.local:
        raise NotSignedIn
    sign_out(page.store, page.request)
    answer = RedirectResponse(safe_next(next), 303, headers=NO_STORE)
    drop_cookie(answer)
    return answer


@router.get("/login/oidc")
def ask_issuer(page: PageDep, settings: SettingsDep, request: Request, next: Next = "/") -> Response:  # noqa: A002
    """Send the browser to the single sign-on."""
    if settings.oidc_issuer is None:
        return RedirectResponse("/login", 303)
    try:
        asked = oidc.ask(
            page.store, settings, redirect_uri=callback_uri(settings, request), next_=safe_next(next)
        )
    except oidc.SingleSignOnFailed as error:
        return sso_failed(page, settings, error)
    answer = RedirectResponse(asked.url, 303, headers=NO_STORE)
    answer.set_cookie(
        oidc.STATE_COOKIE,
        asked.state,
        max_age=oidc.STATE_LASTS_S,
        httponly=True,
        secure=is_secure(settings, request),
        samesite="lax",
        path="/login/oidc",
    )
    return answer


@router.get("/login/oidc/callback", response_class=HTMLResponse)
def back_from_issuer(
    page: PageDep,
    settings: SettingsDep,
    request: Request,
    state: Next = "",
    code: Next = "",
    error: Next = "",
) -> Response:
    """Sign in whoever comes back from the single sign-on."""
    if not state or not hmac.compare_digest(
        request.cookies.get(oidc.STATE_COOKIE, "").encode(), state.encode()
    ):
        return sso_failed(page, settings, oidc.SingleSignOnFailed(problem="another browser asked"))
    try:
        with page.store.write() as conn:
            asked = sign_ins.use_link(conn, state, purpose=oidc.PURPOSE, now=clock.now_utc())
        if error or not code:
            raise oidc.SingleSignOnFailed(problem=error[:100] or "no code")
        claims = oidc.claims_of(settings, asked, code=code, redirect_uri=callback_uri(settings, request))
        with page.store.write() as conn:
            account = oidc.account_for(conn, settings, claims)
            if not is_usable(conn, settings, account):
                raise oidc.SingleSignOnFailed(problem="the account is shut")
            signed_in = open_session(conn, settings, request, account, how="single sign-on")
    except (oidc.SingleSignOnFailed, LinkNotGood) as failure:
        with page.store.write() as conn:
            doer_of(request, "").note(conn, AuditEvent.SIGN_IN_FAILED, detail={"how": "single sign-on"})
        return sso_failed(page, settings, failure)
    target = safe_next(str(asked["next"])) if signed_in.user.role else "/account"
    answer = RedirectResponse(target, 303, headers=NO_STORE)
    answer.delete_cookie(oidc.STATE_COOKIE, path="/login/oidc")
    set_cookie(answer, settings, request, signed_in)
    return answer


def callback_uri(settings: SettingsDep, request: Request) -> str:
    """The address to which the single sign-on sends the browser back."""
    base = settings.public_url or str(request.base_url).rstrip("/")
    return f"{base}/login/oidc/callback"


def sso_failed(page: Page, settings: SettingsDep, error: ReverdureError) -> HTMLResponse:
    """The form to sign in, and why the single sign-on failed."""
    problem = page.tell("sso_failed", problem=error.context.get("problem", str(error)))
    return login_page(page, settings, "/", problem=problem, status_code=401)


@router.get("/login/first/{secret}", response_class=HTMLResponse)
def first(page: PageDep, secret: str) -> Response:
    """The form that makes the first administrator."""
    with page.store.read() as conn:
        sign_ins.link_data(conn, secret, purpose=FIRST, now=clock.now_utc())
        if accounts.exist(conn):
            raise LinkNotGood
    return first_page(page)


@router.post("/login/first/{secret}", response_class=HTMLResponse)
def make_first(
    page: PageDep,
    settings: SettingsDep,
    request: Request,
    secret: str,
    name: Word = "",
    display_name: Word = "",
    password: Secret = "",
    again: Secret = "",
) -> Response:
    """Make the first administrator and sign them in; the link is used up."""
    if password != again:
        return first_page(page, name, page.tell("password_differs"))
    try:
        hashed = keeping.hash_of_new(password, name=check_login_name(name.strip()))
        with page.store.write() as conn:
            sign_ins.use_link(conn, secret, purpose=FIRST, now=clock.now_utc())
            if accounts.exist(conn):
                raise LinkNotGood
            made = keeping.first_administrator(conn, doer_of(request), name.strip(), display_name, hashed)
            signed_in = open_session(conn, settings, request, made, how="one-time link")
    except (BadLoginName, BadPassword, NameTaken) as error:
        return first_page(page, name, error_sentence(error, page.lang))
    answer = RedirectResponse("/admin", 303, headers=NO_STORE)
    set_cookie(answer, settings, request, signed_in)
    return answer


def first_page(page: Page, given: str = "", problem: str = "") -> HTMLResponse:
    """The form of the first administrator, with what went wrong."""
    status = 422 if problem else 200
    return page.render("login_first.html", active="login", status_code=status, given=given, problem=problem)


def login_page(
    page: Page,
    settings: SettingsDep,
    next_: str,
    given: str = "",
    problem: str = "",
    status_code: int = 200,
) -> HTMLResponse:
    """The form to sign in, with what went wrong; on a demo with its accounts."""
    answer = page.render(
        "login.html",
        active="login",
        status_code=status_code,
        next=next_,
        given=given,
        problem=problem,
        ended=page.rights.who.ended and not problem,
        local=page.rights.who.local,
        sso=settings.oidc_issuer is not None,
        demo=_demo(page) if page.synthetic and settings.binds_loopback else [],
    )
    answer.headers.update(NO_STORE)
    return answer


def _demo(page: Page) -> list[dict[str, str]]:
    with page.store.read() as conn:
        there = {one.user.name for one in accounts.find(conn) if one.user.demo and not one.user.disabled}
        names = {code: page.name(unit) for code, unit in cities.all(conn).items()}
    return [
        {
            "name": one.name,
            "password": one.password,
            "role": one.role.value,
            "units": ", ".join(names.get(code, code) for code in sorted(one.units)) or NULL,
        }
        for one in demo_accounts()
        if one.name in there
    ]
