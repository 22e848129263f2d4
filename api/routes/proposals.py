"""Proposals: what waits for a second person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response

from api import deps, shapes
from api.auth.rights import require
from api.auth.trail import doer_of
from api.deciding import Decision
from api.paging import next_url, page_of
from api.retries import RetryDep
from api.reviewing import ProposalFilterDep
from api.schemas.proposals import (
    ChangedSite,
    CommentIn,
    CommentItem,
    DecisionIn,
    ProposalItem,
    ProposalList,
)
from api.strict_json import StrictRoute
from geo import clock
from geo.accounts.rights import Action
from geo.store import cities, comments, proposal_search, proposals, sites
from geo.store.recording import ProposalOutdated

router = APIRouter(
    prefix="/api/proposals", tags=["proposals"], route_class=StrictRoute, dependencies=[require(Action.READ)]
)

As = Annotated[
    str | None,
    Header(
        alias="X-Reverdure-As", max_length=200, description="Who decides, where the body does not say it."
    ),
]


@router.get("")
def list_proposals(
    request: Request, store: deps.StoreDep, wanted: ProposalFilterDep, limit: deps.Limit = 100
) -> ProposalList:
    """The proposals, the oldest first; the open ones by default."""
    with store.read() as conn:
        for adcode in wanted.adcodes or ():
            cities.get(conn, adcode)
        page, last = page_of(proposal_search.find(conn, replace(wanted, limit=limit + 1)), limit)
        items = shapes.proposal_items(conn, page)
    return ProposalList(items=items, next=next_url(request, None if last is None else last.proposal_id))


@router.get("/{proposal_id}")
def get_proposal(proposal_id: deps.Id, store: deps.StoreDep) -> ProposalItem:
    """One proposal."""
    with store.read() as conn:
        return shapes.proposal_items(conn, [proposals.get(conn, proposal_id)])[0]


@router.post(
    "/{proposal_id}/comments",
    status_code=201,
    response_model=CommentItem,
    dependencies=[require(Action.COMMENT)],
)
def comment(
    proposal_id: deps.Id,
    body: CommentIn,
    store: deps.StoreDep,
    rights: deps.RightsDep,
    retry: RetryDep,
) -> Response:
    """Say something of a proposal; proposer and reviewers are told."""
    with store.write() as conn:
        proposal = proposals.get(conn, proposal_id)
        rights.check_comment(conn, proposal, sites.get(conn, proposal.site_id))

        def work() -> Response:
            said = comments.add(conn, proposal, author=rights.name, text=body.text, now=clock.now_utc())
            return shapes.json_answer(CommentItem.model_validate(said), status=201)

        return retry.once(conn, body.text, work)


def decider(
    request: Request, rights: deps.RightsDep, today: deps.TodayDep, as_: As = None
) -> Callable[[DecisionIn], Decision]:
    """How the decision is made that the body of the request asks for."""

    def decision(given: DecisionIn) -> Decision:
        actor = rights.as_person(given.as_ or as_)
        return Decision(rights, doer_of(request, actor), actor, clock.now_utc(), given.comment, today)

    return decision


DecideDep = Annotated[Callable[[DecisionIn], Decision], Depends(decider)]


@router.post(
    "/{proposal_id}/approve",
    response_model=ChangedSite,
    dependencies=[require(Action.DECIDE)],
)
def approve(
    proposal_id: deps.Id,
    store: deps.StoreDep,
    decide: DecideDep,
    lang: deps.LangDep,
    retry: RetryDep,
    body: DecisionIn | None = None,
) -> Response:
    """Release a proposal under another name than the proposer's."""
    decision = decide(body or DecisionIn())
    try:
        with store.write() as conn:
            proposal = proposals.get(conn, proposal_id)
            decision.check(conn, proposal)

            def work() -> Response:
                return shapes.changed_answer(conn, decision.approve(conn, proposal), lang)

            return retry.once(conn, f"{decision.actor} {decision.comment}", work)
    except ProposalOutdated:
        with store.write() as conn:
            proposals.tell_outdated(conn, proposal_id, now=decision.now)
        raise


@router.post("/{proposal_id}/reject", response_model=ProposalItem, dependencies=[require(Action.WITHDRAW)])
def reject(
    proposal_id: deps.Id,
    store: deps.StoreDep,
    decide: DecideDep,
    retry: RetryDep,
    body: DecisionIn | None = None,
) -> Response:
    """Turn a proposal down; its proposer may withdraw it so."""
    decision = decide(body or DecisionIn())
    with store.write() as conn:
        proposal = proposals.get(conn, proposal_id)
        decision.check_rejection(conn, proposal)

        def work() -> Response:
            decided = decision.reject(conn, proposal)
            return shapes.json_answer(shapes.proposal_items(conn, [decided])[0])

        return retry.once(conn, f"{decision.actor} {decision.comment}", work)
