"""Outcomes: the table is complete, and says what the definitions say."""

import itertools

import pytest

from geo.landcover import Role
from geo.outcomes import Baseline, Damage, OutcomeKey, damage_at, outcome, rules_of
from geo.recovery import Outcome
from geo.reference import reference_rows
from geo.sites import Kind, Target

GREEN, CROP, WATER, BUILT = Role.GREEN, Role.CROP, Role.WATER, Role.BUILT
DISTURBED, WETLAND, SNOW, BARE, NO_DATA = (
    Role.DISTURBED,
    Role.WETLAND,
    Role.SNOW,
    Role.NATURAL_BARE,
    Role.NO_DATA,
)
SUCCESS = {
    Target.NONE: {GREEN, WETLAND, CROP},
    Target.FOREST: {GREEN, WETLAND, CROP},
    Target.GRASS: {GREEN, WETLAND, CROP},
    Target.CROPLAND: {CROP, GREEN},
    Target.WETLAND: {WETLAND, WATER},
    Target.WATER: {WETLAND, WATER},
    Target.BUILT: {BUILT},
    Target.HERITAGE: {BUILT},
}


def disturbed_roles(target: Target) -> set[Role]:
    roles = {DISTURBED}
    if target not in (Target.BUILT, Target.HERITAGE):
        roles.add(BUILT)
    if target not in (Target.WATER, Target.WETLAND):
        roles.add(WATER)
    return roles


def expected(target: Target, before: Role, after: Role) -> Outcome:
    """The definition, written out apart from the table."""
    if NO_DATA in (before, after):
        return Outcome.NO_DATA
    success, was_disturbed = SUCCESS[target], before in disturbed_roles(target)
    if was_disturbed and after in success:
        return Outcome.RECOVERED
    if after is WATER and after not in success:
        return Outcome.PONDED
    if was_disturbed:
        still = after is DISTURBED or (before is BUILT and after is BUILT)
        return Outcome.STILL_DISTURBED if still else Outcome.CONVERTED
    if after is DISTURBED or (after is BUILT and after not in success):
        return Outcome.DEGRADED
    return Outcome.STABLE


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("target", Target)
def test_every_combination_has_the_outcome_of_the_definition(kind, target):
    for before, after in itertools.product(Role, Role):
        rule = outcome(kind, target, from_role=before, to_role=after)
        assert rule.outcome is expected(target, before, after), (before, after)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("target", Target)
@pytest.mark.parametrize("damage", Damage)
@pytest.mark.parametrize("bare", [False, True])
def test_the_table_is_complete_and_its_baseline_agrees_with_its_outcome(kind, target, damage, bare):
    rules = rules_of(OutcomeKey(kind, target, damage, natural_bare_disturbed=bare))
    assert set(rules) == set(itertools.product(Role, Role))
    for rule in rules.values():
        if rule.outcome in (Outcome.RECOVERED, Outcome.STILL_DISTURBED, Outcome.CONVERTED):
            assert rule.baseline is Baseline.DISTURBED
        if rule.outcome in (Outcome.STABLE, Outcome.DEGRADED):
            assert rule.baseline is Baseline.SOUND
        assert (rule.outcome is Outcome.NO_DATA) == (rule.baseline is Baseline.NO_DATA)


def test_no_line_of_the_table_is_dead():
    used = set()
    for kind, target, damage in itertools.product(Kind, Target, Damage):
        used |= set(rules_of(OutcomeKey(kind, target, damage)).values())
    written = {
        (row["outcome"], row["baseline"], row["not_yet_crop"] == "yes") for row in reference_rows("outcomes")
    }
    assert written == {(rule.outcome, rule.baseline, rule.not_yet_crop) for rule in used}


def test_cropland_that_is_only_green_counts_and_is_flagged():
    rule = outcome(Kind.OPEN_PIT, Target.CROPLAND, from_role=DISTURBED, to_role=GREEN)
    assert rule.outcome is Outcome.RECOVERED
    assert rule.not_yet_crop
    assert not outcome(Kind.OPEN_PIT, Target.CROPLAND, from_role=DISTURBED, to_role=CROP).not_yet_crop


@pytest.mark.parametrize(
    ("target", "before", "after", "result"),
    [
        (Target.BUILT, DISTURBED, BUILT, Outcome.RECOVERED),
        (Target.BUILT, BUILT, BUILT, Outcome.STABLE),
        (Target.FOREST, BUILT, BUILT, Outcome.STILL_DISTURBED),
        (Target.WATER, DISTURBED, WATER, Outcome.RECOVERED),
        (Target.FOREST, DISTURBED, WATER, Outcome.PONDED),
        (Target.FOREST, CROP, WATER, Outcome.PONDED),
        (Target.NONE, GREEN, BUILT, Outcome.DEGRADED),
        (Target.NONE, GREEN, SNOW, Outcome.STABLE),
        (Target.NONE, BARE, DISTURBED, Outcome.DEGRADED),
        (Target.NONE, DISTURBED, NO_DATA, Outcome.NO_DATA),
    ],
)
def test_the_examples_of_the_definitions(target, before, after, result):
    assert outcome(Kind.OTHER, target, from_role=before, to_role=after).outcome is result


def test_natural_bare_is_disturbed_only_where_the_site_says_so():
    kept = {"from_role": BARE, "to_role": GREEN}
    assert outcome(Kind.OPEN_PIT, Target.NONE, **kept).outcome is Outcome.STABLE
    says_so = outcome(Kind.OPEN_PIT, Target.NONE, **kept, natural_bare_disturbed=True)
    assert says_so.outcome is Outcome.RECOVERED


def test_water_seen_before_the_ground_sank_was_no_damage():
    before = {"from_role": WATER, "to_role": WATER, "damage": Damage.BEFORE}
    assert outcome(Kind.SUBSIDENCE, Target.CROPLAND, **before).outcome is Outcome.STABLE
    assert outcome(Kind.OPEN_PIT, Target.CROPLAND, **before).outcome is Outcome.PONDED
    sunk = outcome(Kind.SUBSIDENCE, Target.CROPLAND, from_role=CROP, to_role=WATER, damage=Damage.BEFORE)
    assert (sunk.outcome, sunk.baseline) == (Outcome.PONDED, Baseline.SOUND)


def test_a_site_is_damaged_from_its_damage_year_on():
    assert damage_at(Kind.SUBSIDENCE, 2015, 2015) is Damage.AFTER
    assert damage_at(Kind.SUBSIDENCE, 2016, 2015) is Damage.BEFORE
    assert damage_at(Kind.SUBSIDENCE, None, 2015) is Damage.AFTER


def test_every_outcome_has_words_and_a_colour():
    rows = {row["slug"]: row for row in reference_rows("outcome_words")}
    assert set(rows) == set(Outcome)
    assert all(row["colour"].startswith("#") for row in rows.values())
