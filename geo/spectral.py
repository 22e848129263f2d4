"""The spectral run: from the composites of one edition to the index, metrics and reference of each site."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import shapely

from geo.coverage import Coverage, cover
from geo.errors import ReverdureError
from geo.references import EmptyReference
from geo.run_owner import Heartbeat, this_process
from geo.runs import Run
from geo.shards import shards_of
from geo.spectral_assessment import Compared, recoveries_of
from geo.spectral_loops import Floats, Int64s
from geo.spectral_metrics import Rules, Years, measure_pixels, site_quantile
from geo.spectral_params import SpectralParams, spectral_run_params
from geo.spectral_plan import SpectralPlan, plan_spectral
from geo.spectral_recovery import ReferenceKind, SpectralRecovery, TargetKind
from geo.spectral_series import SiteSeries, part_of, site_series
from geo.store import Store, runs, spectral

Progress = Callable[[int, int], None]

_MOST_VALUES = 40_000_000
"""Values of pixels by year that one shard holds at most, but for a site that has more by itself."""


@dataclass(frozen=True, slots=True)
class SpectralResult:
    """What a run found, by site id; `codes` is {id: code}."""

    run: Run
    recoveries: list[SpectralRecovery]
    codes: Mapping[int, str] = field(default_factory=dict)
    n_unchanged: int = 0


def spectral_recovery(
    store: Store, params: SpectralParams, *, run_id: int | None = None, progress: Progress | None = None
) -> SpectralResult:
    """The spectral recovery of the sites asked for, computed where something changed, kept all at once.

    `progress(sites done, sites)` may raise to stop. Without `run_id` a run is made and ended here. Raises
    what `plan_spectral` and `site_series` do, and EmptyReference; then nothing of it is stored.
    """
    with store.read() as conn:
        plan = plan_spectral(conn, params)
    if run_id is not None:
        with Heartbeat(store, run_id):
            return _run(store, plan, run_id=run_id, progress=progress)
    with store.write() as conn:
        created = runs.create(conn, "spectral", spectral_run_params(params))
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


def _run(store: Store, plan: SpectralPlan, *, run_id: int, progress: Progress | None) -> SpectralResult:
    fresh = [one for part in _computed(store, plan, progress) for one in part]
    with store.write() as conn:
        spectral.put(conn, run_id, fresh)
        run = runs.finish(
            conn,
            run_id,
            {
                "n_sites": len(plan.subjects),
                "n_computed": len(fresh),
                "n_unchanged": len(plan.kept),
                "product": plan.params.product,
                "edition": plan.edition,
                "index": plan.index.slug,
            },
        )
    found = {one.site_id: one for one in [*fresh, *plan.kept.values()]}
    return SpectralResult(
        run=run,
        recoveries=[found[site_id] for site_id in sorted(found)],
        codes={site_id: subject.site_code for site_id, subject in plan.subjects.items()},
        n_unchanged=len(plan.kept),
    )


def _computed(
    store: Store, plan: SpectralPlan, progress: Progress | None
) -> Iterator[list[SpectralRecovery]]:
    """The recoveries of the sites that changed, shard by shard."""
    if not plan.changed:
        return
    compared = _references(store, plan)
    subjects = [plan.subjects[site_id] for site_id in plan.changed]
    reaches = np.array([shapely.bounds(one.ring or one.geometry) for one in subjects]).reshape(-1, 4)
    ids = np.array(plan.changed, dtype=np.int64)
    most_cells = max(1, _MOST_VALUES // len(plan.scenes))
    done = 0
    for shard in shards_of(plan.grid, ids, reaches, most_cells=most_cells):
        yield _shard(store, plan, shard.site_ids, compared, _within(progress, done, len(ids)))
        done += len(shard.site_ids)
    if progress is not None:
        progress(done, len(ids))


def _within(progress: Progress | None, done: int, total: int) -> Progress | None:
    """A progress of blocks that tells of sites and may still raise to stop."""
    return None if progress is None else lambda _blocks, _of: progress(done, total)


def _shard(
    store: Store, plan: SpectralPlan, ids: Int64s, compared: Compared, progress: Progress | None
) -> list[SpectralRecovery]:
    subjects = [plan.subjects[site_id] for site_id in ids.tolist()]
    with_ring = [one for one in subjects if one.ring is not None]
    coverage = cover(
        plan.grid,
        np.concatenate([ids, -np.array([one.site_id for one in with_ring], dtype=np.int64)]),
        [*(one.geometry for one in subjects), *(one.ring for one in with_ring if one.ring is not None)],
    )
    series = _series(store, plan, coverage, progress)
    n = len(subjects)
    if with_ring:
        rings = _mean_by_site(part_of(series, n, n + len(with_ring)))
        column = {one.site_id: at for at, one in enumerate(with_ring)}
        by_site = np.full((len(plan.scenes), n), np.nan)
        for at, one in enumerate(subjects):
            if one.site_id in column:
                by_site[:, at] = rings[:, column[one.site_id]]
        compared = Compared(by_site, compared.target)
    return recoveries_of(plan, subjects, part_of(series, 0, n), compared)


def _series(store: Store, plan: SpectralPlan, coverage: Coverage, progress: Progress | None) -> SiteSeries:
    return site_series(coverage, plan.scenes, plan.index.formula, locate=store.locate, progress=progress)


def _mean_by_site(series: SiteSeries) -> Floats:
    n = series.pixels.n_sites
    return measure_pixels(series.pixels, Years.same(n), Rules(), targets=np.full(n, np.nan)).mean


def _references(store: Store, plan: SpectralPlan) -> Compared:
    """The reference polygons' mean by scene, over all of them, and the target that they set.

    The target is taken as spectral-recovery takes it: of each pixel over the years, then over the pixels of
    each polygon, then over the polygons, the median each time. Raises EmptyReference.
    """
    if not plan.references:
        return Compared(None, None)
    polygons = plan.references
    n = len(polygons)
    coverage = cover(plan.grid, np.arange(n, dtype=np.int64), [one.geometry for one in polygons])
    pixels = _series(store, plan, coverage, None).pixels
    found = measure_pixels(pixels, Years.same(n, window=plan.reference_window), Rules())
    first, last = plan.reference_window
    in_window = (pixels.years >= first) & (pixels.years <= last)
    for at, polygon in enumerate(polygons):
        if not found.n_pixels[in_window, at].any():
            raise EmptyReference(
                name=polygon.name,
                set_name=polygon.set_name,
                product=plan.params.product,
                edition=plan.edition,
                first=first,
                last=last,
            )
    by_polygon = site_quantile(pixels, found.pixel_targets[None, :], 0.5)[0]
    target = float(np.median(by_polygon)) if plan.params.target is TargetKind.REFERENCE else None
    if plan.reference_kind is not ReferenceKind.POLYGONS:
        return Compared(None, target)
    heavy = found.valid_weight
    sums = np.where(heavy > 0, found.mean * heavy, 0.0).sum(axis=1)
    total = heavy.sum(axis=1)
    mean = np.divide(sums, total, out=np.full(len(sums), np.nan), where=total > 0)
    return Compared(mean[:, None], target)
