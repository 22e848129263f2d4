"""What somebody from the single sign-on may do: the mappings that an administrator keeps. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from geo.accounts.rights import AccountRole, rank


@dataclass(frozen=True, slots=True)
class Mapped:
    """Whoever has `value` in `claim` (`sub`, or one of `groups`) gets this role over these units."""

    mapping_id: int
    claim: str
    value: str
    role: AccountRole
    units: frozenset[str]


def rights_of(
    claims: Mapping[str, object], mappings: Iterable[Mapped]
) -> tuple[AccountRole | None, frozenset[str]]:
    """Role and units of somebody with these claims: the highest role, over the units of that role alone.

    Units of a lower role are left out, so that two groups never add up to a right that neither gives. An
    address that the issuer has not verified is nobody's: many let their users write any.

    >>> rights_of({"sub": "7", "groups": ["miners"]}, [])
    (None, frozenset())
    """
    found = [one for one in mappings if one.value in _values(_vouched(claims, one.claim))]
    if not found:
        return None, frozenset()
    role = max((one.role for one in found), key=rank)
    return role, frozenset(code for one in found if one.role is role for code in one.units)


def _vouched(claims: Mapping[str, object], claim: str) -> object:
    unproven = claim == "email" and claims.get("email_verified") is not True
    return None if unproven else claims.get(claim)


def _values(claim: object) -> set[str]:
    if isinstance(claim, str):
        return {claim}
    return {one for one in claim if isinstance(one, str)} if isinstance(claim, list) else set()
