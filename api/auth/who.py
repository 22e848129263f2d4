"""Who sends a request, as the gate found out before any route."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from starlette.requests import HTTPConnection

from geo.accounts.rights import AccountRole, User

SCOPE_KEY: Final = "reverdure.who"


@dataclass(frozen=True, slots=True)
class Who:
    """The sender of one request.

    `user` is None for nobody. `local` says that the store has no accounts yet, so that whoever works on this
    machine has all rights. `ended` says that the browser had a session that is none any more: it stays nobody
    until it signs in again or asks to go on without an account. `session_id` and `csrf` are there for a
    session in a browser; `address` is the sender's, '' where unknown.
    """

    user: User | None
    local: bool = False
    ended: bool = False
    session_id: int | None = None
    csrf: str = ""
    public_read: bool = False
    address: str = ""

    @property
    def is_local(self) -> bool:
        """Whether this is somebody without an account, on a store without accounts."""
        return self.local and self.user is not None and self.user.user_id is None


def local_user(name: str) -> User:
    """Whoever works on this machine while there are no accounts."""
    return User(name=name, role=AccountRole.ADMINISTRATOR)


def who_of(connection: HTTPConnection) -> Who:
    """Who sends this request; nobody where no gate stood before the route."""
    return cast("Who", connection.scope.get(SCOPE_KEY, Who(user=None)))
