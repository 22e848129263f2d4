"""What waits to be done in a unit: proposals, sites in doubt, overdue treatments, new water, runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from geo.candidate_search import candidates_in
from geo.figures import rate_of, rates_of
from geo.rates import GroupBy, RateQuery
from geo.store import Store, projects, proposal_search
from geo.store.proposal_search import ProposalFilter
from geo.worklist import worklist_size


@dataclass(frozen=True, slots=True)
class Todo:
    """What waits in one unit; None as `adcode` is all of them.

    `n_proposals` are the open ones of others, `worklist_ha` the hectares in doubt of `n_worklist` sites,
    `n_outdated` the sites whose results describe what has changed since: a run is due.
    """

    adcode: str | None
    n_proposals: int
    n_worklist: int
    worklist_ha: float
    n_overdue: int
    n_candidates: int
    n_outdated: int

    @property
    def is_nothing(self) -> bool:
        """Whether nothing waits."""
        return not (
            self.n_proposals or self.n_worklist or self.n_overdue or self.n_candidates or self.n_outdated
        )


def todo_of(store: Store, adcode: str | None, *, name: str, today: date) -> Todo:
    """What waits in the unit (None: anywhere) for the one of this name. Raises `UnknownCity`."""
    units = None if adcode is None else frozenset({adcode})
    query = RateQuery(responsible="all")
    if adcode is None:
        rate = rates_of(store, query, GroupBy.ALL, today=today)[0]
    else:
        rate = rate_of(store, adcode, query, today)
    n_worklist, worklist_ha = worklist_size(store, adcode=adcode)
    with store.read() as conn:
        late = {one.site_id for one in projects.overdue(conn, today=today, adcodes=units)}
        n_proposals = proposal_search.count(conn, ProposalFilter(adcodes=units, not_by=name))
    return Todo(
        adcode=adcode,
        n_proposals=n_proposals,
        n_worklist=n_worklist,
        worklist_ha=worklist_ha,
        n_overdue=len(late),
        n_candidates=len(candidates_in(store, adcode)),
        n_outdated=rate.observed.n_outdated,
    )
