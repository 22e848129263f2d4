"""The shards of a recovery run: what is read, asked, judged and kept of each, and what they come to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from geo.evidence.verdict import Evidence
from geo.recover.part import Part, evidence_of, kept_of, part_of, task_of
from geo.recover.plan import Plan
from geo.recover.shard import Recoveries, ShardTask, assess_shard
from geo.recover.total import Total
from geo.recovery import Recovery, TemporalRule
from geo.runs.pools import Pool
from geo.runs.seen import Seen
from geo.runs.sharded import Kept, ShardedRun
from geo.runs.shards import Shard
from geo.runs.work import Work
from geo.store import Connection, Store, hidden, recoveries, run_shards
from geo.store.tables import RECOVERIES


@dataclass(slots=True)
class Found:
    """The results of the sites, where they are to be handed over as a whole."""

    raw: list[Recovery] = field(default_factory=list)
    majority: list[Recovery] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    codes: dict[int, str] = field(default_factory=dict)


class RecoveryShards:
    """The shards of one run; `total` is what they came to."""

    def __init__(self, store: Store, plan: Plan, work: Work, *, keep: bool) -> None:
        self._store = store
        self._plan = plan
        self._work = work
        self._keep = keep
        self._keys = hashlib.sha256()
        self.total = Total()
        self.found = Found()

    def go_through(self, shards: Sequence[Shard], pool: Pool) -> None:
        """Compute and keep all of them. With `keep` none is taken over from an earlier attempt."""
        run = ShardedRun(self._store, self._work, pool, resume=not self._keep)
        run.go_through(shards, self, assess_shard)

    def total_key(self) -> str:
        """SHA-256 (hex) of all that the hectares of the whole run depend on."""
        return self._keys.hexdigest()

    def read(self, shard: Shard) -> Part:
        """The sites of the shard as the store stands now."""
        part = part_of(self._store, self._plan, shard)
        if part.changed:
            return part
        with self._store.read() as conn:
            return replace(part, known_total=run_shards.same_total(conn, part.total_key))

    def task_of(self, part: Part) -> ShardTask | None:
        """What is to be computed; land that several sites claim only where its total is not known."""
        return task_of(self._store, self._plan, part, with_pieces=part.known_total is None)

    def keep(self, part: Part, found: Recoveries) -> Kept:
        """The recoveries of the shard judged, with its total."""
        kept = kept_of(self._store, self._plan, part)
        both = {rule: {**kept[rule], **found[rule]} for rule in TemporalRule}
        evidence = evidence_of(self._plan, part, both)
        total = Total()
        if part.known_total is None:
            total.count(both[TemporalRule.NONE])
            total.pairs = list(part.pairs)
        else:
            total.add(part.known_total)
        total.n_sites = len(part.sites)
        total.n_computed = len(part.changed)
        total.n_unchanged = len(part.unchanged)
        if self._keep:
            self._hand_over(part, both, evidence)
        new = [one for rule in TemporalRule for one in found[rule].values() if one.site_id > 0]
        seen = Seen(self._plan.scene_seq, part.site_seq)

        def put(conn: Connection) -> None:
            hidden.forget(conn, self._work.run_id, part.shard.site_ids.tolist())
            unchanged = ((one, part.subjects[one].content_key) for one in part.unchanged)
            hidden.confirm(conn, RECOVERIES, unchanged, seen)
            recoveries.put_hidden(conn, self._work.run_id, new, evidence, seen=seen)

        return Kept(total.noted(), put)

    def add(self, part: Part, noted: Mapping[str, Any]) -> None:
        """Count what a shard came to."""
        self.total.add(noted)
        self._keys.update(part.total_key.encode())

    def _hand_over(self, part: Part, both: Recoveries, evidence: Sequence[Evidence]) -> None:
        self.found.raw += [one for one in both[TemporalRule.NONE].values() if one.site_id > 0]
        self.found.majority += [one for one in both[TemporalRule.MAJORITY3].values() if one.site_id > 0]
        self.found.evidence += evidence
        self.found.codes |= {site.site_id: site.site_code for site in part.sites.values()}
