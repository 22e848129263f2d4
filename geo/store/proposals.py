"""Proposals in the store: kept until a second person decides."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import cast

from sqlalchemy import Connection, RowMapping, insert, or_, select, update

from geo import clock
from geo.accounts.notices import NoticeKind
from geo.canonical import canonical_json, parse_json
from geo.changes import Change, plan_change
from geo.errors import BadValue, Conflict, Refused, UnknownProposal
from geo.history import Fact
from geo.proposals import Proposal, ProposalState, comes_in_bulk, concerned_units, erases
from geo.redrawing import Redrawing, entering_units
from geo.redrawing_json import redrawing_json, redrawing_of
from geo.sites import Site
from geo.store import history, notifications, redrawings, sites
from geo.store.recording import Applied, ProposalOutdated, record
from geo.store.tables import PROPOSALS
from geo.store.types import new_key
from geo.wkb import geometry_of, wkb_of


class SamePerson(Refused):
    """Nobody releases their own proposal."""

    template = "proposal {proposal_id} was made by {actor!r}: somebody else has to decide on it"


class ProposalDecided(Conflict):
    """The proposal is decided already."""

    template = "proposal {proposal_id} is {state} already"


def find(
    conn: Connection,
    *,
    state: ProposalState | str | None = None,
    site_id: int | None = None,
    after: int | None = None,
    limit: int | None = None,
) -> list[Proposal]:
    """The proposals that match, in order of their ids."""
    query = select(PROPOSALS).order_by(PROPOSALS.c.proposal_id).limit(limit)
    if state is not None:
        query = query.where(PROPOSALS.c.state == str(state))
    if site_id is not None:
        columns = PROPOSALS.c
        query = query.where(or_(columns.site_id == site_id, columns.other_sites.contains(f",{site_id},")))
    if after is not None:
        query = query.where(PROPOSALS.c.proposal_id > after)
    return [proposal_of(row) for row in conn.execute(query).mappings()]


def open_by_site(conn: Connection) -> dict[int, tuple[Proposal, ...]]:
    """The open proposals of each site that has any, by its id; a merge stands under each of its sites."""
    found: dict[int, tuple[Proposal, ...]] = {}
    for proposal in find(conn, state=ProposalState.OPEN):
        for site_id in proposal.site_ids:
            found[site_id] = (*found.get(site_id, ()), proposal)
    return found


def open_ids(conn: Connection) -> dict[int, tuple[int, ...]]:
    """{site: its open proposals}: what bears an asterisk wherever it is shown; a merge is under each site."""
    columns = PROPOSALS.c
    query = (
        select(columns.proposal_id, columns.site_id, columns.other_sites)
        .where(columns.state == ProposalState.OPEN.value)
        .order_by(columns.proposal_id)
    )
    found: dict[int, tuple[int, ...]] = {}
    for number, first, others in conn.execute(query):
        for site_id in (first, *(int(other) for other in others.split(",") if other)):
            found[site_id] = (*found.get(site_id, ()), number)
    return found


def get(conn: Connection, proposal_id: int) -> Proposal:
    """The proposal with this id; raises `UnknownProposal`."""
    return proposal_of(_stored(conn, proposal_id))


def add(
    conn: Connection,
    site: Site,
    change: Change,
    *,
    actor: str,
    source: str,
    now: str,
    redrawing: Redrawing | None = None,
) -> Proposal:
    """The change, kept as an open proposal; whoever may decide on it is told.

    `redrawing` is there where the site leaves so that others enter. A proposal is made no earlier than the
    last row was recorded and decided no earlier than it was made, whatever the clock was set to meanwhile.
    """
    now = history.stamp(conn, now)
    others = () if redrawing is None else redrawing.site_ids[1:]
    key = conn.execute(
        insert(PROPOSALS).values(
            site_id=site.site_id,
            facts=canonical_json({fact.value: value for fact, value in change.facts.items()}),
            wkb=None if change.geometry is None else wkb_of(change.geometry),
            voids_seq=change.voids_seq,
            base_version=site.version,
            base_seq=history.head(conn)[0],
            proposed_by=actor,
            proposed_at=now,
            effective_on=change.effective_on.isoformat(),
            reason=change.reason,
            source=source,
            state=ProposalState.OPEN.value,
            comment="",
            redrawing=None if redrawing is None else redrawing_json(redrawing),
            other_sites="".join(f",{site_id}," for site_id in others),
        )
    ).inserted_primary_key
    proposal_id = new_key(key)
    notifications.notify_deciders(
        conn,
        (*units_of(conn, site, change), *(() if redrawing is None else entering_units(redrawing))),
        actor=actor,
        now=now,
        site_code=site.site_code,
        site_id=site.site_id,
        source=source,
        proposal_id=proposal_id,
    )
    return get(conn, proposal_id)


def units_of(conn: Connection, site: Site, change: Change) -> tuple[str | None, ...]:
    """The units that a change of the site concerns: those in which somebody needs the right to it."""
    rows = () if change.voids_seq is None else history.rows(conn, site_id=site.site_id)
    return concerned_units(site, change, rows)


def approve(
    conn: Connection, proposal_id: int, *, actor: str, now: str, comment: str = "", today: date | None = None
) -> Applied:
    """The proposal, released by somebody else: its rows are recorded now.

    Raises `UnknownProposal`, `ProposalDecided`, `SamePerson`, `ProposalOutdated` and, where the site has
    moved on, the errors of `geo.changes`.
    """
    stored = _stored(conn, proposal_id)
    proposal = _decidable(stored, actor)
    day = today or clock.local_date(now)
    now = history.stamp(conn, max(now, proposal.proposed_at))
    if proposal.redrawing is not None:
        applied = redrawings.carry_out(conn, proposal, proposal.redrawing, actor=actor, now=now, today=day)
        decided = _decide(conn, proposal_id, ProposalState.APPROVED, actor=actor, now=now, comment=comment)
        return Applied(applied.site, applied.seqs, decided, applied.entered)
    rows = history.rows(conn, site_id=proposal.site_id, with_wkb=True)
    touched = {Fact(fact) for fact in proposal.change.facts}
    if proposal.change.geometry is not None:
        touched.add(Fact.GEOMETRY)
    site = sites.get(conn, proposal.site_id)
    erased = erases(site, proposal.change)
    for row in rows:
        if row.seq > stored["base_seq"] and (erased or row.fact in touched):
            raise ProposalOutdated(fact=row.fact, site_id=proposal.site_id, proposal_id=proposal_id)
    plan = plan_change(
        site,
        rows,
        proposal.change,
        today=day,
        approved=True,
    )
    applied = record(
        conn,
        proposal.site_id,
        plan.rows_now,
        actor=proposal.proposed_by,
        reason=proposal.reason,
        source=proposal.source,
        proposed_at=proposal.proposed_at,
        now=now,
        approved_by=actor,
    )
    decided = _decide(conn, proposal_id, ProposalState.APPROVED, actor=actor, now=now, comment=comment)
    return Applied(applied.site, applied.seqs, decided)


def reject(conn: Connection, proposal_id: int, *, actor: str, now: str, comment: str = "") -> Proposal:
    """The proposal, turned down; its proposer may withdraw it so too.

    Raises `UnknownProposal` and `ProposalDecided`.
    """
    stored = _stored(conn, proposal_id)
    if stored["state"] != ProposalState.OPEN:
        raise ProposalDecided(proposal_id=proposal_id, state=stored["state"])
    now = history.stamp(conn, max(now, stored["proposed_at"]))
    return _decide(conn, proposal_id, ProposalState.REJECTED, actor=actor, now=now, comment=comment)


def tell_outdated(conn: Connection, proposal_id: int, *, now: str) -> None:
    """Tell the proposer that the site has changed since, so that the change has to be proposed anew."""
    proposal = get(conn, proposal_id)
    notifications.notify(
        conn,
        [proposal.proposed_by],
        NoticeKind.CONFLICT,
        now=now,
        subject=f"proposal:{proposal_id}",
        link=f"/sites/{proposal.site_id}",
        facts={"site": sites.get(conn, proposal.site_id).site_code},
        site_id=proposal.site_id,
    )


def _stored(conn: Connection, proposal_id: int) -> RowMapping:
    row = conn.execute(select(PROPOSALS).where(PROPOSALS.c.proposal_id == proposal_id)).mappings().first()
    if row is None:
        raise UnknownProposal(proposal_id=proposal_id)
    return row


def _decidable(stored: RowMapping, actor: str) -> Proposal:
    proposal = proposal_of(stored)
    if proposal.state is not ProposalState.OPEN:
        raise ProposalDecided(proposal_id=proposal.proposal_id, state=proposal.state)
    if not _same_name(actor):
        raise BadValue(field="actor", value=actor, problem="is nobody's name")
    if _same_name(actor) == _same_name(proposal.proposed_by):
        raise SamePerson(proposal_id=proposal.proposal_id, actor=proposal.proposed_by)
    return proposal


def _same_name(name: str) -> str:
    """The name as it is compared: width, case, spaces and invisible characters make no other person."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    spaced = "".join(
        sign if sign.isspace() or unicodedata.category(sign)[0] != "C" else "" for sign in folded
    )
    return " ".join(spaced.split())


def _decide(
    conn: Connection, proposal_id: int, state: ProposalState, *, actor: str, now: str, comment: str
) -> Proposal:
    conn.execute(
        update(PROPOSALS)
        .where(PROPOSALS.c.proposal_id == proposal_id)
        .values(state=state.value, decided_by=actor, decided_at=now, comment=comment)
    )
    decided = get(conn, proposal_id)
    approved, bulk = state is ProposalState.APPROVED, comes_in_bulk(decided.source)
    notifications.notify(
        conn,
        [decided.proposed_by],
        NoticeKind.PROPOSAL_APPROVED if approved else NoticeKind.PROPOSAL_REJECTED,
        now=now,
        subject=decided.source if bulk else f"proposal:{proposal_id}",
        link=f"/reviews?source={decided.source}" if bulk else f"/sites/{decided.site_id}",
        facts={"actor": actor, "site": sites.get(conn, decided.site_id).site_code, "comment": comment},
        site_id=None if bulk else decided.site_id,
        but=actor,
    )
    return decided


def proposal_of(row: RowMapping) -> Proposal:
    """The proposal of a stored row."""
    facts = cast("Mapping[str, object]", parse_json(row["facts"]))
    effective_on = date.fromisoformat(row["effective_on"])
    change = Change(
        facts={Fact(fact): value for fact, value in facts.items()},
        effective_on=effective_on,
        reason=row["reason"],
        geometry=None if row["wkb"] is None else geometry_of(row["wkb"]),
        voids_seq=row["voids_seq"],
    )
    return Proposal(
        proposal_id=row["proposal_id"],
        site_id=row["site_id"],
        change=change,
        base_version=row["base_version"],
        proposed_by=row["proposed_by"],
        proposed_at=row["proposed_at"],
        effective_on=effective_on,
        reason=row["reason"],
        state=ProposalState(row["state"]),
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        comment=row["comment"],
        source=row["source"],
        redrawing=None if row["redrawing"] is None else redrawing_of(row["redrawing"]),
    )
