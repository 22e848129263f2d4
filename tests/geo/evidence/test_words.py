"""Verdicts in words: one paragraph in each language, with the numbers that decided and the next step."""

from dataclasses import replace
from datetime import date

import pytest

from geo.evidence.thresholds import thresholds
from geo.evidence.verdict import Evidence, SceneRange, Verdict, judge
from geo.evidence.words import evidence_item_words, evidence_words, side_of
from geo.history import SiteState
from geo.recovery import Recovery, TemporalRule
from geo.reference import reference_rows
from geo.sites import Kind, Responsible, Target
from geo.status import Status

SCENE = SceneRange("clcd", "v1", 2013, 2024, cell_units=100)
HA = 100_000_000


def state(status=Status.TREATED, **changes):
    values = {
        "site_id": 1,
        "status": status,
        "status_since": date(2016, 6, 1),
        "entered_on": date(2012, 1, 1),
        "area_units": 10 * HA,
        "kind": Kind.OPEN_PIT,
        "target_use": Target.NONE,
        "responsible": Responsible.LEGACY,
        "damaged_units": None,
        "restored_units": None,
        "damage_year": None,
        "treatment_start": None,
        "treatment_end": date(2016, 6, 1),
        "adcode": None,
        "outline_edition": None,
        "unit_shares": (),
        "geometry_seq": 1,
    }
    return SiteState(**(values | changes))


def recovery(share=0.6, **changes):
    recovered = round(share * 8 * HA)
    values = {
        "site_id": 1,
        "product": "clcd",
        "edition": "v1",
        "from_year": 2013,
        "to_year": 2024,
        "temporal_rule": TemporalRule.MAJORITY3,
        "area_units": 10 * HA,
        "class_units": {2013: {7: 10 * HA}, 2024: {2: 10 * HA}},
        "transitions": (),
        "disturbed_baseline_units": 8 * HA,
        "recovered_units": recovered,
        "still_disturbed_units": 8 * HA - recovered,
        "converted_units": 0,
        "ponded_units": 0,
        "new_damage_units": 0,
        "valid_units": 10 * HA,
        "content_key": "k",
    }
    return Recovery(**(values | changes))


def judged(status=Status.TREATED, share=0.6, *, today=None, of_state=None, **changes):
    found = recovery(share, **changes)
    now = state(status, **(of_state or {}))
    return found, judge(
        found,
        recovery(share - 0.1),
        state_then=now,
        state_today=now if today is None else replace(now, status=today),
        limits=thresholds(),
        scene=SCENE,
    )


def test_a_corroborated_verdict_is_told_with_years_hectares_both_shares_threshold_and_next_step():
    majority, evidence = judged()
    assert evidence_words(evidence, "en", majority) == (
        "China Land Cover Dataset (CLCD), edition v1, 2013–2024. "
        "At the end of 2024 the site was “Treated” on paper. "
        "Of the 8.00 ha disturbed in 2013, 60.0 % had recovered by 2024 under the three-year majority rule "
        "(50.0 % in the raw figure); 100.0 % of the site is valid in both years. Verdict: Corroborated. "
        "That reaches the 50.0 % from which a treated site is corroborated: the land bears out the status. "
        "Next: nothing to inspect; the site can be put up for acceptance."
    )
    chinese = evidence_words(evidence, "zh", majority)
    assert "2013 年受损的 8.00 公顷中，按三年多数规则到 2024 年恢复 60.0 %（逐年原始值 50.0 %）" in chinese
    assert "判定：相符。" in chinese
    assert chinese.endswith("下一步：无须核查，可提请验收。")


def test_a_contradicted_verdict_says_how_many_hectares_to_inspect():
    majority, evidence = judged(share=0.2)
    said = evidence_words(evidence, "en", majority)
    assert "under the 30.0 % below which a treated site is contradicted" in said
    assert "inspect the 6.40 ha in doubt" in said


def test_a_baseline_of_slivers_is_not_rounded_to_nothing():
    majority, evidence = judged(share=1.0, disturbed_baseline_units=3, recovered_units=3)
    assert evidence.reasons == ("small_baseline",)
    said = evidence_words(evidence, "en", majority)
    assert "Of the < 0.01 ha disturbed in 2013, 100.0 % had recovered" in said
    assert "less than the 1 whole cell of the raster that a verdict needs" in said


def test_a_relapse_is_dated_where_the_recovery_is_at_hand():
    majority, evidence = judged(share=0.9, relapse_year=2021)
    assert "from 2021 on it lay 20 percentage points or more under its peak" in evidence_words(
        evidence, "en", majority
    )
    assert "from a later year on" in evidence_words(evidence, "en")


def test_a_relapse_that_does_not_decide_is_told_beside():
    majority, evidence = judged(Status.UNTREATED, share=0.6, relapse_year=2021)
    said = evidence_words(evidence, "en", majority)
    assert evidence.verdict is Verdict.UNCLAIMED
    assert "from 2021 on it lay 20 percentage points or more under its peak and did not come back." in said
    assert "contradicts" not in said


@pytest.mark.parametrize(
    ("status", "step"),
    [
        (Status.TREATED, "put up for acceptance"),
        (Status.ACCEPTED, "closed out"),
        (Status.CLOSED, "look again each year"),
    ],
)
def test_the_next_step_follows_the_status(status, step):
    majority, evidence = judged(status)
    assert step in evidence_words(evidence, "en", majority)


def test_the_status_of_today_stands_beside_that_of_the_year():
    _, evidence = judged(Status.TREATED, today=Status.RELAPSED)
    assert "was “Treated” on paper. Today it is “Relapsed”." in evidence_words(evidence, "en")
    _, same = judged(Status.TREATED)
    assert "Today" not in evidence_words(same, "en")


def test_notes_follow_in_sentences_of_their_own():
    majority, evidence = judged(baseline_late=True, end_year_unchanged=True, not_yet_crop_units=5)
    said = evidence_words(evidence, "en", majority)
    assert "Treatment began before the baseline year, so what had recovered by then is not counted." in said
    assert "Part of the land is green but not cropland yet." in said


def test_an_outdated_verdict_tells_no_numbers_that_decided_and_asks_for_a_run():
    majority, evidence = judged()
    said = evidence_words(replace(evidence, outdated=True), "en", majority)
    assert "it no longer holds" in said
    assert said.endswith("Next: run recovery again (reverdure recover).")
    assert "50.0 % from which" not in said
    assert "Verdict" not in said


CASES = [
    (status, reason)
    for status in Status
    for reason in {
        "treated": ("share_high", "share_low", "share_between", "relapse_seen", "treatment_recent"),
        "untreated": ("share_high", "share_low"),
        "underway": ("treatment_underway",),
        "excluded": ("excluded",),
    }[side_of(status)]
]
UNUSABLE = [
    *("underground", "heritage_target", "no_scene", "no_baseline_scene", "outside_scene"),
    *("low_valid_share", "no_disturbed_baseline", "small_baseline"),
]


def told(status, reason, verdict):
    evidence = replace(
        judged(status)[1], verdict=verdict, reasons=(reason,), status=status, status_today=status
    )
    return evidence_item_words(evidence, recovery())


@pytest.mark.parametrize(("status", "reason"), CASES)
def test_every_reason_of_every_status_has_its_own_sentence_and_next_step(status, reason):
    found = told(status, reason, None if status is Status.EXCLUDED else Verdict.PENDING)
    labels = {row["slug"]: row for row in reference_rows("reasons")}
    for lang, stop, following in (("zh", "。", "下一步："), ("en", ".", "Next: ")):
        assert labels[reason][lang] + stop not in found[lang]
        assert (following in found[lang]) == (status is not Status.EXCLUDED)
        assert "{" not in found[lang]


@pytest.mark.parametrize("reason", UNUSABLE)
@pytest.mark.parametrize("status", [Status.TREATED, Status.UNTREATED, Status.PLANNED])
def test_where_land_cover_cannot_judge_a_sentence_says_why_and_what_helps(status, reason):
    found = told(status, reason, Verdict.NO_DATA)
    assert "Next: " in found["en"]
    assert "下一步：" in found["zh"]


def test_every_sentence_of_the_table_is_reached():
    told_of = {f"because_{side_of(status)}_{reason}" for status, reason in CASES}
    notes = ("treatment_end_assumed", "baseline_late", "end_year_unchanged", "not_yet_crop")
    told_of |= {f"because_any_{reason}" for reason in (*UNUSABLE, *notes, "excluded", "results_outdated")}
    slugs = {row["slug"] for row in reference_rows("words_evidence")}
    assert {slug for slug in slugs if slug.startswith("because_")} <= told_of
    places = {*(status.value for status in Status), "treated", "untreated", "underway", "any"}
    reasons = {reason for _, reason in CASES} | {*UNUSABLE, "results_outdated"}
    following = {slug for slug in slugs if slug.startswith("next_")}
    assert following <= {f"next_{place}_{reason}" for place in places for reason in reasons}


def test_a_verdict_without_recovery_has_no_share_and_still_its_next_step():
    now = state()
    evidence = judge(None, None, state_then=now, state_today=now, limits=thresholds(), scene=SCENE)
    assert isinstance(evidence, Evidence)
    said = evidence_words(evidence, "en")
    assert "recovered by" not in said
    assert "register scenes that cover the site" in said
