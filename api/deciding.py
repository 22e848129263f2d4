"""A decision on a proposal, as it is made one by one and many at a time: checked, recorded, written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from api.auth.rights import Rights
from api.auth.trail import Doer
from geo.accounts.audit import AuditEvent
from geo.proposals import Proposal
from geo.store import Connection, proposals, sites
from geo.store.recording import Applied


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decides, under which rights, when and why; `doer` writes it into the audit."""

    rights: Rights
    doer: Doer
    actor: str
    now: str
    comment: str
    today: date

    def check(self, conn: Connection, proposal: Proposal) -> None:
        """Raise `NotAllowed` unless they may decide on it."""
        self.rights.check_decision(conn, proposal, sites.get(conn, proposal.site_id))

    def check_rejection(self, conn: Connection, proposal: Proposal) -> None:
        """Raise `NotAllowed` unless it is their own, which they may withdraw, or theirs to decide."""
        if proposal.proposed_by != self.rights.name:
            self.check(conn, proposal)

    def approve(self, conn: Connection, proposal: Proposal) -> Applied:
        """The proposal released."""
        number = proposal.proposal_id
        applied = proposals.approve(
            conn, number, actor=self.actor, now=self.now, comment=self.comment, today=self.today
        )
        self.doer.note(conn, AuditEvent.APPROVED, target=f"proposal {number}")
        return applied

    def reject(self, conn: Connection, proposal: Proposal) -> Proposal:
        """The proposal turned down, or withdrawn."""
        number = proposal.proposal_id
        decided = proposals.reject(conn, number, actor=self.actor, now=self.now, comment=self.comment)
        self.doer.note(conn, AuditEvent.REJECTED, target=f"proposal {number}")
        return decided
