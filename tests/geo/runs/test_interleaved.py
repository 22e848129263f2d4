"""Runs that overlap: what rests on newer inputs stays, in whatever order they end."""

from dataclasses import replace
from datetime import date

import pytest

from geo.changes import Change
from geo.history import Fact
from geo.recover.run import recover
from geo.runs.run import RunState
from geo.spectral.results import site_spectral
from geo.spectral.run import spectral_recovery
from geo.status import Status
from geo.store import Store, changes, recoveries, runs, subsidences
from geo.subsidence.plan import SubsidenceParams
from geo.subsidence.run import find_subsidence
from tests.geo.recovery_case import (
    FOREST,
    LATER,
    PARAMS,
    TODAY,
    add_scenes,
    add_sites,
    cells,
    ramp,
    site,
    square,
)
from tests.geo.spectral_case import PARAMS as SPECTRAL
from tests.geo.spectral_case import add_composites, field
from tests.geo.subsidence_case import add_series, rates


def between(store, run, *, meanwhile):
    """The result of `run`; `meanwhile` happens when all of its sites are computed and nothing is shown."""
    happened = []

    def progress(done, total):
        if done == total and not happened:
            happened.append(True)
            meanwhile()

    found = run(progress)
    assert happened
    return found


def recovery(store, params=PARAMS):
    """A run as `between` takes one."""
    return lambda progress: recover(store, params, today=TODAY, progress=progress)


def change(store, site_id, fact, value):
    stated = Change({fact: value}, date(2024, 6, 1), "new")
    with store.write() as conn:
        changes.apply_change(conn, site_id, stated, actor="a", source="t", now=LATER, if_version=None)


def judged(store):
    with store.read() as conn:
        found = recoveries.find(conn, rule="majority3"), recoveries.evidence(conn)
        hidden = conn.exec_driver_sql("SELECT count(*) FROM recoveries WHERE hidden != 0").scalar_one()
    return *found, hidden


def test_a_run_that_ends_last_leaves_what_saw_a_later_state_of_a_site(store: Store):
    ramp(store)
    add_sites(store, site("a", square(0, 0)), site("b", square(20, 20)))

    def meanwhile():
        change(store, 1, Fact.TARGET_USE, "cropland")
        recover(store, PARAMS, today=TODAY)

    late = between(store, recovery(store), meanwhile=meanwhile)
    assert (late.run.state, late.run.result["n_superseded"]) == (RunState.DONE, 1)
    found, verdicts, hidden = judged(store)
    assert [one.not_yet_crop_units > 0 for one in found] == [True, False]
    assert [one.inputs for one in verdicts] == [one.inputs for one in found]
    assert hidden == 0
    assert recover(store, PARAMS, today=TODAY).n_unchanged == 2


def test_a_run_that_ends_last_leaves_what_saw_a_later_scene(store: Store):
    add_scenes(store, {2013: cells(), 2016: cells(), 2020: cells(FOREST)})
    add_sites(store, site("a", square(0, 0)))
    params = replace(PARAMS, to_year=2016)

    def meanwhile():
        add_scenes(store, {2017: cells(FOREST)})
        recover(store, params, today=TODAY)

    late = between(store, recovery(store, params), meanwhile=meanwhile)
    assert late.run.result["n_superseded"] == 1
    with store.read() as conn:
        last = conn.exec_driver_sql("SELECT max(scene_id) FROM scenes").scalar_one()
    found, verdicts, _ = judged(store)
    assert {one.inputs.last_scene_id for one in (*found, *verdicts)} == {last}


def test_a_run_that_ends_last_and_saw_the_later_state_replaces_the_other(store: Store):
    ramp(store)
    add_sites(store, site("a", square(0, 0)))
    recover(store, PARAMS, today=TODAY)
    change(store, 1, Fact.TARGET_USE, "cropland")
    last = recover(store, PARAMS, today=TODAY)
    assert last.run.result["n_superseded"] == 0
    assert judged(store)[0][0].not_yet_crop_units > 0


def test_what_was_found_unchanged_later_is_not_replaced_by_what_was_computed_before(store: Store):
    ramp(store)
    add_sites(store, site("a", square(0, 0)))
    first = recover(store, PARAMS, today=TODAY).majority
    change(store, 1, Fact.TARGET_USE, "cropland")

    def meanwhile():
        change(store, 1, Fact.TARGET_USE, "none")
        assert recover(store, PARAMS, today=TODAY).n_unchanged == 1

    late = between(store, recovery(store), meanwhile=meanwhile)
    assert late.run.result["n_superseded"] == 1
    assert judged(store)[0] == first


def test_a_verdict_on_a_later_status_stays_where_the_hectares_are_the_same(store: Store):
    ramp(store)
    add_sites(store, site("a", square(0, 0), Status.UNTREATED))

    def meanwhile():
        stated = Change({Fact.STATUS: "planned"}, date(2019, 6, 1), "new")
        with store.write() as conn:
            changes.apply_change(conn, 1, stated, actor="a", source="t", now=LATER, if_version=None)
        recover(store, PARAMS, today=TODAY)

    between(store, recovery(store), meanwhile=meanwhile)
    assert [one.status for one in judged(store)[1]] == [Status.PLANNED]


@pytest.mark.parametrize("change_of", [Fact.DAMAGE_YEAR, None])
def test_spectral_results_of_newer_sites_or_scenes_stay(store: Store, change_of):
    add_composites(store, {year: field(0.5) for year in range(2010, 2016)})
    add_sites(store, site("a", square(10, 10), damage_year=2011, treatment_start="2012-05-01"))

    def meanwhile():
        if change_of is None:
            add_composites(store, {2016: field(0.9)})
        else:
            change(store, 1, change_of, 2012)
        spectral_recovery(store, SPECTRAL)

    late = between(store, lambda step: spectral_recovery(store, SPECTRAL, progress=step), meanwhile=meanwhile)
    assert late.run.result["n_superseded"] == 1
    (found,) = site_spectral(store, 1)
    assert not found.outdated
    assert (found.disturbance_year, found.n_years) == ((2012, 6) if change_of else (2011, 7))


def test_subsidence_of_a_later_outline_stays(store: Store):
    add_series(store, rates(8.0))
    add_sites(store, site("a", square(5, 5)))
    params = SubsidenceParams("insar")

    def meanwhile():
        change(store, 1, Fact.DAMAGE_YEAR, 2012)
        find_subsidence(store, replace(params, threshold=1.0), today=TODAY)

    late = between(
        store, lambda step: find_subsidence(store, params, today=TODAY, progress=step), meanwhile=meanwhile
    )
    assert late.run.result["n_superseded"] == 1
    with store.read() as conn:
        (found,) = subsidences.find(conn)
        assert [one.state for one in runs.find(conn)] == [RunState.DONE] * 2
    assert found.threshold == 1.0
