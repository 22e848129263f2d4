"""Rating: the published figures come out, and a rate without a denominator is None with its reason."""

import dataclasses
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.areas import units_from_ha
from geo.errors import BadValue
from geo.rates import Basis, GroupBy, RateDefinition, RateQuery
from geo.rating import Group, Observations, Surroundings, asked, city_rate
from geo.reference import reference_rows
from geo.sites import Kind, Responsible
from geo.snapshot import KINDS, RESPONSIBLES, STATUSES, UNKNOWN, Snapshot, UnitFact
from geo.status import Status

LEGACY = RESPONSIBLES.index(Responsible.LEGACY)


def column(values):
    return np.array(list(values), dtype=np.int64)


def snapshot(*sites):
    """A snapshot of (status, area ha, damaged ha or None, restored ha or None) rows."""
    n = len(sites)

    def declared(place):
        return column(UNKNOWN if site[place] is None else units_from_ha(site[place]) for site in sites)

    zeros = np.zeros(n, dtype=np.int64)
    return Snapshot(
        as_of=date(2024, 1, 1),
        known_at="2024-01-01T00:00:00.000000Z",
        seq=7,
        head="f" * 64,
        site=np.arange(1, n + 1, dtype=np.int64),
        status=column(STATUSES.index(site[0]) for site in sites),
        status_since=zeros + 1,
        entered_on=zeros + 1,
        area=column(units_from_ha(site[1]) for site in sites),
        kind=zeros + KINDS.index(Kind.OPEN_PIT),
        target=zeros,
        responsible=zeros + LEGACY,
        damaged=declared(2),
        restored=declared(3),
        damage_year=zeros + UNKNOWN,
        treatment_start=zeros + UNKNOWN,
        treatment_end=zeros + UNKNOWN,
        unit=zeros,
        units=(UnitFact(None, None, ()),),
        geometry_seq=zeros,
        treated_since=zeros + UNKNOWN,
    )


def rate(found, definition=RateDefinition.TREATMENT, basis=Basis.AREA, observations=None, **beside):
    query = RateQuery(definition=definition, basis=basis)
    return city_rate(
        Group(GroupBy.ALL, "all", "全部", "All"),
        found,
        query,
        members=asked(found, query),
        observations=observations or Observations.none(len(found), reason="no_recovery"),
        surroundings=Surroundings(**beside),
    )


def observed(found, **columns):
    zeros = np.zeros(len(found), dtype=np.int64)
    given_columns = {name: column(values) for name, values in columns.items()}
    base = Observations("clcd", "v1", zeros, zeros, zeros, zeros, zeros, zeros)
    return dataclasses.replace(base, **given_columns)


def test_the_published_rate_of_abandoned_open_pits_in_2022():
    found = snapshot((Status.TREATED, 320_000, None, None), (Status.UNTREATED, 507_400, None, None))
    assert round(rate(found).rate * 100, 2) == 38.68


def test_the_published_rate_of_shandong_at_the_end_of_2015():
    mu = 10_000 / 15
    found = snapshot(
        (Status.TREATED, 1, 34.68 * mu, 34.68 * mu), (Status.UNTREATED, 1, (101.09 - 34.68) * mu, None)
    )
    assert round(rate(found, RateDefinition.RESTORATION).rate * 100, 1) == 34.3


def test_the_published_rate_of_jining():
    found = snapshot((Status.TREATED, 1, 24.4, 24.4), (Status.IN_PROGRESS, 1, 18.6, 0))
    assert round(rate(found, RateDefinition.RESTORATION).rate * 100, 1) == 56.7


@pytest.mark.parametrize("definition", RateDefinition)
def test_a_group_without_a_site_has_no_rate(definition):
    result = rate(snapshot(), definition)
    assert (result.rate, result.n_sites) == (None, 0)
    assert result.reason == "no_sites"
    assert result.numerator_ha is None
    assert result.denominator_ha is None


def test_excluded_sites_are_left_out_of_every_rate_and_shown_beside():
    found = snapshot((Status.TREATED, 1, 1, 1), (Status.EXCLUDED, 5, 5, 0))
    assert rate(found).rate == 1.0
    assert rate(found, RateDefinition.RESTORATION).rate == 1.0
    assert {one.status: one.count for one in rate(found).by_status}["excluded"] == 1
    assert rate(snapshot((Status.EXCLUDED, 5, 5, 0))).reason == "no_sites"


@pytest.mark.parametrize("definition", [RateDefinition.RESTORATION, RateDefinition.OBSERVED])
def test_a_rate_of_hectares_is_not_defined_by_count(definition):
    result = rate(snapshot((Status.TREATED, 1, 1, 1)), definition, Basis.COUNT)
    assert (result.rate, result.reason) == (None, "not_defined")


def test_treatment_and_acceptance_count_their_own_statuses():
    found = snapshot(*((status, 1, None, None) for status in Status))
    assert (rate(found, basis=Basis.COUNT).numerator_count, rate(found, basis=Basis.COUNT).n_sites) == (3, 7)
    assert rate(found, RateDefinition.ACCEPTANCE, Basis.COUNT).numerator_count == 2


def test_restoration_takes_sites_where_both_are_known_and_counts_the_rest_as_missing():
    found = snapshot(
        (Status.TREATED, 2, 10, 8),
        (Status.UNTREATED, 3, 10, None),
        (Status.TREATED, 5, 10, None),
        (Status.CLOSED, 7, None, 4),
    )
    result = rate(found, RateDefinition.RESTORATION)
    assert (result.numerator_ha, result.denominator_ha, result.rate) == (8.0, 20.0, 0.4)
    assert (result.n_missing, result.missing_ha) == (2, 12.0)


def test_a_relapse_with_unknown_restored_area_is_missing_and_not_nothing():
    found = snapshot(
        (Status.RELAPSED, 2, 10, None), (Status.RELAPSED, 3, 10, 5), (Status.PLANNED, 4, 10, None)
    )
    result = rate(found, RateDefinition.RESTORATION)
    assert (result.numerator_ha, result.denominator_ha, result.n_missing) == (5.0, 20.0, 1)


def test_restoration_without_any_declared_area_says_so():
    result = rate(snapshot((Status.TREATED, 2, None, None)), RateDefinition.RESTORATION)
    assert (result.rate, result.reason, result.n_missing) == (None, "no_damaged_area", 1)
    nothing = rate(snapshot((Status.TREATED, 2, 0, 0)), RateDefinition.RESTORATION)
    assert (nothing.rate, nothing.reason) == (None, "zero_denominator")


def test_observed_recovery_divides_sums_and_never_averages_shares():
    found = snapshot(
        (Status.TREATED, 1, None, None), (Status.TREATED, 1, None, None), (Status.TREATED, 9, None, None)
    )
    seen = observed(
        found,
        from_year=[2013, 2013, 0],
        to_year=[2020, 2020, 0],
        area=[100, 100, 0],
        disturbed=[90, 10, 0],
        recovered=[9, 10, 0],
        valid=[100, 90, 0],
    )
    result = rate(found, RateDefinition.OBSERVED, observations=seen)
    assert result.rate == 19 / 100
    assert (result.n_missing, result.missing_ha, result.observed.n_sites) == (1, 9.0, 2)
    assert (result.observed.from_year, result.observed.to_year, result.observed.valid_share) == (
        2013,
        2020,
        0.95,
    )
    assert (result.observed.low, result.observed.high, result.observed.interval_kind) == (None, None, None)


def test_observed_recovery_without_disturbed_land_says_so():
    found = snapshot((Status.TREATED, 1, None, None))
    seen = observed(found, from_year=[2013], to_year=[2020], area=[100], valid=[100])
    result = rate(found, RateDefinition.OBSERVED, observations=seen)
    assert (result.rate, result.reason) == (None, "no_disturbed_baseline")
    assert rate(found, RateDefinition.OBSERVED).reason == "no_recovery"


def test_different_baselines_are_said():
    found = snapshot((Status.TREATED, 1, None, None), (Status.TREATED, 1, None, None))
    seen = observed(found, from_year=[2013, 2015], to_year=[2020, 2020], area=[9, 9], disturbed=[1, 1])
    assert (
        rate(found, observations=seen).observed.from_year,
        rate(found, observations=seen).observed.reason,
    ) == (
        None,
        "mixed_periods",
    )


def test_the_alternatives_hold_the_other_definitions_and_the_damaged_area():
    found = snapshot((Status.TREATED, 1, 30, 3), (Status.UNTREATED, 3, 10, None))
    result = rate(found)
    others = {(one.definition, one.basis): one.rate for one in result.alternatives}
    assert result.rate == 0.25
    assert others[RateDefinition.TREATMENT, "count"] == 0.5
    assert others[RateDefinition.TREATMENT, "damaged_area"] == 0.75
    assert others[RateDefinition.RESTORATION, "area"] == 3 / 40
    assert (RateDefinition.TREATMENT, "area") not in others


def test_overlap_and_border_are_flagged_above_a_thousandth():
    found = snapshot((Status.TREATED, 1000, None, None))
    assert rate(found, overlap_units=units_from_ha(1)).flags == ()
    assert rate(found, overlap_units=units_from_ha(1.01), border_units=units_from_ha(2)).flags == (
        "overlap",
        "near_border",
    )


def test_an_unknown_word_is_refused_and_not_an_empty_answer():
    with pytest.raises(BadValue, match="kind"):
        asked(snapshot(), RateQuery(kind="quarry"))
    with pytest.raises(BadValue, match="responsible"):
        asked(snapshot(), RateQuery(responsible="nobody"))


def test_unknown_responsibility_counts_in_all_alone():
    found = dataclasses.replace(
        snapshot((Status.TREATED, 1, None, None), (Status.TREATED, 1, None, None)),
        responsible=column([RESPONSIBLES.index(Responsible.UNKNOWN), LEGACY]),
    )
    counts = {who: len(asked(found, RateQuery(responsible=who))) for who in ("legacy", "liable", "all")}
    assert counts == {"legacy": 1, "liable": 0, "all": 2}


def test_every_definition_has_its_words():
    assert {row["slug"] for row in reference_rows("rates")} == set(RateDefinition)
    assert {row["slug"] for row in reference_rows("groups")} == set(GroupBy)


SITES = st.lists(
    st.tuples(
        st.sampled_from(list(Status)),
        st.floats(0.01, 1e5),
        st.none() | st.floats(0, 1e5),
        st.none() | st.floats(0, 1e5),
    ),
    max_size=20,
)


@given(sites=SITES, data=st.data())
def test_the_order_of_the_sites_changes_no_digit(sites, data):
    shuffled = data.draw(st.permutations(sites))
    for definition in RateDefinition:
        assert rate(snapshot(*sites), definition) == rate(snapshot(*shuffled), definition)


@given(sites=SITES)
def test_a_share_of_sites_lies_between_nothing_and_all(sites):
    result = rate(snapshot(*sites))
    assert result.rate is None or 0 <= result.rate <= 1
    assert sum(one.count for one in result.by_status) == len(sites)
