"""The right that every route declares, and the rights of whoever asks."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts

from api.auth.who import Who, who_of
from geo.accounts.rights import AccountRole, Action, Decision, User, may, refusal
from geo.errors import Refused, ReverdureError
from geo.proposals import Proposal
from geo.redrawing import Redrawing, entering_units
from geo.sites import Site
from geo.store import Connection, cities, proposals, sites

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER: Final = "x-csrf-token"
CSRF_FIELD: Final = "csrf_token"
FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


class BadCsrfToken(Refused):
    """A write of a browser's session came without the session's token."""

    template = "the page is out of date: load it again, then repeat (X-CSRF-Token is missing or wrong)"


class ActsForAnother(Refused):
    """Somebody who is signed in names another person."""

    template = "{user} is signed in and cannot act as {other!r}"


class UndeclaredRoute(ReverdureError):
    """A route says not what it needs a right for."""

    template = "{methods} {path} declares no action: add dependencies=[require(Action....)]"


class Needs:
    """The dependency of a route that needs a right; `require` makes it."""

    def __init__(self, action: Action) -> None:
        self.action = action

    async def __call__(self, request: Request) -> None:
        """Let the request pass, or raise `NotSignedIn`, `NotAllowed` or `BadCsrfToken`."""
        who = who_of(request)
        decision = may(who.user, self.action, public_read=who.public_read)
        if not decision:
            raise refusal(who.user, self.action, decision)
        if who.csrf and request.method not in SAFE_METHODS:
            await check_csrf(request, who)


def require(action: Action) -> Any:
    """The dependency by which a route or router declares its action: `dependencies=[require(Action.READ)]`.

    It answers for role, account and token. What is done to a unit asks `Rights.check` besides.
    """
    return Depends(Needs(action))


async def check_csrf(request: Request, who: Who) -> None:
    """Raise `BadCsrfToken` unless header or form field holds the token of the session."""
    given = request.headers.get(CSRF_HEADER, "")
    if not given and request.headers.get("content-type", "").startswith(FORMS):
        field = (await request.form()).get(CSRF_FIELD)
        given = field if isinstance(field, str) else ""
    if not hmac.compare_digest(given.encode(), who.csrf.encode()):
        raise BadCsrfToken


@dataclass(frozen=True, slots=True)
class Rights:
    """What whoever asks may do. `name` goes into history as the actor."""

    who: Who
    user: User

    @property
    def name(self) -> str:
        """The login name, as history records it."""
        return self.user.name

    @property
    def is_administrator(self) -> bool:
        """Whether all units and all rights are theirs."""
        return self.user.role is AccountRole.ADMINISTRATOR

    def may(self, conn: Connection, action: Action, adcodes: Iterable[str | None] | None = None) -> Decision:
        """Whether they may do it to what lies in these units (None: anywhere at all)."""
        places = None if adcodes is None else [cities.place(conn, code) for code in set(adcodes)]
        return may(self.user, action, places, public_read=self.who.public_read)

    def check(self, conn: Connection, action: Action, *adcodes: str | None) -> None:
        """Raise `NotAllowed` unless they may do it in every one of these units (a site's own, a new one)."""
        decision = self.may(conn, action, adcodes)
        if not decision:
            raise refusal(self.user, action, decision)

    def check_own(self, action: Action, owner: str | None) -> None:
        """Raise `NotAllowed` unless they are the `owner` of what it is done to, or an administrator."""
        if not self.is_administrator and self.name != owner:
            raise refusal(self.user, action, Decision(allowed=False, reason="not_own"))

    def check_site(self, conn: Connection, action: Action, site: Site) -> None:
        """Raise `NotAllowed` unless they may do it to the site."""
        self.check(conn, action, site.adcode)

    def check_decision(self, conn: Connection, proposal: Proposal, site: Site) -> None:
        """Raise `NotAllowed` unless they may decide on it: in the old unit and, for a move, in the new."""
        self.check(conn, Action.DECIDE, *units_of_proposal(conn, proposal, site))

    def may_comment(self, conn: Connection, proposal: Proposal, site: Site) -> Decision:
        """Whether they may say something of it: their own proposal, or one that concerns a unit of theirs."""
        if proposal.proposed_by == self.name:
            return self.may(conn, Action.COMMENT)
        found = [
            self.may(conn, Action.COMMENT, [code])
            for code in dict.fromkeys(units_of_proposal(conn, proposal, site))
        ]
        return next((one for one in found if one), found[0])

    def check_comment(self, conn: Connection, proposal: Proposal, site: Site) -> None:
        """Raise `NotAllowed` unless they may say something of it."""
        decision = self.may_comment(conn, proposal, site)
        if not decision:
            raise refusal(self.user, Action.COMMENT, decision)

    def as_person(self, other: str | None) -> str:
        """Under which name a decision is recorded: another than one's own only while there are no accounts.

        Raises `ActsForAnother`.
        """
        if other and not self.who.is_local and other != self.name:
            raise ActsForAnother(user=self.name, other=other)
        return other or self.name


def units_of_proposal(conn: Connection, proposal: Proposal, site: Site) -> tuple[str | None, ...]:
    """The units that a proposal concerns, that of `site`, its first, before the others."""
    if proposal.redrawing is not None:
        return units_of_redrawing(conn, proposal.redrawing)
    return proposals.units_of(conn, site, proposal.change)


def units_of_redrawing(conn: Connection, redrawing: Redrawing) -> tuple[str | None, ...]:
    """The units that a split or merge concerns: those of the sites that leave and of those that enter."""
    leaving = [sites.get(conn, site_id).adcode for site_id in redrawing.site_ids]
    return (*leaving, *entering_units(redrawing))


def get_rights(request: Request) -> Rights:
    """The rights of whoever asks; nobody's, where nobody is signed in."""
    who = who_of(request)
    return Rights(who, who.user or User(name="", role=None))


def declared_action(dependencies: Iterable[Any]) -> Action | None:
    """The action that a route declares, the innermost of several; None where it declares none."""
    found = [one.dependency.action for one in dependencies if isinstance(one.dependency, Needs)]
    return found[-1] if found else None


def check_routes(app: FastAPI) -> None:
    """Raise `UndeclaredRoute` where a route of `app` declares no action, so that none is open by mistake."""
    for route in iter_route_contexts(app.routes):
        if not isinstance(route.original_route, APIRoute):
            continue
        if declared_action(route.dependencies) is None:
            raise UndeclaredRoute(methods=", ".join(sorted(route.methods or ())), path=route.path)
