"""`reverdure worker`: work off the queue of runs in a process of its own."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Annotated

import typer

from api.cli import console


def worker(
    store: console.StoreOption = console.DEFAULT_STORE,
    workers: console.WorkersOption = None,
    dask: console.DaskOption = None,
    once: Annotated[
        bool, typer.Option("--once", help="End when nothing waits any more, instead of waiting for more.")
    ] = False,
) -> None:
    """Work off the runs that wait, and go on with those that a process left half done when it ended.

    Ctrl-C, or SIGTERM, ends it after the present part; the run then waits for the next worker.
    """
    from geo.runs.jobs import Worker

    pool = console.pool(workers, dask)
    over = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        over.set()

    with console.opened(store) as opened:
        worked = Worker(opened, pool)
        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        worked.start()
        try:
            console.note(f"works off the runs of {store}  (Ctrl-C stops it)")
            while not over.wait(0.2) and worked.is_alive() and not (once and worked.is_idle()):
                pass
        finally:
            worked.stop()
            for number, handler in before.items():
                signal.signal(number, handler)
