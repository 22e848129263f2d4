"""Secrets: session ids, tokens, the token of a form, and passwords as Argon2id."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from geo.accounts.rules import LONGEST_PASSWORD, folded

TOKEN_PREFIX: Final = "rvd_"  # noqa: S105 - it marks a token so that scanners of leaks know it
_HASHER: Final = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1, type=Type.ID)


def new_secret(prefix: str = "") -> str:
    """256 random bits as text."""
    return prefix + secrets.token_urlsafe(32)


def csrf_of(session_secret: str) -> str:
    """The token of the forms of a session; who does not know the session's secret cannot make it."""
    return hmac.new(session_secret.encode(), b"csrf", hashlib.sha256).hexdigest()


def hash_password(password: str) -> str:
    """The Argon2id hash of a password, with its salt and parameters."""
    return _HASHER.hash(folded(password))


def password_fits(password_hash: str | None, password: str) -> bool:
    """Whether the password is the one of the hash. It takes as long where there is no hash."""
    given = folded(password)
    if len(given) > LONGEST_PASSWORD:
        password_hash, given = None, ""
    try:
        _HASHER.verify(password_hash or _no_hash(), given)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than those of today."""
    return _HASHER.check_needs_rehash(password_hash)


@cache
def _no_hash() -> str:
    return _HASHER.hash(secrets.token_hex(16))
