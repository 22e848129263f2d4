"""The pages of administrators: accounts, single sign-on mappings, the audit."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.audit_query import AuditFilterDep
from api.audit_watch import AuditWatch
from api.auth import keeping
from api.auth.rights import require
from api.auth.trail import doer_of
from api.error_words import error_sentence
from api.pages.view import Page, PageDep, PageRoute
from api.paging import page_of
from geo.accounts.audit import AuditEvent
from geo.accounts.rights import AccountRole, Action, User
from geo.accounts.rules import check_login_name
from geo.errors import ReverdureError, StoreError
from geo.store import accounts, audit, cities, oidc_mappings

router = APIRouter(route_class=PageRoute, dependencies=[require(Action.ADMINISTER)], include_in_schema=False)
audit_router = APIRouter(route_class=PageRoute, dependencies=[require(Action.AUDIT)], include_in_schema=False)

Words = Annotated[str, Form(max_length=2000)]
Role = Annotated[AccountRole, Form()]


@router.get("/admin", response_class=HTMLResponse)
def admin(page: PageDep) -> Response:
    """All accounts and mappings."""
    return admin_page(page)


@router.post("/admin/users", response_class=HTMLResponse)
def add_user(
    page: PageDep,
    request: Request,
    role: Role,
    name: Words = "",
    password: Words = "",
    display_name: Words = "",
    units: Words = "",
) -> Response:
    """Make an account; its person changes the password at the first sign-in."""
    try:
        hashed = keeping.hash_of_new(password, name=check_login_name(name.strip()))
        user = User(
            name.strip(), role, codes_of(units), display_name=display_name.strip(), must_change_password=True
        )
        with page.store.write() as conn:
            keeping.add_user(conn, doer_of(request), user, hashed)
    except ReverdureError as error:
        return problem_page(page, error)
    return RedirectResponse("/admin", 303)


@router.post("/admin/users/{name}", response_class=HTMLResponse)
def change_user(
    page: PageDep,
    request: Request,
    name: str,
    role: Role,
    units: Words = "",
    display_name: Words = "",
    disabled: Words = "",
) -> Response:
    """Change role, units and name of an account, or shut it."""
    change = keeping.UserChange(role, codes_of(units), disabled == "yes", display_name.strip())
    try:
        with page.store.write() as conn:
            keeping.change_user(conn, doer_of(request), name, change)
    except ReverdureError as error:
        return problem_page(page, error)
    return RedirectResponse("/admin", 303)


@router.post("/admin/users/{name}/password", response_class=HTMLResponse)
def reset_password(page: PageDep, request: Request, name: str, password: Words = "") -> Response:
    """Give an account another password, to be changed at the next sign-in."""
    try:
        hashed = keeping.hash_of_new(password, name=name)
        with page.store.write() as conn:
            gone = keeping.reset_password(conn, doer_of(request), name, hashed, must_change=True)
    except ReverdureError as error:
        return problem_page(page, error)
    return admin_page(page, done=page.tell("password_given", name=name, tokens=gone))


@router.post("/admin/users/{name}/sessions/end")
def end_sessions(page: PageDep, request: Request, name: str) -> Response:
    """End every session and token of an account."""
    with page.store.write() as conn:
        keeping.end_all(conn, doer_of(request), name, tokens=True)
    return RedirectResponse("/admin", 303)


@router.post("/admin/mappings", response_class=HTMLResponse)
def add_mapping(
    page: PageDep,
    request: Request,
    role: Role,
    claim: Annotated[str, Form(pattern=r"^(sub|groups|roles|email)$")] = "groups",
    value: Annotated[str, Form(min_length=1, max_length=200)] = "",
    units: Words = "",
) -> Response:
    """Map a subject or group of the single sign-on to a role over units."""
    try:
        with page.store.write() as conn:
            keeping.add_mapping(conn, doer_of(request), claim, value.strip(), role, codes_of(units))
    except ReverdureError as error:
        return problem_page(page, error)
    return RedirectResponse("/admin#mappings", 303)


@router.post("/admin/mappings/{mapping_id}/remove")
def remove_mapping(page: PageDep, request: Request, mapping_id: int) -> Response:
    """Take a mapping away."""
    with page.store.write() as conn:
        keeping.remove_mapping(conn, doer_of(request), mapping_id)
    return RedirectResponse("/admin#mappings", 303)


@audit_router.get("/admin/audit", response_class=HTMLResponse)
def show_audit(
    page: PageDep,
    request: Request,
    wanted: AuditFilterDep,
    check: Annotated[Literal["whole"] | None, Query(description="Reckon every row anew.")] = None,
) -> Response:
    """The audit, the newest first, and whether its chain is whole."""
    watch: AuditWatch = request.app.state.audit_watch
    limit = wanted.limit or 100
    with page.store.read() as conn:
        rows, last = page_of(audit.find(conn, replace(wanted, limit=limit + 1)), limit)
        checked = watch.look(conn, whole=check is not None)
    query = {name: page.given(name) for name in ("event", "actor", "since", "until") if page.given(name)}
    events = [(one.value, page.word("audit_events", one)) for one in AuditEvent]
    return page.render(
        "audit.html",
        active="admin",
        files=page.exports("audit", **query),
        rows=rows,
        checked=checked,
        whole_url=page.url("/admin/audit", check="whole"),
        permalink=page.url("/admin/audit", check=None, after=None, lang=None),
        events=[("", page.tell("all_events")), *events],
        older_url=None if last is None else page.url("/admin/audit", after=last.seq, check=None),
        newest_url=page.url("/admin/audit", after=None, check=None) if wanted.before else None,
    )


def admin_page(page: Page, problem: str = "", status_code: int = 200, *, done: str = "") -> HTMLResponse:
    """All accounts and mappings, with what went wrong or was done."""
    with page.store.read() as conn:
        users, mappings = accounts.find(conn), oidc_mappings.find(conn)
        names = {code: page.name(unit) for code, unit in cities.all(conn).items()}
    answer = page.render(
        "admin.html",
        active="admin",
        status_code=status_code,
        users=users,
        mappings=mappings,
        unit_names=names,
        roles=[(role.value, page.word("account_roles", role)) for role in AccountRole],
        problem=problem,
        done=done,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def problem_page(page: Page, error: ReverdureError) -> HTMLResponse:
    """The accounts with what went wrong; an error of the store itself goes on."""
    if isinstance(error, StoreError):
        raise error
    return admin_page(page, error_sentence(error, page.lang), 422)


def codes_of(text: str) -> frozenset[str]:
    """The codes in a list that somebody typed.

    >>> sorted(codes_of("340600, 340400"))
    ['340400', '340600']
    """
    return frozenset(part for part in re.split(r"[\s,;，；、]+", text) if part)
