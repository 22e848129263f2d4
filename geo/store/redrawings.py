"""Redrawings in the store: sites leave and others enter, in one transaction and on one day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from geo.changes import Change, plan_change
from geo.history import Fact
from geo.proposals import Proposal
from geo.redrawing import Known, Redrawing, check_nothing_later
from geo.store import entering, history, sites
from geo.store.recording import Applied, ProposalOutdated, record


def known_sites(conn: Connection, site_ids: Sequence[int]) -> list[Known]:
    """The sites with their histories, in the order of the ids. Raises `UnknownSite`."""
    return [
        Known(sites.get(conn, site_id), history.rows(conn, site_id=site_id))
        for site_id in dict.fromkeys(site_ids)
    ]


def leaving(redrawing: Redrawing) -> Change:
    """The change that each of the old sites goes through."""
    return Change({Fact.MEMBERSHIP: "left"}, redrawing.effective_on, redrawing.reason)


def check_leaving(conn: Connection, redrawing: Redrawing, *, today: date) -> None:
    """Raise what forbids one of the old sites to leave, or one of the new codes to be taken."""
    for site_id in redrawing.site_ids:
        known = Known(sites.get(conn, site_id), history.rows(conn, site_id=site_id, with_wkb=True))
        plan_change(known.site, known.rows, leaving(redrawing), today=today)
        check_nothing_later(known, redrawing.effective_on)
    entering.refuse_taken_codes(conn, redrawing.enters)


def carry_out(
    conn: Connection, proposal: Proposal, redrawing: Redrawing, *, actor: str, now: str, today: date
) -> Applied:
    """The old sites leave and the new ones enter, released by `actor`; the first old site and all rows.

    Raises `ProposalOutdated` where one of the old sites has changed since, `SiteCodeExists` and the errors of
    `geo.changes`.
    """
    before = history.head(conn)[0]
    for site_id, version in zip(redrawing.site_ids, redrawing.versions, strict=True):
        site = sites.get(conn, site_id)
        if site.version != version:
            raise ProposalOutdated(fact="something", site_id=site_id, proposal_id=proposal.proposal_id)
        rows = history.rows(conn, site_id=site_id, with_wkb=True)
        plan = plan_change(site, rows, leaving(redrawing), today=today, approved=True)
        record(
            conn,
            site_id,
            plan.rows_now,
            actor=proposal.proposed_by,
            reason=redrawing.reason,
            source=source_of(redrawing),
            proposed_at=proposal.proposed_at,
            now=now,
            approved_by=actor,
        )
    entered = entering.create_sites(
        conn,
        redrawing.enters,
        actor=proposal.proposed_by,
        source=source_of(redrawing),
        now=now,
        approved_by=actor,
        proposed_at=proposal.proposed_at,
        reason=redrawing.reason,
        today=today,
    )
    seqs = tuple(range(before + 1, history.head(conn)[0] + 1))
    return Applied(sites.get(conn, redrawing.site_ids[0]), seqs, entered=tuple(entered))


def source_of(redrawing: Redrawing) -> str:
    """Where the rows come from, such as `split:12` or `merge:3,4`."""
    return f"{redrawing.kind}:{','.join(map(str, redrawing.site_ids))}"
