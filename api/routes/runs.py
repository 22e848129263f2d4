"""Runs: queue work, watch it, stop it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Final

import anyio
from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from api import deps
from api.auth.rights import require
from api.paging import next_url, page_of
from api.retries import RetryDep
from api.schemas.candidates import CandidateRunIn
from api.schemas.run_kinds import AnyRunIn
from api.schemas.runs import RunIn, RunItem, RunList
from api.schemas.spectral import SpectralRunIn
from api.shapes import json_answer
from api.strict_json import StrictRoute
from geo.accounts.rights import Action
from geo.recover.plan import RecoverParams
from geo.runs.jobs import submit_candidates, submit_recovery, submit_spectral, submit_subsidence
from geo.runs.run import Run, RunState
from geo.store import Store, runs
from geo.subsidence.plan import SubsidenceParams

router = APIRouter(
    prefix="/api/runs", tags=["runs"], route_class=StrictRoute, dependencies=[require(Action.READ)]
)

LOOK_EVERY_S: Final = 0.5
BEAT_EVERY: Final = 30


@router.post("", status_code=202, response_model=RunItem, dependencies=[require(Action.RUN)])
def add_run(body: AnyRunIn, store: deps.StoreDep, rights: deps.RightsDep, retry: RetryDep) -> Response:
    """Queue a run of any kind; its place is in Location, its progress under `/events` there."""

    def work() -> Response:
        run = _submit(body, store, rights.name)
        return json_answer(RunItem.of(run), status=202, headers={"Location": f"/api/runs/{run.run_id}"})

    return retry.around(store, body.model_dump_json(), work)


def _submit(body: RunIn | SpectralRunIn | CandidateRunIn, store: Store, requested_by: str) -> Run:
    if isinstance(body, CandidateRunIn):
        return submit_candidates(store, body.query(), requested_by=requested_by)
    if isinstance(body, SpectralRunIn):
        return submit_spectral(store, body.params(), requested_by=requested_by)
    site_ids = None if body.site_ids is None else tuple(sorted(set(body.site_ids)))
    if body.kind == "subsidence":
        return submit_subsidence(
            store,
            SubsidenceParams(body.product, body.edition, body.threshold, body.last_epochs, site_ids=site_ids),
            requested_by=requested_by,
        )
    return submit_recovery(
        store,
        RecoverParams(
            product=body.product,
            edition=body.edition,
            from_year=body.from_year,
            to_year=body.to_year,
            site_ids=site_ids,
        ),
        requested_by=requested_by,
    )


@router.get("")
def list_runs(
    request: Request,
    store: deps.StoreDep,
    state: Annotated[RunState | None, Query(description="Only runs in this state.")] = None,
    limit: deps.Limit = 100,
    after: deps.After = None,
) -> RunList:
    """The runs, the newest first."""
    with store.read() as conn:
        found = [run for run in runs.find(conn, state) if after is None or run.run_id < after]
    page, last = page_of(found, limit)
    items = [RunItem.of(run) for run in page]
    return RunList(items=items, next=next_url(request, None if last is None else last.run_id))


@router.get("/{run_id}")
def get_run(run_id: deps.Id, store: deps.StoreDep) -> RunItem:
    """One run with its progress."""
    with store.read() as conn:
        return RunItem.of(runs.get(conn, run_id))


@router.delete("/{run_id}", status_code=202, dependencies=[require(Action.RUN)])
def cancel_run(run_id: deps.Id, store: deps.StoreDep, rights: deps.RightsDep) -> RunItem:
    """Ask a run to stop, as who started it or an administrator may: at once, or when it next looks."""
    with store.write() as conn:
        rights.check_own(Action.RUN, runs.requested_by(conn, run_id))
        return RunItem.of(runs.request_cancel(conn, run_id))


@router.get("/{run_id}/events", response_class=StreamingResponse)
async def run_events(run_id: deps.Id, request: Request, store: deps.StoreDep) -> StreamingResponse:
    """The run's progress as server-sent events `progress`, until one `end` when it is over."""
    await to_thread.run_sync(get_run, run_id, store)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(run_id, request, store), media_type="text/event-stream", headers=headers)


async def _events(run_id: int, request: Request, store: Store) -> AsyncIterator[str]:
    shown: RunItem | None = None
    quiet = 0
    while not request.app.state.closing and not await request.is_disconnected():
        run = await to_thread.run_sync(get_run, run_id, store)
        if run != shown:
            yield event_text("end" if run.is_over else "progress", run)
            shown, quiet = run, 0
        elif (quiet := quiet + 1) % BEAT_EVERY == 0:
            yield ": still here\n\n"
        if run.is_over:
            return
        await anyio.sleep(LOOK_EVERY_S)


def event_text(name: str, run: RunItem) -> str:
    """One server-sent event; its id is the step that the run had reached."""
    data = json.dumps(run.model_dump(mode="json"), ensure_ascii=False)
    return f"event: {name}\nid: {run.done}\nretry: 2000\ndata: {data}\n\n"
