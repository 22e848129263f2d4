"""All open proposals of one source, approved or rejected together."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Response

from api import deps, shapes
from api.auth.rights import require
from api.retries import RetryDep
from api.routes.proposals import DecideDep
from api.schemas.proposals import BatchIn, BatchOut
from api.strict_json import StrictRoute
from geo.accounts.rights import Action
from geo.proposals import Proposal
from geo.store import Connection, batch_decisions

router = APIRouter(
    prefix="/api/proposals", tags=["proposals"], route_class=StrictRoute, dependencies=[require(Action.READ)]
)


@router.post("/approve", response_model=BatchOut, dependencies=[require(Action.DECIDE)])
def approve_all(body: BatchIn, store: deps.StoreDep, decide: DecideDep, retry: RetryDep) -> Response:
    """Release all open proposals of one source: all of them or, with `partly`, those alone that can be."""
    decision = decide(body)

    def approve(conn: Connection, proposal: Proposal) -> None:
        decision.check(conn, proposal)
        decision.approve(conn, proposal)

    return _all(body, store, retry, approve)


@router.post("/reject", response_model=BatchOut, dependencies=[require(Action.WITHDRAW)])
def reject_all(body: BatchIn, store: deps.StoreDep, decide: DecideDep, retry: RetryDep) -> Response:
    """Turn all open proposals of one source down; their proposer may withdraw them so."""
    decision = decide(body)

    def reject(conn: Connection, proposal: Proposal) -> None:
        decision.check_rejection(conn, proposal)
        decision.reject(conn, proposal)

    return _all(body, store, retry, reject)


def _all(
    body: BatchIn, store: deps.StoreDep, retry: RetryDep, decide: Callable[[Connection, Proposal], None]
) -> Response:
    with store.write() as conn:

        def work() -> Response:
            found = batch_decisions.decide_source(
                conn, body.source, lambda one: decide(conn, one), partly=body.partly
            )
            return shapes.json_answer(BatchOut.of(body.source, found))

        return retry.once(conn, body.model_dump_json(), work)
