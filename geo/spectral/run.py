"""The spectral run: from the composites of one edition to the index, metrics and reference of each site.

A run goes shard by shard (`geo.runs.shards`) where the pool computes (`geo.runs.pools`). What it answers
is kept at once but out of sight; the end of the run shows all of it: readers never see half a run, and
a run that was stopped goes on behind what it has kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from geo.runs.pools import Pool, Serial
from geo.runs.run import Run
from geo.runs.sharded import ShardedRun
from geo.runs.shards import MOST_SITES
from geo.runs.work import Progress, Work, at_work
from geo.spectral.going import SpectralShards
from geo.spectral.params import SpectralParams, spectral_run_params
from geo.spectral.plan import SpectralPlan, plan_spectral
from geo.spectral.recovery import SpectralRecovery
from geo.spectral.shard import assess_spectral_shard
from geo.store import Store, hidden, run_shards, runs, spectral

KIND: Final = "spectral"


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
    with at_work(store, KIND, spectral_run_params(params), run_id=run_id, progress=progress) as work:
        shards = SpectralShards(store, plan, work, keep=keep)
        going = ShardedRun(store, work, pool or Serial(), resume=True)
        going.go_through(plan.shards(store, most_sites), shards, assess_spectral_shard)
        return _finish(store, plan, work, shards)


def _finish(store: Store, plan: SpectralPlan, work: Work, shards: SpectralShards) -> SpectralResult:
    told = {
        "product": plan.params.product,
        "edition": plan.terms.edition,
        "index": plan.terms.index.slug,
    }
    with store.write() as conn:
        n_superseded = hidden.show(conn, work.run_id)
        run_shards.forget_old(conn)
        result = dict(shards.counts) | {"n_superseded": n_superseded} | told
        run = runs.finish(conn, work.run_id, result)
    found: list[SpectralRecovery] = []
    if shards.codes:
        with store.read() as conn:
            found = spectral.find(conn, params_key=plan.params_key)
    return SpectralResult(
        run=run,
        recoveries=[one for one in found if one.site_id in shards.codes],
        codes=shards.codes,
        n_unchanged=shards.counts["n_unchanged"],
    )
