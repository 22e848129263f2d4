"""Outcomes: what became of a piece of land, by what the site is to become and the roles of its two classes.

The rules are the lines of `data/reference/outcomes.csv`; the first that matches decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from geo.landcover import Role
from geo.recovery import Outcome
from geo.reference import reference_rows, reference_sha256
from geo.sites import Kind, Target


class Damage(StrEnum):
    """Whether the damage of a site came after its baseline year (`before`: not yet damaged) or not."""

    BEFORE = "before"
    AFTER = "after"


class Baseline(StrEnum):
    """What the land was at the baseline."""

    DISTURBED = "disturbed"
    SOUND = "sound"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True)
class OutcomeRule:
    """What one line of the outcome table says."""

    outcome: Outcome
    baseline: Baseline
    not_yet_crop: bool


@dataclass(frozen=True, slots=True)
class OutcomeKey:
    """Of what site the land is: the part of the outcome table's key that all its cells share.

    `natural_bare_disturbed` is the site's own word that its beach, rock or dune is damage.
    """

    kind: Kind
    target: Target
    damage: Damage = Damage.AFTER
    natural_bare_disturbed: bool = False


def damage_at(kind: Kind, damage_year: int | None, baseline_year: int) -> Damage:
    """Whether a site was damaged by its baseline year.

    Only subsidence can be younger than its baseline scene: its ponds are new water, so water
    and buildings seen before the ground sank were sound land.

    >>> damage_at(Kind.SUBSIDENCE, 2015, 2013)
    <Damage.BEFORE: 'before'>
    >>> damage_at(Kind.OPEN_PIT, 2015, 2013)
    <Damage.AFTER: 'after'>
    """
    if kind is Kind.SUBSIDENCE and damage_year is not None and damage_year > baseline_year:
        return Damage.BEFORE
    return Damage.AFTER


def outcome(
    kind: Kind,
    target: Target,
    *,
    from_role: Role,
    to_role: Role,
    damage: Damage = Damage.AFTER,
    natural_bare_disturbed: bool = False,
) -> OutcomeRule:
    """The rule for land of a site of `kind` and `target` that went from one role to another.

    >>> outcome(Kind.OPEN_PIT, Target.FOREST, from_role=Role.DISTURBED, to_role=Role.GREEN).outcome
    <Outcome.RECOVERED: 'recovered'>
    """
    key = OutcomeKey(kind, target, damage, natural_bare_disturbed)
    return rules_of(key)[(from_role, to_role)]


@cache
def rules_of(key: OutcomeKey) -> dict[tuple[Role, Role], OutcomeRule]:
    """The rule of every pair of roles, for one kind of site."""
    return {
        (from_role, to_role): _first_match(key, _effective(from_role, key), _effective(to_role, key))
        for from_role in Role
        for to_role in Role
    }


def outcomes_sha256() -> str:
    """SHA-256 (hex) of the outcome table: part of what a recovery depends on."""
    return reference_sha256("outcomes")


def _effective(role: Role, key: OutcomeKey) -> Role:
    return Role.DISTURBED if role is Role.NATURAL_BARE and key.natural_bare_disturbed else role


@dataclass(frozen=True, slots=True)
class _Line:
    kind: frozenset[str]
    damage: frozenset[str]
    target: frozenset[str]
    from_role: frozenset[str]
    to_role: frozenset[str]
    rule: OutcomeRule


@cache
def _lines() -> tuple[_Line, ...]:
    return tuple(
        _Line(
            kind=_words(row["kind"], Kind),
            damage=_words(row["damage"], Damage),
            target=_words(row["target"], Target),
            from_role=_words(row["from_role"], Role),
            to_role=_words(row["to_role"], Role),
            rule=OutcomeRule(
                Outcome(row["outcome"]), Baseline(row["baseline"]), not_yet_crop=row["not_yet_crop"] == "yes"
            ),
        )
        for row in reference_rows("outcomes")
    )


def _words(cell: str, words: type[StrEnum]) -> frozenset[str]:
    return frozenset(words) if cell == "*" else frozenset(words(word) for word in cell.split())


def _first_match(key: OutcomeKey, from_role: Role, to_role: Role) -> OutcomeRule:
    for line in _lines():
        if (
            key.kind in line.kind
            and key.damage in line.damage
            and key.target in line.target
            and from_role in line.from_role
            and to_role in line.to_role
        ):
            return line.rule
    raise LookupError(f"the outcome table has no line for {key} from {from_role} to {to_role}")
