"""A run going through its shards: parts are read, given to the pool, and what comes back is kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from geo.runs.pools import Look, Pool
from geo.runs.shards import Shard
from geo.runs.work import Work
from geo.store import Connection, Store, run_shards


class PartOfRun(Protocol):
    """The sites of a shard as a run read them. `key` changes with all that their results depend on."""

    @property
    def shard(self) -> Shard:
        """The shard."""

    @property
    def key(self) -> str:
        """The digest that says whether what was kept of the shard still holds."""

    @property
    def total_key(self) -> str:
        """The digest that says whether what it came to still holds."""


Part = TypeVar("Part", bound=PartOfRun)
Task = TypeVar("Task")
Found = TypeVar("Found")
_Asked_co = TypeVar("_Asked_co", covariant=True)
_Answered_contra = TypeVar("_Answered_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a shard came to: `noted` for its total (JSON values), and how its results get into the store."""

    noted: Mapping[str, Any]
    put: Callable[[Connection], None]


class ShardWork(Protocol[Part, _Asked_co, _Answered_contra]):
    """What one kind of run does with a shard."""

    def read(self, shard: Shard) -> Part:
        """The sites of the shard as the store stands now."""

    def task_of(self, part: Part) -> _Asked_co | None:
        """What is to be computed of them, None where nothing is."""

    def keep(self, part: Part, found: _Answered_contra) -> Kept:
        """What was computed, ready to be put into the store."""

    def add(self, part: Part, noted: Mapping[str, Any]) -> None:
        """Count what a shard came to."""


@dataclass(frozen=True, slots=True)
class ShardedRun:
    """A run over shards. With `resume` those that it finished before are not computed again."""

    store: Store
    work: Work
    pool: Pool
    resume: bool

    def go_through(
        self,
        shards: Sequence[Shard],
        kind: ShardWork[Part, Task, Found],
        function: Callable[[Task | None, Look], Found],
    ) -> None:
        """Compute `function` of every shard and keep what it found; progress counts sites."""
        begun: deque[tuple[Part, Mapping[str, Any] | None]] = deque()
        done, n_sites = 0, sum(len(shard.site_ids) for shard in shards)

        def tasks() -> Iterator[Task | None]:
            for shard in shards:
                part = kind.read(shard)
                finished = self._finished(part)
                begun.append((part, finished))
                yield None if finished is not None else kind.task_of(part)

        def look() -> None:
            self.work(done, n_sites)

        for found in self.pool.map_shards(function, tasks(), look=look):
            part, noted = begun.popleft()
            kind.add(part, self._kept(part, kind.keep(part, found)) if noted is None else noted)
            done += len(part.shard.site_ids)
            look()

    def _finished(self, part: PartOfRun) -> Mapping[str, Any] | None:
        if not self.resume:
            return None
        with self.store.read() as conn:
            return run_shards.finished(conn, self.work.run_id, part.shard.number, part.key)

    def _kept(self, part: PartOfRun, kept: Kept) -> Mapping[str, Any]:
        with self.store.write() as conn:
            kept.put(conn)
            run_shards.put(
                conn,
                self.work.run_id,
                part.shard.number,
                shard_key=part.key,
                total_key=part.total_key,
                found=kept.noted,
            )
        return kept.noted
