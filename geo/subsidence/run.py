"""The subsidence run: displacement rates of the sites, or their water by year and season.

A run goes shard by shard, and its results wait out of sight until it is over, as those of any run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter
from typing import Final

from geo import clock
from geo.runs.pools import Pool, Serial
from geo.runs.run import Run
from geo.runs.sharded import ShardedRun
from geo.runs.shards import MOST_SITES
from geo.runs.work import Progress, Work, at_work
from geo.store import Store, hidden, run_shards, runs
from geo.subsidence.going import SubsidenceShards
from geo.subsidence.plan import SubsidenceParams, SubsidencePlan, plan_subsidence, subsidence_run_params
from geo.subsidence.ponding import PondingYear
from geo.subsidence.shard import tell_subsidence
from geo.subsidence.site import Subsidence

KIND: Final = "subsidence"


@dataclass(frozen=True, slots=True)
class SubsidenceResult:
    """What a run found: `subsidences` of displacement or `pondings` of land cover; `codes` is {id: code}.

    `n_outside` sites do not meet the rasters; `n_unchanged` results were known already.
    """

    run: Run
    subsidences: list[Subsidence] = field(default_factory=list)
    pondings: list[PondingYear] = field(default_factory=list)
    codes: Mapping[int, str] = field(default_factory=dict)
    n_outside: int = 0
    n_unchanged: int = 0


def find_subsidence(
    store: Store,
    params: SubsidenceParams,
    *,
    run_id: int | None = None,
    progress: Progress | None = None,
    today: date | None = None,
    pool: Pool | None = None,
    keep: bool = True,
    most_sites: int = MOST_SITES,
) -> SubsidenceResult:
    """The displacement, or the ponding, of the sites asked for, shown all at once.

    `progress(sites done, sites)` may raise to stop. Without `run_id` a run is made and ended here; with it,
    shards that this run finished before are not computed again. Raises `UnknownScene`, `UnknownSite`,
    `MixedDisplacements`, `NotOfSubsidence`, `BadValue`, `GridsDiffer` and what the pool raises.
    """
    plan = plan_subsidence(store, params)
    with at_work(store, KIND, subsidence_run_params(params), run_id=run_id, progress=progress) as work:
        shards = SubsidenceShards(store, plan, work, today or clock.today(), keep=keep)
        going = ShardedRun(store, work, pool or Serial(), resume=not keep)
        going.go_through(plan.shards(store, most_sites), shards, tell_subsidence)
        return _finish(store, plan, work, shards)


def _finish(store: Store, plan: SubsidencePlan, work: Work, shards: SubsidenceShards) -> SubsidenceResult:
    counts, found = shards.counts, shards.found
    with store.write() as conn:
        n_superseded = hidden.show(conn, work.run_id)
        run_shards.forget_old(conn)
        result = dict(counts) | {"n_superseded": n_superseded, "edition": plan.edition}
        run = runs.finish(conn, work.run_id, result)
    return SubsidenceResult(
        run=run,
        subsidences=sorted(found.subsidences, key=attrgetter("site_id")),
        pondings=sorted(found.pondings, key=attrgetter("site_id", "year")),
        codes=found.codes,
        n_outside=counts["n_sites"] - counts["n_told"],
        n_unchanged=counts["n_unchanged"],
    )
