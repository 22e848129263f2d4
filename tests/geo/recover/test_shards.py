"""Runs in shards: neither their size, nor who computes them, nor a stop in between changes a figure."""

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.changes import Change
from geo.figures import rates_of
from geo.history import Fact
from geo.rates import GroupBy, RateDefinition, RateQuery
from geo.recover import going as recover_run
from geo.recover import part as recover_part
from geo.recover.run import recover
from geo.recover.shard import EngineDiffers, assess_shard
from geo.runs.dask_pool import DaskCluster
from geo.runs.jobs import Worker, submit_recovery
from geo.runs.owner import this_process
from geo.runs.pools import Processes, Serial
from geo.runs.run import RunState
from geo.runs.waste import clear_waste
from geo.runs.work import RunStopped
from geo.status import Status
from geo.store import Store, changes, recoveries, run_shards, runs
from geo.store.tables import CLASS_AREAS, EVIDENCE, RECOVERIES
from tests.geo.dask_cluster import dask_cluster
from tests.geo.recovery_case import LATER, PARAMS, TODAY, add_scenes, add_sites, ramp, site, square

YEARS = (2013, 2015, 2016, 2018, 2019, 2020)
PLACES = [(0.5, 0.3), (3, 3), (3.2, 8), (15, 4), (20, 20), (20, 20), (29.7, 31.4), (200, 200), (0, 35)]
"""Sites that overlap in chains and wholly, one beyond the scene, one half in it."""


def fill(store, places=PLACES):
    rng = np.random.default_rng(7)
    codes = np.array([2, 5, 7, 8, 255], dtype=np.uint8)
    add_scenes(store, {year: rng.choice(codes, (40, 40), p=[0.3, 0.1, 0.4, 0.1, 0.1]) for year in YEARS})
    statuses = (Status.UNTREATED, Status.TREATED)
    new = [site(f"s{n}", square(*place), statuses[n % 2]) for n, place in enumerate(places)]
    new[3] = replace(new[3], facts=new[3].facts | {Fact.DAMAGE_YEAR: 2015})
    add_sites(store, *new)


def figures(result):
    return result.recoveries, result.majority, result.evidence, result.total, result.codes


def stored(store):
    """Every row of the results, keys and all, but for the run that they are of."""
    with store.read() as conn:
        return [
            [tuple(value for name, value in row.items() if name != "run_id") for row in rows]
            for table in (RECOVERIES, CLASS_AREAS, EVIDENCE)
            for rows in (conn.execute(table.select()).mappings().all(),)
        ]


@pytest.fixture
def filled(store):
    fill(store)
    return store


@pytest.fixture
def copy_of(filled, tmp_path):
    """A function that gives another store of the same sites and scenes, without results."""
    opened = []

    def make(name):
        path = tmp_path / name
        with closing(sqlite3.connect(filled.path)) as original, closing(sqlite3.connect(path)) as other:
            original.backup(other)
        opened.append(Store.open(path))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.mark.parametrize("most_sites", [1, 2, 4])
def test_the_size_of_shards_changes_no_figure(filled, copy_of, most_sites):
    other = copy_of("other.gpkg")
    whole = recover(filled, PARAMS, today=TODAY)
    parts = recover(other, PARAMS, today=TODAY, most_sites=most_sites)
    assert figures(parts) == figures(whole)
    assert len(whole.recoveries) == len(PLACES)
    assert whole.total["overlap_ha"] > 0
    with other.read() as conn, filled.read() as first:
        assert recoveries.find(conn) == recoveries.find(first)
        assert recoveries.evidence(conn) == recoveries.evidence(first)


def test_histories_asked_for_in_parts_give_the_same(filled, copy_of, monkeypatch):
    other = copy_of("other.gpkg")
    whole = recover(filled, PARAMS, today=TODAY)
    monkeypatch.setattr(recover_part, "_IDS_AT_ONCE", 2)
    assert figures(recover(other, PARAMS, today=TODAY)) == figures(whole)


def test_processes_and_a_cluster_store_the_very_rows_of_one_process(filled, copy_of):
    stores = {name: copy_of(f"{name}.gpkg") for name in ("processes", "dask")}
    whole = recover(filled, PARAMS, today=TODAY, most_sites=2)
    rows = stored(filled)
    with dask_cluster() as address:
        for name, pool in (("processes", Processes(2)), ("dask", DaskCluster(address))):
            there = recover(stores[name], PARAMS, today=TODAY, pool=pool, most_sites=2)
            assert figures(there) == figures(whole), name
            assert stored(stores[name]) == rows, name


def test_a_run_that_keeps_nothing_stores_the_same(filled, copy_of):
    other = copy_of("other.gpkg")
    whole = recover(filled, PARAMS, today=TODAY, most_sites=2)
    lean = recover(other, PARAMS, today=TODAY, most_sites=2, keep=False)
    assert lean.total == whole.total
    assert (lean.recoveries, lean.majority, lean.evidence, lean.codes) == ([], [], [], {})
    assert stored(other) == stored(filled)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(6)), most_sites=st.integers(1, 6))
def test_permuting_sites_permutes_results(tmp_path_factory, empty_file, order, most_sites):
    apart = [(0.5, 0.3), (3, 13), (15, 4), (20, 20), (29.7, 31.4), (0, 35)]
    by_code = []
    for places, size in ((apart, 500), ([apart[n] for n in order], most_sites)):
        path = tmp_path_factory.mktemp("permuted") / "store.gpkg"
        path.write_bytes(empty_file.read_bytes())
        opened = Store.open(path)
        try:
            rng = np.random.default_rng(3)
            add_scenes(
                opened,
                {year: rng.choice(np.array([2, 7], dtype=np.uint8), (40, 40)) for year in (2013, 2020)},
            )
            add_sites(opened, *(site(f"{place}", square(*place)) for place in places))
            result = recover(opened, PARAMS, today=TODAY, most_sites=size)
        finally:
            opened.close()
        figures_of = {
            result.codes[one.site_id]: (one.transitions, one.class_units, one.lines)
            for one in result.majority
        }
        by_code.append((figures_of, result.total))
    assert by_code[0] == by_code[1]


def test_readers_see_nothing_of_a_run_before_it_is_over(filled):
    query = RateQuery(RateDefinition.OBSERVED)
    first = recover(filled, PARAMS, today=TODAY)
    change = Change({Fact.TARGET_USE: "water"}, date(2024, 6, 1), "a lake is to be")
    with filled.write() as conn:
        for site_id in (1, 2):
            changes.apply_change(conn, site_id, change, actor="a", source="t", now=LATER, if_version=None)
    seen, finished = [], []

    def progress(done, _total):
        with filled.read() as conn:
            finished.append(run_shards.count(conn, first.run.run_id + 1))
            seen.append((recoveries.find(conn), recoveries.evidence(conn), recoveries.pairs(conn)))

    with filled.read() as conn:
        before = (recoveries.find(conn), recoveries.evidence(conn), recoveries.pairs(conn))
    again = recover(filled, PARAMS, today=TODAY, progress=progress, most_sites=1)
    assert max(finished) == len(PLACES)
    assert all(one == before for one in seen)
    assert again.n_unchanged == len(PLACES) - 2
    with filled.read() as conn:
        assert recoveries.find(conn, rule="none") == again.recoveries != before[0]
        assert recoveries.evidence(conn) == again.evidence
        assert conn.execute(RECOVERIES.select().where(RECOVERIES.c.hidden != 0)).all() == []
    assert rates_of(filled, query, GroupBy.ALL, today=TODAY)[0].rate is not None


class Stops:
    """Progress that stops the work once so many sites are behind it."""

    def __init__(self, after, error):
        self.after, self.error = after, error

    def __call__(self, done, _total):
        if done >= self.after:
            raise self.error


def computed_by(monkeypatch):
    """The ids that shards compute from now on."""
    ids = []

    def noting(task, look):
        ids.extend(() if task is None else (one.site_id for one in task.subjects))
        return assess_shard(task, look)

    monkeypatch.setattr(recover_run, "assess_shard", noting)
    return ids


def test_a_stopped_run_goes_on_behind_its_last_shard(filled, copy_of, monkeypatch):
    other = copy_of("other.gpkg")
    whole = recover(other, PARAMS, today=TODAY, most_sites=2)
    run = submit_recovery(filled, PARAMS)
    with filled.write() as conn:
        runs.claim(conn, owner=this_process())
    once = computed_by(monkeypatch)
    stop = Stops(5, RunStopped(run_id=run.run_id))
    with pytest.raises(RunStopped):
        recover(filled, PARAMS, run_id=run.run_id, today=TODAY, progress=stop, keep=False, most_sites=2)
    first = list(once)
    with filled.read() as conn:
        assert run_shards.count(conn, run.run_id) == 3
        assert recoveries.find(conn) == []
    once.clear()
    again = recover(filled, PARAMS, run_id=run.run_id, today=TODAY, keep=False, most_sites=2)
    assert {abs(one) for one in first} | {abs(one) for one in once} == set(range(1, len(PLACES) + 1))
    assert set(first) & set(once) == set()
    assert again.total == whole.total
    with filled.read() as conn, other.read() as first:
        assert recoveries.find(conn) == recoveries.find(first)
        assert recoveries.evidence(conn) == recoveries.evidence(first)


def test_a_shard_whose_sites_changed_meanwhile_is_done_again(filled, monkeypatch):
    run = submit_recovery(filled, PARAMS)
    with filled.write() as conn:
        runs.claim(conn, owner=this_process())
    with pytest.raises(RunStopped):
        recover(
            filled, PARAMS, run_id=run.run_id, today=TODAY, keep=False, most_sites=1,
            progress=Stops(len(PLACES), RunStopped(run_id=run.run_id)),
        )  # fmt: skip
    change = Change({Fact.TARGET_USE: "water"}, date(2024, 6, 1), "a lake is to be")
    with filled.write() as conn:
        changes.apply_change(conn, 3, change, actor="a", source="t", now=LATER, if_version=None)
    ids = computed_by(monkeypatch)
    recover(filled, PARAMS, run_id=run.run_id, today=TODAY, keep=False, most_sites=1)
    assert {abs(one) for one in ids} == {3}
    with filled.read() as conn:
        fresh = recoveries.find(conn, site_id=3, rule="none")
        assert len(fresh) == 1
        assert len(recoveries.find(conn)) == 2 * len(PLACES)
    assert recover(filled, PARAMS, today=TODAY).n_unchanged == len(PLACES)


def test_a_cancelled_run_leaves_nothing_behind(filled):
    run = submit_recovery(filled, PARAMS)
    worker = Worker(filled)
    with filled.write() as conn:
        claimed = runs.claim(conn, owner=this_process())
    with pytest.raises(RunStopped):
        recover(
            filled, PARAMS, run_id=run.run_id, today=TODAY, keep=False, most_sites=2,
            progress=Stops(3, RunStopped(run_id=run.run_id)),
        )  # fmt: skip
    clear_waste(filled)
    with filled.write() as conn:
        assert conn.execute(RECOVERIES.select()).all()
        runs.request_cancel(conn, run.run_id)
    worker._settle(claimed)
    clear_waste(filled)
    with filled.read() as conn:
        assert runs.get(conn, run.run_id).state is RunState.CANCELLED
        assert conn.execute(RECOVERIES.select()).all() == conn.execute(EVIDENCE.select()).all() == []
        assert conn.execute(CLASS_AREAS.select()).all() == []


def test_the_worker_computes_on_the_pool_that_it_was_given(filled):
    submit_recovery(filled, PARAMS)
    threads = []

    class Noting(Serial):
        def map_shards(self, function, tasks, *, look):
            threads.append(threading.current_thread().name)
            return super().map_shards(function, tasks, look=look)

    done = Worker(filled, Noting()).run_next()
    assert (done.state, done.done, done.total) == (RunState.DONE, len(PLACES), len(PLACES))
    assert len(threads) == 1
    with filled.read() as conn:
        assert len(recoveries.find(conn)) == 2 * len(PLACES)


def test_a_worker_of_another_version_is_refused(filled, monkeypatch):
    seen = []
    monkeypatch.setattr(
        recover_run, "assess_shard", lambda task, look: seen.append(task) or assess_shard(task, look)
    )
    recover(filled, PARAMS, today=TODAY)
    with pytest.raises(EngineDiffers):
        assess_shard(replace(seen[0], engine=0), lambda: None)


def test_only_the_sites_asked_for_count_as_earlier_ones(store):
    ramp(store)
    add_sites(store, site("a", square(0, 0)), site("b", square(0, 5)), site("c", square(0, 0)))
    total = recover(store, replace(PARAMS, site_ids=(2, 3)), today=TODAY).total
    one_ha = total["sum"]["area_ha"]["2013"]["7"] / 2
    assert total["overlap_ha"] == pytest.approx(one_ha / 2, rel=1e-5)
    assert total["dissolved"]["disturbed_baseline_ha"] == pytest.approx(1.5 * one_ha, rel=1e-5)
