"""A new site is checked before it enters, and enters with every fact that it states."""

from __future__ import annotations

from datetime import date

import pytest
from shapely import MultiPolygon, box

from geo.changes import FutureDate, NewSite, RestoredOverDamaged
from geo.entry import SecondPersonNeeded, first_rows
from geo.errors import BadValue
from geo.history import Fact
from geo.status import Status

DAY = date(2015, 1, 1)
SQUARE = MultiPolygon([box(117, 33, 117.01, 33.01)])


def site(facts: dict[Fact, object] | None = None, *past: tuple[Status, date]) -> NewSite:
    return NewSite("S1", SQUARE, 10, facts or {}, DAY, status_rows=past)


def test_what_is_not_said_has_its_default_and_nulls_have_no_row() -> None:
    rows = {row.fact: row.value for row in first_rows(site({Fact.RESTORED: {"units": None}}), approved=True)}
    assert rows == {
        Fact.MEMBERSHIP: '"entered"',
        Fact.STATUS: '"untreated"',
        Fact.GEOMETRY: '{"area_units":10}',
        Fact.NAME: '""',
        Fact.KIND: '"other"',
        Fact.TARGET_USE: '"none"',
        Fact.RESPONSIBLE: '"unknown"',
    }


def test_past_statuses_come_in_order_of_their_days() -> None:
    past = ((Status.CLOSED, date(2020, 1, 1)), (Status.TREATED, date(2018, 1, 1)))
    rows = [row for row in first_rows(site(None, *past), approved=True) if row.fact is Fact.STATUS]
    assert [(row.value, row.effective_on) for row in rows] == [
        ('"untreated"', DAY),
        ('"treated"', date(2018, 1, 1)),
        ('"closed"', date(2020, 1, 1)),
    ]


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.CLOSED, Status.EXCLUDED])
def test_without_approval_no_site_enters_with_a_status_of_two_people(status: Status) -> None:
    with pytest.raises(SecondPersonNeeded):
        first_rows(site({Fact.STATUS: status}), approved=False)
    assert first_rows(site({Fact.STATUS: status}), approved=True)


def test_a_site_cannot_enter_with_more_restored_than_damaged() -> None:
    with pytest.raises(RestoredOverDamaged):
        first_rows(site({Fact.DAMAGED: {"units": 1}, Fact.RESTORED: {"units": 2}}), approved=True)
    assert first_rows(site({Fact.RESTORED: {"units": 2}}), approved=True)
    assert first_rows(site({Fact.DAMAGED: {"units": 2}, Fact.RESTORED: {"units": 2}}), approved=True)


def test_no_day_of_a_new_site_lies_in_the_future() -> None:
    later = site(None, (Status.TREATED, date(2018, 1, 1)))
    with pytest.raises(FutureDate):
        first_rows(later, approved=True, today=date(2017, 12, 31))
    assert first_rows(later, approved=True, today=date(2018, 1, 1))
    assert first_rows(later, approved=True)


def test_an_unknown_word_is_refused() -> None:
    for fact in (Fact.STATUS, Fact.KIND):
        with pytest.raises(BadValue):
            first_rows(site({fact: "moon"}), approved=True)
