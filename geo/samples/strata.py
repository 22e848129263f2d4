"""Strata: the outcomes that a piece of land, or a checked point, can have."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from geo.outcomes import Baseline
from geo.recovery import Outcome
from geo.reference import reference_rows


@dataclass(frozen=True, slots=True)
class Stratum:
    """One outcome that a piece of land, or a checked point, can have."""

    slug: str
    outcome: Outcome
    baseline: Baseline


@cache
def strata() -> tuple[Stratum, ...]:
    """The outcomes of `data/reference/sample_outcomes.csv`, in its order."""
    return tuple(
        Stratum(row["slug"], Outcome(row["outcome"]), Baseline(row["baseline"]))
        for row in reference_rows("sample_outcomes")
    )


@cache
def stratum_slugs() -> tuple[str, ...]:
    """The slugs of the strata, in the table's order."""
    return tuple(one.slug for one in strata())


@cache
def disturbed_slugs() -> frozenset[str]:
    """The strata that were disturbed at the baseline: the denominator of the observed rate."""
    return frozenset(one.slug for one in strata() if one.baseline is Baseline.DISTURBED)


@cache
def recovered_slugs() -> frozenset[str]:
    """The strata that count as recovered: the numerator of the observed rate."""
    return frozenset(
        one.slug
        for one in strata()
        if one.baseline is Baseline.DISTURBED and one.outcome is Outcome.RECOVERED
    )
