"""Evidence: whether the land cover bears out the status on paper."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from geo.status import Status


class Verdict(StrEnum):
    """What the evidence says of the status (`data/reference/verdicts.csv`)."""

    CORROBORATED = "corroborated"
    CONTRADICTED = "contradicted"
    UNCLAIMED = "unclaimed"
    PENDING = "pending"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The verdict on one site, with its reasons as slugs of `data/reference/reasons.csv`.

    `verdict` is None for an excluded site. `status` is that of 31 December of the later year, or of today
    where the site entered the inventory later (reason `status_of_today`); `status_today` stands beside it.
    `worklist_units` (1e-4 m2) ranks the worklist and is 0 off it.
    """

    site_id: int
    verdict: Verdict | None
    reasons: tuple[str, ...]
    status: Status
    status_today: Status
    product: str
    edition: str
    from_year: int
    to_year: int
    recovered_share: float | None
    raw_recovered_share: float | None
    valid_share: float | None
    worklist_units: int
    content_key: str
