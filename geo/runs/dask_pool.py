"""A Dask cluster as a pool: the one module that imports Dask.

The scheduler and its workers run this very version of Reverdure, reach the rasters under the paths or
addresses that the store knows, and lie in a network where everybody is trusted: a Dask worker runs what it is
sent.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from distributed import Client
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker

from geo.errors import StoreError
from geo.runs.pools import LOOK_SECONDS, Found, Look, Task, WorkerDied, keep_on

_CONNECT_S: Final = 10
_WORKERS_S: Final = 30
_AHEAD: Final = 4


class ClusterAway(StoreError):
    """The Dask cluster cannot be used."""

    template = "the Dask cluster at {address} cannot be used: {problem}"


@dataclass(frozen=True, slots=True)
class DaskCluster:
    """Computes shards on the workers of a Dask scheduler at `address` (`tcp://host:port`).

    The scheduler gives a shard whose worker dies to another, as often as its `allowed-failures` says.
    """

    address: str

    def map_shards(
        self, function: Callable[[Task, Look], Found], tasks: Iterable[Task], *, look: Look = keep_on
    ) -> Iterator[Found]:
        """`function(task, look)` of every task, in their order, computed side by side."""
        with self._client() as client:
            ahead = _AHEAD * self._threads(client, look)
            waiting: deque[tuple[int, Any]] = deque()
            try:
                for number, task in enumerate(tasks):
                    waiting.append((number, client.submit(_call, function, task, pure=False)))
                    while len(waiting) >= ahead or (waiting and waiting[0][1].done()):
                        yield self._next(waiting, look)
                    look()
                while waiting:
                    yield self._next(waiting, look)
            finally:
                client.cancel([future for _, future in waiting])

    def _next(self, waiting: deque[tuple[int, Any]], look: Look) -> Any:
        """The result of the oldest task, waited for; it waits no more then."""
        number, future = waiting[0]
        while not future.done():
            look()
            time.sleep(LOOK_SECONDS / 10)
        try:
            found = future.result()
        except KilledWorker as error:
            raise WorkerDied(number=number + 1) from error
        except (CommClosedError, CancelledError) as error:
            raise ClusterAway(address=self.address, problem="it went away during the run") from error
        waiting.popleft()
        return found

    def _threads(self, client: Any, look: Look) -> int:
        """How many shards the workers compute at once; waits a while for the first worker."""
        until = time.monotonic() + _WORKERS_S
        while time.monotonic() < until:
            threads = sum(client.nthreads().values())
            if threads:
                return int(threads)
            look()
            time.sleep(LOOK_SECONDS)
        raise ClusterAway(address=self.address, problem="it has no workers")

    @contextmanager
    def _client(self) -> Iterator[Any]:
        try:
            client = Client(self.address, timeout=_CONNECT_S, set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, ValueError, CommClosedError, TimeoutError) as error:
            raise ClusterAway(address=self.address, problem="nobody answers there") from error
        try:
            yield client
        finally:
            client.close()  # type: ignore[no-untyped-call]


def _call(function: Callable[[Any, Look], Any], task: Any) -> Any:
    return function(task, keep_on)
