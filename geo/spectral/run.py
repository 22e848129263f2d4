"""The spectral run: from the composites of one edition to the index, metrics and reference of each site.

A run goes shard by shard (`geo.runs.shards`) where the pool computes (`geo.runs.pools`). What it answers
is kept at once but out of sight; the end of the run shows all of it: readers never see half a run, and
a run that was stopped goes on behind what it has kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import shapely

from geo.errors import ReverdureError
from geo.runs.owner import Heartbeat, this_process
from geo.runs.pools import Pool, Serial
from geo.runs.run import Run
from geo.runs.shards import MOST_SITES, shards_of
from geo.spectral.params import SpectralParams, params_key, spectral_run_params, stored_params
from geo.spectral.plan import SpectralPlan, plan_spectral
from geo.spectral.recovery import SpectralRecovery
from geo.spectral.shard import SpectralTask, assess_spectral_shard, compared_with
from geo.store import Store, runs, spectral

Progress = Callable[[int, int], None]

MOST_VALUES = 40_000_000
"""Values of pixels by year that one shard holds at most, but for a site that has more by itself."""


@dataclass(frozen=True, slots=True)
class SpectralResult:
    """What a run found, by site id; `codes` is {id: code}. Without `keep` the store alone has the figures."""

    run: Run
    recoveries: list[SpectralRecovery]
    codes: Mapping[int, str] = field(default_factory=dict)
    n_unchanged: int = 0


def spectral_recovery(
    store: Store,
    params: SpectralParams,
    *,
    run_id: int | None = None,
    progress: Progress | None = None,
    pool: Pool | None = None,
    keep: bool = True,
    most_sites: int = MOST_SITES,
) -> SpectralResult:
    """The spectral recovery of the sites asked for, computed where something changed, shown all at once.

    `progress(sites done, sites)` may raise to stop. Without `run_id` a run is made and ended here; with it,
    sites that this run finished before are not computed again. Raises what `plan_spectral`, `site_series`
    and the pool do, and EmptyReference; then nothing of it is shown.
    """
    with store.read() as conn:
        plan = plan_spectral(conn, params)
    run_of = _Run(store, plan, progress, pool or Serial(), keep, most_sites)
    if run_id is not None:
        with Heartbeat(store, run_id):
            return run_of(run_id)
    with store.write() as conn:
        created = runs.create(conn, "spectral", spectral_run_params(params))
        run = runs.start(conn, created.run_id, owner=this_process())
    try:
        with Heartbeat(store, run.run_id):
            return run_of(run.run_id)
    except ReverdureError as error:
        with store.write() as conn:
            runs.fail(conn, run.run_id, str(error))
            spectral.drop_hidden(conn, run.run_id)
        raise
    except KeyboardInterrupt:
        with store.write() as conn:
            runs.cancelled(conn, run.run_id)
            spectral.drop_hidden(conn, run.run_id)
        raise


@dataclass(frozen=True, slots=True)
class _Run:
    """What is to be done, and how."""

    store: Store
    plan: SpectralPlan
    progress: Progress | None
    pool: Pool
    keep: bool
    most_sites: int

    def __call__(self, run_id: int) -> SpectralResult:
        plan, key = self.plan, params_key(stored_params(self.plan.params, self.plan.terms.edition))
        with self.store.write() as conn:
            spectral.drop_left_behind(conn)
            wanted = {one: plan.subjects[one].content_key for one in plan.changed}
            kept = spectral.hidden_keys(conn, run_id)
            stale = [one for one, key_kept in kept.items() if wanted.get(one) != key_kept]
            spectral.drop_hidden(conn, run_id, stale)
        to_do = [one for one, key_wanted in wanted.items() if kept.get(one) != key_wanted]
        n_done = len(plan.subjects) - len(to_do)
        for part in self._answers(to_do, n_done):
            with self.store.write() as conn:
                spectral.put_hidden(conn, run_id, part)
            n_done += len(part)
            self._look(n_done)
        with self.store.write() as conn:
            spectral.show(conn, run_id, key)
            run = runs.finish(conn, run_id, self._summary())
        found = self._found(key) if self.keep else []
        codes = {one.site_id: plan.subjects[one.site_id].site_code for one in found}
        return SpectralResult(run, found, codes, len(plan.subjects) - len(plan.changed))

    def _look(self, n_done: int) -> None:
        if self.progress is not None:
            self.progress(n_done, len(self.plan.subjects))

    def _answers(self, to_do: list[int], n_done: int) -> Iterator[list[SpectralRecovery]]:
        """The recoveries of the sites to be computed, shard by shard."""
        if not to_do:
            return
        terms = self.plan.terms
        files = {scene.path: self.store.locate(scene) for scene in terms.scenes}

        def look() -> None:
            self._look(n_done)

        compared = compared_with(terms, files, self.plan.references, look)
        subjects = [self.plan.subjects[site_id] for site_id in to_do]
        reaches = np.array([shapely.bounds(one.ring or one.geometry) for one in subjects]).reshape(-1, 4)
        shards = shards_of(
            terms.grid,
            np.array(to_do, dtype=np.int64),
            reaches,
            most_sites=self.most_sites,
            most_cells=max(1, MOST_VALUES // len(terms.scenes)),
        )
        tasks = (
            SpectralTask(
                terms,
                files,
                tuple(self.plan.subjects[site_id] for site_id in shard.site_ids.tolist()),
                compared,
            )
            for shard in shards
        )
        yield from self.pool.map_shards(assess_spectral_shard, tasks, look=look)

    def _summary(self) -> dict[str, object]:
        plan = self.plan
        return {
            "n_sites": len(plan.subjects),
            "n_computed": len(plan.changed),
            "n_unchanged": len(plan.subjects) - len(plan.changed),
            "product": plan.params.product,
            "edition": plan.terms.edition,
            "index": plan.terms.index.slug,
        }

    def _found(self, key: str) -> list[SpectralRecovery]:
        with self.store.read() as conn:
            found = spectral.find(conn, params_key=key)
        return [one for one in found if one.site_id in self.plan.subjects]
