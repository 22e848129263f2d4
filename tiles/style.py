"""Colours: every one from a reference table, none in code."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from geo.evidence.verdict import Verdict
from geo.reference import reference_rows
from geo.status import Status, status_table
from geo.words import Lang

ACCENT: Final = "#1f6f4a"
NO_SITES: Final = "no_sites"
UNJUDGED_COLOUR: Final = "#5f6b66"
_NO_DASH: Final = ""
_VERDICT_DASH: Final = {Verdict.PENDING: "7 4", Verdict.NO_DATA: "2 5", Verdict.UNCLAIMED: "12 4 2 4"}


@dataclass(frozen=True, slots=True)
class RateClass:
    """One step of the rate ramp: rates r with low <= r < high; `low` and `high` are None for `no_sites`."""

    slug: str
    zh: str
    en: str
    low: float | None
    high: float | None
    colour: str

    def label(self, lang: Lang) -> str:
        """The bounds in words."""
        return self.zh if lang == "zh" else self.en


@cache
def rate_classes() -> tuple[RateClass, ...]:
    """The steps of `data/reference/rate_classes.csv`, from low to high, `no_sites` last."""
    return tuple(
        RateClass(
            slug=row["slug"],
            zh=row["zh"],
            en=row["en"],
            low=float(row["low"]) if row["low"] else None,
            high=float(row["high"]) if row["high"] else None,
            colour=row["colour"],
        )
        for row in reference_rows("rate_classes")
    )


def rate_class(rate: float | None) -> RateClass:
    """The step that a rate (0 to 1) falls in; `no_sites` for None.

    >>> rate_class(0.2).slug, rate_class(1.0).slug, rate_class(None).slug
    ('low', 'highest', 'no_sites')
    """
    steps = rate_classes()
    if rate is None:
        return next(step for step in steps if step.slug == NO_SITES)
    return next(step for step in reversed(steps) if step.low is not None and rate >= step.low)


def status_colour(status: Status) -> str:
    """The colour of a status, `#rrggbb`."""
    return status_table()[status].colour


@cache
def _verdict_colours() -> dict[str, str]:
    return {row["slug"]: row["colour"] for row in reference_rows("verdicts")}


def verdict_colour(verdict: Verdict | None) -> str:
    """The colour of a verdict; a neutral grey for a site that is not judged."""
    return UNJUDGED_COLOUR if verdict is None else _verdict_colours()[verdict]


def verdict_dash(verdict: Verdict | None) -> str:
    """The dash pattern of a verdict's outline ('' is solid), so that colour is never the only sign."""
    return _NO_DASH if verdict is None else _VERDICT_DASH.get(verdict, _NO_DASH)
