"""Who may decide on a proposal outside the service: somebody with an account, once there are accounts."""

from __future__ import annotations

from api.auth.rights import Rights
from api.auth.who import Who
from geo.store import Connection, accounts, proposals, sites


def check_decider(conn: Connection, name: str, proposal_id: int) -> None:
    """Raise `NotAllowed` unless the account `name` may decide on the proposal.

    Without accounts any name passes; the proposer's own does not (`SamePerson`). Raises `UnknownUser` and
    `UnknownProposal`.
    """
    if not accounts.exist(conn):
        return
    user = accounts.named(conn, name).user
    proposal = proposals.get(conn, proposal_id)
    Rights(Who(user=user), user).check_decision(conn, proposal, sites.get(conn, proposal.site_id))
