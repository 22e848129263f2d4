"""Who may decide on a proposal outside the service: somebody with an account, once there are accounts."""

from __future__ import annotations

from geo.accounts import Action, may, refusal
from geo.proposals import concerned_units
from geo.store import Connection, accounts, cities, proposals, sites


def check_decider(conn: Connection, name: str, proposal_id: int) -> None:
    """Raise `NotAllowed` unless the account `name` may decide on the proposal.

    Without accounts any name passes; the proposer's own does not (`SamePerson`). Raises `UnknownUser` and
    `UnknownProposal`.
    """
    if not accounts.exist(conn):
        return
    user = accounts.named(conn, name).user
    proposal = proposals.get(conn, proposal_id)
    units = concerned_units(sites.get(conn, proposal.site_id), proposal.change.facts)
    decision = may(user, Action.DECIDE, [cities.place(conn, code) for code in units])
    if not decision:
        raise refusal(user, Action.DECIDE, decision)
