"""All open proposals of one source decided in one transaction: all of them, or those alone that can be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, select

from geo.accounts.rights import NotAllowed
from geo.errors import Conflict, NotFound, ReverdureError
from geo.proposals import Proposal, ProposalState, comes_in_bulk
from geo.store import proposal_search, sites
from geo.store.proposal_search import ProposalFilter
from geo.store.tables import PROPOSALS

SHOWN: Final = 5


class NothingOpen(NotFound):
    """No proposal of the source is open."""

    template = "no open proposal came from {source}"


class BatchRefused(Conflict):
    """Some of the proposals cannot be decided, so none was; the first are named with why."""

    template = (
        "{failed} of {total} proposals of {source} cannot be decided, so none was: {first}; decide the "
        "others alone (--partly), or look at these one by one"
    )


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of one proposal: decided, or still open for the reason in `problem`."""

    proposal_id: int
    site_id: int
    site_code: str
    problem: str = ""

    @property
    def done(self) -> bool:
        """Whether it is decided now."""
        return not self.problem


def decide_source(
    conn: Connection, source: str, decide: Callable[[Proposal], object], *, partly: bool
) -> tuple[Decided, ...]:
    """What became of each open proposal of `source`, in order of their ids; `decide` decides on one.

    Raises `NothingOpen` and, unless `partly`, `NotAllowed` or `BatchRefused`: the transaction is then to be
    rolled back. With `partly` a proposal that cannot be decided stays as it was.
    """
    found = proposal_search.find(conn, ProposalFilter(source=source))
    if not found:
        raise NothingOpen(source=source)
    codes = {site.site_id: site.site_code for site in sites.many(conn, (one.site_id for one in found))}
    decided = []
    for one in found:
        problem = ""
        try:
            with conn.begin_nested():
                decide(one)
        except ReverdureError as error:
            if isinstance(error, NotAllowed) and not partly:
                raise
            problem = str(error)
        decided.append(Decided(one.proposal_id, one.site_id, codes[one.site_id], problem))
    failed = [one for one in decided if not one.done]
    if failed and not partly:
        named = [f"{one.site_code} ({one.problem})" for one in failed[:SHOWN]]
        if len(failed) > SHOWN:
            named.append(f"and {len(failed) - SHOWN} more")
        raise BatchRefused(failed=len(failed), total=len(found), source=source, first="; ".join(named))
    return tuple(decided)


def states(conn: Connection, source: str) -> Counter[ProposalState]:
    """How many proposals of the source stand in each state."""
    columns = PROPOSALS.c
    query = select(columns.state, func.count()).where(columns.source == source).group_by(columns.state)
    return Counter({ProposalState(state): count for state, count in conn.execute(query)})


def open_sources(conn: Connection) -> dict[str, int]:
    """{source: number of its open proposals} of what came together, the newest first."""
    columns = PROPOSALS.c
    query = (
        select(columns.source, func.count())
        .where(columns.state == ProposalState.OPEN.value)
        .group_by(columns.source)
        .order_by(func.max(columns.proposal_id).desc())
    )
    return {source: count for source, count in conn.execute(query) if comes_in_bulk(source)}
