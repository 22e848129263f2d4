"""The life of a run: made and begun, looked after while it works, and ended by what its work came to.

A run that is refused before it begins, since what it was asked for cannot be, leaves no trace; one that fails
or is given up later keeps its row, with the reason.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from geo.errors import Refused, ReverdureError
from geo.runs.owner import Heartbeat, this_process
from geo.runs.waste import clear_waste
from geo.store import Store, runs

_log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Called with what is done and what there is to do; raises where the work is to stop."""

NOTE_SECONDS: Final = 0.5
"""How often progress is written into the store, and how soon a wish to stop is seen."""


class RunCancelled(Refused):
    """Somebody asked the run to stop."""

    template = "the run {run_id} was cancelled"


class RunStopped(Refused):
    """The worker is asked to end."""

    template = "the worker stops; the run {run_id} waits for its next start"


class Work:
    """A run that this process works on; called with its progress, it notes it and raises where to stop."""

    def __init__(self, store: Store, run_id: int, progress: Progress | None) -> None:
        self.run_id = run_id
        self._store = store
        self._progress = progress
        self._noted = time.monotonic()
        self._at = (0, 0)

    def look(self) -> None:
        """Raise where the work is to stop; called where nothing more is done yet."""
        self(*self._at)

    def __call__(self, done: int, total: int) -> None:
        """Note how far the work has come; raises where it is to stop."""
        self._at = (done, total)
        if self._progress is not None:
            self._progress(done, total)
        if time.monotonic() - self._noted < NOTE_SECONDS and done < total:
            return
        self._noted = time.monotonic()
        with self._store.write() as conn:
            if runs.cancel_requested(conn, self.run_id):
                raise RunCancelled(run_id=self.run_id)
            runs.progress(conn, self.run_id, done, total, "")


@contextmanager
def at_work(
    store: Store,
    kind: str,
    params: Mapping[str, object],
    *,
    run_id: int | None,
    progress: Progress | None,
) -> Iterator[Work]:
    """The run on which the block works: the one that this process holds already, else a new one.

    The block finishes the run; a new one is ended here where the block raises (`ended_by_errors`).
    """
    if run_id is not None:
        with Heartbeat(store, run_id):
            yield Work(store, run_id, progress)
        return
    with store.write() as conn:
        created = runs.create(conn, kind, params)
        runs.start(conn, created.run_id, owner=this_process())
    with ended_by_errors(store, created.run_id), Heartbeat(store, created.run_id):
        yield Work(store, created.run_id, progress)


@contextmanager
def ended_by_errors(store: Store, run_id: int) -> Iterator[None]:
    """End the run by what its block raises, and pass that on; then clear away what nobody will see.

    One that is to stop with its worker waits again, one that somebody gave up is cancelled, all else fails.
    """
    try:
        yield
    except BaseException as error:
        with store.write() as conn:
            if isinstance(error, RunStopped):
                _log.info("run stopped with the worker", extra={"run_id": run_id})
                runs.requeue(conn, run_id)
            elif isinstance(error, RunCancelled | KeyboardInterrupt):
                runs.cancelled(conn, run_id)
            elif isinstance(error, ReverdureError):
                _log.info("run failed", extra={"run_id": run_id, "error": error.slug()})
                runs.fail(conn, run_id, str(error))
            else:
                runs.fail(conn, run_id, "an unexpected error; the log has it")
        raise
    finally:
        clear_waste(store)
