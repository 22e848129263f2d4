"""Jobs: runs that wait in the store, and the thread that works them off."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from geo import clock
from geo.candidate_search import (
    CandidateQuery,
    candidate_query_of,
    candidate_run_params,
    find_candidates,
    plan_candidates,
)
from geo.errors import InvalidInput, ReverdureError, StoreError
from geo.recover.params import params_of, run_params
from geo.recover.plan import RecoverParams, plan_recovery
from geo.recover.run import recover
from geo.runs.owner import GONE_SECONDS, take_back, this_process
from geo.runs.pools import Pool, Serial
from geo.runs.run import Run, RunState
from geo.runs.work import Progress, RunStopped, ended_by_errors
from geo.spectral.params import SpectralParams, spectral_params_of, spectral_run_params
from geo.spectral.plan import plan_spectral
from geo.spectral.run import spectral_recovery
from geo.store import Store, runs
from geo.subsidence.plan import (
    SubsidenceParams,
    plan_subsidence,
    subsidence_params_of,
    subsidence_run_params,
)
from geo.subsidence.run import find_subsidence

_log = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.5
"""How long the worker rests when no run waits."""


def submit_recovery(store: Store, params: RecoverParams, *, requested_by: str | None = None) -> Run:
    """A queued run for these parameters; `requested_by` is told when it is over.

    Raises as `recover` does where they cannot be met.
    """
    plan_recovery(store, params, today=clock.today())
    with store.write() as conn:
        return runs.create(conn, "recovery", run_params(params), requested_by=requested_by)


def submit_subsidence(store: Store, params: SubsidenceParams, *, requested_by: str | None = None) -> Run:
    """A queued run for these parameters. Raises as `find_subsidence` does where they cannot be met."""
    plan_subsidence(store, params)
    with store.write() as conn:
        return runs.create(conn, "subsidence", subsidence_run_params(params), requested_by=requested_by)


def submit_spectral(store: Store, params: SpectralParams, *, requested_by: str | None = None) -> Run:
    """A queued run for these parameters. Raises as `spectral_recovery` does where they cannot be met."""
    with store.read() as conn:
        plan_spectral(conn, params)
    with store.write() as conn:
        return runs.create(conn, "spectral", spectral_run_params(params), requested_by=requested_by)


def submit_candidates(store: Store, query: CandidateQuery, *, requested_by: str | None = None) -> Run:
    """A queued search for new water. Raises as `find_candidates` does where it cannot be made."""
    plan_candidates(store, query)
    with store.write() as conn:
        return runs.create(conn, "candidates", candidate_run_params(query), requested_by=requested_by)


def _recover(store: Store, run: Run, progress: Progress, pool: Pool) -> None:
    recover(store, params_of(run), run_id=run.run_id, progress=progress, pool=pool, keep=False)


def _find_subsidence(store: Store, run: Run, progress: Progress, pool: Pool) -> None:
    params = subsidence_params_of(run)
    find_subsidence(store, params, run_id=run.run_id, progress=progress, pool=pool, keep=False)


def _spectral(store: Store, run: Run, progress: Progress, pool: Pool) -> None:
    params = spectral_params_of(run.params)
    spectral_recovery(store, params, run_id=run.run_id, progress=progress, pool=pool, keep=False)


def _find_candidates(store: Store, run: Run, progress: Progress, _pool: Pool) -> None:
    find_candidates(store, candidate_query_of(run), run_id=run.run_id, progress=progress)


WORK: Final[Mapping[str, Callable[[Store, Run, Progress, Pool], None]]] = {
    "recovery": _recover,
    "subsidence": _find_subsidence,
    "spectral": _spectral,
    "candidates": _find_candidates,
}
"""What works off a run of each kind."""


class UnknownRunKind(InvalidInput):
    """Nothing here works off runs of this kind."""

    template = "the run {run_id} is of the kind {kind!r}; known: {known}"


def _work_off(store: Store, run: Run, progress: Progress, pool: Pool) -> None:
    if run.kind not in WORK:
        raise UnknownRunKind(run_id=run.run_id, kind=run.kind, known=", ".join(WORK))
    WORK[run.kind](store, run, progress, pool)


class Worker:
    """One thread that works off the queued runs of a store, oldest first.

    Runs that a process left half done are queued again when it is gone: at the start, and now and then; they
    go on behind their last finished shard. `pool` computes the shards, this process itself unless given.
    """

    def __init__(self, store: Store, pool: Pool | None = None) -> None:
        self._store = store
        self._pool = pool or Serial()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; a worker that runs already goes on."""
        if self._thread is not None and self._thread.is_alive():
            return
        take_back(self._store)
        self._stopping.clear()
        self._thread = threading.Thread(target=self._work, name="reverdure-worker", daemon=True)
        self._thread.start()

    def is_alive(self) -> bool:
        """Whether the thread works or waits for work."""
        return self._thread is not None and self._thread.is_alive()

    def is_idle(self) -> bool:
        """Whether no run waits and this process holds none."""
        with self._store.read() as conn:
            mine = [one for one in runs.held(conn) if one.owner == this_process()]
            return not mine and not runs.find(conn, RunState.QUEUED, 1)

    def stop(self, timeout_s: float = 30.0) -> None:
        """End after the present block of the present run, which then waits again."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def run_next(self) -> Run | None:
        """The oldest queued run, worked off; None where none waits."""
        with self._store.write() as conn:
            run = runs.claim(conn, owner=this_process())
        if run is None:
            return None
        self._settle(run)
        with self._store.read() as conn:
            return runs.get(conn, run.run_id)

    def _work(self) -> None:
        looked = time.monotonic()
        while not self._stopping.is_set():
            if time.monotonic() - looked > GONE_SECONDS:
                self._take_back()
                looked = time.monotonic()
            if not self._has_work():
                self._stopping.wait(POLL_SECONDS)
                continue
            one = threading.Thread(target=self.run_next, name="reverdure-run", daemon=True)
            one.start()
            one.join()

    def _take_back(self) -> None:
        try:
            take_back(self._store)
        except StoreError as error:
            _log.warning("runs left behind are not taken back", extra={"error": error.slug()})

    def _has_work(self) -> bool:
        with self._store.read() as conn:
            return bool(runs.find(conn, RunState.QUEUED, 1))

    def _settle(self, run: Run) -> None:
        def stop(_done: int, _total: int) -> None:
            if self._stopping.is_set():
                raise RunStopped(run_id=run.run_id)

        with suppress(ReverdureError), ended_by_errors(self._store, run.run_id):
            _work_off(self._store, run, stop, self._pool)
