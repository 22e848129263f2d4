"""The rules of change: moves, dates, areas and the second person, as pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import groupby

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from shapely import MultiPolygon, box

from geo.areas import geodesic_area_units
from geo.changes import (
    BeforeEntered,
    BrokenMembership,
    Change,
    FutureDate,
    IllegalMove,
    NothingToChange,
    NotVoidable,
    Plan,
    RestoredAreaNeeded,
    RestoredOverDamaged,
    SiteHasLeft,
    UnknownRow,
    plan_change,
)
from geo.errors import BadValue, ReverdureError
from geo.facts import current, fact_value, standing
from geo.history import Fact, HistoryRow
from geo.sites import Kind, Responsible, Site, Target
from geo.status import Status, next_statuses, status_table
from geo.wkb import wkb_of

TODAY = date(2024, 6, 1)
ENTERED = date(2015, 1, 1)
SQUARE = MultiPolygon([box(117, 33, 117.01, 33.01)])
HA = 100_000_000


def row(
    seq: int,
    fact: Fact,
    value: object,
    on: date = ENTERED,
    *,
    voids: int | None = None,
    approved_by: str | None = None,
) -> HistoryRow:
    text = "null" if voids is not None else fact_value(fact, value)
    wkb = wkb_of(SQUARE) if fact is Fact.GEOMETRY else None
    return HistoryRow(seq, 1, fact, text, wkb, on, "t", "t", "a", approved_by, voids, "", "s", "", "")


def history(
    *more: tuple[Fact, object, date], statuses: Sequence[tuple[Status, date]] = ()
) -> list[HistoryRow]:
    given_rows = [
        (Fact.MEMBERSHIP, "entered", ENTERED),
        (Fact.GEOMETRY, {"area_units": 100 * HA}, ENTERED),
        (Fact.KIND, "other", ENTERED),
        (Fact.TARGET_USE, "none", ENTERED),
        (Fact.RESPONSIBLE, "legacy", ENTERED),
        *((Fact.STATUS, status, on) for status, on in statuses or [(Status.UNTREATED, ENTERED)]),
        *more,
    ]
    return [row(seq, *given_row) for seq, given_row in enumerate(given_rows, start=1)]


def site_of(rows: Sequence[HistoryRow]) -> Site:
    members = [found for found in standing(rows) if found.fact is Fact.MEMBERSHIP]
    left = members[-1].effective_on if members[-1].value == '"left"' else None
    return Site(
        site_id=1,
        site_code="S",
        name="",
        version=1,
        geometry=SQUARE,
        area_units=100 * HA,
        status=Status(current(rows)[Fact.STATUS].value.strip('"')),
        kind=Kind.OTHER,
        target_use=Target.NONE,
        responsible=Responsible.LEGACY,
        entered_on=members[0].effective_on,
        status_since=ENTERED,
        left_on=left,
    )


def plan(
    rows: Sequence[HistoryRow],
    facts: dict[Fact, object],
    on: date = TODAY,
    *,
    approved: bool = False,
    **more: object,
) -> Plan:
    asked = Change(facts, on, "why", **more)  # type: ignore[arg-type]
    return plan_change(site_of(rows), rows, asked, today=TODAY, approved=approved)


@pytest.mark.parametrize("was", [status for status in Status if status is not Status.EXCLUDED])
@pytest.mark.parametrize("to", list(Status))
@pytest.mark.parametrize("natural", [False, True])
def test_only_the_moves_of_the_status_table_are_allowed(was: Status, to: Status, natural: bool) -> None:
    approach = [(Fact.APPROACH, "natural_recovery", ENTERED)] if natural else []
    rows = history(*approach, statuses=[(was, ENTERED)])
    facts: dict[Fact, object] = {Fact.STATUS: to, Fact.RESTORED: {"units": 0}}
    table = status_table()[was]
    if to is was:
        assert not any(new.fact is Fact.STATUS for new in plan(rows, facts, approved=True).rows_now)
    elif to in table.next or (natural and to in table.next_natural):
        found = plan(rows, facts)
        assert (found.proposed is not None) == status_table()[to].second_person
    else:
        with pytest.raises(IllegalMove):
            plan(rows, facts)


def test_natural_recovery_may_be_stated_with_the_move() -> None:
    facts: dict[Fact, object] = {Fact.STATUS: "treated", Fact.APPROACH: "natural_recovery"}
    assert {new.fact for new in plan(history(), facts).rows_now} == {Fact.STATUS, Fact.APPROACH}
    with pytest.raises(IllegalMove) as caught:
        plan(history(), {Fact.STATUS: "treated"})
    assert str(caught.value) == "status cannot go from untreated to treated; allowed: planned, excluded"


def test_excluded_goes_back_to_the_status_before_it_alone() -> None:
    rows = history(statuses=[(Status.TREATED, ENTERED), (Status.EXCLUDED, date(2018, 1, 1))])
    assert plan(rows, {Fact.STATUS: "treated"}).rows_now
    with pytest.raises(IllegalMove):
        plan(rows, {Fact.STATUS: "untreated"})


def test_a_row_before_a_return_from_exclusion_may_not_break_it() -> None:
    rows = history(
        statuses=[
            (Status.UNTREATED, ENTERED),
            (Status.EXCLUDED, date(2018, 1, 1)),
            (Status.UNTREATED, date(2019, 1, 1)),
        ]
    )
    with pytest.raises(IllegalMove):
        plan(rows, {Fact.STATUS: "planned"}, date(2017, 1, 1))


def test_a_back_dated_row_is_checked_against_both_neighbours() -> None:
    rows = history(statuses=[(Status.UNTREATED, ENTERED), (Status.PLANNED, date(2020, 1, 1))])
    assert plan(rows, {Fact.STATUS: "planned"}, date(2018, 1, 1)).rows_now
    with pytest.raises(IllegalMove) as before:
        plan(rows, {Fact.STATUS: "in_progress"}, date(2018, 1, 1))
    assert before.value.context["before"] is Status.UNTREATED
    rows = history(statuses=[(Status.PLANNED, ENTERED), (Status.UNTREATED, date(2020, 1, 1))])
    with pytest.raises(IllegalMove) as after:
        plan(rows, {Fact.STATUS: "in_progress"}, date(2018, 1, 1))
    assert (after.value.context["before"], after.value.context["to"]) == (
        Status.IN_PROGRESS,
        Status.UNTREATED,
    )


def test_dates_lie_between_entry_and_today() -> None:
    with pytest.raises(FutureDate):
        plan(history(), {Fact.STATUS: "planned"}, TODAY + timedelta(days=1))
    with pytest.raises(BeforeEntered):
        plan(history(), {Fact.STATUS: "planned"}, ENTERED - timedelta(days=1))
    assert plan(history(), {Fact.STATUS: "planned"}, TODAY).rows_now
    assert plan(history(), {Fact.STATUS: "planned"}, ENTERED).rows_now


def test_restored_is_never_over_damaged_on_any_later_day() -> None:
    rows = history(
        (Fact.DAMAGED, {"units": 5 * HA}, ENTERED), (Fact.DAMAGED, {"units": 3 * HA}, date(2020, 1, 1))
    )
    with pytest.raises(RestoredOverDamaged) as caught:
        plan(rows, {Fact.RESTORED: {"units": 4 * HA}}, date(2018, 1, 1))
    assert caught.value.context["effective_on"] == date(2020, 1, 1)
    assert plan(rows, {Fact.RESTORED: {"units": 3 * HA}}, date(2018, 1, 1)).rows_now
    with pytest.raises(RestoredOverDamaged):
        plan([*rows, row(99, Fact.RESTORED, {"units": 3 * HA})], {Fact.DAMAGED: {"units": HA}})


def test_restored_without_known_damage_is_taken() -> None:
    assert plan(history(), {Fact.RESTORED: {"units": 4 * HA}}).rows_now


def test_a_relapse_asks_for_the_restored_area_anew() -> None:
    rows = history(statuses=[(Status.TREATED, ENTERED)])
    with pytest.raises(RestoredAreaNeeded):
        plan(rows, {Fact.STATUS: "relapsed"})
    assert plan(rows, {Fact.STATUS: "relapsed", Fact.RESTORED: {"units": None}}).rows_now


@pytest.mark.parametrize(
    ("facts", "reasons"),
    [
        ({Fact.DAMAGED: {"units": HA}}, ("damaged",)),
        ({Fact.STATUS: "excluded"}, ("excluded",)),
        ({Fact.MEMBERSHIP: "left"}, ("membership",)),
        ({Fact.STATUS: "planned"}, ()),
        ({Fact.RESTORED: {"units": HA}}, ()),
        ({Fact.NAME: "n", Fact.KIND: "tailings", Fact.TREATMENT_END: "2020-01-01"}, ()),
    ],
)
def test_a_second_person_is_needed_for_what_the_rule_names(
    facts: dict[Fact, object], reasons: tuple[str, ...]
) -> None:
    found = plan(history(), facts)
    assert found.second_person == reasons
    assert bool(found.rows_now) != bool(reasons)
    assert len(plan(history(), facts, approved=True).rows_now) == len(facts)


def test_a_change_of_boundary_needs_a_second_person_and_brings_its_area() -> None:
    moved = MultiPolygon([box(117, 33, 117.02, 33.01)])
    assert plan(history(), {}, geometry=moved).second_person == ("geometry",)
    (new,) = plan(history(), {}, geometry=moved, approved=True).rows_now
    assert new.wkb == wkb_of(moved)
    assert new.value == f'{{"area_units":{geodesic_area_units(moved)}}}'


def test_what_is_so_already_is_no_change() -> None:
    for facts in ({Fact.STATUS: "untreated"}, {Fact.APPROACH: None}, {Fact.DAMAGED: {"units": None}}, {}):
        with pytest.raises(NothingToChange):
            plan(history(), dict(facts))
    with pytest.raises(NothingToChange):
        plan(history(), {}, geometry=SQUARE)


def test_a_site_that_left_takes_no_change_but_its_return() -> None:
    rows = history((Fact.MEMBERSHIP, "left", date(2020, 1, 1)))
    with pytest.raises(SiteHasLeft):
        plan(rows, {Fact.STATUS: "planned"})
    with pytest.raises(BrokenMembership):
        plan(rows, {Fact.MEMBERSHIP: "left"}, date(2019, 1, 1))
    assert plan(rows, {Fact.STATUS: "planned"}, date(2019, 1, 1)).rows_now
    assert plan(rows, {Fact.MEMBERSHIP: "entered"}).second_person == ("membership",)


def test_an_earlier_entry_states_the_first_facts_for_its_day() -> None:
    rows = history()
    earlier = date(2012, 1, 1)
    found = plan(rows, {Fact.MEMBERSHIP: "entered"}, earlier, voids_seq=1, approved=True)
    void, *new = found.rows_now
    assert (void.voids_seq, void.value) == (1, "null")
    assert {item.fact for item in new} == {item.fact for item in rows}
    assert {item.effective_on for item in new} == {earlier}
    assert next(item.wkb for item in new if item.fact is Fact.GEOMETRY) == wkb_of(SQUARE)


def test_voiding_names_a_row_that_counts() -> None:
    rows = [*history(), row(9, Fact.NAME, "x"), row(10, Fact.NAME, None, voids=9)]
    for seq, error in ((99, UnknownRow), (9, NotVoidable), (10, NotVoidable)):
        with pytest.raises(error):
            plan(rows, {}, voids_seq=seq)


def test_voiding_a_fact_that_every_site_has_needs_its_right_value() -> None:
    for found in history():
        with pytest.raises(NotVoidable):
            plan(history(), {}, voids_seq=found.seq, approved=True)
    replaced = plan(history(), {Fact.KIND: "tailings"}, ENTERED, voids_seq=3)
    assert [(new.fact, new.voids_seq) for new in replaced.rows_now] == [(Fact.KIND, 3), (Fact.KIND, None)]


def test_voiding_a_step_may_not_leave_a_forbidden_move() -> None:
    steps = [
        (Status.UNTREATED, ENTERED),
        (Status.PLANNED, date(2018, 1, 1)),
        (Status.IN_PROGRESS, date(2019, 1, 1)),
    ]
    rows = history(statuses=steps)
    with pytest.raises(IllegalMove):
        plan(rows, {}, voids_seq=7)
    assert plan(rows, {}, voids_seq=8).rows_now


def test_voiding_an_approved_row_needs_a_second_person() -> None:
    rows = [*history(), row(9, Fact.NAME, "x", approved_by="Li")]
    assert plan(rows, {}, voids_seq=9).second_person == ("voids_approved",)


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        (Fact.STATUS, "moon"),
        (Fact.STATUS, None),
        (Fact.KIND, None),
        (Fact.DAMAGED, {"units": -1}),
        (Fact.DAMAGED, {"units": 1.5}),
        (Fact.DAMAGED, {"units": True}),
        (Fact.DAMAGED, None),
        (Fact.RESTORED, {"ha": 1}),
        (Fact.DAMAGE_YEAR, "2010"),
        (Fact.TREATMENT_END, "2010-13-01"),
        (Fact.NAME, None),
        (Fact.NAME, "\ud800"),
        (Fact.ATTRIBUTES, []),
        (Fact.ATTRIBUTES, {"a": float("nan")}),
        (Fact.UNIT, {"adcode": "1"}),
        (Fact.UNIT, {"adcode": "1", "edition": None, "shares": {"1": "2"}}),
        (Fact.UNIT, {"adcode": "1", "edition": None, "shares": {"1": "NaN"}}),
        (Fact.MEMBERSHIP, "gone"),
    ],
    ids=str,
)
def test_a_value_that_its_fact_cannot_have_is_refused(fact: Fact, value: object) -> None:
    with pytest.raises(ReverdureError):
        plan(history(), {fact: value})


def test_the_geometry_fact_is_not_stated_without_its_polygon() -> None:
    with pytest.raises(BadValue):
        plan(history(), {Fact.GEOMETRY: {"area_units": 1}})


STEPS = st.lists(
    st.tuples(
        st.sampled_from(list(Status)),
        st.dates(ENTERED, TODAY),
        st.integers(0, 5),
        st.booleans(),
    ),
    max_size=12,
)


@given(STEPS)
@example(
    [
        (Status.EXCLUDED, ENTERED + timedelta(days=1), 0, False),
        (Status.UNTREATED, ENTERED + timedelta(days=1), 0, False),
        (Status.EXCLUDED, ENTERED, 0, False),
    ]
)
def test_whatever_is_asked_the_statuses_stay_within_the_table(
    steps: list[tuple[Status, date, int, bool]],
) -> None:
    rows = history()
    for status, on, void, voiding in steps:
        stored = [found for found in rows if found.fact is Fact.STATUS]
        facts: dict[Fact, object] = {Fact.STATUS: status, Fact.RESTORED: {"units": 0}}
        seq = stored[void % len(stored)].seq if voiding else None
        try:
            planned = plan(rows, facts, on, approved=True, voids_seq=seq).rows_now
        except ReverdureError:
            continue
        for new in planned:
            number = rows[-1].seq + 1
            rows.append(
                HistoryRow(
                    number,
                    1,
                    new.fact,
                    new.value,
                    new.wkb,
                    new.effective_on,
                    "",
                    "",
                    "",
                    "x",
                    new.voids_seq,
                    "",
                    "",
                    "",
                    "",
                )
            )
    told = [Status(found.value.strip('"')) for found in standing(rows) if found.fact is Fact.STATUS]
    line = [status for status, _ in groupby(told)]  # a status told twice in a row is one stay in it
    assert line
    for index in range(1, len(line)):
        earlier = line[index - 2] if index > 1 else None
        assert line[index] in next_statuses(line[index - 1], natural_recovery=False, earlier=earlier)


@given(
    st.lists(
        st.tuples(st.sampled_from([Fact.DAMAGED, Fact.RESTORED]), st.integers(0, 9), st.dates(ENTERED, TODAY))
    )
)
def test_whatever_is_asked_restored_stays_within_damaged(asked: list[tuple[Fact, int, date]]) -> None:
    rows = history()
    for fact, units, on in asked:
        try:
            planned = plan(rows, {fact: {"units": units}}, on, approved=True).rows_now
        except (RestoredOverDamaged, NothingToChange):
            continue
        rows.extend(row(rows[-1].seq + 1, new.fact, {"units": units}, new.effective_on) for new in planned)
    for day in {found.effective_on for found in rows}:
        now = {fact: found.value for fact, found in current(rows, on=day).items()}
        damaged, restored = (
            int(now.get(fact, '{"units":-1}')[9:-1]) for fact in (Fact.DAMAGED, Fact.RESTORED)
        )
        assert damaged == -1 or restored <= damaged


def test_a_twice_excluded_site_goes_back_to_the_status_before_both() -> None:
    rows = history(
        statuses=[
            (Status.TREATED, ENTERED),
            (Status.EXCLUDED, date(2018, 1, 1)),
            (Status.EXCLUDED, date(2020, 1, 1)),
        ]
    )
    assert plan(rows, {Fact.STATUS: "treated"}).rows_now
    with pytest.raises(IllegalMove, match="allowed: treated"):
        plan(rows, {Fact.STATUS: "accepted"})


@pytest.mark.parametrize(
    ("facts", "on", "voids"),
    [
        ({}, TODAY, True),
        ({Fact.APPROACH: "reconstruction"}, ENTERED, True),
        ({Fact.APPROACH: "conversion"}, date(2019, 1, 1), False),
    ],
)
def test_a_natural_recovery_stands_only_while_that_is_the_approach(
    facts: dict[Fact, object], on: date, voids: bool
) -> None:
    rows = history(
        (Fact.APPROACH, "natural_recovery", ENTERED),
        statuses=[(Status.UNTREATED, ENTERED), (Status.TREATED, date(2020, 1, 1))],
    )
    with pytest.raises(IllegalMove, match="untreated to treated"):
        plan(rows, facts, on, voids_seq=rows[-1].seq if voids else None)
    assert plan(rows, {Fact.APPROACH: "conversion"}, date(2021, 1, 1)).rows_now


def test_a_step_that_was_imported_against_the_table_does_not_block_other_changes() -> None:
    rows = history(statuses=[(Status.UNTREATED, ENTERED), (Status.TREATED, date(2020, 1, 1))])
    assert plan(rows, {Fact.APPROACH: "reconstruction"}).rows_now
    assert plan(rows, {Fact.STATUS: "in_progress"}).rows_now


def test_what_is_stated_lies_within_the_membership_of_the_site() -> None:
    rows = history(
        (Fact.MEMBERSHIP, "left", date(2018, 1, 1)), (Fact.MEMBERSHIP, "entered", date(2020, 1, 1))
    )
    assert plan(rows, {Fact.STATUS: "planned"}, date(2017, 12, 31)).rows_now
    assert plan(rows, {Fact.STATUS: "planned"}, date(2020, 1, 1)).rows_now
    for day in (date(2018, 1, 1), date(2019, 12, 31)):
        with pytest.raises(SiteHasLeft, match="2018-01-01"):
            plan(rows, {Fact.STATUS: "planned"}, day)
    with pytest.raises(BeforeEntered, match="2015-01-01"):
        plan(rows, {Fact.STATUS: "planned"}, date(2014, 12, 31))


def test_voiding_some_row_opens_no_way_into_the_time_after_the_leaving() -> None:
    rows = history((Fact.NAME, "x", ENTERED), (Fact.MEMBERSHIP, "left", date(2018, 1, 1)))
    with pytest.raises(SiteHasLeft):
        plan(rows, {Fact.STATUS: "planned"}, date(2019, 1, 1), voids_seq=7)


def test_an_entry_moved_back_takes_the_facts_of_its_own_day() -> None:
    rows = history(
        (Fact.MEMBERSHIP, "left", date(2018, 1, 1)),
        (Fact.MEMBERSHIP, "entered", date(2020, 1, 1)),
        (Fact.KIND, "tailings", date(2019, 1, 1)),
    )
    found = plan(rows, {Fact.MEMBERSHIP: "entered"}, date(2012, 1, 1), voids_seq=1, approved=True)
    kinds = [item.value for item in found.rows_now if item.fact is Fact.KIND]
    assert kinds == ['"other"']


def test_a_move_from_one_unit_to_another_needs_a_second_person() -> None:
    def unit(code: str | None) -> dict[str, object]:
        return {"adcode": code, "edition": "e1", "shares": {}}

    found = plan(history(), {Fact.UNIT: unit("340602")})
    assert found.rows_now
    rows = history((Fact.UNIT, unit("340602"), ENTERED))
    assert plan(rows, {Fact.UNIT: {**unit("340602"), "edition": "e2"}}).rows_now
    for code in ("340603", None):
        assert plan(rows, {Fact.UNIT: unit(code)}).second_person == ("unit",)
    with pytest.raises(NotVoidable, match="follows from the outline of row 2"):
        plan(rows, {}, voids_seq=7)
    found_later = [*rows[:-1], replace(rows[-1], recorded_at="u")]
    assert plan(found_later, {}, voids_seq=7).second_person == ("unit",)
