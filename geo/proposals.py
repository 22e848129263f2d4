"""Proposals: changes that wait for a second person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from geo.changes import Change


class ProposalState(StrEnum):
    """Where a proposal stands."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One change that counts nowhere until somebody other than `proposed_by` approves it.

    `base_version` is the site's version that the proposer saw; times are UTC text, None until decided.
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
