"""Carbon: cohorts of new cover, factors by class and approach, ranges that add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.areas import UNITS_PER_HA
from geo.carbon.factors import carbon_factors, factor_of
from geo.carbon.uptake import Cohort, KgRange, cohorts, site_carbon, summed
from geo.landcover import product
from geo.recovery import Outcome, Recovery, TemporalRule, YearLine
from geo.sites import Approach
from geo.transitions import Transition

CLCD = product("clcd").legend
FOREST, SHRUB, GRASS, WATER, BARREN = 2, 3, 4, 5, 7
LINES = st.dictionaries(st.integers(2001, 2030), st.integers(0, 10**9), max_size=8)


def recovery(lines, to=((FOREST, 100),), *, site_id=1, from_year=2000):
    """A recovery whose recovered hectares by year are `lines`, and by class of the last year `to`."""
    last = max(lines)
    steps = [
        Transition(BARREN, code, Outcome.RECOVERED, ha * UNITS_PER_HA, float(ha), None) for code, ha in to
    ]
    return Recovery(
        site_id=site_id,
        product="clcd",
        edition="v1",
        from_year=from_year,
        to_year=last,
        temporal_rule=TemporalRule.NONE,
        area_units=10**12,
        class_units={},
        transitions=(*steps, Transition(BARREN, BARREN, Outcome.STILL_DISTURBED, 5, 0.0, None)),
        disturbed_baseline_units=10**12,
        recovered_units=lines[last] * UNITS_PER_HA,
        still_disturbed_units=0,
        converted_units=0,
        ponded_units=0,
        new_damage_units=0,
        valid_units=10**12,
        lines={year: YearLine(ha * UNITS_PER_HA, 10**12, 10**12, 0) for year, ha in lines.items()},
    )


def uptake(one, year=None, approach=Approach.RECONSTRUCTION):
    return site_carbon(one, year=year or one.to_year, approach=approach, legend=CLCD)


def test_planted_forest_takes_up_its_factor_as_a_range():
    one = uptake(recovery({2010: 100, 2020: 100}))
    assert one.a_year == KgRange(450_000, 4_070_000)
    assert one.so_far == KgRange(10 * 450_000, 20 * 4_070_000)
    assert (one.factored_units, one.unverified_units, one.reason) == (100 * UNITS_PER_HA, 0, None)


def test_new_cover_too_small_for_a_unit_of_area_is_none():
    one = uptake(recovery({2010: 0, 2020: 0}, to=((FOREST, 0),)))
    assert (one.a_year, one.recovered_units, one.parts, one.reason) == (None, 0, (), "no_new_cover")


def test_natural_recovery_has_a_narrower_range_and_an_unknown_approach_the_widest():
    one = recovery({2010: 100, 2020: 100})
    assert uptake(one, approach=Approach.NATURAL_RECOVERY).a_year == KgRange(910_000, 1_880_000)
    assert uptake(one, approach=None).a_year == KgRange(450_000, 4_070_000)


def test_cover_beyond_the_age_of_the_factor_takes_up_nothing_more():
    one = uptake(recovery({2001: 100, 2030: 100}))
    assert one.a_year == KgRange(0, 0)
    assert one.so_far == KgRange(20 * 450_000, 20 * 4_070_000)


def test_cover_that_may_be_too_old_counts_in_the_upper_bound_alone():
    one = uptake(recovery({2015: 100, 2030: 100}))
    assert one.a_year == KgRange(0, 4_070_000)


def test_land_lost_and_regained_is_as_young_as_its_last_return():
    assert cohorts({2010: 100, 2015: 20, 2020: 100}, from_year=2000, year=2020) == [
        Cohort(20, youngest=10, oldest=20),
        Cohort(80, youngest=0, oldest=5),
    ]


def test_an_earlier_year_knows_nothing_of_later_ones():
    one = recovery({2010: 60, 2015: 80, 2020: 100})
    assert uptake(one, 2010).recovered_units == 60 * UNITS_PER_HA
    assert uptake(one, 2010).so_far == KgRange(0, 60 * 10 * 40_700)


def test_classes_without_a_factor_are_said_and_not_counted():
    one = uptake(recovery({2010: 100, 2020: 100}, [(FOREST, 60), (SHRUB, 40)]))
    assert one.a_year == KgRange(60 * 4_500, 60 * 40_700)
    assert one.factored_units == 60 * UNITS_PER_HA
    assert [(part.class_code, part.factor is None) for part in one.parts] == [(FOREST, False), (SHRUB, True)]


def test_without_a_factor_or_without_new_cover_there_is_no_figure_but_a_reason():
    water = uptake(recovery({2020: 100}, [(WATER, 100)]))
    assert (water.a_year, water.so_far, water.reason) == (None, None, "no_factor")
    nothing = uptake(recovery({2020: 0}, []))
    assert (nothing.a_year, nothing.reason, nothing.parts) == (None, "no_new_cover", ())


def test_an_unverified_factor_is_said():
    one = uptake(recovery({2020: 100}, [(GRASS, 100)]))
    assert one.unverified_units == one.factored_units == 100 * UNITS_PER_HA


def test_every_factor_is_a_range_with_a_source():
    for factor in carbon_factors():
        assert 0 < factor.low < factor.high
        assert factor.years > 0
        assert factor.source
        assert factor.verified != ("[unverified]" in factor.source)


def test_water_and_crops_have_no_factor():
    assert factor_of(CLCD[WATER], None) is None
    assert factor_of(CLCD[1], Approach.RECONSTRUCTION) is None
    assert factor_of(None, None) is None


@given(LINES)
def test_cohorts_add_up_to_what_is_recovered_in_the_year(lines):
    for year in lines:
        found = cohorts(lines, from_year=2000, year=year)
        assert sum(one.units for one in found) == lines[year]
        assert all(0 <= one.youngest < one.oldest for one in found)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=6), st.randoms())
def test_the_order_of_sites_changes_no_sum(hectares, random):
    parts = [
        uptake(recovery({2010: min(a, b), 2020: b}, [(FOREST, b)] if b else [])).so_far for a, b in hectares
    ]
    shuffled = random.sample(parts, len(parts))
    assert summed(shuffled) == summed(parts)


def test_low_is_never_above_high():
    one = uptake(recovery({2005: 30, 2012: 70, 2020: 50}, [(FOREST, 30), (GRASS, 20)]))
    for found in (one.a_year, one.so_far):
        assert found.low <= found.high
    assert one.recovered_units == 50 * UNITS_PER_HA


@pytest.mark.parametrize("year", [2010, 2015, 2020])
def test_parts_add_up_to_the_site(year):
    one = uptake(recovery({2010: 31, 2015: 77, 2020: 90}, [(FOREST, 61), (GRASS, 29)]), year)
    assert one.a_year == summed(part.a_year for part in one.parts)
    assert abs(sum(part.units for part in one.parts) - one.recovered_units) <= len(one.parts)
