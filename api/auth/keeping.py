"""Keeping accounts: what an administrator or a user changes, each deed with its line in the audit.

Page, interface and command line all come through here. Nothing commits; the caller's transaction does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from api.auth.secrets import TOKEN_PREFIX, hash_password, new_secret, password_fits
from api.auth.trail import Doer
from geo import clock
from geo.accounts.audit import AuditEvent
from geo.accounts.oidc import Mapped
from geo.accounts.rights import AccountRole, NotAllowed, Scope, User
from geo.accounts.rules import BadPassword, check_login_name, check_password
from geo.errors import BadValue
from geo.store import Connection, accounts, oidc_mappings, sign_ins
from geo.store.accounts import Account


@dataclass(frozen=True, slots=True)
class UserChange:
    """What is to change of an account; None leaves it."""

    role: AccountRole | None = None
    units: frozenset[str] | None = None
    disabled: bool | None = None
    display_name: str | None = None


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A new token; its secret is shown once and kept nowhere."""

    token_id: int
    secret: str


def hash_of_new(password: str, *, name: str) -> str:
    """The hash of a new password. It takes long: call it before the transaction. Raises `BadPassword`."""
    return hash_password(check_password(password, name=name))


def add_user(conn: Connection, doer: Doer, user: User, password_hash: str | None) -> Account:
    """The new account. Raises `BadLoginName`, `NameTaken`, `UnknownCity`."""
    made = accounts.add(conn, user, now=clock.now_utc(), by=doer.name, password_hash=password_hash)
    doer.note(conn, AuditEvent.USER_ADDED, target=made.user.name, detail=_rights(made.user))
    return made


def change_user(conn: Connection, doer: Doer, name: str, change: UserChange) -> Account:
    """The account, changed. Who is shut out loses sessions and tokens at once.

    Raises `UnknownUser`, `UnknownCity`, `LastAdministrator`.
    """
    account = accounts.named(conn, name)
    key = account.user_id
    if change.role is not None:
        accounts.set_role(conn, key, change.role)
    if change.units is not None:
        accounts.set_units(conn, key, change.units)
    if change.display_name is not None:
        accounts.set_display_name(conn, key, change.display_name)
    if change.disabled is not None:
        accounts.set_disabled(conn, key, disabled=change.disabled)
        if change.disabled:
            end_all(conn, doer, name, tokens=True)
    changed = accounts.get(conn, key)
    detail = {**_rights(changed.user), "disabled": changed.user.disabled}
    doer.note(conn, AuditEvent.USER_CHANGED, target=name, detail=detail)
    return changed


def reset_password(conn: Connection, doer: Doer, name: str, password_hash: str, *, must_change: bool) -> int:
    """Give an account another password; how many tokens ended with its sessions. Raises `UnknownUser`."""
    account = accounts.named(conn, name)
    accounts.set_password(conn, account.user_id, password_hash, must_change=must_change)
    sign_ins.forget_failures(conn, name)
    sign_ins.revoke_sessions(conn, account.user_id, now=clock.now_utc())
    doer.note(conn, AuditEvent.PASSWORD_CHANGED, target=name, detail={"must_change": must_change})
    return _end_tokens(conn, doer, account)


def check_own_password(account: Account, old: str, new: str) -> str:
    """The hash of the password that a user chose in place of `old`. Raises `BadPassword`, `NotAllowed`."""
    if account.user.demo:
        raise NotAllowed(
            user=account.user.name, action="account", because="the passwords of the demo stay as they are"
        )
    if not password_fits(account.password_hash, old):
        raise BadPassword(problem="the present password is not that one")
    if old == new:
        raise BadPassword(problem="the new one is the old one")
    return hash_of_new(new, name=account.user.name)


def own_password(
    conn: Connection, doer: Doer, account: Account, password_hash: str, *, session_id: int | None
) -> int:
    """Keep the password that a user chose; their other sessions and all tokens end. How many tokens."""
    accounts.set_password(conn, account.user_id, password_hash, must_change=False)
    sign_ins.revoke_sessions(conn, account.user_id, now=clock.now_utc(), but=session_id)
    doer.note(conn, AuditEvent.PASSWORD_CHANGED, target=account.user.name)
    return _end_tokens(conn, doer, account)


def end_all(conn: Connection, doer: Doer, name: str, *, tokens: bool = False) -> int:
    """How many sessions of an account were ended; with its tokens where asked. Raises `UnknownUser`."""
    account = accounts.named(conn, name)
    ended = sign_ins.revoke_sessions(conn, account.user_id, now=clock.now_utc())
    doer.note(conn, AuditEvent.SESSION_REVOKED, target=name, detail={"sessions": ended})
    if tokens:
        _end_tokens(conn, doer, account)
    return ended


def end_others(conn: Connection, doer: Doer, account: Account, session_id: int | None) -> None:
    """End all sessions of an account but one."""
    ended = sign_ins.revoke_sessions(conn, account.user_id, now=clock.now_utc(), but=session_id)
    doer.note(conn, AuditEvent.SESSION_REVOKED, target=account.user.name, detail={"sessions": ended})


def end_session(conn: Connection, doer: Doer, user_id: int, session_id: int) -> None:
    """End one session of an account. Raises `UnknownSession`."""
    sign_ins.revoke_session(conn, user_id, session_id, now=clock.now_utc())
    doer.note(conn, AuditEvent.SESSION_REVOKED, target=str(session_id))


def make_token(
    conn: Connection, doer: Doer, account: Account, *, name: str, scope: Scope, days: int, most_days: int
) -> MadeToken:
    """A new token of an account. Raises `BadValue` where it would last too long."""
    if not 1 <= days <= most_days:
        raise BadValue(field="days", value=days, problem=f"is not between 1 and {most_days}")
    secret = new_secret(TOKEN_PREFIX)
    token_id = sign_ins.add_token(
        conn,
        account.user_id,
        secret,
        name=name,
        scope=scope,
        now=clock.now_utc(),
        lasts_s=days * 86_400,
    )
    detail = {"token": token_id, "name": name, "scope": scope.value, "days": days}
    doer.note(conn, AuditEvent.TOKEN_MADE, target=account.user.name, detail=detail)
    return MadeToken(token_id, secret)


def end_token(conn: Connection, doer: Doer, user_id: int, token_id: int) -> None:
    """End one token of an account. Raises `UnknownSession`."""
    sign_ins.revoke_token(conn, user_id, token_id, now=clock.now_utc())
    doer.note(conn, AuditEvent.TOKEN_REVOKED, target=str(token_id))


def add_mapping(
    conn: Connection, doer: Doer, claim: str, value: str, role: AccountRole, units: Iterable[str]
) -> Mapped:
    """A new mapping of the single sign-on. Raises `MappingExists`, `UnknownCity`."""
    made = oidc_mappings.add(conn, claim, value, role, units, now=clock.now_utc(), by=doer.name)
    detail = {"role": role.value, "units": sorted(made.units)}
    doer.note(conn, AuditEvent.MAPPING_CHANGED, target=f"{claim}={value}", detail=detail)
    return made


def remove_mapping(conn: Connection, doer: Doer, mapping_id: int) -> None:
    """Take a mapping of the single sign-on away. Raises `UnknownMapping`."""
    gone = oidc_mappings.remove(conn, mapping_id)
    doer.note(conn, AuditEvent.MAPPING_CHANGED, target=f"{gone.claim}={gone.value}", detail={"removed": True})


def first_administrator(conn: Connection, doer: Doer, name: str, display_name: str, hashed: str) -> Account:
    """The first administrator of a store."""
    user = User(check_login_name(name), AccountRole.ADMINISTRATOR, display_name=display_name)
    return add_user(conn, replace(doer, name=name), user, hashed)


def _end_tokens(conn: Connection, doer: Doer, account: Account) -> int:
    """How many tokens of the account were ended, which is all."""
    gone = sign_ins.revoke_tokens(conn, account.user_id, now=clock.now_utc())
    if gone:
        doer.note(conn, AuditEvent.TOKEN_REVOKED, target=account.user.name, detail={"tokens": gone})
    return gone


def _rights(user: User) -> dict[str, object]:
    return {"role": user.role.value if user.role else None, "units": sorted(user.units)}
