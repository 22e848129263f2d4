"""Recovery runs: from rasters with a known answer to stored results, verdicts, totals and progress."""

import shutil
import subprocess
import sys
import time
from datetime import date

import numpy as np
import pytest

from geo.areas import geodesic_area_units
from geo.changes import Change
from geo.errors import ReverdureError, UnknownProduct, UnknownScene, UnknownSite
from geo.evidence.verdict import Verdict
from geo.figures import rates_of, site_evidence, worklist
from geo.history import Fact
from geo.landcover import ScenesNotComparable
from geo.rates import GroupBy, RateDefinition, RateQuery
from geo.recover.plan import BadYears
from geo.recover.run import RecoverParams, recover, recovery_item, scene_item
from geo.recovery import TemporalRule
from geo.runs.jobs import Worker, submit_recovery
from geo.runs.owner import this_process
from geo.runs.run import RunState
from geo.status import Status
from geo.store import Store, changes, proposals, recoveries, runs, scenes
from tests.geo.recovery_case import (
    BARREN,
    FOREST,
    LATER,
    PARAMS,
    TODAY,
    WATER,
    add_scenes,
    add_sites,
    cells,
    ramp,
    site,
    square,
)


def test_the_figures_of_a_site_are_those_of_its_cells(store):
    ramp(store)
    add_sites(store, site("a", square(0, 0)))
    result = recover(store, PARAMS, today=TODAY)
    (found,) = result.recoveries
    assert (found.from_year, found.to_year, found.temporal_rule) == (2013, 2020, TemporalRule.NONE)
    assert found.recovered_share == pytest.approx(0.6, abs=1e-6)
    assert found.valid_share == pytest.approx(1, abs=1e-5)
    assert found.share_by_year == {2013: 0.0, 2016: found.recovered_share, 2020: found.recovered_share}
    assert [step.ha_grid for step in found.transitions] == pytest.approx([5.4, 3.6], abs=1e-5)
    assert result.run.state is RunState.DONE
    assert result.codes == {1: "a"}
    item = recovery_item(found)
    assert set(item["area_ha"]) == {"2013", "2016", "2020"}
    assert item["recovered_ha"] == pytest.approx(found.area_units * 0.6 / 1e8, rel=1e-5)


def test_results_and_verdicts_are_stored_and_make_rates_and_the_worklist(store):
    ramp(store)
    add_sites(store, site("a", square(0, 0)), site("b", square(20, 20), Status.TREATED))
    recover(store, PARAMS, today=TODAY)
    with store.read() as conn:
        assert len(recoveries.find(conn)) == 4
    assert [one.verdict for one in site_evidence(store, 2)] == [Verdict.CONTRADICTED]
    listed = worklist(store)
    assert [(one.site_code, one.verdict) for one in listed] == [
        ("b", Verdict.CONTRADICTED),
        ("a", Verdict.UNCLAIMED),
    ]
    assert listed[0].worklist_ha > listed[1].worklist_ha > 0
    assert worklist(store, limit=1, after=listed[0].cursor) == [listed[1]]
    query = RateQuery(RateDefinition.OBSERVED)
    (rate,) = rates_of(store, query, GroupBy.ALL, today=TODAY)
    assert rate.rate == pytest.approx(0.3, abs=1e-5)
    assert (rate.observed.edition, rate.observed.to_year) == ("v1", 2020)
    (earlier,) = rates_of(store, RateQuery(as_of=date(2019, 1, 1)), GroupBy.ALL, today=TODAY)
    assert (earlier.observed.from_year, earlier.observed.to_year) == (2013, 2016)
    (before,) = rates_of(store, RateQuery(as_of=date(2015, 1, 1)), GroupBy.ALL, today=TODAY)
    assert before.observed.reason == "no_recovery"


def test_a_second_run_computes_nothing_and_gives_the_same(store):
    ramp(store)
    add_sites(store, site("a", square(0, 0)), site("b", square(3, 3)))
    first = recover(store, PARAMS, today=TODAY)
    again = recover(store, PARAMS, today=TODAY, progress=None)
    assert (first.n_unchanged, again.n_unchanged) == (0, 2)
    assert (again.recoveries, again.evidence, again.total) == (first.recoveries, first.evidence, first.total)


def test_a_changed_site_is_computed_anew_and_the_others_are_kept(store):
    ramp(store)
    first, _ = add_sites(store, site("a", square(0, 0)), site("b", square(20, 20)))
    recover(store, PARAMS, today=TODAY)
    change = Change({Fact.TARGET_USE: "water"}, date(2024, 6, 1), "a lake is to be")
    with store.write() as conn:
        changes.apply_change(conn, first, change, actor="a", source="t", now=LATER, if_version=None)
    again = recover(store, PARAMS, today=TODAY)
    assert again.n_unchanged == 1
    assert again.recoveries[0].recovered_units == 0


def test_a_site_begins_at_the_first_scene_after_its_damage(store):
    ramp(store)
    add_sites(
        store,
        site("a", square(0, 0), damage_year=2015, treatment_start="2014-05-01"),
        site("b", square(20, 20), damage_year=2020),
    )
    result = recover(store, PARAMS, today=TODAY)
    assert [(one.from_year, one.baseline_late) for one in result.recoveries] == [(2016, True)]
    assert result.evidence[1].reasons == ("no_baseline_scene",)
    explicit = recover(store, RecoverParams("clcd", from_year=2013), today=TODAY)
    assert {one.from_year for one in explicit.recoveries} == {2013}


def test_flicker_is_smoothed_for_the_verdict_and_shown_raw(store):
    add_scenes(
        store,
        {2018: cells(), 2019: cells(), 2020: cells(), 2021: cells(FOREST), 2022: cells(), 2023: cells()},
    )
    add_sites(store, site("a", square(0, 0), Status.TREATED))
    result = recover(store, RecoverParams("clcd", from_year=2019, to_year=2021), today=TODAY)
    assert (result.recoveries[0].recovered_share, result.majority[0].recovered_share) == (1.0, 0.0)
    assert not result.majority[0].end_year_unchanged
    (found,) = result.evidence
    assert (found.verdict, found.raw_recovered_share) == (Verdict.CONTRADICTED, 1.0)


def test_a_site_outside_the_scene_or_only_half_in_it_has_no_verdict(store):
    ramp(store)
    add_sites(store, site("far", square(200, 200)), site("half", square(0, 35)))
    result = recover(store, PARAMS, today=TODAY)
    assert [one.reasons[0] for one in result.evidence] == ["outside_scene", "low_valid_share"]
    assert result.recoveries[1].valid_share == pytest.approx(0.5, abs=1e-5)


def test_the_total_says_its_overlap_and_counts_land_once_beside_the_sum(store):
    ramp(store)
    add_sites(store, site("a", square(0, 0)), site("b", square(0, 5)), site("c", square(0, 0)))
    total = recover(store, PARAMS, today=TODAY).total
    one_ha = geodesic_area_units(square(0, 0)) / 1e8
    assert total["sum"]["disturbed_baseline_ha"] == pytest.approx(3 * one_ha, rel=1e-5)
    assert total["dissolved"]["disturbed_baseline_ha"] == pytest.approx(1.5 * one_ha, rel=1e-5)
    assert total["overlap_ha"] == pytest.approx(1.5 * one_ha, rel=1e-5)
    assert total["sum"]["area_ha"]["2013"] == pytest.approx({"7": 3 * one_ha}, rel=1e-5)
    assert total["dissolved"]["recovered_share"] == pytest.approx(0.6, rel=1e-5)


def test_two_editions_stand_side_by_side_and_the_last_is_current(store):
    ramp(store)
    add_scenes(store, {2013: cells(), 2020: cells(FOREST)}, edition="v2")
    add_sites(store, site("a", square(0, 0)))
    recover(store, RecoverParams("clcd", "v1"), today=TODAY)
    assert recover(store, PARAMS, today=TODAY).recoveries[0].edition == "v2"
    found = {
        edition: rates_of(store, RateQuery(edition=edition), GroupBy.ALL, today=TODAY)[0]
        for edition in ("v1", "v2")
    }
    assert found["v1"].observed.rate == pytest.approx(0.6, abs=1e-5)
    assert found["v2"].observed.rate == 1.0


def test_a_whole_scene_gives_its_class_areas_and_transitions(store):
    ramp(store)
    item = scene_item(store, "clcd", "v1", from_year=2013, to_year=2020)
    assert item["area_ha_grid"]["2013"] == {"7": pytest.approx(144)}
    assert [(one["to_code"], one["outcome"]) for one in item["transitions"]] == [
        (2, "recovered"),
        (7, "still_disturbed"),
    ]
    assert [one["code"] for one in item["classes"]] == [2, 7]
    assert "transitions" not in scene_item(store, "clcd", "v1", year=2016)


@pytest.mark.parametrize(
    ("params", "error"),
    [
        (RecoverParams("nothing"), UnknownProduct),
        (RecoverParams("esri"), UnknownScene),
        (RecoverParams("clcd", to_year=2019), UnknownScene),
        (RecoverParams("clcd", from_year=2020, to_year=2013), BadYears),
        (RecoverParams("clcd", site_ids=(99,)), UnknownSite),
    ],
)
def test_what_cannot_be_run_is_refused_before_a_run_is_made(store, params, error):
    ramp(store)
    for attempt in (recover, submit_recovery):
        with pytest.raises(error):
            attempt(store, params)
    with store.read() as conn:
        assert runs.find(conn) == []


def test_scenes_that_must_not_be_differenced_are_refused(store):
    add_scenes(store, {2020: cells(10), 2021: cells(10)}, slug="worldcover", edition="v")
    add_sites(store, site("a", square(0, 0)))
    with pytest.raises(ScenesNotComparable, match="algorithms"):
        recover(store, RecoverParams("worldcover"), today=TODAY)
    with pytest.raises(ScenesNotComparable):
        scene_item(store, "worldcover", "v", from_year=2020, to_year=2021)


def test_a_run_without_sites_ends_well(store):
    ramp(store)
    result = recover(store, PARAMS, today=TODAY)
    assert (result.recoveries, result.total["n_sites"]) == ([], 0)


def test_the_worker_works_off_what_is_queued_and_stops(store):
    ramp(store)
    add_sites(store, site("a", square(0, 0)))
    run = submit_recovery(store, RecoverParams("clcd", site_ids=(1,)))
    assert run.state is RunState.QUEUED
    worker = Worker(store)
    worker.start()
    try:
        assert settled(store, run.run_id).state is RunState.DONE
    finally:
        worker.stop()
    with store.read() as conn:
        done = runs.get(conn, run.run_id)
    assert (done.done, done.total) == (1, 1)
    assert done.result["n_computed"] == 1


def settled(store, run_id):
    for _ in range(100):
        with store.read() as conn:
            run = runs.get(conn, run_id)
        if run.state not in (RunState.QUEUED, RunState.RUNNING):
            return run
        time.sleep(0.05)
    return run


def test_a_run_interrupted_by_a_restart_is_worked_off_again(store):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    ramp(store)
    add_sites(store, site("a", square(0, 0)))
    run = submit_recovery(store, PARAMS)
    with store.write() as conn:
        runs.claim(conn, owner=f"{this_process().rpartition(' ')[0]} {ended.pid}")
    worker = Worker(store)
    worker.start()
    try:
        assert settled(store, run.run_id).state is RunState.DONE
    finally:
        worker.stop()


def test_a_run_that_is_cancelled_writes_nothing(store):
    ramp(store)
    add_sites(store, site("a", square(0, 0)))
    run = submit_recovery(store, PARAMS)
    with store.write() as conn:
        claimed = runs.claim(conn, owner=this_process())
        runs.request_cancel(conn, run.run_id)
    Worker(store)._settle(claimed)
    with store.read() as conn:
        assert runs.get(conn, run.run_id).state is RunState.CANCELLED
        assert recoveries.find(conn) == []


def test_a_run_that_fails_says_why(store):
    ramp(store)
    add_sites(store, site("a", square(0, 0)))
    run = submit_recovery(store, PARAMS)
    (store.folder / "clcd_v1_2016.tif").write_bytes(b"not a raster")
    found = Worker(store).run_next()
    assert (found.run_id, found.state) == (run.run_id, RunState.FAILED)
    assert "2016" in found.error


def test_a_direct_run_that_fails_is_kept_as_failed(store):
    ramp(store)
    add_sites(store, site("a", square(0, 0)))
    (store.folder / "clcd_v1_2020.tif").unlink()
    with pytest.raises(ReverdureError, match="2020"):
        recover(store, PARAMS, today=TODAY)
    with store.read() as conn:
        assert [one.state for one in runs.find(conn)] == [RunState.FAILED]


def figures_of(rate):
    seen = rate.observed
    return (seen.rate, seen.from_year, seen.to_year, seen.disturbed_baseline_ha, seen.valid_share)


def test_a_run_knows_every_later_year_as_a_run_to_that_year_would(store, tmp_path, empty_file):
    rng = np.random.default_rng(7)
    choice = np.array([FOREST, WATER, BARREN, 255], dtype=np.uint8)
    years = (2013, 2015, 2016, 2018, 2019, 2020)
    shutil.copyfile(empty_file, tmp_path / "other.gpkg")
    grids = {year: rng.choice(choice, (40, 40), p=[0.3, 0.1, 0.5, 0.1]) for year in years}
    new = [site("a", square(0.5, 0.3)), site("b", square(15, 4), damage_year=2015), site("c", square(20, 20))]
    add_scenes(store, grids)
    add_sites(store, *new)
    whole = recover(store, PARAMS, today=TODAY)
    other = Store.open(tmp_path / "other.gpkg")
    try:
        with other.write() as conn, store.read() as source:
            scenes.add(conn, scenes.find(source))
        add_sites(other, *new)
        for year in years[1:]:
            exact = recover(other, RecoverParams("clcd", to_year=year), today=TODAY)
            for name in ("recoveries", "majority"):
                lines = {one.site_id: one.lines.get(year) for one in getattr(whole, name)}
                for one in getattr(exact, name):
                    assert one.lines[year] == lines[one.site_id]
                    assert lines[one.site_id].recovered_units == one.recovered_units
                    assert lines[one.site_id].disturbed_baseline_units == one.disturbed_baseline_units
                    assert lines[one.site_id].valid_units == one.valid_units
                    assert lines[one.site_id].new_damage_units == one.new_damage_units
            for query in (RateQuery(as_of=date(year, 12, 31)), RateQuery(as_of=TODAY, to_year=year)):
                (mine,) = rates_of(store, query, GroupBy.ALL, today=TODAY)
                (theirs,) = rates_of(other, query, GroupBy.ALL, today=TODAY)
                assert figures_of(mine) == figures_of(theirs)
                assert mine.observed.to_year == year
    finally:
        other.close()
    with store.read() as conn:
        assert recoveries.find(conn, rule=TemporalRule.NONE) == whole.recoveries


def test_a_changed_outline_replaces_the_figures_of_every_year(store):
    ramp(store)
    (one,) = add_sites(store, site("a", square(0, 0)))
    recover(store, PARAMS, today=TODAY)
    moved = Change({}, date(2024, 6, 1), "surveyed", geometry=square(3, 0))
    with store.write() as conn:
        applied = changes.apply_change(conn, one, moved, actor="a", source="t", now=LATER, if_version=None)
        if applied.proposal is not None:
            proposals.approve(conn, applied.proposal.proposal_id, actor="b", now=LATER, today=TODAY)
    for year in (2016, 2020):
        (found,) = recover(store, RecoverParams("clcd", to_year=year), today=TODAY).recoveries
        (rate,) = rates_of(store, RateQuery(as_of=TODAY, to_year=year), GroupBy.ALL, today=TODAY)
        assert rate.observed.rate == found.recovered_share == pytest.approx(0.3, abs=1e-5)
