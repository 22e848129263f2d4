"""Which proposals are asked for, by the interface and by the page alike."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from api import deps
from geo.accounts.rights import User
from geo.proposals import ProposalState
from geo.sites import Kind
from geo.store.proposal_search import ProposalFilter

Source = Annotated[
    str | None,
    Query(max_length=100, description="Only those that came from this, such as `import:7` or `undo:3`."),
]


def own_units(user: User) -> frozenset[str] | None:
    """The units that somebody answers for; None for who answers for none of their own, or for all."""
    return user.units or None


def proposal_filter(
    rights: deps.RightsDep,
    state: Annotated[
        ProposalState | None, Query(description="Only those in this state.")
    ] = ProposalState.OPEN,
    site_id: Annotated[
        int | None, Query(ge=1, le=deps.LARGEST_ID, description="Only those of this site.")
    ] = None,
    city: deps.Unit = None,
    kind: Annotated[Kind | None, Query(description="Only those of sites of this kind.")] = None,
    proposed_by: Annotated[
        str | None, Query(max_length=200, description="Only those of this person.")
    ] = None,
    source: Source = None,
    mine: Annotated[
        bool, Query(description="Only those of the units that whoever asks answers for; all without any.")
    ] = False,
    after: deps.After = None,
) -> ProposalFilter:
    """Which proposals are asked for."""
    units = None if city is None else frozenset({city})
    return ProposalFilter(
        state=state,
        site_id=site_id,
        adcodes=own_units(rights.user) if mine and units is None else units,
        kind=kind,
        proposed_by=proposed_by,
        source=source,
        after=after,
    )


ProposalFilterDep = Annotated[ProposalFilter, Depends(proposal_filter)]
