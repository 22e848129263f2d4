"""The demo's stories: legal, complete, and on the published course."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from geo.demo.courses import LAST_DATE
from geo.demo.desk import FIRST_DAY, LAST_DAY, steps
from geo.demo.ground import Fate
from geo.demo.histories import HEADLINE, Story, treated_share, write_stories
from geo.demo.records import later_changes, new_site
from geo.demo.region import plan_sites
from geo.demo.traits import INVENTORY_DATE, SURVEY_DATE
from geo.history import Fact
from geo.outlines import china_units
from geo.sites import Approach, Kind, Responsible
from geo.status import Status, next_statuses

SEED = 20130101


@pytest.fixture(scope="module")
def stories() -> tuple[Story, ...]:
    return write_stories(plan_sites(china_units(), seed=SEED, n_sites=400), seed=SEED)


@pytest.fixture(scope="module")
def few() -> tuple[Story, ...]:
    return write_stories(plan_sites(china_units(), seed=SEED, n_sites=30), seed=SEED)


def test_the_same_seed_writes_the_same_stories(few: tuple[Story, ...]) -> None:
    again = write_stories(plan_sites(china_units(), seed=SEED, n_sites=30), seed=SEED)
    first, second = ([new_site(s, damaged_units=s.damaged_units) for s in told] for told in (few, again))
    assert first == second
    assert [later_changes(story) for story in again] == [later_changes(story) for story in few]
    assert [story.ground for story in again] == [story.ground for story in few]


def test_every_status_is_somewhere_the_last(stories: tuple[Story, ...], few: tuple[Story, ...]) -> None:
    assert {story.status for story in stories} == set(Status)
    assert {story.status for story in few} == set(Status)


def test_every_fate_is_present(stories: tuple[Story, ...], few: tuple[Story, ...]) -> None:
    assert {story.ground.fate for story in stories} == set(Fate)
    assert {story.ground.fate for story in few} == set(Fate)


def test_every_move_is_in_the_status_table(stories: tuple[Story, ...]) -> None:
    for story in stories:
        natural = story.approach is Approach.NATURAL_RECOVERY
        steps_ = [status for status, _ in story.statuses]
        for i in range(1, len(steps_)):
            earlier = steps_[i - 2] if i > 1 else None
            allowed = next_statuses(steps_[i - 1], natural_recovery=natural, earlier=earlier)
            assert steps_[i] in allowed, (story.site.code, steps_)


def test_dates_rise_from_the_first_inventory_to_the_last_date(stories: tuple[Story, ...]) -> None:
    for story in stories:
        days = [since for _, since in story.statuses]
        assert all(a < b for a, b in pairwise(days)), story.statuses
        assert days[0] >= date(2012, 6, 30)
        assert days[-1] <= LAST_DATE
        for change in later_changes(story):
            assert story.entered_on < change.effective_on <= LAST_DATE


def test_treatments_fit_the_statuses(stories: tuple[Story, ...]) -> None:
    for story in stories:
        ends = {treatment.end for treatment in story.treatments}
        for index, (status, since) in enumerate(story.statuses):
            if status is Status.TREATED and index > 0:
                assert since in ends
        for treatment in story.treatments:
            assert treatment.start is None or treatment.end is None or treatment.start < treatment.end


@pytest.mark.parametrize("year", sorted(HEADLINE))
def test_treated_share_of_legacy_sites_follows_the_headline(stories: tuple[Story, ...], year: int) -> None:
    assert treated_share(stories, year) == pytest.approx(HEADLINE[year], abs=0.012)


def test_legacy_is_the_rule_and_not_the_only_one(stories: tuple[Story, ...]) -> None:
    kinds = [story.traits.responsible for story in stories]
    assert set(kinds) == set(Responsible)
    assert kinds.count(Responsible.LEGACY) > 0.7 * len(kinds)


def test_restored_never_exceeds_damaged_nor_damaged_the_area(stories: tuple[Story, ...]) -> None:
    for story in stories:
        assert story.damaged_units is None or story.damaged_units <= story.area_units
        for report in story.restored:
            assert story.damaged_units is not None
            assert 0 <= report.units <= story.damaged_units


def test_a_relapse_states_restored_hectares_anew(stories: tuple[Story, ...]) -> None:
    relapsed = [
        (s, day) for s in stories for status, day in s.statuses if status is Status.RELAPSED and s.restored
    ]
    assert relapsed
    for story, day in relapsed:
        assert day in {report.effective_on for report in story.restored}


def test_only_subsidence_carries_settlement_and_ponding(stories: tuple[Story, ...]) -> None:
    for story in stories:
        stated = story.traits.settlement is not None, story.traits.ponding is not None
        assert stated == (story.traits.kind is Kind.SUBSIDENCE,) * 2


def test_every_site_says_that_it_is_synthetic(few: tuple[Story, ...]) -> None:
    for story in few:
        attributes = new_site(story, damaged_units=story.damaged_units).facts[Fact.ATTRIBUTES]
        assert isinstance(attributes, dict)
        assert attributes["synthetic"] is True


def test_a_survey_in_2018_finds_more_sites(stories: tuple[Story, ...]) -> None:
    entered = [story.entered_on for story in stories]
    assert entered.count(INVENTORY_DATE) > 0.75 * len(stories)
    assert 10 < entered.count(SURVEY_DATE) < 60
    assert len({day.year for day in entered}) > 4


def test_desk_work_begins_after_the_stories_end(stories: tuple[Story, ...]) -> None:
    work = steps(stories)
    assert {step.decision for step in work} == {"none", "approve", "reject", "open"}
    assert len({step.index for step in work}) == len(work)
    assert min(step.day for step in work) == FIRST_DAY
    assert max(step.day for step in work) < LAST_DAY
    assert any(step.change.geometry is not None for step in work)
    assert all(LAST_DATE < step.change.effective_on < step.day for step in work)
