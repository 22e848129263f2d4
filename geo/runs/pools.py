"""Pools: where the shards of a run are computed: in this process, in several, or on a Dask cluster.

Whatever the pool, results come in the order of the tasks, tasks are drawn only a few ahead of the results,
and a result depends on the task alone, so that figures do not depend on where they were computed. The
function and its tasks must be picklable: a function of a module, plain values.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from typing import Any, Final, Protocol, TypeVar

from geo.errors import InvalidInput, Refused, StoreError

Task = TypeVar("Task")
Found = TypeVar("Found")
Look = Callable[[], None]
"""Called often while a shard is computed or waited for; raises where the work is to stop."""

LOOK_SECONDS: Final = 0.2
"""How long a pool waits for a result before it looks again whether to stop."""

TRIES: Final = 2
"""How often a shard is given to a process that dies over it."""

_AHEAD: Final = 4


class WorkerDied(StoreError):
    """A process that computed a shard died, and so did the next one that tried."""

    template = (
        "the process that computed part {number} of the run died, and so did the next that tried it (killed, "
        "or out of memory: fewer workers need less); the run was given up and nothing of it is shown"
    )


class NoSuchPool(InvalidInput):
    """What was asked for as a pool is none."""

    template = "{setting}: {value!r} {problem}"


class ShardStopped(Refused):
    """The run was stopped while a shard was computed."""

    template = "the run was stopped"


def keep_on() -> None:
    """A `Look` that never stops."""


class Pool(Protocol):
    """Computes shards."""

    def map_shards(
        self, function: Callable[[Task, Look], Found], tasks: Iterable[Task], *, look: Look = keep_on
    ) -> Iterator[Found]:
        """`function(task, look)` of every task, in their order; `look` is called often and may raise."""
        ...


@dataclass(frozen=True, slots=True)
class Serial:
    """Computes every shard in this process, one after the other."""

    def map_shards(
        self, function: Callable[[Task, Look], Found], tasks: Iterable[Task], *, look: Look = keep_on
    ) -> Iterator[Found]:
        """`function(task, look)` of every task, in their order."""
        for task in tasks:
            look()
            yield function(task, look)


@dataclass(frozen=True, slots=True)
class Processes:
    """Computes shards in `workers` processes of this machine, started anew (spawned) for each run.

    A shard whose process dies is given to a new one once; then `WorkerDied` is raised.
    """

    workers: int

    def map_shards(
        self, function: Callable[[Task, Look], Found], tasks: Iterable[Task], *, look: Look = keep_on
    ) -> Iterator[Found]:
        """`function(task, look)` of every task, in their order, computed side by side."""
        stopping = multiprocessing.get_context("spawn").Event()
        hands = [_Hand(function, stopping) for _ in range(self.workers)]
        try:
            yield from _in_order(hands, tasks, look)
        finally:
            stopping.set()
            for hand in hands:
                hand.let_go()


def pool_of(workers: int = 1, dask: str | None = None) -> Pool:
    """The pool that the settings ask for: a Dask cluster where one is named, else this many processes.

    Raises `NoSuchPool` for no process at all and for what is no address of a scheduler.
    """
    if dask:
        if "://" not in dask:
            raise NoSuchPool(setting="dask", value=dask, problem="is no address such as tcp://127.0.0.1:8786")
        from geo.runs.dask_pool import DaskCluster  # noqa: PLC0415 - a second that most starts can do without

        return DaskCluster(dask)
    if workers < 1:
        raise NoSuchPool(setting="workers", value=workers, problem="is not a number of processes from 1 on")
    return Serial() if workers == 1 else Processes(workers)


@dataclass(slots=True)
class _Job:
    """A task on its way: its place, how often it was tried, and where its result will be."""

    number: int
    task: Any
    tries: int
    future: Future[Any]


class _Hand:
    """One process and the tasks that it was given, oldest first."""

    def __init__(self, function: Callable[[Any, Look], Any], stopping: Event) -> None:
        self._function = function
        self._stopping = stopping
        self._executor: ProcessPoolExecutor | None = None
        self.given: deque[_Job] = deque()

    def give(self, number: int, task: Any) -> None:
        """Let the process compute one more task when it comes to it."""
        self.given.append(_Job(number, task, 1, self._submit(task)))

    def taken(self) -> Iterator[tuple[int, Any]]:
        """The finished tasks of the process with their results; a dead process is replaced."""
        while self.given and self.given[0].future.done():
            job = self.given[0]
            try:
                found = job.future.result()
            except BrokenProcessPool as error:
                if job.tries >= TRIES:
                    raise WorkerDied(number=job.number + 1) from error
                job.tries += 1
                self._replace()
                return
            self.given.popleft()
            yield job.number, found

    def let_go(self) -> None:
        """End the process after what it is doing right now."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)

    def _replace(self) -> None:
        self.let_go()
        self._executor = None
        for job in self.given:
            job.future = self._submit(job.task)

    def _submit(self, task: Any) -> Future[Any]:
        for last in (False, True):
            if self._executor is None:
                self._executor = ProcessPoolExecutor(
                    1, multiprocessing.get_context("spawn"), _begin, (self._stopping,)
                )
            try:
                return self._executor.submit(_call, self._function, task)
            except BrokenProcessPool:
                if last:
                    raise
                self._executor = None
        raise AssertionError("unreachable")


def _in_order(hands: list[_Hand], tasks: Iterable[Any], look: Look) -> Iterator[Any]:
    waiting = enumerate(tasks)
    drawn, given_out, over = 0, 0, False
    done: dict[int, Any] = {}
    while True:
        for depth in (1, 2):
            for hand in hands:
                if over or len(hand.given) >= depth or drawn - given_out >= _AHEAD * len(hands):
                    continue
                look()
                task = next(waiting, None)
                if task is None:
                    over = True
                    continue
                hand.give(*task)
                drawn += 1
        if over and given_out == drawn:
            return
        wait([job.future for hand in hands for job in hand.given], LOOK_SECONDS, FIRST_COMPLETED)
        look()
        for hand in hands:
            done.update(hand.taken())
        while given_out in done:
            yield done.pop(given_out)
            given_out += 1


_stopping: Event | None = None


def _begin(stopping: Event) -> None:
    """Prepare a process of a pool: it leaves Ctrl-C to its parent and ends with it, however that ends."""
    global _stopping  # noqa: PLW0603 - one event a process, handed over when it starts
    _stopping = stopping
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), name="reverdure-parent", daemon=True).start()


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _look() -> None:
    if _stopping is not None and _stopping.is_set():
        raise ShardStopped


def _call(function: Callable[[Any, Look], Any], task: Any) -> Any:
    return function(task, _look)
