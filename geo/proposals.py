"""Proposals: changes that wait for a second person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from geo.changes import Change
from geo.events import adcode_in, beside, unit_before
from geo.history import Fact, HistoryRow
from geo.redrawing import Redrawing
from geo.sites import Site


class ProposalState(StrEnum):
    """Where a proposal stands."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One change that counts nowhere until somebody other than `proposed_by` approves it.

    `base_version` is the site's version that the proposer saw; times are UTC text, None until decided.
    `redrawing` is there where the site leaves so that others enter; `site_id` is the first that leaves.
    """

    proposal_id: int
    site_id: int
    change: Change
    base_version: int
    proposed_by: str
    proposed_at: str
    effective_on: date
    reason: str
    state: ProposalState
    decided_by: str | None = None
    decided_at: str | None = None
    comment: str = ""
    source: str = ""
    redrawing: Redrawing | None = None

    @property
    def site_ids(self) -> tuple[int, ...]:
        """Every site that the proposal would change."""
        return (self.site_id,) if self.redrawing is None else self.redrawing.site_ids


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody said of a proposal; `written_at` is UTC text."""

    comment_id: int
    proposal_id: int
    author: str
    text: str
    written_at: str


_BULK: Final = ("import:", "status:", "undo:")


def comes_in_bulk(source: str) -> bool:
    """Whether what came from the source came together and can be decided together.

    >>> comes_in_bulk("undo:3"), comes_in_bulk("api")
    (True, False)
    """
    return source.startswith(_BULK)


def concerned_units(site: Site, change: Change, rows: Sequence[HistoryRow] = ()) -> tuple[str | None, ...]:
    """The units that a change concerns: the site's present one and, where it moves, the new one.

    A site also moves where the row that placed it in its unit is voided: for such a change `rows`, those of
    the site, are needed.
    """
    units: list[str | None] = [site.adcode]
    unit = change.facts.get(Fact.UNIT)
    if isinstance(unit, Mapping):
        units.append(unit.get("adcode"))
    else:
        voided = next((row for row in rows if row.seq == change.voids_seq), None)
        if voided is not None and _placed_it(rows, voided):
            units.append(adcode_in(unit_before(rows, voided)))
    return tuple(dict.fromkeys(units))


def _placed_it(rows: Sequence[HistoryRow], row: HistoryRow) -> bool:
    """Whether the row placed the site in a unit, by itself or as the outline that the unit was found for."""
    return row.fact is Fact.UNIT or (row.fact is Fact.GEOMETRY and beside(rows, row, Fact.UNIT) is not None)


def erases(site: Site, change: Change) -> bool:
    """Whether the site would leave on the day that it entered and count on no day, whatever is said of it."""
    return change.facts.get(Fact.MEMBERSHIP) == "left" and change.effective_on == site.entered_on
