"""The shards of a spectral run: what is read, asked and kept of each."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from geo.runs.seen import Seen
from geo.runs.sharded import Kept
from geo.runs.shards import Shard
from geo.runs.work import Work
from geo.spectral.assessment import Compared
from geo.spectral.plan import SpectralPlan, Subjects, subjects_of
from geo.spectral.recovery import SpectralRecovery
from geo.spectral.shard import SpectralTask, compared_with
from geo.store import Connection, Store, hidden, spectral
from geo.store.spectral_tables import SPECTRAL


@dataclass(frozen=True, slots=True)
class SpectralPart:
    """The sites of a shard; `changed` are the ids of which no stored result holds."""

    shard: Shard
    subjects: Subjects
    changed: tuple[int, ...]
    key: str

    @property
    def total_key(self) -> str:
        """That of the results: a spectral run has no other total."""
        return self.key


class SpectralShards:
    """The shards of one run; `counts` is what they came to, `codes` {id: code} where wanted."""

    def __init__(self, store: Store, plan: SpectralPlan, work: Work, *, keep: bool) -> None:
        self._store = store
        self._plan = plan
        self._work = work
        self._keep = keep
        self._files = {scene.path: store.locate(scene) for scene in plan.terms.scenes}
        self.counts: Counter[str] = Counter(n_sites=0, n_computed=0, n_unchanged=0)
        self.codes: dict[int, str] = {}

    def read(self, shard: Shard) -> SpectralPart:
        """The sites of the shard as the store stands now."""
        ids = shard.site_ids.tolist()
        with self._store.read() as conn:
            subjects = subjects_of(conn, self._plan, ids)
            known = spectral.keys(conn, self._plan.params_key, ids)
        wanted = {site_id: one.content_key for site_id, one in subjects.by_id.items()}
        changed = tuple(site_id for site_id, key in wanted.items() if known.get(site_id) != key)
        return SpectralPart(shard, subjects, changed, hashlib.sha256(repr(wanted).encode()).hexdigest())

    def task_of(self, part: SpectralPart) -> SpectralTask | None:
        """What is to be computed of them. Raises EmptyReference."""
        if not part.changed:
            return None
        subjects = tuple(part.subjects.by_id[site_id] for site_id in part.changed)
        return SpectralTask(self._plan.terms, self._files, subjects, self._compared)

    @cached_property
    def _compared(self) -> Compared:
        """What all sites are compared with, read once."""
        return compared_with(self._plan.terms, self._files, self._plan.references, self._work.look)

    def keep(self, part: SpectralPart, found: list[SpectralRecovery]) -> Kept:
        """What was computed, ready to be put into the store."""
        seen = Seen(self._plan.scene_seq, part.subjects.site_seq)
        by_id, fresh = part.subjects.by_id, set(part.changed)

        def put(conn: Connection) -> None:
            hidden.forget(conn, self._work.run_id, part.shard.site_ids.tolist())
            unchanged = ((one, by_id[one].content_key) for one in by_id if one not in fresh)
            hidden.confirm(conn, SPECTRAL, unchanged, seen)
            spectral.put_hidden(conn, self._work.run_id, found, seen=seen)

        n = len(by_id)
        return Kept({"n_sites": n, "n_computed": len(fresh), "n_unchanged": n - len(fresh)}, put)

    def add(self, part: SpectralPart, noted: Mapping[str, Any]) -> None:
        """Count what a shard came to."""
        self.counts.update(noted)
        if self._keep:
            self.codes |= {site_id: one.site_code for site_id, one in part.subjects.by_id.items()}
