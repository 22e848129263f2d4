"""Proposals by where their sites lie, what these are and who proposed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, and_, cast, func, or_, select

from geo.proposals import Proposal, ProposalState
from geo.store import embedded, sites
from geo.store.proposals import proposal_of
from geo.store.tables import PROPOSALS, SITES


@dataclass(frozen=True, slots=True)
class ProposalFilter:
    """Which proposals are asked for; None asks for all. Pages by `after`, the last id of the page before.

    `adcodes` are units in which, or below which, any site of the proposal lies now or would lie: the new unit
    of a move, those of a split or merge. `kind` is the first site's. `not_by` leaves out what somebody
    proposed; `source` is what they came from, such as `undo:3`.
    """

    state: ProposalState | None = ProposalState.OPEN
    site_id: int | None = None
    adcodes: frozenset[str] | None = None
    kind: str | None = None
    proposed_by: str | None = None
    not_by: str | None = None
    source: str | None = None
    after: int | None = None
    limit: int | None = None


def find(conn: Connection, wanted: ProposalFilter) -> list[Proposal]:
    """The proposals that match, in order of their ids."""
    query = _matching(select(PROPOSALS), wanted).order_by(PROPOSALS.c.proposal_id).limit(wanted.limit)
    return [proposal_of(row) for row in conn.execute(query).mappings()]


def count(conn: Connection, wanted: ProposalFilter) -> int:
    """How many proposals match, from `after` on."""
    query = _matching(select(func.count()).select_from(PROPOSALS), wanted)
    return int(conn.execute(query).scalar_one())


def proposers(conn: Connection) -> list[str]:
    """Who has open proposals, by name."""
    query = select(PROPOSALS.c.proposed_by).where(PROPOSALS.c.state == ProposalState.OPEN.value)
    return sorted(conn.execute(query.distinct()).scalars())


def _matching(query: Select[Any], wanted: ProposalFilter) -> Select[Any]:
    columns = PROPOSALS.c
    if wanted.state is not None:
        query = query.where(columns.state == wanted.state.value)
    if wanted.site_id is not None:
        others = columns.other_sites.contains(f",{wanted.site_id},")
        query = query.where(or_(columns.site_id == wanted.site_id, others))
    if wanted.adcodes is not None:
        query = query.where(_concerns(wanted.adcodes))
    if wanted.kind is not None:
        query = query.where(columns.site_id.in_(select(SITES.c.fid).where(SITES.c.kind == wanted.kind)))
    if wanted.proposed_by is not None:
        query = query.where(columns.proposed_by == wanted.proposed_by)
    if wanted.source is not None:
        query = query.where(columns.source == wanted.source)
    if wanted.not_by is not None:
        query = query.where(columns.proposed_by != wanted.not_by)
    return query if wanted.after is None else query.where(columns.proposal_id > wanted.after)


def _concerns(adcodes: frozenset[str]) -> ColumnElement[bool]:
    """The condition that a proposal changes a site in one of the units, or brings one there."""
    columns, inside = PROPOSALS.c, sites.inside(adcodes)
    here, key = inside(SITES.c.adcode), "," + cast(SITES.c.fid, Text) + ","
    others = select(SITES.c.fid).where(here, columns.other_sites.contains(key)).correlate(PROPOSALS)
    return or_(
        columns.site_id.in_(select(SITES.c.fid).where(here)),
        and_(columns.other_sites != "", others.exists()),
        embedded.leads_into(columns.facts, columns.redrawing, inside),
    )
