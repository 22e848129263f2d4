"""The recovery run: from the scenes of one edition to the recovery and the evidence of each site."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from geo import clock
from geo.assessment import assess
from geo.coverage import cover
from geo.errors import ReverdureError
from geo.evidence import Evidence, SceneRange, judge
from geo.recover_params import run_params
from geo.recover_plan import Plan, RecoverParams, plan_recovery
from geo.recover_total import reusable_total, total_of
from geo.recovery import Recovery, TemporalRule
from geo.recovery_items import recovery_item, scene_item
from geo.run_owner import Heartbeat, this_process
from geo.runs import Run
from geo.site_series import SeriesBySite
from geo.store import Store, recoveries, runs
from geo.thresholds import thresholds
from geo.transitions import series_areas

__all__ = ["RecoverParams", "RecoverResult", "recover", "recovery_item", "scene_item"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class RecoverResult:
    """What a run found. `recoveries` are the raw figures, `majority` those under majority3, one a site.

    `total` holds the sums, their overlap and the same with no land counted twice. `codes` is {id: code}.
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
) -> RecoverResult:
    """The recovery of the sites asked for, computed where something changed, and kept in one transaction.

    Without `from_year` each site's baseline is the first scene at or after its damage year, else the first of
    all; without `to_year` the last scene; without `edition` the current one. `progress(done, total)` may
    raise to stop. Without `run_id` a run is made and ended here. Raises `UnknownProduct`, `UnknownScene`,
    `UnknownSite`, `BadYears`, `ScenesNotComparable`, `GridsDiffer`.
    """
    plan = plan_recovery(store, params, today=today or clock.today())
    if run_id is not None:
        with Heartbeat(store, run_id):
            return _run(store, plan, run_id=run_id, progress=progress)
    with store.write() as conn:
        created = runs.create(conn, "recovery", run_params(params))
        run = runs.start(conn, created.run_id, owner=this_process())
    try:
        with Heartbeat(store, run.run_id):
            return _run(store, plan, run_id=run.run_id, progress=progress)
    except ReverdureError as error:
        with store.write() as conn:
            runs.fail(conn, run.run_id, str(error))
        raise
    except KeyboardInterrupt:
        with store.write() as conn:
            runs.cancelled(conn, run.run_id)
        raise


def _run(store: Store, plan: Plan, *, run_id: int, progress: Progress | None) -> RecoverResult:
    total = reusable_total(store, plan)
    fresh = _assessed(store, plan, with_pieces=total is None, progress=progress)
    by_rule = {
        rule: sorted([*fresh[rule].values(), *plan.kept[rule].values()], key=lambda one: one.site_id)
        for rule in TemporalRule
    }
    raw = [one for one in by_rule[TemporalRule.NONE] if one.site_id > 0]
    majority = [one for one in by_rule[TemporalRule.MAJORITY3] if one.site_id > 0]
    evidence = _evidence(plan, raw, majority)
    total = total or total_of(plan, by_rule[TemporalRule.NONE])
    new = [one for rule in TemporalRule for one in fresh[rule].values() if one.site_id > 0]
    with store.write() as conn:
        recoveries.put(conn, run_id, new, evidence)
        run = runs.finish(
            conn,
            run_id,
            {
                "n_sites": len(plan.sites),
                "n_computed": len(plan.changed),
                "n_unchanged": len(plan.subjects) - len(plan.changed),
                "total_key": plan.total_key,
                "total": total,
            },
        )
    return RecoverResult(
        run=run,
        recoveries=raw,
        majority=majority,
        evidence=evidence,
        total=total,
        codes={site.site_id: site.site_code for site in plan.sites.values()},
        n_unchanged=len(plan.subjects) - len(plan.changed),
    )


def _assessed(
    store: Store, plan: Plan, *, with_pieces: bool, progress: Progress | None
) -> dict[TemporalRule, dict[int, Recovery]]:
    """The recoveries of the sites that changed, by rule; of pieces too, under the site's id made negative."""
    wanted = [(site_id, plan.sites[site_id].geometry) for site_id in plan.changed]
    if with_pieces:
        wanted += [(-site_id, piece) for site_id, piece in plan.pieces().items()]
    if not wanted:
        return {rule: {} for rule in TemporalRule}
    ids, geometries = zip(*wanted, strict=True)
    coverage = cover(plan.grid, plan.ids(ids), list(geometries))
    found = series_areas(
        coverage,
        plan.scenes,
        baseline_years=plan.baselines(ids),
        years=plan.years,
        rules=[rule.value for rule in TemporalRule],
        locate=store.locate,
        progress=progress,
    )
    return {rule: _by_site(plan, SeriesBySite(found[rule.value], rule), ids) for rule in TemporalRule}


def _by_site(plan: Plan, series: SeriesBySite, ids: tuple[int, ...]) -> dict[int, Recovery]:
    return {
        site_id: assess(
            plan.subject(site_id),
            series.of(site_id, end_year_unchanged=plan.end_year_unchanged(site_id)),
            land_cover=plan.land_cover,
            edition=plan.edition,
            cell_ha=plan.grid.nominal_cell_ha,
            limits=thresholds(),
        )
        for site_id in ids
    }


def _evidence(plan: Plan, raw: list[Recovery], majority: list[Recovery]) -> list[Evidence]:
    raw_of = {one.site_id: one for one in raw}
    majority_of = {one.site_id: one for one in majority}
    return [
        judge(
            majority_of.get(site_id),
            raw_of.get(site_id),
            state_then=plan.then.state_of(site_id),
            state_today=state,
            limits=thresholds(),
            scene=SceneRange(plan.land_cover.slug, plan.edition, plan.from_year(site_id), plan.to_year),
            reason_without="no_baseline_scene",
        )
        for site_id in sorted(plan.sites)
        if (state := plan.now.state_of(site_id)) is not None
    ]
