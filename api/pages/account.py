"""The page of one's own account: language, password, sessions, tokens; and the notifications."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.auth import keeping
from api.auth.own import notice_text, own_account
from api.auth.rights import require
from api.auth.trail import doer_of
from api.deps import After, SettingsDep
from api.error_words import error_sentence
from api.pages.login import safe_next
from api.pages.view import NULL, Page, PageDep, PageRoute
from api.paging import page_of
from api.schemas.accounts import SessionItem
from geo import clock
from geo.accounts.rights import Action, Scope
from geo.accounts.rules import BadPassword
from geo.store import accounts, notifications, sign_ins
from geo.store.accounts import Account
from geo.words import Lang

router = APIRouter(route_class=PageRoute, dependencies=[require(Action.ACCOUNT)], include_in_schema=False)
notices = APIRouter(route_class=PageRoute, dependencies=[require(Action.NOTICE)], include_in_schema=False)

Secret = Annotated[str, Form(max_length=1024)]
NOTICES = 50


@router.get("/account", response_class=HTMLResponse)
def account(page: PageDep, settings: SettingsDep) -> Response:
    """One's own account."""
    return account_page(page, settings)


@router.post("/account/lang")
def change_lang(
    page: PageDep,
    lang: Annotated[Lang, Form()],
    next: Annotated[str, Form()] = "/account",  # noqa: A002
) -> Response:
    """Read in this language from now on."""
    with page.store.write() as conn:
        accounts.set_lang(conn, own_account(conn, page.rights).user_id, lang)
    return RedirectResponse(safe_next(next), 303)


@router.post("/account/password", response_class=HTMLResponse)
def change_password(
    page: PageDep,
    settings: SettingsDep,
    request: Request,
    old: Secret = "",
    new: Secret = "",
    again: Secret = "",
) -> Response:
    """Take another password; all other sessions and all tokens end."""
    if new != again:
        return account_page(page, settings, problem=page.tell("password_differs"))
    with page.store.read() as conn:
        mine = own_account(conn, page.rights)
    try:
        hashed = keeping.check_own_password(mine, old, new)
    except BadPassword as error:
        return account_page(page, settings, problem=error_sentence(error, page.lang))
    session_id = page.rights.who.session_id
    with page.store.write() as conn:
        gone = keeping.own_password(conn, doer_of(request), mine, hashed, session_id=session_id)
    if mine.user.must_change_password:
        return RedirectResponse("/", 303)
    return account_page(page, settings, done=page.tell("password_changed", tokens=gone))


@router.post("/account/sessions/end")
def end_other_sessions(page: PageDep, request: Request) -> Response:
    """End all of one's own sessions but this one."""
    with page.store.write() as conn:
        mine = own_account(conn, page.rights)
        keeping.end_others(conn, doer_of(request), mine, page.rights.who.session_id)
    return RedirectResponse("/account#sessions", 303)


@router.post("/account/sessions/{session_id}/end")
def end_session(page: PageDep, request: Request, session_id: int) -> Response:
    """End one of one's own sessions."""
    with page.store.write() as conn:
        mine = own_account(conn, page.rights)
        keeping.end_session(conn, doer_of(request), mine.user_id, session_id)
    return RedirectResponse("/account#sessions", 303)


@router.post("/account/tokens", response_class=HTMLResponse)
def make_token(
    page: PageDep,
    settings: SettingsDep,
    request: Request,
    name: Annotated[str, Form(min_length=1, max_length=100)],
    scope: Annotated[Scope, Form()] = Scope.READ,
    days: Annotated[int, Form(ge=1, le=3650)] = 90,
) -> Response:
    """Make a token; the answer shows it once."""
    with page.store.write() as conn:
        made = keeping.make_token(
            conn,
            doer_of(request),
            own_account(conn, page.rights),
            name=name,
            scope=scope,
            days=days,
            most_days=settings.token_days,
        )
    return account_page(page, settings, new_token=made.secret)


@router.post("/account/tokens/{token_id}/end")
def end_token(page: PageDep, request: Request, token_id: int) -> Response:
    """End one of one's own tokens."""
    with page.store.write() as conn:
        keeping.end_token(conn, doer_of(request), own_account(conn, page.rights).user_id, token_id)
    return RedirectResponse("/account#tokens", 303)


@notices.get("/notifications", response_class=HTMLResponse)
def show_notifications(page: PageDep, after: After = None) -> Response:
    """One's own notifications, the newest first."""
    key = page.rights.user.user_id
    with page.store.read() as conn:
        found = [] if key is None else notifications.find(conn, key, before=after, limit=NOTICES + 1)
    shown, last = page_of(found, NOTICES)
    return page.render(
        "notifications.html",
        active="notifications",
        notices=[(one, notice_text(one, page.lang)) for one in shown],
        older_url=None if last is None else page.url("/notifications", after=last.notification_id),
        newest_url=page.url("/notifications", after=None) if after else None,
    )


@notices.post("/notifications/read")
def read_notifications(page: PageDep, id: Annotated[int | None, Form()] = None) -> Response:  # noqa: A002
    """Mark one notification as read, or all."""
    key = page.rights.user.user_id
    if key is not None:
        with page.store.write() as conn:
            notifications.mark_read(conn, key, None if id is None else [id], now=clock.now_utc())
    return RedirectResponse("/notifications", 303)


def account_page(
    page: Page, settings: SettingsDep, *, problem: str = "", done: str = "", new_token: str = ""
) -> HTMLResponse:
    """The page of one's own account, with what just happened."""
    now, idle_s = clock.now_utc(), settings.session_idle_minutes * 60
    with page.store.read() as conn:
        mine = own_account(conn, page.rights)
        sessions = sign_ins.sessions(conn, mine.user_id, now=now, idle_s=idle_s)
        tokens = sign_ins.tokens(conn, mine.user_id, now=now)
    answer = page.render(
        "account.html",
        active="account",
        status_code=422 if problem else 200,
        units=page.tell("all_units") if page.rights.is_administrator else page.unit_names or NULL,
        may_change_password=has_own_password(mine),
        sessions=[SessionItem.of(one, page.rights.who.session_id) for one in sessions],
        tokens=tokens,
        scopes=[(scope.value, page.tell(f"scope_{scope}")) for scope in Scope],
        most_days=settings.token_days,
        problem=problem,
        done=done,
        new_token=new_token,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def has_own_password(account: Account) -> bool:
    """Whether the account's person keeps its password here: not in a demo, not by single sign-on."""
    return account.password_hash is not None and not account.user.demo
