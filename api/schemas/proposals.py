"""Proposals on the wire, what became of a change, and splits and merges as they are proposed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Self

from pydantic import Field

from api.schemas.common import Given, Json, Name, Text, Wire
from api.schemas.sites import SiteFeature, fact_on_wire
from geo.areas import ha_from_units
from geo.changes import Change
from geo.history import Fact
from geo.proposals import Proposal, ProposalState
from geo.redrawing import Redrawing, RedrawingKind


class ChangeOut(Wire):
    """What a proposal would change: the new facts by name, hectares for areas."""

    facts: Json
    geometry_changes: bool
    voids_seq: int | None

    @classmethod
    def of(cls, change: Change) -> Self:
        """The change as the wire says it."""
        facts = {fact.value: fact_on_wire(value) for fact, value in change.facts.items()}
        return cls(facts=facts, geometry_changes=change.geometry is not None, voids_seq=change.voids_seq)


class EnteringOut(Wire):
    """One of the sites that a split or merge lets enter; `area_ha` geodesic."""

    site_code: str
    area_ha: float
    damaged_ha: float | None
    restored_ha: float | None


class RedrawingOut(Wire):
    """What a split or merge changes: which sites leave, which enter, and the difference in hectares.

    `shared_by_area` names the declared areas that nobody stated, divided by area.
    """

    kind: RedrawingKind
    leaves: list[int]
    enters: list[EnteringOut]
    left_ha: float
    entered_ha: float
    difference_ha: float
    shared_by_area: list[Fact]

    @classmethod
    def of(cls, redrawing: Redrawing) -> Self:
        """The redrawing as the wire says it."""
        return cls(
            kind=redrawing.kind,
            leaves=list(redrawing.site_ids),
            enters=[
                EnteringOut(
                    site_code=site.site_code,
                    area_ha=ha_from_units(site.area_units),
                    damaged_ha=_declared_ha(site.facts.get(Fact.DAMAGED)),
                    restored_ha=_declared_ha(site.facts.get(Fact.RESTORED)),
                )
                for site in redrawing.enters
            ],
            left_ha=ha_from_units(redrawing.left_units),
            entered_ha=ha_from_units(redrawing.entered_units),
            difference_ha=ha_from_units(redrawing.difference_units),
            shared_by_area=list(redrawing.shared),
        )


def _declared_ha(value: object) -> float | None:
    units = value.get("units") if isinstance(value, Mapping) else None
    return None if units is None else ha_from_units(units)


class ProposalItem(Wire):
    """A change that waits for a second person, or did."""

    proposal_id: int
    site_id: int
    site_code: str
    change: ChangeOut
    base_version: int
    proposed_by: str
    proposed_at: str
    effective_on: date
    reason: str
    state: ProposalState
    decided_by: str | None
    decided_at: str | None
    comment: str
    redrawing: RedrawingOut | None = None

    @classmethod
    def of(cls, proposal: Proposal, site_code: str) -> Self:
        """The item of a stored proposal."""
        names = {name: getattr(proposal, name) for name in cls.model_fields if hasattr(proposal, name)}
        redrawn = None if proposal.redrawing is None else RedrawingOut.of(proposal.redrawing)
        given = {"change": ChangeOut.of(proposal.change), "site_code": site_code, "redrawing": redrawn}
        return cls.model_validate({**names, **given})


class ProposalList(Wire):
    """Proposals, the oldest first."""

    items: list[ProposalItem]
    next: str | None


class ChangedSite(Wire):
    """What became of a change: the site as it is now, the rows recorded, the proposal where one waits.

    `entered` are the ids of the sites that entered with it, after a split or a merge.
    """

    site: SiteFeature
    seqs: list[int]
    proposal: ProposalItem | None
    entered: list[int] = Field(default_factory=list)


class DecisionIn(Given):
    """Who decides on a proposal, and why."""

    as_: Name | None = Field(
        None, alias="as", description="Another name than the proposer's; the service's own actor by default."
    )
    comment: Text = ""
