"""The rules of accounts: which names and passwords are taken, how long a failed sign-in must wait. Pure.

Passwords follow NIST SP 800-63B: long rather than odd, no forced mixture of signs, none that everybody uses.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

from geo.errors import InvalidInput
from geo.reference import reference_rows

SHORTEST_PASSWORD: Final = 12
LONGEST_PASSWORD: Final = 256
FREE_FAILURES: Final = {"name": 4, "address": 20}
"""How many sign-ins may fail, of one account or from one address, before the next must wait."""

LONGEST_WAIT_S: Final = 900
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{1,62}[a-z0-9]")
_RESERVED: Final = frozenset({"local", "system", "importer", "anonymous", "nobody"})


class BadLoginName(InvalidInput):
    """A login name that cannot be taken."""

    template = (
        "name: {name!r} is no login name: 3 to 64 of a-z, 0-9, dot, hyphen, underscore and @, none of"
        " {reserved}"
    )


class BadPassword(InvalidInput):
    """A password that cannot be taken."""

    template = "password: {problem}"


def check_login_name(name: str) -> str:
    """The name itself. Raises `BadLoginName`; capitals and width make no other name, so none are taken.

    >>> check_login_name("lin.wei")
    'lin.wei'
    """
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise BadLoginName(name=name[:80], reserved=", ".join(sorted(_RESERVED)))
    return name


def folded(password: str) -> str:
    """The password as it is hashed: the same text however a keyboard composed it (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, *, name: str) -> str:
    """The folded password. Raises `BadPassword`.

    >>> check_password("a mine on the hill", name="lin")
    'a mine on the hill'
    """
    text = folded(password)
    if len(text) < SHORTEST_PASSWORD:
        raise BadPassword(problem=f"at least {SHORTEST_PASSWORD} signs are needed; a few words are best")
    if len(text) > LONGEST_PASSWORD:
        raise BadPassword(problem=f"at most {LONGEST_PASSWORD} signs are taken")
    plain = re.sub(r"[\W_]", "", text.casefold())
    if name.casefold() in text.casefold():
        raise BadPassword(problem="it must not hold the login name")
    if len(set(plain)) < 5 or plain in common_passwords():
        raise BadPassword(problem="it is one of those that everybody tries first")
    return text


@cache
def common_passwords() -> frozenset[str]:
    """Long passwords that everybody tries first, from `data/reference/common_passwords.csv`."""
    return frozenset(row["password"] for row in reference_rows("common_passwords"))


def wait_s(kind: str, failures: int) -> int:
    """How many seconds after the last failure the next sign-in must wait.

    >>> [wait_s("name", failures) for failures in (0, 4, 5, 6, 30)]
    [0, 0, 2, 4, 900]
    """
    over = failures - FREE_FAILURES[kind]
    return 0 if over <= 0 else min(2 ** min(over, 20), LONGEST_WAIT_S)
