"""The demo's journal: in order of recording, decided by two people, with late and wrong reports."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date

import pytest

from geo.demo.desk import LAST_DAY, steps
from geo.demo.histories import Story, write_stories
from geo.demo.journal import FIRST_ENTRY, Act, Deed, journal, needs_second_person
from geo.demo.mistakes import CHECK_FIRST_DAY, mistakes
from geo.demo.region import plan_sites
from geo.history import Fact
from geo.outlines import china_units
from geo.sites import Responsible
from geo.status import Status

SEED = 20130101


@pytest.fixture(scope="module")
def stories() -> tuple[Story, ...]:
    return write_stories(plan_sites(china_units(), seed=SEED, n_sites=400), seed=SEED)


@pytest.fixture(scope="module")
def acts(stories: tuple[Story, ...]) -> list[Act]:
    return journal(stories, steps(stories), seed=SEED)


def test_the_same_seed_keeps_the_same_journal(stories: tuple[Story, ...], acts: list[Act]) -> None:
    assert journal(stories, steps(stories), seed=SEED) == acts


def test_another_seed_reports_on_other_days(stories: tuple[Story, ...], acts: list[Act]) -> None:
    assert journal(stories, steps(stories), seed=SEED + 1) != acts


def test_acts_are_in_order_from_the_first_entry_to_the_last_day(acts: list[Act]) -> None:
    moments = [act.at for act in acts]
    assert moments == sorted(moments)
    assert moments[0].date() == FIRST_ENTRY
    assert date(2026, 6, 1) < moments[-1].date() <= LAST_DAY
    assert {moment.year for moment in moments} == set(range(2013, 2027))


def test_nothing_is_reported_before_it_happened_nor_on_a_weekend(acts: list[Act]) -> None:
    reports = [act for act in acts if act.change is not None]
    assert all(act.change is not None and act.change.effective_on < act.at.date() for act in reports)
    assert all(act.at.weekday() < 5 for act in reports)


def test_every_site_is_entered_once_and_before_all_else(stories: tuple[Story, ...], acts: list[Act]) -> None:
    first: dict[int, Deed] = {}
    for act in acts:
        first.setdefault(act.index, act.deed)
    assert len(first) == len(stories)
    assert set(first.values()) == {Deed.ENTER}
    assert sum(act.deed is Deed.ENTER for act in acts) == len(stories)


def test_a_report_that_needs_a_second_person_is_decided_later_by_another(acts: list[Act]) -> None:
    cases: defaultdict[tuple[int, int], list[Act]] = defaultdict(list)
    for act in acts:
        if act.deed is not Deed.ENTER:
            cases[act.index, act.case].append(act)
    undecided = 0
    for found in cases.values():
        report, *decisions = found
        assert report.deed is Deed.REPORT
        assert report.change is not None
        if not needs_second_person(report.change):
            assert not decisions
        undecided += needs_second_person(report.change) and not decisions
        for decision in decisions:
            assert decision.deed in {Deed.APPROVE, Deed.REJECT}
            assert decision.at > report.at
            assert decision.actor != report.actor
    assert 3 <= undecided <= 15


def test_what_was_rejected_in_earlier_years_was_proposed_again(acts: list[Act]) -> None:
    rejected = [act for act in acts if act.deed is Deed.REJECT and act.at.year < 2026]
    assert rejected
    for act in rejected:
        assert any(
            later.index == act.index and later.deed is Deed.APPROVE and later.at > act.at for later in acts
        )


def test_most_is_reported_within_weeks_and_some_years_late(acts: list[Act]) -> None:
    days = sorted(
        (act.at.date() - act.change.effective_on).days
        for act in acts
        if act.change is not None and act.at.year > 2013 and act.voids is None
    )
    assert days[len(days) // 2] < 60
    late = [lag for lag in days if lag > 365]
    assert 5 < len(late) < 0.15 * len(days)


def test_corrections_of_2022_replace_reports_of_works_not_finished(
    stories: tuple[Story, ...], acts: list[Act]
) -> None:
    corrected = [act for act in acts if act.voids is not None and act.voids[0] is Fact.STATUS]
    assert len(corrected) >= 5
    for act in corrected:
        assert act.change is not None
        assert act.voids is not None
        claimed, finished = act.voids[1], act.change.effective_on
        assert claimed.year in {2019, 2020}
        assert act.at.year == CHECK_FIRST_DAY.year
        assert claimed < finished
        assert (Status.TREATED, finished) in stories[act.index].statuses
        reported = [
            one.change.effective_on
            for one in acts
            if one.index == act.index and one.change is not None and one.voids is None
            and one.change.facts.get(Fact.STATUS) == Status.TREATED
        ]  # fmt: skip
        assert reported == [claimed]


def test_wrong_reports_are_few_and_within_the_site(stories: tuple[Story, ...]) -> None:
    found = mistakes(stories)
    assert Counter(mistake.early is None for mistake in found.values()).keys() == {True, False}
    assert len(found) < 0.08 * len(stories)
    for index, mistake in found.items():
        story = stories[index]
        if mistake.damaged_units is not None:
            assert (story.damaged_units or 0) < mistake.damaged_units <= story.area_units
        else:
            assert story.traits.responsible is Responsible.LEGACY
