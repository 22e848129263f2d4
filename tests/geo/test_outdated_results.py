"""Outdated results: a figure counts only while it describes the outline, the facts, the scenes of now."""

import json
import shutil
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from geo.changes import Change
from geo.figures import rate_series, rates_of, site_evidence, site_recoveries, worklist
from geo.history import Fact
from geo.rates import GroupBy, RateDefinition, RateQuery
from geo.recover.run import RecoverParams, recover, recovery_item, scene_item
from geo.status import Status
from geo.store import Store, changes, history, proposals, recoveries, scenes
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

OBSERVED = RateQuery(RateDefinition.OBSERVED)


def change(store, site_id, facts=None, *, geometry=None, on=date(2024, 6, 1), voids_seq=None):
    stated = Change(facts or {}, on, "surveyed", geometry=geometry, voids_seq=voids_seq)
    with store.write() as conn:
        applied = changes.apply_change(
            conn, site_id, stated, actor="a", source="t", now=LATER, if_version=None
        )
        if applied.proposal is not None:
            proposals.approve(conn, applied.proposal.proposal_id, actor="b", now=LATER, today=TODAY)


def rate(store, query=OBSERVED):
    (found,) = rates_of(store, query, GroupBy.ALL, today=TODAY)
    return found


def test_a_changed_outline_drops_the_site_until_the_next_run(store):
    ramp(store)
    one, other = add_sites(store, site("a", square(0, 0)), site("b", square(0, 20, rows=12)))
    by_id = {found.site_id: found for found in recover(store, PARAMS, today=TODAY).recoveries}
    before = rate(store)
    assert (before.observed.n_sites, before.observed.n_outdated, before.observed.reason) == (2, 0, None)

    change(store, one, geometry=square(3, 0))
    left = rate(store)
    assert left.rate == by_id[other].recovered_share == pytest.approx(0.5, abs=1e-5)
    assert (left.n_missing, left.missing_ha) == (1, pytest.approx(9, rel=0.01))
    assert (left.observed.n_sites, left.observed.n_outdated) == (1, 1)
    assert left.observed.reason == "results_outdated"
    assert left.observed.recovered_ha == by_id[other].recovered_units / 1e8

    after = {found.site_id: found for found in recover(store, PARAMS, today=TODAY).recoveries}
    back = rate(store)
    assert after[other] == by_id[other]
    assert after[one].recovered_share == pytest.approx(0.3, abs=1e-5)
    recovered = after[one].recovered_units + after[other].recovered_units
    assert back.rate == recovered / sum(found.disturbed_baseline_units for found in after.values())
    assert (back.observed.n_sites, back.observed.n_outdated, back.observed.reason) == (2, 0, None)


def test_a_rate_without_any_usable_result_says_so(store):
    ramp(store)
    (one,) = add_sites(store, site("a", square(0, 0)))
    recover(store, PARAMS, today=TODAY)
    change(store, one, geometry=square(3, 0))
    found = rate(store)
    assert (found.rate, found.reason) == (None, "results_outdated")
    assert found.observed.disturbed_baseline_ha is None


def test_every_year_of_the_past_drops_a_site_whose_outline_changed_today(store):
    ramp(store)
    one, _ = add_sites(store, site("a", square(0, 0)), site("b", square(20, 20)))
    recover(store, PARAMS, today=TODAY)
    change(store, one, geometry=square(3, 0))
    series = rate_series(store, None, OBSERVED, 2016, 2020, TODAY)
    assert {found.observed.n_outdated for found in series} == {1}
    assert {found.rate for found in series} == {0.0}
    assert rate(store, replace(OBSERVED, as_of=date(2018, 1, 1), known_at="2024-06-01")).n_missing == 1


@pytest.mark.parametrize(
    ("facts", "outdated"),
    [
        ({Fact.KIND: "tailings"}, True),
        ({Fact.TARGET_USE: "water"}, True),
        ({Fact.TREATMENT_START: "2010-05-01"}, True),
        ({Fact.TREATMENT_START: "2014-05-01"}, False),
        ({Fact.ATTRIBUTES: {"natural_bare_disturbed": True}}, True),
        ({Fact.ATTRIBUTES: {"natural_bare_disturbed": False, "notes": "natural_bare_disturbed"}}, False),
        ({Fact.DAMAGE_YEAR: 2011}, False),
        ({Fact.NAME: "pit"}, False),
        ({Fact.RESTORED: {"units": 7}, Fact.DAMAGED: {"units": 900}}, False),
    ],
)
def test_results_are_outdated_by_the_facts_that_they_rest_on_and_no_others(store, facts, outdated):
    ramp(store)
    (one,) = add_sites(store, site("a", square(0, 0)))
    recover(store, PARAMS, today=TODAY)
    change(store, one, facts)
    assert {found.outdated for found in site_recoveries(store, one)} == {outdated}
    assert rate(store).observed.n_outdated == int(outdated)
    assert recover(store, PARAMS, today=TODAY).n_unchanged == int(not outdated)
    assert {found.outdated for found in site_recoveries(store, one)} == {False}
    assert {found.outdated for found in site_evidence(store, one)} == {False}


def test_the_damage_year_of_subsidence_outdates_a_result(store):
    ramp(store)
    (one,) = add_sites(store, site("a", square(0, 0), kind="subsidence", damage_year=2010))
    recover(store, RecoverParams("clcd", from_year=2013), today=TODAY)
    change(store, one, {Fact.DAMAGE_YEAR: 2012})
    assert [found.outdated for found in site_recoveries(store, one)] == [False, False]
    change(store, one, {Fact.DAMAGE_YEAR: 2015})
    assert [found.outdated for found in site_recoveries(store, one)] == [True, True]


def test_a_scene_registered_later_leaves_results_usable_and_a_replaced_one_does_not(store):
    ramp(store)
    (one,) = add_sites(store, site("a", square(0, 0)))
    recover(store, RecoverParams("clcd", to_year=2016), today=TODAY)
    add_scenes(store, {2012: cells(), 2014: cells(), 2015: cells(WATER), 2017: cells(WATER)})
    (raw,) = site_recoveries(store, one, rule="none")
    assert not raw.outdated
    assert rate(store, replace(OBSERVED, to_year=2016)).rate == raw.recovered_share
    with store.write() as conn:
        conn.exec_driver_sql("UPDATE scenes SET sha256 = 'other' WHERE period_end = '2012-12-31'")
    assert not site_recoveries(store, one, rule="none")[0].outdated
    with store.write() as conn:
        conn.exec_driver_sql("UPDATE scenes SET sha256 = 'other' WHERE period_end = '2016-12-31'")
    assert site_recoveries(store, one, rule="none")[0].outdated
    with store.read() as conn:
        assert len(scenes.find(conn)) == 7


def test_items_and_verdicts_are_marked_and_the_worklist_leaves_them_off(store):
    ramp(store)
    one, other = add_sites(
        store, site("a", square(0, 0), Status.TREATED), site("b", square(20, 20), Status.TREATED)
    )
    recover(store, PARAMS, today=TODAY)
    change(store, other, geometry=square(21, 20))
    assert worklist(store) == []
    assert [found.outdated for found in site_evidence(store, other)] == [True]
    items = [recovery_item(found) for found in site_recoveries(store, other)]
    assert [item["outdated"] for item in items] == [True, True]
    assert [found.outdated for found in site_evidence(store, one)] == [False]
    recover(store, PARAMS, today=TODAY)
    assert [entry.site_code for entry in worklist(store)] == ["b"]
    assert [found.outdated for found in site_evidence(store, other)] == [False]


def test_a_status_before_the_verdicts_year_outdates_the_verdict_not_the_figures(store):
    ramp(store)
    (one,) = add_sites(store, site("a", square(20, 20), Status.TREATED))
    recover(store, PARAMS, today=TODAY)
    assert [entry.site_code for entry in worklist(store)] == ["a"]
    change(store, one, {Fact.STATUS: "relapsed", Fact.RESTORED: {"units": 0}}, on=date(2023, 5, 1))
    (verdict,) = site_evidence(store, one)
    assert (verdict.outdated, verdict.status, verdict.status_today) == (False, "treated", "relapsed")
    change(store, one, {Fact.TREATMENT_END: "2019-08-01"}, on=date(2019, 8, 1))
    assert [found.outdated for found in site_evidence(store, one)] == [True]
    assert worklist(store) == []
    assert {found.outdated for found in site_recoveries(store, one)} == {False}
    recover(store, PARAMS, today=TODAY)
    assert [found.reasons[0] for found in site_evidence(store, one)] == ["treatment_recent"]


def test_a_site_that_left_keeps_its_past_results(store):
    ramp(store)
    (one,) = add_sites(store, site("a", square(0, 0)))
    recover(store, PARAMS, today=TODAY)
    before = rate(store, replace(OBSERVED, as_of=date(2021, 1, 1)))
    change(store, one, {Fact.MEMBERSHIP: "left"}, on=date(2024, 6, 2))
    after = rate(store, replace(OBSERVED, as_of=date(2021, 1, 1)))
    assert after.rate == before.rate == pytest.approx(0.6, abs=1e-5)
    assert rate(store).observed.n_sites == 0


def test_of_runs_over_an_outline_there_and_back_the_last_that_still_holds_counts_everywhere(store):
    ramp(store)
    (one,) = add_sites(store, site("a", square(0, 0)))
    here, there = square(0, 0), square(3, 0)
    (first,) = recover(store, PARAMS, today=TODAY).recoveries
    change(store, one, geometry=there)
    to_2016 = RecoverParams("clcd", to_year=2016)
    (second,) = recover(store, to_2016, today=TODAY).recoveries
    assert rate(store, replace(OBSERVED, to_year=2016)).rate == second.recovered_share
    assert rate(store).reason == "results_outdated"
    with store.read() as conn:
        moved = [row.seq for row in history.rows(conn, site_id=one) if row.fact is Fact.GEOMETRY][-1]
    change(store, one, voids_seq=moved)
    for query in (OBSERVED, replace(OBSERVED, to_year=2016)):
        assert rate(store, query).rate == first.recovered_share
    change(store, one, geometry=there)
    change(store, one, geometry=here)
    assert rate(store).reason == "results_outdated"
    result = recover(store, PARAMS, today=TODAY)
    assert result.n_unchanged == 0
    for query in (OBSERVED, replace(OBSERVED, to_year=2016)):
        assert rate(store, query).rate == result.recoveries[0].recovered_share == first.recovered_share
    with store.read() as conn:
        stored = {(found.to_year, found.temporal_rule): found for found in recoveries.find(conn)}
    assert stored[2020, "none"] == result.recoveries[0]
    assert stored[2016, "none"] == second


def test_the_last_computed_of_one_pair_replaces_the_others(store):
    ramp(store)
    (one,) = add_sites(store, site("a", square(0, 0)))
    for shape in (None, square(3, 0), square(0, 0)):
        if shape is not None:
            change(store, one, geometry=shape)
        (found,) = recover(store, PARAMS, today=TODAY).recoveries
        assert rate(store).rate == found.recovered_share
        with store.read() as conn:
            assert recoveries.find(conn, rule="none") == [found]
            assert len(recoveries.evidence(conn)) == 1
    assert found.recovered_share == pytest.approx(0.6, abs=1e-5)


def test_transitions_and_class_areas_stand_in_the_order_of_their_codes(store):
    first, last = cells(), cells()
    first[:5, :5], first[:5, 5:10], last[5:, :5], last[:3, :10] = FOREST, 255, WATER, 255
    add_scenes(store, {2013: first, 2020: last})
    add_sites(store, site("a", square(0, 0)))
    result = recover(store, PARAMS, today=TODAY)
    item = recovery_item(result.recoveries[0])
    steps = [(step["from_code"], step["to_code"]) for step in item["transitions"]]
    assert steps[:3] == [(None, None), (None, BARREN), (FOREST, None)]
    assert steps == sorted(steps, key=lambda step: tuple(-1 if code is None else code for code in step))
    with store.read() as conn:
        assert recovery_item(recoveries.find(conn, rule="none")[0]) == item
    assert json.loads(json.dumps(item)) == item
    assert list(item["area_ha"]) == ["2013", "2020"]
    assert list(item["area_ha"]["2013"]) == [str(FOREST), str(BARREN), "no_data"]
    shuffled = replace(result.recoveries[0], transitions=result.recoveries[0].transitions[::-1])
    assert recovery_item(shuffled) == item
    whole = scene_item(store, "clcd", "v1", from_year=2013, to_year=2020)
    assert list(whole["area_ha"]["2020"]) == [str(WATER), str(BARREN), "no_data"]
    assert [(step["from_code"], step["to_code"]) for step in whole["transitions"]] == [
        *((None, None), (None, BARREN), (FOREST, None), (FOREST, BARREN), (BARREN, WATER), (BARREN, BARREN)),
    ]


def test_the_order_of_the_sites_changes_nothing(tmp_path, empty_file):
    rng = np.random.default_rng(3)
    grids = {year: rng.choice(np.array([FOREST, BARREN, 255], np.uint8), (40, 40)) for year in (2013, 2020)}
    new = [site(code, square(*place)) for code, place in zip("abcd", rng.uniform(0, 28, (4, 2)), strict=True)]
    found = []
    for name, order in (("one", new), ("other", new[::-1])):
        folder = tmp_path / name
        folder.mkdir()
        shutil.copyfile(empty_file, folder / "store.gpkg")
        store = Store.open(folder / "store.gpkg")
        try:
            add_scenes(store, grids)
            add_sites(store, *order)
            result = recover(store, PARAMS, today=TODAY)
            figures = {
                result.codes[one.site_id]: replace(one, site_id=0, inputs=one.inputs.__class__())
                for one in result.recoveries + result.majority
            }
            found.append((figures, result.total["sum"], rate(store).rate, rate(store).observed))
        finally:
            store.close()
    assert found[0] == found[1]


def test_the_bounds_of_the_parts_in_which_sites_are_run_change_nothing(tmp_path, empty_file):
    rng = np.random.default_rng(5)
    grids = {year: rng.choice(np.array([FOREST, BARREN, 255], np.uint8), (40, 40)) for year in (2013, 2020)}
    places = rng.uniform(0, 28, (5, 2))
    found = []
    for name, parts in (
        ("whole", [None]),
        ("parts", [(1, 4), (5,), (2, 3)]),
        ("single", [(5,), (4,), (3,), (2,), (1,)]),
    ):
        folder = tmp_path / name
        folder.mkdir()
        shutil.copyfile(empty_file, folder / "store.gpkg")
        store = Store.open(folder / "store.gpkg")
        try:
            add_scenes(store, grids)
            add_sites(
                store, *(site(code, square(*place)) for code, place in zip("abcde", places, strict=True))
            )
            for part in parts:
                recover(store, replace(PARAMS, site_ids=part), today=TODAY)
            with store.read() as conn:
                found.append((recoveries.find(conn), recoveries.evidence(conn), rate(store).observed))
        finally:
            store.close()
    assert len(found[0][0]) == 10
    assert found[0] == found[1] == found[2]


def test_an_outline_that_changes_while_a_run_works_leaves_its_result_outdated(store):
    ramp(store)
    (one,) = add_sites(store, site("a", square(0, 0)))
    moved = []

    def progress(_done, _total):
        if not moved:
            moved.append(change(store, one, geometry=square(3, 0)))

    recover(store, PARAMS, today=TODAY, progress=progress)
    assert {found.outdated for found in site_recoveries(store, one)} == {True}
    assert rate(store).reason == "results_outdated"
    recover(store, PARAMS, today=TODAY)
    assert rate(store).rate == pytest.approx(0.3, abs=1e-5)
