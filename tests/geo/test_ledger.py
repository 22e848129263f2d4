"""The ledger: a state as of a day and known at a time is what the definition says, row by row."""

import dataclasses
import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import BadValue
from geo.history import GENESIS_HASH, Fact, HistoryRow
from geo.ledger import Ledger, known_at_us, states, utc_text
from geo.status import Status, status_table

DAY = date(2020, 1, 1)
MICROSECONDS_A_DAY = 86_400_000_000


def recorded(day: int) -> str:
    return utc_text(known_at_us("2020-01-01T12:00:00Z") + day * MICROSECONDS_A_DAY)


def row(seq, fact, value, *, site=1, effective=0, known=0, voids=None):
    return HistoryRow(
        seq=seq,
        site_id=site,
        fact=fact,
        value="null" if voids is not None else json.dumps(value),
        wkb=None,
        effective_on=DAY + timedelta(days=effective),
        recorded_at=recorded(known),
        proposed_at=recorded(known),
        actor="a",
        approved_by=None,
        voids_seq=voids,
        reason="",
        source="test",
        previous_hash=f"{seq - 1:064d}",
        hash=f"{seq:064d}",
    )


def entered(seq, *, site=1, effective=0, known=0):
    return row(seq, Fact.MEMBERSHIP, "entered", site=site, effective=effective, known=known)


VALUES = {
    Fact.MEMBERSHIP: st.sampled_from(["entered", "left"]),
    Fact.STATUS: st.sampled_from([status.value for status in Status]),
    Fact.DAMAGED: st.builds(lambda units: {"units": units}, st.none() | st.integers(0, 9)),
    Fact.UNIT: st.builds(
        lambda code: {"adcode": code, "edition": "e", "shares": {} if code is None else {code: "1"}},
        st.none() | st.sampled_from(["340602", "340603"]),
    ),
}


@st.composite
def histories(draw):
    """Back-dated and voiding rows in any order, recorded in the order of their numbers."""
    rows, known = [entered(1)], 0
    for seq in range(2, draw(st.integers(2, 14))):
        known += draw(st.integers(0, 2))
        fact = draw(st.sampled_from(list(VALUES)))
        site, effective = draw(st.integers(1, 2)), draw(st.integers(0, 5))
        voids = draw(st.none() | st.integers(1, seq - 1))
        if voids is not None and voids not in {one.voids_seq for one in rows}:
            old = rows[voids - 1]
            rows.append(
                row(seq, old.fact, None, site=old.site_id, effective=effective, known=known, voids=voids)
            )
        else:
            value = draw(VALUES[fact])
            rows.append(row(seq, fact, value, site=site, effective=effective, known=known))
    return rows


def value_of(rows, site, fact, day, moment):
    """The definition, word for word."""
    voided = {one.voids_seq for one in rows if one.recorded_at <= moment}
    counting = [
        one
        for one in rows
        if one.site_id == site
        and one.fact is fact
        and one.voids_seq is None
        and one.effective_on <= day
        and one.recorded_at <= moment
        and one.seq not in voided
    ]
    return json.loads(max(counting, key=lambda one: (one.effective_on, one.seq)).value) if counting else None


def run_start(rows, site, as_of, moment, class_of):
    """The first day from which the class of the status was, day by day, what it is on the last."""
    words = [
        (day, value_of(rows, site, Fact.STATUS, day, moment))
        for day in (DAY + timedelta(days=number) for number in range((as_of - DAY).days + 1))
    ]
    now, start = words[-1][1], None
    for day, word in reversed(words):
        if word is None or class_of(word) != class_of(now):
            break
        start = day
    return start


@given(rows=histories(), day=st.integers(0, 6), known=st.integers(0, 12))
def test_a_state_is_that_of_the_definition_with_back_dated_and_voided_rows(rows, day, known):
    as_of, moment = DAY + timedelta(days=day), recorded(known)
    found = states(rows, as_of=as_of, known_at=moment)
    existing = {site for site in (1, 2) if value_of(rows, site, Fact.MEMBERSHIP, as_of, moment) == "entered"}
    assert set(found) == existing
    for site in existing:
        state = found[site]
        assert state.status == (value_of(rows, site, Fact.STATUS, as_of, moment) or "untreated")
        damaged = value_of(rows, site, Fact.DAMAGED, as_of, moment)
        assert state.damaged_units == (damaged and damaged["units"])
        unit = value_of(rows, site, Fact.UNIT, as_of, moment)
        assert state.adcode == (unit and unit["adcode"])
        assert state.status_since == (
            run_start(rows, site, as_of, moment, lambda word: word) or state.entered_on
        )
        treated = run_start(rows, site, as_of, moment, lambda word: status_table()[Status(word)].treated)
        assert state.treated_since == (treated if status_table()[state.status].treated else None)


@given(rows=histories(), cut=st.integers(1, 14), day=st.integers(0, 6))
def test_what_is_recorded_later_never_changes_what_was_known_before(rows, cut, day):
    before = rows[:cut]
    moment = before[-1].recorded_at
    later = [one for one in rows[cut:] if one.recorded_at > moment]
    as_of = DAY + timedelta(days=day)
    assert states(before + later, as_of=as_of, known_at=moment) == states(
        before, as_of=as_of, known_at=moment
    )


@given(rows=histories(), cut=st.integers(0, 14), day=st.integers(0, 6))
def test_a_ledger_read_in_two_parts_is_the_ledger_read_at_once(rows, cut, day):
    as_of, moment = DAY + timedelta(days=day), known_at_us(rows[-1].recorded_at)
    whole = Ledger(rows).snapshot(as_of=as_of, known_us=moment)
    parts = Ledger(rows[:cut]).extended(rows[cut:]).snapshot(as_of=as_of, known_us=moment)
    assert [whole.state(i) for i in range(len(whole))] == [parts.state(i) for i in range(len(parts))]
    assert (whole.seq, whole.head) == (parts.seq, parts.head) == (rows[-1].seq, rows[-1].hash)


def test_both_bounds_are_inclusive():
    rows = [entered(1), row(2, Fact.STATUS, "treated", effective=3, known=5)]
    reached = states(rows, as_of=DAY + timedelta(days=3), known_at=recorded(5))
    day_before = states(rows, as_of=DAY + timedelta(days=2), known_at=recorded(5))
    moment_before = states(
        rows, as_of=DAY + timedelta(days=3), known_at=utc_text(known_at_us(recorded(5)) - 1)
    )
    assert [found[1].status for found in (reached, day_before, moment_before)] == [
        "treated",
        "untreated",
        "untreated",
    ]


def test_a_site_exists_until_the_day_before_it_left():
    rows = [entered(1), row(2, Fact.MEMBERSHIP, "left", effective=4)]
    assert set(states(rows, as_of=DAY + timedelta(days=3), known_at=recorded(9))) == {1}
    assert states(rows, as_of=DAY + timedelta(days=4), known_at=recorded(9)) == {}
    assert states(rows, as_of=DAY - timedelta(days=1), known_at=recorded(9)) == {}


def test_a_date_as_known_at_is_the_end_of_that_day():
    rows = [entered(1), row(2, Fact.STATUS, "treated", known=1)]
    as_of = DAY + timedelta(days=9)
    assert states(rows, as_of=as_of, known_at="2020-01-02")[1].status == "treated"
    assert states(rows, as_of=as_of, known_at="2020-01-01")[1].status == "untreated"


@pytest.mark.parametrize("text", ["20200101", "2020-W01-3"])
def test_a_date_in_any_iso_form_is_the_end_of_its_day(text):
    assert known_at_us(text) == known_at_us("2020-01-01") == known_at_us("2020-01-01T23:59:59.999999Z")


def test_a_status_that_was_set_right_on_its_own_day_breaks_no_run():
    rows = [
        entered(1),
        row(2, Fact.STATUS, "treated"),
        row(3, Fact.STATUS, "relapsed", effective=3),
        row(4, Fact.STATUS, "treated", effective=3),
        row(5, Fact.STATUS, "accepted", effective=5),
    ]
    state = states(rows, as_of=DAY + timedelta(days=6), known_at=recorded(0))[1]
    assert (state.status_since, state.treated_since) == (DAY + timedelta(days=5), DAY)
    assert states(rows[:4], as_of=DAY + timedelta(days=6), known_at=recorded(0))[1].status_since == DAY


def test_a_known_at_that_is_no_time_is_refused():
    with pytest.raises(BadValue, match="known_at"):
        known_at_us("yesterday")


def test_the_head_known_in_the_past_is_the_last_row_of_then():
    rows = [entered(1), row(2, Fact.STATUS, "treated", known=3)]
    then = Ledger(rows).snapshot(as_of=DAY, known_us=known_at_us(recorded(2)))
    never = Ledger(rows).snapshot(as_of=DAY, known_us=0)
    assert (then.seq, then.head) == (1, rows[0].hash)
    assert (never.seq, never.head, len(never)) == (0, GENESIS_HASH, 0)


def test_a_state_carries_every_fact_that_figures_use():
    facts = {
        Fact.STATUS: "relapsed",
        Fact.GEOMETRY: {"area_units": 123},
        Fact.UNIT: {"adcode": "340602", "edition": "e1", "shares": {"340602": "0.75"}},
        Fact.KIND: "subsidence",
        Fact.TARGET_USE: "wetland",
        Fact.RESPONSIBLE: "legacy",
        Fact.DAMAGED: {"units": 90},
        Fact.RESTORED: {"units": None},
        Fact.DAMAGE_YEAR: 1998,
        Fact.TREATMENT_START: "2016-03-01",
        Fact.TREATMENT_END: None,
        Fact.NAME: "x",
    }
    rows = [entered(1), *(row(seq, fact, value) for seq, (fact, value) in enumerate(facts.items(), start=2))]
    state = states(rows, as_of=DAY, known_at=recorded(1))[1]
    assert dataclasses.asdict(state) == {
        "site_id": 1,
        "status": "relapsed",
        "status_since": DAY,
        "entered_on": DAY,
        "area_units": 123,
        "kind": "subsidence",
        "target_use": "wetland",
        "responsible": "legacy",
        "damaged_units": 90,
        "restored_units": None,
        "damage_year": 1998,
        "treatment_start": date(2016, 3, 1),
        "treatment_end": None,
        "adcode": "340602",
        "outline_edition": "e1",
        "unit_shares": (("340602", 0.75),),
        "geometry_seq": 3,
        "relapsed_since": DAY,
        "treated_since": None,
    }
