"""Proposals on the wire, what became of a change, and splits and merges as they are proposed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Self

from pydantic import Field

from api.schemas.common import Given, Json, Name, Text, Wire
from api.schemas.sites import SiteFeature, fact_on_wire
from geo.areas import geodesic_area_units, ha_from_units
from geo.changes import Change
from geo.history import Fact
from geo.proposals import Comment, Proposal, ProposalState
from geo.redrawing import Redrawing, RedrawingKind
from geo.sites import Site
from geo.store.batch_decisions import Decided


class ChangeOut(Wire):
    """What a proposal would change: the new facts by name, hectares for areas; `area_ha` of a new outline."""

    facts: Json
    geometry_changes: bool
    area_ha: float | None
    voids_seq: int | None

    @classmethod
    def of(cls, change: Change) -> Self:
        """The change as the wire says it."""
        facts = {fact.value: fact_on_wire(value) for fact, value in change.facts.items()}
        outline = change.geometry
        return cls(
            facts=facts,
            geometry_changes=outline is not None,
            area_ha=None if outline is None else ha_from_units(geodesic_area_units(outline)),
            voids_seq=change.voids_seq,
        )


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


class CommentIn(Given):
    """What somebody says of a proposal."""

    text: Text


class CommentItem(Wire):
    """A comment on a proposal; time in UTC."""

    comment_id: int
    author: str
    text: str
    written_at: str


class ProposalItem(Wire):
    """A change that waits for a second person, or did.

    `before` is what the site says at present of each fact that would change; proposals of one `source`, such
    as `import:7` or `undo:3`, came together.
    """

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
    source: str
    redrawing: RedrawingOut | None = None
    before: Json
    comments: list[CommentItem] = Field(default_factory=list)

    @classmethod
    def of(cls, proposal: Proposal, site: Site, comments: Sequence[Comment] = ()) -> Self:
        """The item of a stored proposal of the site."""
        names = {name: getattr(proposal, name) for name in cls.model_fields if hasattr(proposal, name)}
        redrawn = None if proposal.redrawing is None else RedrawingOut.of(proposal.redrawing)
        touched = [*proposal.change.facts, *([Fact.GEOMETRY] if proposal.change.geometry is not None else [])]
        given = {
            "change": ChangeOut.of(proposal.change),
            "site_code": site.site_code,
            "redrawing": redrawn,
            "before": {fact.value: present(site, fact) for fact in touched},
            "comments": [CommentItem.model_validate(one) for one in comments],
        }
        return cls.model_validate({**names, **given})


def present(site: Site, fact: Fact) -> object:
    """What the site says of a fact at present, as the wire says it: hectares for areas, None for nothing."""
    match fact:
        case Fact.GEOMETRY:
            return site.area_ha
        case Fact.DAMAGED:
            return site.damaged_ha
        case Fact.RESTORED:
            return site.restored_ha
        case Fact.MEMBERSHIP:
            return "entered" if site.left_on is None else "left"
        case Fact.UNIT:
            return None if site.adcode is None else {"adcode": site.adcode}
        case _:
            return getattr(site, fact.value)


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


class BatchIn(DecisionIn):
    """All open proposals of one source, to be decided together."""

    source: Name = Field(description="What they came from: `import:7`, `status:7` or `undo:3`.")
    partly: bool = Field(False, description="Leave those that cannot be decided, and decide the others.")


class DecidedItem(Wire):
    """What became of one proposal: decided, or still open for the reason in `problem`."""

    proposal_id: int
    site_id: int
    site_code: str
    done: bool
    problem: str


class BatchOut(Wire):
    """What became of each open proposal of one source."""

    source: str
    decided: int
    left: int
    items: list[DecidedItem]

    @classmethod
    def of(cls, source: str, items: Sequence[Decided]) -> Self:
        """The answer about proposals that were decided together."""
        done = sum(one.done for one in items)
        found = [DecidedItem.model_validate(one) for one in items]
        return cls(source=source, decided=done, left=len(items) - done, items=found)
