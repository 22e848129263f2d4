"""Who may do what: users, roles, the units that they answer for, and the one function that decides.

A user may do what their role may (`data/reference/actions.csv`), to what lies in their own units, as far as
their token allows. Roles rise: who may decide on proposals may also change sites, and an administrator may
everything everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Final, Literal

from geo.errors import Refused
from geo.reference import reference_rows
from geo.words import Lang, label

Place = tuple[str, ...]
"""Where something lies: the codes of its unit and of those above, innermost first; () for no unit."""

RefusalReason = Literal[
    "not_signed_in",
    "no_role",
    "disabled",
    "must_change_password",
    "role",
    "unit",
    "no_unit",
    "scope",
    "not_own",
]


class AccountRole(StrEnum):
    """What an account is for, each role with the rights of those before it."""

    VIEWER = "viewer"
    OFFICER = "officer"
    REVIEWER = "reviewer"
    ADMINISTRATOR = "administrator"


class Scope(StrEnum):
    """How far a token reaches; each scope holds those before it."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class Action(StrEnum):
    """What can be done (`data/reference/actions.csv`)."""

    OPEN = "open"
    ACCOUNT = "account"
    NOTICE = "notice"
    READ = "read"
    EXPORT = "export"
    CREATE_SITE = "create_site"
    CHANGE_SITE = "change_site"
    WITHDRAW = "withdraw"
    IMPORT = "import"
    ATTACH = "attach"
    COMMENT = "comment"
    PLAN = "plan"
    INSPECT = "inspect"
    RUN = "run"
    CHECK = "check"
    DECIDE = "decide"
    PUBLISH = "publish"
    SET_UP = "set_up"
    ADMINISTER = "administer"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class ActionRule:
    """What an action asks for: at least a role (None: any), a scope of a token, a unit of one's own."""

    role: AccountRole | None
    scope: Scope
    in_unit: bool
    is_open: bool


@dataclass(frozen=True, slots=True)
class User:
    """A person who is signed in, or a program with their token.

    `name` is the login name, as history and audit record it. `role` is None where nobody has given one;
    `units` are the codes of the cities or provinces of an officer or reviewer. `scope` is what the token
    allows, all of it in a session. `user_id` is None for the one who works without accounts.
    """

    name: str
    role: AccountRole | None
    units: frozenset[str] = frozenset()
    user_id: int | None = None
    display_name: str = ""
    lang: Lang | None = None
    demo: bool = False
    disabled: bool = False
    must_change_password: bool = False
    scope: Scope = Scope.ADMIN

    @property
    def shown_name(self) -> str:
        """The name for people."""
        return self.display_name or self.name

    def limited_to(self, scope: Scope) -> User:
        """The same user, through a token that allows no more than `scope`."""
        return replace(self, scope=min(self.scope, scope, key=_SCOPES.index))


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether something is allowed, and why not: a slug of `data/reference/refusals.csv`."""

    allowed: bool
    reason: RefusalReason | None = None

    def __bool__(self) -> bool:
        """Whether it is allowed."""
        return self.allowed


class NotSignedIn(Refused):
    """Nobody is signed in."""

    template = "sign in first, or send a token (Authorization: Bearer)"


class SignInFailed(NotSignedIn):
    """Name and password do not fit, or the account is shut; which of them is not said."""

    template = "name or password is wrong, or the account is shut"


class TooManyAttempts(Refused):
    """Too many sign-ins failed; the next has to wait."""

    template = "too many attempts failed: try again in {retry_after_s} s"


class NotAllowed(Refused):
    """The account has no right to it."""

    template = "{user} may not do this ({action}): {because}"


_ROLES: Final = tuple(AccountRole)
_SCOPES: Final = tuple(Scope)
OWN_ACCOUNT: Final = frozenset({Action.ACCOUNT, Action.NOTICE})
YES: Final = Decision(allowed=True)


@cache
def action_rules() -> Mapping[Action, ActionRule]:
    """What each action asks for, from `data/reference/actions.csv`."""
    return {
        Action(row["slug"]): ActionRule(
            role=None if row["role"] in {"open", "signed_in"} else AccountRole(row["role"]),
            scope=Scope(row["scope"]),
            in_unit=row["in_unit"] == "yes",
            is_open=row["role"] == "open",
        )
        for row in reference_rows("actions")
    }


def may(
    user: User | None, action: Action, places: Iterable[Place] | None = None, *, public_read: bool = False
) -> Decision:
    """Whether `user` (None: nobody) may do `action`, in every one of `places`.

    Without `places` the answer is whether they may do it anywhere at all, as a menu asks; with them, every
    place must lie in a unit of the user's own. `public_read` lets anybody read.

    >>> officer = User("lin", AccountRole.OFFICER, frozenset({"340600"}))
    >>> bool(may(officer, Action.CHANGE_SITE, [("340604", "340600", "340000")]))
    True
    >>> may(officer, Action.CHANGE_SITE, [("340402", "340400", "340000")]).reason
    'unit'
    """
    rule = action_rules()[action]
    if rule.is_open or (public_read and action is Action.READ):
        return YES
    if user is None:
        return Decision(allowed=False, reason="not_signed_in")
    reason = _refusal(user, action, rule) or _refusal_there(user, rule, places)
    return YES if reason is None else Decision(allowed=False, reason=reason)


def _refusal(user: User, action: Action, rule: ActionRule) -> RefusalReason | None:
    if user.disabled:
        return "disabled"
    if user.must_change_password and action not in OWN_ACCOUNT:
        return "must_change_password"
    if rule.role is not None and user.role is None:
        return "no_role"
    if rule.role is not None and user.role is not None and rank(user.role) < rank(rule.role):
        return "role"
    return "scope" if _SCOPES.index(user.scope) < _SCOPES.index(rule.scope) else None


def _refusal_there(user: User, rule: ActionRule, places: Iterable[Place] | None) -> RefusalReason | None:
    if not rule.in_unit or user.role is AccountRole.ADMINISTRATOR:
        return None
    if places is None:
        return None if user.units else "unit"
    for place in places:
        if not place:
            return "no_unit"
        if user.units.isdisjoint(place):
            return "unit"
    return None


def rank(role: AccountRole) -> int:
    """How high a role stands; viewer is 0."""
    return _ROLES.index(role)


def refusal(user: User | None, action: Action, decision: Decision, lang: Lang = "en") -> Refused:
    """The error that says why a decision is no."""
    if user is None:
        return NotSignedIn()
    return NotAllowed(
        user=user.name,
        action=action.value,
        because=label("refusals", decision.reason, lang),
        reason=decision.reason,
    )
