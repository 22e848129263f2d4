"""A run going through its shards: parts are read, given to the pool, and what comes back is kept."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from geo.evidence.verdict import Evidence
from geo.recover.part import Part, evidence_of, kept_of, part_of, task_of
from geo.recover.plan import Plan
from geo.recover.shard import Recoveries, ShardTask, assess_shard
from geo.recover.total import Total
from geo.recovery import Recovery, TemporalRule
from geo.runs.pools import Look, Pool
from geo.runs.shards import Shard
from geo.store import Store, hidden, run_shards


@dataclass(slots=True)
class Found:
    """The results of the sites, where they are to be handed over as a whole."""

    raw: list[Recovery] = field(default_factory=list)
    majority: list[Recovery] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    codes: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A part on its way: what this run noted of it before, and what is known of its total."""

    part: Part
    finished: Mapping[str, Any] | None
    known_total: Mapping[str, Any] | None


class ShardedRun:
    """One run over its shards. `done` counts the sites behind it, `total` is what they came to."""

    def __init__(self, store: Store, plan: Plan, run_id: int, *, keep: bool) -> None:
        self._store = store
        self._plan = plan
        self._run_id = run_id
        self._keep = keep
        self._begun: deque[_Begun] = deque()
        self._keys = hashlib.sha256()
        self.done = 0
        self.total = Total()
        self.found = Found()

    def results(self, shards: Sequence[Shard], pool: Pool, look: Look) -> Iterator[None]:
        """Go through the shards; yields after each."""
        for found in pool.map_shards(assess_shard, self._tasks(shards), look=look):
            begun = self._begun.popleft()
            if begun.finished is None:
                self._take(begun, found)
            else:
                self.total.add(begun.finished)
            self._keys.update(begun.part.total_key.encode())
            self.done += len(begun.part.shard.site_ids)
            yield

    def total_key(self) -> str:
        """SHA-256 (hex) of all that the hectares of the whole run depend on."""
        return self._keys.hexdigest()

    def _tasks(self, shards: Sequence[Shard]) -> Iterator[ShardTask | None]:
        for shard in shards:
            part = part_of(self._store, self._plan, shard)
            with self._store.read() as conn:
                finished = (
                    None if self._keep else run_shards.finished(conn, self._run_id, shard.number, part.key)
                )
                known = None if part.changed else run_shards.same_total(conn, part.total_key)
            self._begun.append(_Begun(part, finished, known))
            if finished is not None:
                yield None
            else:
                yield task_of(self._store, self._plan, part, with_pieces=known is None)

    def _take(self, begun: _Begun, fresh: Recoveries) -> None:
        part = begun.part
        kept = kept_of(self._store, self._plan, part)
        both = {rule: {**kept[rule], **fresh[rule]} for rule in TemporalRule}
        evidence = evidence_of(self._plan, part, both)
        total = Total()
        if begun.known_total is None:
            total.count(both[TemporalRule.NONE])
            total.pairs = list(part.pairs)
        else:
            total.add(begun.known_total)
        total.n_sites = len(part.sites)
        total.n_computed = len(part.changed)
        total.n_unchanged = len(part.unchanged)
        noted = total.noted()
        new = [one for rule in TemporalRule for one in fresh[rule].values() if one.site_id > 0]
        with self._store.write() as conn:
            hidden.put(conn, self._run_id, part.shard.site_ids.tolist(), new, evidence)
            run_shards.put(
                conn,
                self._run_id,
                part.shard.number,
                shard_key=part.key,
                total_key=part.total_key,
                found=noted,
            )
        self.total.add(noted)
        if self._keep:
            self._hand_over(part, both, evidence)

    def _hand_over(self, part: Part, both: Recoveries, evidence: Sequence[Evidence]) -> None:
        self.found.raw += [one for one in both[TemporalRule.NONE].values() if one.site_id > 0]
        self.found.majority += [one for one in both[TemporalRule.MAJORITY3].values() if one.site_id > 0]
        self.found.evidence += evidence
        self.found.codes |= {site.site_id: site.site_code for site in part.sites.values()}
