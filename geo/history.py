"""The history of every fact that a figure depends on: rows on two time axes, in one hash chain.

As of D, known at T, the value of a fact of a site is that of the row with the greatest
(effective_on, seq) among the rows with effective_on <= D and recorded_at <= T that no row recorded by T
voids. Both bounds are inclusive.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from geo.sites import Kind, Responsible, Target
from geo.status import Status

GENESIS_HASH: Final = "0" * 64


class Fact(StrEnum):
    """What a history row states of a site; the JSON type of its value stands beside each."""

    MEMBERSHIP = "membership"  # "entered" | "left"
    STATUS = "status"  # slug
    GEOMETRY = "geometry"  # {"area_units": int}, the polygon as WKB beside it
    UNIT = "unit"  # {"adcode": str | null, "edition": str | null, "shares": {adcode: text of a decimal}}
    KIND = "kind"  # slug
    TARGET_USE = "target_use"  # slug
    RESPONSIBLE = "responsible"  # slug
    APPROACH = "approach"  # slug | null
    DAMAGED = "damaged"  # {"units": int | null}
    RESTORED = "restored"  # {"units": int | null}
    DAMAGE_YEAR = "damage_year"  # int | null
    TREATMENT_START = "treatment_start"  # ISO date | null
    TREATMENT_END = "treatment_end"  # ISO date | null
    SETTLEMENT = "settlement"  # slug | null
    PONDING = "ponding"  # slug | null
    NAME = "name"  # text
    ATTRIBUTES = "attributes"  # {name: JSON}, whole


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One row of the history, as stored.

    `value` is canonical JSON text (see `Fact`); `wkb` the polygon of a geometry row, little-endian WKB.
    Times are UTC text `YYYY-MM-DDTHH:MM:SS.ffffffZ`. A voiding row repeats the fact of the row it voids
    with `value` "null" and counts for nothing itself.
    """

    seq: int
    site_id: int
    fact: Fact
    value: str
    wkb: bytes | None
    effective_on: date
    recorded_at: str
    proposed_at: str
    actor: str
    approved_by: str | None
    voids_seq: int | None
    reason: str
    source: str  # "import:12", "api", "cli", "demo" ...
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class SiteState:
    """The facts of one site that rates and evidence use, as of a day and known at a time.

    Areas are integers of 1e-4 m2, None where not known. Only sites that exist on that day have a state.
    `status_since` and `treated_since` are the first days of the unbroken time in the status, and in any
    status that counts as treated (None in others).
    """

    site_id: int
    status: Status
    status_since: date
    entered_on: date
    area_units: int
    kind: Kind
    target_use: Target
    responsible: Responsible
    damaged_units: int | None
    restored_units: int | None
    damage_year: int | None
    treatment_start: date | None
    treatment_end: date | None
    adcode: str | None
    outline_edition: str | None
    unit_shares: tuple[tuple[str, float], ...]
    geometry_seq: int
    relapsed_since: date | None = None
    treated_since: date | None = None
