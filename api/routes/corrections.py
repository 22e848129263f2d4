"""Corrections: a row of the history that was wrong is voided and replaced, or an event is taken back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api import deps, shapes
from api.auth.rights import require
from api.retries import RetryDep
from api.routes.sites import WRITES
from api.schemas.proposals import ChangedSite
from api.schemas.redrawings import CorrectionIn, UndoIn
from api.site_writing import change_site
from api.strict_json import StrictRoute
from geo.accounts.rights import Action
from geo.changes import Change, UnknownRow
from geo.history import Fact
from geo.store import history, sites
from geo.undoing import undo_of

router = APIRouter(tags=["sites"], route_class=StrictRoute, dependencies=[require(Action.READ)])


@router.post(
    "/api/sites/{site_id}/corrections",
    response_model=ChangedSite,
    responses=WRITES,
    dependencies=[require(Action.CHANGE_SITE)],
)
def correct_site(
    site_id: deps.Id, body: CorrectionIn, request: Request, write: Annotated[deps.Write, Depends()]
) -> Response:
    """Void a wrong row and state what is right in its place, on its day or on another.

    The correction is checked against the rows before and after it in effective order.
    """
    facts, polygon = body.facts(), None if body.geometry is None else body.geometry.polygon()
    with write.store.write() as conn:
        if polygon is not None:
            facts[Fact.UNIT] = request.app.state.units.fact(conn, polygon)
        rows = history.rows(conn, site_id=sites.get(conn, site_id).site_id)
        wrong = next((row for row in rows if row.seq == body.voids_seq), None)
        if wrong is None:
            raise UnknownRow(site_id=site_id, seq=body.voids_seq)
        change = Change(facts, body.effective_on or wrong.effective_on, body.reason, polygon, wrong.seq)
        applied = change_site(conn, site_id, change, write)
        return shapes.changed_answer(conn, applied, write.lang)


@router.post(
    "/api/history/{seq}/undo",
    response_model=ChangedSite,
    responses=WRITES,
    dependencies=[require(Action.CHANGE_SITE)],
)
def undo(
    seq: deps.Id,
    write: Annotated[deps.Write, Depends()],
    retry: RetryDep,
    body: UndoIn | None = None,
) -> Response:
    """Take an event back by a new event; what needs a second person waits for one.

    If-Match is the ETag of the site. Undoing an undo states what it took back anew.
    """
    reason = (body or UndoIn()).reason or f"undo of row {seq}"
    write.idempotency_key = None
    with write.store.write() as conn:

        def work() -> Response:
            site_id = history.site_of(conn, seq)
            change = undo_of(history.rows(conn, site_id=site_id, with_wkb=True), seq, reason=reason)
            applied = change_site(conn, site_id, change, write)
            return shapes.changed_answer(conn, applied, write.lang)

        return retry.once(conn, reason, work)
