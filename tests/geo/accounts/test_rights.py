"""The policy: one function decides who may do what, and to which unit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.accounts.rights import (
    AccountRole,
    Action,
    NotAllowed,
    NotSignedIn,
    Scope,
    User,
    action_rules,
    may,
    rank,
    refusal,
)
from geo.reference import reference_rows

HUAIBEI, HUAINAN = ("340604", "340600", "340000"), ("340402", "340400", "340000")
UNITS = st.frozensets(st.sampled_from(["340604", "340600", "340000", "340402", "320300"]), max_size=3)
PLACES = st.lists(st.sampled_from([HUAIBEI, HUAINAN, ("340600", "340000"), ()]), max_size=3)


def user(role: AccountRole | None, *units: str, **changes: object) -> User:
    return User("lin", role, frozenset(units), **changes)


def test_every_action_and_role_of_the_code_stands_in_its_table() -> None:
    assert set(action_rules()) == set(Action)
    assert [row["slug"] for row in reference_rows("account_roles")] == [role.value for role in AccountRole]


def test_nobody_may_only_what_is_open() -> None:
    assert {action for action in Action if may(None, action)} == {Action.OPEN}
    assert {action for action in Action if may(None, action, public_read=True)} == {Action.OPEN, Action.READ}
    assert may(None, Action.CHANGE_SITE).reason == "not_signed_in"


def test_an_account_without_a_role_may_only_keep_itself() -> None:
    allowed = {action for action in Action if may(user(None), action)}
    assert allowed == {Action.OPEN, Action.ACCOUNT, Action.NOTICE}
    assert may(user(None), Action.READ).reason == "no_role"


def test_an_officer_changes_sites_of_their_own_units_only() -> None:
    officer = user(AccountRole.OFFICER, "340600")
    assert may(officer, Action.CHANGE_SITE, [HUAIBEI])
    assert may(officer, Action.CHANGE_SITE, [HUAINAN]).reason == "unit"
    assert may(officer, Action.CHANGE_SITE, [HUAIBEI, HUAINAN]).reason == "unit"
    assert may(officer, Action.CHANGE_SITE, [()]).reason == "no_unit"
    assert may(officer, Action.DECIDE, [HUAIBEI]).reason == "role"


def test_who_has_no_unit_may_act_on_none() -> None:
    assert may(user(AccountRole.OFFICER), Action.CHANGE_SITE).reason == "unit"
    assert may(user(AccountRole.REVIEWER), Action.DECIDE, [HUAIBEI]).reason == "unit"


def test_a_province_holds_its_cities() -> None:
    reviewer = user(AccountRole.REVIEWER, "340000")
    assert may(reviewer, Action.DECIDE, [HUAIBEI, HUAINAN])


def test_a_county_does_not_hold_its_city() -> None:
    assert not may(user(AccountRole.OFFICER, "340604"), Action.CHANGE_SITE, [("340600", "340000")])


def test_a_password_to_be_changed_comes_first() -> None:
    fresh = user(AccountRole.ADMINISTRATOR, must_change_password=True)
    assert may(fresh, Action.READ).reason == "must_change_password"
    assert may(fresh, Action.ACCOUNT)


def test_a_disabled_account_may_not_even_keep_itself() -> None:
    assert may(user(AccountRole.ADMINISTRATOR, disabled=True), Action.ACCOUNT).reason == "disabled"


def test_a_token_limits_its_owner_and_never_widens() -> None:
    reader = user(AccountRole.ADMINISTRATOR).limited_to(Scope.READ)
    assert may(reader, Action.READ)
    assert may(reader, Action.ACCOUNT).reason == "scope"
    assert may(reader, Action.CHANGE_SITE, [HUAIBEI]).reason == "scope"
    assert may(reader.limited_to(Scope.ADMIN), Action.ADMINISTER).reason == "scope"
    assert may(user(AccountRole.VIEWER).limited_to(Scope.ADMIN), Action.RUN).reason == "role"


@given(units=UNITS, places=PLACES, action=st.sampled_from(Action), scope=st.sampled_from(Scope))
def test_a_higher_role_may_whatever_a_lower_may(
    units: frozenset[str], places: list[tuple[str, ...]], action: Action, scope: Scope
) -> None:
    answers = [bool(may(User("x", role, units, scope=scope), action, places)) for role in AccountRole]
    assert answers == sorted(answers)


@given(
    units=UNITS, more=UNITS, places=PLACES, action=st.sampled_from(Action), role=st.sampled_from(AccountRole)
)
def test_more_units_never_take_a_right_away(
    units: frozenset[str],
    more: frozenset[str],
    places: list[tuple[str, ...]],
    action: Action,
    role: AccountRole,
) -> None:
    before, after = (may(User("x", role, held), action, places) for held in (units, units | more))
    assert bool(after) >= bool(before)


@given(
    places=PLACES, more=PLACES, action=st.sampled_from(Action), role=st.sampled_from(AccountRole), units=UNITS
)
def test_more_places_never_give_a_right(
    places: list[tuple[str, ...]],
    more: list[tuple[str, ...]],
    action: Action,
    role: AccountRole,
    units: frozenset[str],
) -> None:
    one = User("x", role, units)
    assert bool(may(one, action, places)) >= bool(may(one, action, places + more))


@given(role=st.sampled_from(AccountRole), action=st.sampled_from(Action))
def test_a_refusal_always_has_a_reason_with_words(role: AccountRole, action: Action) -> None:
    decision = may(User("x", role), action, [HUAIBEI])
    assert (decision.reason is None) == decision.allowed
    if not decision:
        assert isinstance(refusal(User("x", role), action, decision), NotAllowed)
        assert decision.reason in {row["slug"] for row in reference_rows("refusals")}
    assert isinstance(refusal(None, action, may(None, Action.READ)), NotSignedIn)


@pytest.mark.parametrize("role", list(AccountRole))
def test_ranks_rise_with_the_roles(role: AccountRole) -> None:
    assert rank(role) == list(AccountRole).index(role)
