"""Evidence: the verdict follows the rules in their order, with the numbers of the table."""

import dataclasses
from datetime import date

import pytest

from geo.evidence.thresholds import thresholds
from geo.evidence.verdict import SceneRange, Verdict, judge
from geo.history import SiteState
from geo.recovery import Recovery, TemporalRule
from geo.reference import reference_rows
from geo.sites import Kind, Responsible, Target
from geo.status import Status

SCENE = SceneRange("clcd", "v1", 2013, 2024, cell_units=100)


def state(status=Status.TREATED, *, kind=Kind.OPEN_PIT, target=Target.NONE, ended=date(2016, 6, 1)):
    return SiteState(
        site_id=1,
        status=status,
        status_since=date(2016, 6, 1),
        entered_on=date(2012, 1, 1),
        area_units=1000,
        kind=kind,
        target_use=target,
        responsible=Responsible.LEGACY,
        damaged_units=None,
        restored_units=None,
        damage_year=None,
        treatment_start=None,
        treatment_end=ended,
        adcode=None,
        outline_edition=None,
        unit_shares=(),
        geometry_seq=1,
    )


def recovery(share=0.6, *, disturbed=1000, valid=1000, new_damage=0, relapse=None, **more):
    recovered = round(share * disturbed)
    values = {
        "site_id": 1,
        "product": "clcd",
        "edition": "v1",
        "from_year": 2013,
        "to_year": 2024,
        "temporal_rule": TemporalRule.MAJORITY3,
        "area_units": 1000,
        "class_units": {2013: {7: 1000}, 2024: {2: 1000}},
        "transitions": (),
        "disturbed_baseline_units": disturbed,
        "recovered_units": recovered,
        "still_disturbed_units": disturbed - recovered,
        "converted_units": 0,
        "ponded_units": 0,
        "new_damage_units": new_damage,
        "valid_units": valid,
        "relapse_year": relapse,
        "content_key": "k",
    }
    return Recovery(**(values | more))


def verdict(status=Status.TREATED, found=None, *, then=True, **of_state):
    now = state(status, **of_state)
    found = recovery() if found is None else found
    return judge(
        found, found, state_then=now if then else None, state_today=now, limits=thresholds(), scene=SCENE
    )


@pytest.mark.parametrize("status", [Status.TREATED, Status.ACCEPTED, Status.CLOSED])
@pytest.mark.parametrize(
    ("share", "result", "reason"),
    [
        (0.5, Verdict.CORROBORATED, "share_high"),
        (0.499, Verdict.PENDING, "share_between"),
        (0.3, Verdict.PENDING, "share_between"),
        (0.299, Verdict.CONTRADICTED, "share_low"),
    ],
)
def test_a_treated_site_is_judged_by_its_share(status, share, result, reason):
    found = verdict(status, recovery(share))
    assert (found.verdict, found.reasons) == (result, (reason,))


def test_a_relapse_contradicts_however_high_the_share():
    assert verdict(found=recovery(0.9, relapse=2020)).verdict is Verdict.CONTRADICTED


@pytest.mark.parametrize("status", [Status.UNTREATED, Status.RELAPSED])
def test_an_untreated_site_that_recovered_is_unclaimed(status):
    found = verdict(status, recovery(0.5))
    assert (found.verdict, found.worklist_units) == (Verdict.UNCLAIMED, 500)
    assert verdict(status, recovery(0.49)).verdict is Verdict.CORROBORATED


@pytest.mark.parametrize("status", [Status.PLANNED, Status.IN_PROGRESS])
def test_a_site_under_way_is_pending(status):
    assert verdict(status, recovery(0.0)).verdict is Verdict.PENDING


def test_three_years_must_have_passed_since_the_treatment_ended():
    assert verdict(ended=date(2022, 1, 1)).reasons == ("treatment_recent",)
    assert verdict(ended=date(2021, 12, 31)).verdict is Verdict.CORROBORATED
    assert verdict(ended=date(2025, 1, 1)).verdict is Verdict.PENDING


def test_without_an_end_of_treatment_the_status_stands_in_for_it():
    now = dataclasses.replace(state(ended=None), status_since=date(2023, 1, 1))
    found = judge(recovery(), recovery(), state_then=now, state_today=now, limits=thresholds(), scene=SCENE)
    assert found.reasons == ("treatment_recent", "treatment_end_assumed")


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.CLOSED])
def test_acceptance_and_closing_do_not_begin_the_years_after_treatment_anew(status):
    now = dataclasses.replace(
        state(status, ended=None), status_since=date(2023, 1, 1), treated_since=date(2016, 1, 1)
    )
    found = judge(
        recovery(0.1), recovery(0.1), state_then=now, state_today=now, limits=thresholds(), scene=SCENE
    )
    assert (found.verdict, found.reasons) == (Verdict.CONTRADICTED, ("share_low",))


@pytest.mark.parametrize(
    ("of_state", "found", "reason"),
    [
        ({"kind": Kind.UNDERGROUND}, recovery(), "underground"),
        ({"target": Target.HERITAGE}, recovery(), "heritage_target"),
        ({}, recovery(valid=799), "low_valid_share"),
        ({}, recovery(disturbed=0), "no_disturbed_baseline"),
        ({}, recovery(1.0, disturbed=99), "small_baseline"),
        ({}, recovery(0.0, disturbed=1), "small_baseline"),
        ({}, recovery(valid=0, class_units={2013: {}, 2024: {}}), "outside_scene"),
    ],
)
def test_where_land_cover_cannot_judge_the_reason_is_said(of_state, found, reason):
    result = verdict(found=found, **of_state)
    assert (result.verdict, result.reasons, result.worklist_units) == (Verdict.NO_DATA, (reason,), 0)


def test_a_baseline_of_a_whole_cell_is_enough_and_the_share_of_a_smaller_one_is_still_told():
    assert verdict(found=recovery(1.0, disturbed=100)).verdict is Verdict.CORROBORATED
    assert verdict(found=recovery(1.0, disturbed=99)).recovered_share == 1.0


def test_without_a_recovery_there_is_no_data():
    now = state()
    found = judge(None, None, state_then=now, state_today=now, limits=thresholds(), scene=SCENE)
    assert (found.verdict, found.reasons, found.recovered_share) == (Verdict.NO_DATA, ("no_scene",), None)


def test_an_excluded_site_has_no_verdict():
    found = verdict(Status.EXCLUDED)
    assert (found.verdict, found.reasons) == (None, ("excluded",))
    unseen = verdict(Status.EXCLUDED, kind=Kind.UNDERGROUND)
    assert (unseen.verdict, unseen.reasons) == (Verdict.NO_DATA, ("underground",))


def test_a_site_that_entered_later_is_judged_by_todays_status_and_says_so():
    assert verdict(then=False).reasons == ("share_high", "status_of_today")


def test_the_status_of_the_later_year_is_judged_and_todays_stands_beside():
    then, today = state(Status.TREATED), state(Status.RELAPSED)
    found = judge(
        recovery(), recovery(), state_then=then, state_today=today, limits=thresholds(), scene=SCENE
    )
    assert (found.status, found.status_today) == (Status.TREATED, Status.RELAPSED)
    assert found.verdict is Verdict.CORROBORATED


def test_a_contradicted_site_asks_for_what_is_not_recovered_and_what_is_newly_damaged():
    assert verdict(found=recovery(0.2, new_damage=50)).worklist_units == 850


def test_the_verdict_uses_the_smoothed_share_and_shows_the_raw_one():
    now = state()
    found = judge(
        recovery(0.6), recovery(0.1), state_then=now, state_today=now, limits=thresholds(), scene=SCENE
    )
    assert (found.verdict, found.recovered_share, found.raw_recovered_share) == (
        Verdict.CORROBORATED,
        0.6,
        0.1,
    )


def test_every_verdict_and_every_reason_has_words():
    assert {row["slug"] for row in reference_rows("verdicts")} == set(Verdict)
    reasons = {row["slug"] for row in reference_rows("reasons")}
    said = """
        underground heritage_target no_scene low_valid_share no_disturbed_baseline excluded outside_scene
        small_baseline treatment_recent treatment_end_assumed share_high share_low share_between relapse_seen
        treatment_underway status_of_today baseline_late end_year_unchanged not_yet_crop no_baseline_scene
        no_sites zero_denominator not_defined no_damaged_area no_recovery mixed_periods overlap near_border
        known_in_past disputed_listing
    """
    assert set(said.split()) <= reasons
