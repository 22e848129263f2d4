"""The recovery run: from the scenes of one edition to the recovery and the evidence of each site.

A run goes shard by shard (`geo.runs.shards`): the sites of a shard are read, their recoveries computed
where the pool computes (`geo.runs.pools`), and what comes back stays out of sight until it is over. So memory
is bounded by the shard, readers never see half a run, and a run that was stopped goes on where it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from geo import clock
from geo.evidence.verdict import Evidence
from geo.recover.going import RecoveryShards
from geo.recover.items import recovery_item, scene_item
from geo.recover.params import run_params
from geo.recover.plan import RecoverParams, plan_recovery
from geo.recovery import Recovery
from geo.runs.pools import Pool, Serial
from geo.runs.run import Run
from geo.runs.shards import MOST_SITES
from geo.runs.work import Progress, Work, at_work
from geo.store import Store, hidden, run_shards, runs

__all__ = ["RecoverParams", "RecoverResult", "recover", "recovery_item", "scene_item"]

KIND: Final = "recovery"


@dataclass(frozen=True, slots=True)
class RecoverResult:
    """What a run found. `recoveries` are the raw figures, `majority` those under majority3, one a site.

    `total` holds the sums, their overlap and the same with no land counted twice. `codes` is {id: code}.
    Without `keep` the store alone has the figures of the sites: the lists, and `codes`, are empty.
    """

    run: Run
    recoveries: list[Recovery]
    majority: list[Recovery]
    evidence: list[Evidence]
    total: Mapping[str, object]
    codes: Mapping[int, str] = field(default_factory=dict)
    n_unchanged: int = 0


def recover(
    store: Store,
    params: RecoverParams,
    *,
    run_id: int | None = None,
    progress: Progress | None = None,
    today: date | None = None,
    pool: Pool | None = None,
    keep: bool = True,
    most_sites: int = MOST_SITES,
) -> RecoverResult:
    """The recovery of the sites asked for, computed where something changed, and shown when all is there.

    Without `from_year` each site's baseline is the first scene at or after its damage year, else the first of
    all; without `to_year` the last scene; without `edition` the current one. `progress(done, total)` counts
    sites and may raise to stop. Without `run_id` a run is made and ended here; with it, shards that this run
    finished before are not computed again. `pool` computes shards of at most `most_sites` sites, in this
    process unless given. Raises `UnknownProduct`, `UnknownScene`, `UnknownSite`, `BadYears`,
    `ScenesNotComparable`, `GridsDiffer` and what the pool raises.
    """
    plan = plan_recovery(store, params, today=today or clock.today())
    with at_work(store, KIND, run_params(params), run_id=run_id, progress=progress) as work:
        shards = RecoveryShards(store, plan, work, keep=keep)
        shards.go_through(plan.shards(store, most_sites), pool or Serial())
        return _finish(store, work, shards)


def _finish(store: Store, work: Work, shards: RecoveryShards) -> RecoverResult:
    total, found, item = shards.total, shards.found, shards.total.item(store)
    with store.write() as conn:
        n_superseded = hidden.show(conn, work.run_id)
        run_shards.forget_old(conn)
        ended = runs.finish(
            conn,
            work.run_id,
            {
                "n_sites": total.n_sites,
                "n_computed": total.n_computed,
                "n_unchanged": total.n_unchanged,
                "n_superseded": n_superseded,
                "total_key": shards.total_key(),
                "total": item,
            },
        )
    return RecoverResult(
        run=ended,
        recoveries=sorted(found.raw, key=_site_id),
        majority=sorted(found.majority, key=_site_id),
        evidence=sorted(found.evidence, key=_site_id),
        total=item,
        codes=found.codes,
        n_unchanged=total.n_unchanged,
    )


def _site_id(one: Recovery | Evidence) -> int:
    return one.site_id
