"""Subsidence runs: from rasters with a known answer to stored results, kept while they hold."""

import shutil
from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np
import pytest

from geo.band_scenes import Scaling
from geo.changes import Change
from geo.errors import BadValue, UnknownScene, UnknownSite
from geo.registration import RasterRequest, register_scenes
from geo.runs.jobs import Worker, submit_subsidence
from geo.runs.owner import this_process
from geo.runs.pools import Processes, Serial
from geo.runs.run import RunState
from geo.runs.work import RunStopped
from geo.scenes import GridsDiffer, SceneKind
from geo.sites import Settlement
from geo.store import Store, changes, proposals, runs, scenes, subsidences
from geo.subsidence import run as subsidence_run
from geo.subsidence import site_displacement
from geo.subsidence.displacement_rate import OverwritesScene, compare, rate_raster, write_rate
from geo.subsidence.displacement_series import (
    ImplausibleDisplacement,
    MixedDisplacements,
    displacement_series,
)
from geo.subsidence.inputs import SubsidenceMarker
from geo.subsidence.plan import NotOfSubsidence, SubsidenceParams
from geo.subsidence.rules import subsidence_rules
from geo.subsidence.run import find_subsidence
from geo.subsidence.shard import tell_subsidence
from geo.subsidence.site import Source
from tests.geo.recovery_case import LATER, TODAY, add_sites, site, square
from tests.geo.subsidence_case import DAYS, ZERO, add_rate, add_series, rates, write_bands

PARAMS = SubsidenceParams("insar")


def found(store, params=PARAMS):
    return find_subsidence(store, params, today=TODAY)


def series_of(store, edition="e"):
    with store.read() as conn:
        kept = scenes.find(conn, product="insar", edition=edition, kind=SceneKind.DISPLACEMENT)
    return displacement_series(kept, subsidence_rules())


def test_the_figures_of_a_site_are_those_of_its_cells(store):
    add_series(store, rates(2.0, top=30.0, rows=5))
    add_sites(store, site("a", square(0, 0)), site("b", square(20, 20)))
    result = found(store)
    a, b = result.subsidences
    assert (a.source, a.n_epochs, a.period_start, a.period_end) == (Source.CUMULATIVE, 11, ZERO, DAYS[-1])
    assert a.mean == pytest.approx(16, abs=1e-3)
    assert (a.p95, a.p95_abs) == pytest.approx((30, 30), abs=1e-3)
    assert a.moving_share == pytest.approx(0.5, abs=1e-5)
    assert a.valid_share == pytest.approx(1, abs=1e-5)
    assert a.sigma == pytest.approx(0, abs=1e-4)
    assert (a.settlement, b.settlement) == (Settlement.STILL_MOVING, Settlement.SETTLED)
    assert [epoch.on for epoch in a.epochs] == [ZERO, *DAYS]
    assert a.epochs[0].mean_mm == 0.0
    assert a.epochs[-1].mean_mm == pytest.approx(16 * (DAYS[-1] - ZERO).days / 365.25, abs=1e-3)
    assert result.run.kind == "subsidence"
    with store.read() as conn:
        assert subsidences.find(conn) == result.subsidences


def test_cells_at_the_edge_count_with_the_share_that_the_site_covers(store):
    add_series(store, rates(0.0, top=40.0, rows=1))
    add_sites(store, site("a", square(0.5, 0, rows=1)))
    (one,) = found(store).subsidences
    assert one.mean == pytest.approx(20, abs=1e-2)


def test_ground_that_came_to_rest_is_settled_though_it_moved_before(store):
    days = np.array([(day - ZERO).days / 365.25 for day in DAYS])
    moved = np.minimum(days, days[4]) * 50.0
    stack = np.broadcast_to(moved[:, None, None], (10, 40, 40)).astype(np.float32)
    add_series(store, rates())
    write_bands(store.folder / "series_e.tif", stack, nodata=np.nan)
    add_sites(store, site("a", square(0, 0)))
    (one,) = found(store).subsidences
    assert one.mean > 20
    assert one.last_mean == pytest.approx(0, abs=1e-4)
    assert one.settlement is Settlement.SETTLED


def test_noise_leaves_the_judgement_open(store):
    add_series(store, rates(1.0), noise=6.0)
    add_sites(store, site("a", square(0, 0)))
    (one,) = found(store).subsidences
    assert (one.settlement, one.reason) == (None, "within_noise")


def test_a_rate_raster_is_judged_by_its_sigma_band(store):
    add_rate(store, rates(3.0), rates(1.0), edition="fine")
    add_rate(store, rates(3.0), rates(5.0), edition="coarse")
    add_rate(store, rates(3.0), edition="bare")
    add_sites(store, site("a", square(0, 0)))
    fine, coarse, bare = (
        found(store, SubsidenceParams("insar", edition)).subsidences[0]
        for edition in ("fine", "coarse", "bare")
    )
    assert (fine.source, fine.mean, fine.sigma, fine.epochs) == (Source.RATE, 3.0, 1.0, ())
    assert (fine.settlement, coarse.settlement) == (Settlement.SETTLED, None)
    assert (bare.sigma, bare.settlement, bare.reason) == (None, Settlement.SETTLED, "noise_unknown")


def test_a_scene_that_counts_the_other_way_round_is_turned_by_its_scale(store):
    add_series(store, rates(-12.0), scaling=Scaling(scale=-1.0))
    add_sites(store, site("a", square(0, 0)))
    assert found(store).subsidences[0].mean == pytest.approx(12, abs=1e-3)


def test_a_block_boundary_through_a_site_changes_nothing(store):
    field = np.random.default_rng(5).normal(0, 20, (40, 1040))
    field[:, 507:517] = field[:, 100:110]
    field[:, 1019:1029] = field[:, 100:110]
    add_series(store, field, noise=0.0)
    add_sites(store, site("inside", square(3, 100)), site("across", square(3, 507)))
    inside, across = found(store).subsidences
    assert across.valid_units == pytest.approx(inside.valid_units, rel=1e-4)
    assert across.p95 == inside.p95
    assert across.mean == pytest.approx(inside.mean, abs=1e-3)


def test_permuting_the_sites_permutes_the_results(store, tmp_path, empty_file):
    field = np.random.default_rng(6).normal(0, 20, (40, 40))
    new = [site(name, square(at, at + 0.3)) for name, at in (("a", 0.2), ("b", 9.7), ("c", 20.1))]
    add_series(store, field)
    add_sites(store, *new)
    shutil.copyfile(empty_file, tmp_path / "other.gpkg")
    other = Store.open(tmp_path / "other.gpkg")
    try:
        with other.write() as conn, store.read() as source:
            scenes.add(conn, scenes.find(source, kind=None))
        add_sites(other, *new[::-1])
        ours = {one.site_id: one for one in found(store).subsidences}
        theirs = {4 - one.site_id: one for one in found(other).subsidences}
    finally:
        other.close()
    for site_id, one in ours.items():
        same = theirs[site_id]
        assert (one.mean, one.p95, one.valid_units, one.epochs) == (
            same.mean,
            same.p95,
            same.valid_units,
            same.epochs,
        )


@pytest.mark.parametrize("pool", [Serial(), Processes(2)])
def test_shards_and_processes_tell_the_same_to_the_bit(store, empty_file, tmp_path, pool):
    (tmp_path / "other").mkdir()
    shutil.copyfile(empty_file, tmp_path / "other" / "store.gpkg")
    other = Store.open(tmp_path / "other" / "store.gpkg")
    for one in (store, other):
        add_series(one, rates(1.5, top=-12.0), noise=0.4)
        add_sites(one, *(site(f"s{at}", square(5, 12 * at)) for at in range(3)))
    together = found(store)
    alone = find_subsidence(other, PARAMS, today=TODAY, pool=pool, most_sites=1)
    with other.read() as conn:
        assert subsidences.find(conn) == alone.subsidences == together.subsidences
    assert len(alone.subsidences) == 3
    other.close()


def test_a_queued_run_that_was_stopped_goes_on_behind_its_last_shard(store, monkeypatch):
    add_series(store, rates(8.0))
    add_sites(store, *(site(f"s{at}", square(5, 12 * at)) for at in range(3)))
    queued = submit_subsidence(store, PARAMS)
    with store.write() as conn:
        runs.claim(conn, owner=this_process())
    told = []

    def noting(task, look):
        told.extend(() if task is None else (one.site_id for one in task.subjects))
        return tell_subsidence(task, look)

    def stop(done, _total):
        if done == 2:
            raise RunStopped(run_id=queued.run_id)

    monkeypatch.setattr(subsidence_run, "tell_subsidence", noting)
    again = partial(
        find_subsidence, store, PARAMS, run_id=queued.run_id, today=TODAY, keep=False, most_sites=1
    )
    with pytest.raises(RunStopped):
        again(progress=stop)
    with store.read() as conn:
        assert subsidences.find(conn) == []
    ended = again()
    assert sorted(told) == [1, 2, 3]
    assert (ended.run.result["n_told"], ended.subsidences) == (3, [])
    with store.read() as conn:
        assert len(subsidences.find(conn)) == 3


def test_no_more_than_the_cells_of_one_shard_are_held(store, monkeypatch):
    monkeypatch.setattr(site_displacement, "SITES_AT_ONCE", 1)
    add_series(store, rates(8.0))
    with store.read() as conn:
        found = scenes.find(conn, product="insar", edition="e", kind=None)
    series = displacement_series(found, subsidence_rules())
    outlines = {one: square(5, 12 * one) for one in range(3)}
    steps = []
    results = iter(
        site_displacement.site_displacements(
            series, outlines, locate=store.locate, progress=lambda *step: steps.append(step)
        )
    )
    first, _ = next(results)
    assert steps == []
    assert {first, *(site_id for site_id, _ in results)} == {0, 1, 2}
    assert steps == [(1, 3), (2, 3), (3, 3)]


def test_a_constant_offset_after_the_zero_epoch_is_movement_and_a_line_through_all_is_not(store):
    add_series(store, rates(8.0), edition="plain")
    add_series(store, rates(8.0), edition="shifted", constant=5.0)
    add_sites(store, site("a", square(0, 0)))
    plain = found(store, SubsidenceParams("insar", "plain")).subsidences[0]
    shifted = found(store, SubsidenceParams("insar", "shifted")).subsidences[0]
    assert plain.last_mean == pytest.approx(shifted.last_mean, abs=1e-3)
    assert shifted.mean > plain.mean


def test_a_second_run_computes_nothing_and_gives_the_same(store):
    add_series(store, rates(2.0))
    add_sites(store, site("a", square(0, 0)), site("far", square(300, 300)))
    first, again = found(store), found(store)
    assert (first.n_unchanged, again.n_unchanged, again.n_outside) == (0, 1, 1)
    assert again.subsidences == first.subsidences


def test_another_threshold_is_another_result(store):
    add_series(store, rates(20.0))
    add_sites(store, site("a", square(0, 0)))
    found(store)
    other = found(store, SubsidenceParams("insar", threshold=30.0, last_epochs=4))
    assert other.n_unchanged == 0
    assert (other.subsidences[0].threshold, other.subsidences[0].settlement) == (30.0, Settlement.SETTLED)
    assert other.subsidences[0].last_from == DAYS[-4]


def marked(store):
    with store.read() as conn:
        return [one.outdated for one in SubsidenceMarker(store, conn).subsidences(subsidences.find(conn))]


def test_a_result_is_outdated_once_the_outline_changes_and_not_by_a_later_scene(store):
    add_series(store, rates(20.0))
    (one,) = add_sites(store, site("a", square(0, 0)))
    found(store)
    add_rate(store, rates(3.0), edition="other")
    assert marked(store) == [False]
    moved = Change({}, date(2024, 6, 1), "surveyed", geometry=square(3, 0))
    with store.write() as conn:
        applied = changes.apply_change(conn, one, moved, actor="a", source="t", now=LATER, if_version=None)
        if applied.proposal is not None:
            proposals.approve(conn, applied.proposal.proposal_id, actor="b", now=LATER, today=TODAY)
    assert marked(store) == [True]
    found(store, SubsidenceParams("insar", "e"))
    assert marked(store) == [False]


def test_what_cannot_be_run_is_refused_before_a_run_is_made(store):
    add_series(store, rates())
    for params, error in (
        (SubsidenceParams("nothing"), UnknownScene),
        (SubsidenceParams("insar", "other"), UnknownScene),
        (SubsidenceParams("insar", site_ids=(9,)), UnknownSite),
        (SubsidenceParams("insar", threshold=0.0), BadValue),
        (SubsidenceParams("insar", threshold=float("nan")), BadValue),
        (SubsidenceParams("insar", last_epochs=2), BadValue),
    ):
        for attempt in (find_subsidence, submit_subsidence):
            with pytest.raises(error):
                attempt(store, params)
    with store.read() as conn:
        assert runs.find(conn) == []


def test_an_undeclared_fill_value_is_refused_and_nothing_is_written(store):
    field = rates()
    field[0, 0] = np.nan
    add_series(store, np.nan_to_num(field, nan=-9_999_999.0))
    add_sites(store, site("a", square(0, 0)))
    with pytest.raises(ImplausibleDisplacement, match="--nodata"):
        found(store)
    with store.read() as conn:
        assert subsidences.find(conn) == []
        assert [run.state for run in runs.find(conn)] == [RunState.FAILED]


def test_spectral_scenes_tell_no_subsidence(store):
    path = write_bands(store.folder / "s_2020.tif", np.full((2, 4, 4), 0.1, dtype=np.float32))
    request = RasterRequest("oli", "e", kind=SceneKind.SPECTRAL, band_names=("red", "nir"))
    register_scenes(store, [path], request)
    with pytest.raises(NotOfSubsidence):
        found(store, SubsidenceParams("oli"))


def test_epochs_of_different_zero_days_make_no_series(store):
    kept = add_series(store, rates())
    with pytest.raises(MixedDisplacements, match="2020-01-01"):
        displacement_series([replace(kept[0], period_start=DAYS[0]), *kept[1:]], subsidence_rules())
    with pytest.raises(MixedDisplacements, match="mm a year"):
        displacement_series([replace(kept[0], unit="mm_per_year"), *kept[1:]], subsidence_rules())


def test_the_worker_works_off_a_queued_run_and_a_cancelled_one_writes_nothing(store):
    add_series(store, rates(2.0))
    add_sites(store, site("a", square(0, 0)))
    submit_subsidence(store, SubsidenceParams("insar", site_ids=(1,), threshold=5.0))
    done = Worker(store).run_next()
    assert (done.kind, done.state, done.result["n_told"]) == ("subsidence", RunState.DONE, 1)
    run = submit_subsidence(store, SubsidenceParams("insar", threshold=6.0))
    with store.write() as conn:
        claimed = runs.claim(conn, owner=this_process())
        runs.request_cancel(conn, run.run_id)
    Worker(store)._settle(claimed)
    with store.read() as conn:
        assert runs.get(conn, run.run_id).state is RunState.CANCELLED
        assert subsidences.find(conn)[0].threshold == 5.0


def test_a_rate_raster_of_the_series_equals_its_field_and_is_read_back(store):
    field = np.random.default_rng(2).normal(0, 20, (40, 40))
    field[7, 7] = np.nan
    add_series(store, field)
    series = series_of(store)
    raster = rate_raster(series, store.locate)
    assert raster.n_cells == 1599
    assert raster.rate == pytest.approx(field, abs=1e-4, nan_ok=True)
    out = store.folder / "rate_out.tif"
    write_rate(raster, series, store, out)
    same = compare(raster, series, out)
    assert (same.both, same.only_ours, same.only_theirs) == (1599, 0, 0)
    assert same.largest < 1e-5
    with pytest.raises(OverwritesScene):
        write_rate(raster, series, store, store.folder / "series_e.tif")
    write_bands(out, np.zeros((1, 30, 40), dtype=np.float32))
    with pytest.raises(GridsDiffer):
        compare(raster, series, out)
