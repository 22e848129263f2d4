"""Accounts: one's own sessions and tokens, and all accounts for administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request

from api import deps
from api.auth import keeping
from api.auth.demo import person_name
from api.auth.own import own_account
from api.auth.rights import require
from api.auth.trail import doer_of
from api.schemas.accounts import (
    MappingIn,
    MappingItem,
    MappingList,
    Me,
    NewToken,
    OwnPasswordIn,
    PasswordIn,
    SessionItem,
    SessionList,
    TokenIn,
    TokenItem,
    TokenList,
    UserIn,
    UserItem,
    UserList,
    UserPatch,
)
from api.strict_json import StrictRoute
from geo import clock
from geo.accounts.rights import Action, User
from geo.accounts.rules import check_login_name
from geo.store import accounts, notifications, oidc_mappings, sign_ins

router = APIRouter(
    prefix="/api", tags=["accounts"], route_class=StrictRoute, dependencies=[require(Action.NOTICE)]
)
OWN = [require(Action.ACCOUNT)]
ALL = [require(Action.ADMINISTER)]
LoginName = Annotated[str, Path(pattern=r"^[a-z0-9._@-]{1,64}$", description="The login name.")]


@router.get("/me")
def me(store: deps.StoreDep, rights: deps.RightsDep, lang: deps.LangDep) -> Me:
    """Who asks: name, role, units, and how many notifications are unread."""
    user = rights.user
    with store.read() as conn:
        unread = 0 if user.user_id is None else notifications.count_unread(conn, user.user_id)
    return Me(
        name=user.name,
        display_name=person_name(user, lang) if user.display_name else "",
        role=user.role,
        units=sorted(user.units),
        scope=user.scope,
        lang=user.lang,
        local=rights.who.local,
        must_change_password=user.must_change_password,
        unread=unread,
        csrf=rights.who.csrf,
    )


@router.post("/me/password", status_code=204, dependencies=OWN)
def change_own_password(
    body: OwnPasswordIn, request: Request, store: deps.StoreDep, rights: deps.RightsDep
) -> None:
    """Take another password; all other sessions and all tokens of the account end."""
    with store.read() as conn:
        account = own_account(conn, rights)
    hashed = keeping.check_own_password(account, body.old, body.new)
    with store.write() as conn:
        keeping.own_password(conn, doer_of(request), account, hashed, session_id=rights.who.session_id)


@router.get("/sessions", dependencies=OWN)
def list_sessions(store: deps.StoreDep, settings: deps.SettingsDep, rights: deps.RightsDep) -> SessionList:
    """One's own live sessions."""
    with store.read() as conn:
        key = own_account(conn, rights).user_id
        found = sign_ins.sessions(conn, key, now=clock.now_utc(), idle_s=settings.session_idle_minutes * 60)
    return SessionList(items=[SessionItem.of(one, rights.who.session_id) for one in found])


@router.delete("/sessions/{session_id}", status_code=204, dependencies=OWN)
def end_session(session_id: deps.Id, request: Request, store: deps.StoreDep, rights: deps.RightsDep) -> None:
    """End one of one's own sessions."""
    with store.write() as conn:
        keeping.end_session(conn, doer_of(request), own_account(conn, rights).user_id, session_id)


@router.get("/tokens", dependencies=OWN)
def list_tokens(store: deps.StoreDep, rights: deps.RightsDep) -> TokenList:
    """One's own live tokens, without their secrets."""
    with store.read() as conn:
        found = sign_ins.tokens(conn, own_account(conn, rights).user_id, now=clock.now_utc())
    return TokenList(items=[TokenItem.of(one) for one in found])


@router.post("/tokens", status_code=201, dependencies=OWN)
def make_token(
    body: TokenIn,
    request: Request,
    store: deps.StoreDep,
    settings: deps.SettingsDep,
    rights: deps.RightsDep,
) -> NewToken:
    """Make a token for a program: send it as `Authorization: Bearer ...`. It is shown this once."""
    with store.write() as conn:
        account = own_account(conn, rights)
        made = keeping.make_token(
            conn,
            doer_of(request),
            account,
            name=body.name,
            scope=body.scope,
            days=body.days,
            most_days=settings.token_days,
        )
        found = sign_ins.tokens(conn, account.user_id, now=clock.now_utc())
    item = TokenItem.of(next(one for one in found if one.token_id == made.token_id))
    return NewToken(**item.model_dump(), token=made.secret)


@router.delete("/tokens/{token_id}", status_code=204, dependencies=OWN)
def end_token(token_id: deps.Id, request: Request, store: deps.StoreDep, rights: deps.RightsDep) -> None:
    """End one of one's own tokens."""
    with store.write() as conn:
        keeping.end_token(conn, doer_of(request), own_account(conn, rights).user_id, token_id)


@router.get("/users", dependencies=ALL)
def list_users(store: deps.StoreDep) -> UserList:
    """Every account."""
    with store.read() as conn:
        return UserList(items=[UserItem.of(one) for one in accounts.find(conn)])


@router.post("/users", status_code=201, dependencies=ALL)
def add_user(body: UserIn, request: Request, store: deps.StoreDep) -> UserItem:
    """Make an account; its person changes the password at the first sign-in."""
    hashed = keeping.hash_of_new(body.password, name=check_login_name(body.name))
    user = User(
        body.name,
        body.role,
        frozenset(body.units),
        display_name=body.display_name,
        must_change_password=True,
    )
    with store.write() as conn:
        return UserItem.of(keeping.add_user(conn, doer_of(request), user, hashed))


@router.patch("/users/{name}", dependencies=ALL)
def change_user(name: LoginName, body: UserPatch, request: Request, store: deps.StoreDep) -> UserItem:
    """Change role, units or name of an account, or shut it: its sessions and tokens then end at once."""
    change = keeping.UserChange(
        role=body.role,
        units=None if body.units is None else frozenset(body.units),
        disabled=body.disabled,
        display_name=body.display_name,
    )
    with store.write() as conn:
        return UserItem.of(keeping.change_user(conn, doer_of(request), name, change))


@router.post("/users/{name}/password", status_code=204, dependencies=ALL)
def reset_password(name: LoginName, body: PasswordIn, request: Request, store: deps.StoreDep) -> None:
    """Give an account another password, to be changed at the next sign-in; sessions and tokens end."""
    hashed = keeping.hash_of_new(body.password, name=name)
    with store.write() as conn:
        keeping.reset_password(conn, doer_of(request), name, hashed, must_change=True)


@router.delete("/users/{name}/sessions", status_code=204, dependencies=ALL)
def end_sessions(name: LoginName, request: Request, store: deps.StoreDep) -> None:
    """End every session and token of an account."""
    with store.write() as conn:
        keeping.end_all(conn, doer_of(request), name, tokens=True)


@router.get("/oidc-mappings", dependencies=ALL)
def list_mappings(store: deps.StoreDep) -> MappingList:
    """Who of the single sign-on has which role."""
    with store.read() as conn:
        return MappingList(items=[MappingItem.of(one) for one in oidc_mappings.find(conn)])


@router.post("/oidc-mappings", status_code=201, dependencies=ALL)
def add_mapping(body: MappingIn, request: Request, store: deps.StoreDep) -> MappingItem:
    """Map a subject or group of the single sign-on to a role over units."""
    with store.write() as conn:
        made = keeping.add_mapping(conn, doer_of(request), body.claim, body.value, body.role, body.units)
    return MappingItem.of(made)


@router.delete("/oidc-mappings/{mapping_id}", status_code=204, dependencies=ALL)
def remove_mapping(mapping_id: deps.Id, request: Request, store: deps.StoreDep) -> None:
    """Take a mapping away; it ends at the next sign-in of those whom it concerns."""
    with store.write() as conn:
        keeping.remove_mapping(conn, doer_of(request), mapping_id)
