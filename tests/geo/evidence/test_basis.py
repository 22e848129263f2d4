"""A verdict names what it came from, and is reached anew when any of that changes, and only then."""

import hashlib
from datetime import date

import pytest

from geo.changes import Change
from geo.evidence import thresholds as threshold_table
from geo.evidence.basis import basis_item
from geo.evidence.items import told_evidence
from geo.evidence.verdict import Verdict
from geo.history import Fact
from geo.recover.run import RecoverParams, recover
from geo.reference import reference_rows
from geo.status import Status
from geo.store import changes, proposals, recoveries
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


def change(store, site_id, facts=None, *, geometry=None, on=date(2024, 6, 1)):
    stated = Change(facts or {}, on, "surveyed", geometry=geometry)
    with store.write() as conn:
        applied = changes.apply_change(
            conn, site_id, stated, actor="a", source="t", now=LATER, if_version=None
        )
        if applied.proposal is not None:
            proposals.approve(conn, applied.proposal.proposal_id, actor="b", now=LATER, today=TODAY)


def runs_of(store):
    """{(site, edition): the run that reached the verdict}."""
    with store.read() as conn:
        rows = conn.exec_driver_sql("SELECT site_id, edition, run_id FROM evidence").all()
    return {(site_id, edition): run_id for site_id, edition, run_id in rows}


def key_of(store, site_id):
    with store.read() as conn:
        return recoveries.evidence(conn, site_id=site_id)[0].content_key


@pytest.fixture
def judged(store):
    ramp(store)
    one, other = add_sites(store, site("a", square(0, 0), Status.TREATED), site("b", square(0, 20)))
    recover(store, PARAMS, today=TODAY)
    return store, one, other


@pytest.fixture
def other_limits(monkeypatch):
    """Raises the share from which a treated site is corroborated, until the test ends."""

    def rows(name):
        found = reference_rows(name)
        if name != "evidence_thresholds":
            return found
        return [row | ({"value": "0.7"} if row["slug"] == "corroborated_share" else {}) for row in found]

    def change():
        monkeypatch.setattr(threshold_table, "reference_rows", rows)
        threshold_table.thresholds.cache_clear()

    yield change
    threshold_table.thresholds.cache_clear()


def test_a_verdict_names_its_scenes_edition_rule_and_parameters(judged):
    store, one, _ = judged
    (told,) = told_evidence(store, one)
    basis = basis_item(told.basis)
    assert (basis["product"], basis["edition"], basis["temporal_rule"]) == ("clcd", "v1", "majority3")
    assert [scene["year"] for scene in basis["scenes"]] == [2013, 2016, 2020]
    for scene in basis["scenes"]:
        path = store.folder / scene["path"]
        assert scene["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert basis["thresholds"]["corroborated_share"] == 0.5
    assert basis["geometry_seq"] > 0
    assert len({basis["content_key"], basis["state_key"], basis["roles_sha256"]}) == 3
    assert "China Land Cover Dataset (CLCD), edition v1, 2013–2020." in told.words["en"]
    assert "台账状态为“已治理”" in told.words["zh"]


def test_a_scene_registered_later_is_not_among_those_of_an_earlier_verdict(judged):
    store, one, _ = judged
    add_scenes(store, {2018: cells(FOREST)})
    (told,) = told_evidence(store, one)
    assert [scene.year for scene in told.basis.scenes] == [2013, 2016, 2020]
    recover(store, PARAMS, today=TODAY)
    (told,) = told_evidence(store, one)
    assert [scene.year for scene in told.basis.scenes] == [2013, 2016, 2018, 2020]


def test_a_run_over_the_same_leaves_every_verdict_under_the_run_that_reached_it(judged):
    store, one, other = judged
    before, key = runs_of(store), key_of(store, one)
    result = recover(store, PARAMS, today=TODAY)
    assert result.run.run_id not in set(runs_of(store).values())
    assert (runs_of(store), key_of(store, one)) == (before, key)
    change(store, other, {Fact.NAME: "pit", Fact.RESTORED: {"units": 7}})
    recover(store, PARAMS, today=TODAY)
    assert runs_of(store) == before


@pytest.mark.parametrize(
    "what",
    [
        {"facts": {Fact.STATUS: "in_progress"}, "on": date(2019, 1, 1)},
        {"geometry": square(2, 0)},
        {"facts": {Fact.KIND: "tailings"}},
        {"facts": {Fact.TARGET_USE: "cropland"}},
        {"facts": {Fact.TREATMENT_END: "2019-05-01"}, "on": date(2019, 6, 1)},
    ],
)
def test_a_change_of_the_site_marks_its_verdict_alone_and_the_next_run_reaches_it_anew(judged, what):
    store, one, other = judged
    before, key = runs_of(store), key_of(store, one)
    change(store, one, **what)
    assert [told_evidence(store, each)[0].evidence.outdated for each in (one, other)] == [True, False]
    result = recover(store, PARAMS, today=TODAY)
    assert runs_of(store) == before | {(one, "v1"): result.run.run_id}
    assert key_of(store, one) != key
    assert not told_evidence(store, one)[0].evidence.outdated


def test_a_replaced_scene_marks_every_verdict_and_they_are_reached_anew(judged):
    store, one, _ = judged
    key = key_of(store, one)
    with store.write() as conn:
        conn.exec_driver_sql("UPDATE scenes SET sha256 = 'other' WHERE period_end = '2016-12-31'")
    told = told_evidence(store, one)[0]
    assert told.evidence.outdated
    assert (told.basis.thresholds, told.basis.outcomes_sha256) == (None, None)
    assert "it no longer holds" in told.words["en"]
    result = recover(store, PARAMS, today=TODAY)
    assert set(runs_of(store).values()) == {result.run.run_id}
    assert key_of(store, one) != key


def test_another_edition_is_judged_beside_the_first_which_stays(judged):
    store, one, other = judged
    before = runs_of(store)
    add_scenes(store, {2013: cells(), 2020: cells(FOREST)}, edition="v2")
    result = recover(store, RecoverParams("clcd", edition="v2"), today=TODAY)
    new = {(site_id, "v2"): result.run.run_id for site_id in (one, other)}
    assert runs_of(store) == before | new
    assert [told.basis.edition for told in told_evidence(store, one)] == ["v1", "v2"]
    assert len(told_evidence(store, one, edition="v2")) == 1


def test_a_changed_threshold_marks_the_verdicts_and_decides_anew(judged, other_limits):
    store, one, _ = judged
    key = key_of(store, one)
    assert told_evidence(store, one)[0].evidence.verdict is Verdict.CORROBORATED
    other_limits()
    assert told_evidence(store, one)[0].evidence.outdated
    result = recover(store, PARAMS, today=TODAY)
    assert result.n_unchanged == 2
    (told,) = told_evidence(store, one)
    assert (told.evidence.verdict, told.evidence.reasons[0]) == (Verdict.PENDING, "share_between")
    assert told.basis.thresholds["corroborated_share"] == 0.7
    assert set(runs_of(store).values()) == {result.run.run_id}
    assert key_of(store, one) != key


def test_permuting_sites_permutes_their_results(store):
    ramp(store)
    places = {"a": square(0, 0), "b": square(0, 20, rows=12), "c": square(20, 20)}
    add_sites(store, *(site(code, place, Status.TREATED) for code, place in places.items()))
    add_sites(store, *(site(f"{code}2", places[code], Status.TREATED) for code in "cab"))
    result = recover(store, PARAMS, today=TODAY)

    def figures(of):
        return {
            code: (one.recovered_units, one.disturbed_baseline_units, dict(one.share_by_year))
            for one in of
            for code in (result.codes[one.site_id],)
        }

    for found in (figures(result.recoveries), figures(result.majority)):
        assert [found[code] for code in "abc"] == [found[f"{code}2"] for code in "abc"]
    verdicts = {result.codes[one.site_id]: (one.verdict, one.reasons) for one in result.evidence}
    assert [verdicts[code] for code in "abc"] == [verdicts[f"{code}2"] for code in "abc"]
