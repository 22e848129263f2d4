"""Carbon of stored recoveries: by site and together, in a year, and not from results that no longer hold."""

from datetime import date

import pytest

from geo.carbon.items import carbon_item, total_item
from geo.carbon.query import CarbonGroup, CarbonQuery
from geo.carbon.totals import carbon_totals, site_carbons
from geo.changes import Change
from geo.errors import UnknownSite
from geo.history import Fact
from geo.recover.run import recover
from geo.store import changes
from tests.geo.recovery_case import (
    BARREN,
    FOREST,
    LATER,
    PARAMS,
    TODAY,
    add_scenes,
    add_sites,
    cells,
    site,
    square,
)

NONE = CarbonQuery()


def ramp(store):
    """All barren in 2013; the first 3 rows forest from 2016, the first 6 in 2020."""
    add_scenes(store, {2013: cells(), 2016: cells(top_3_40=FOREST), 2020: cells(top_6_40=FOREST)})


def totals(store, group_by, query=NONE):
    return carbon_totals(store, query, group_by, today=TODAY)


def test_the_uptake_of_a_site_is_its_new_forest_by_age(store):
    ramp(store)
    add_sites(store, site("a", square(0, 0)))
    recover(store, PARAMS, today=TODAY)
    (one,) = site_carbons(store, 1)
    ha = one.recovered_units / 1e8
    assert ha == pytest.approx(5.4, rel=2e-3)
    assert (one.from_year, one.year, one.reason) == (2013, 2020, None)
    item = carbon_item(one)
    assert item["t_co2_per_year"] == pytest.approx({"low": ha * 4.5, "high": ha * 40.7}, rel=1e-3)
    half = ha / 2
    low, high = half * 4 * 4.5, half * 7 * 40.7 + half * 4 * 40.7
    assert item["t_co2_so_far"] == pytest.approx({"low": low, "high": high}, rel=1e-3)


def test_an_earlier_year_counts_what_stood_then(store):
    ramp(store)
    add_sites(store, site("a", square(0, 0)))
    recover(store, PARAMS, today=TODAY)
    (one,) = site_carbons(store, 1, year=2016)
    assert one.recovered_units / 1e8 == pytest.approx(2.7, rel=2e-3)
    assert site_carbons(store, 1, year=2021) == []
    with pytest.raises(UnknownSite):
        site_carbons(store, 9)


def test_all_is_the_whole_number_sum_of_the_sites(store):
    ramp(store)
    add_sites(store, *(site(f"s{at}", square(at * 0.7, at * 3.1)) for at in range(9)))
    recover(store, PARAMS, today=TODAY)
    by_site = totals(store, CarbonGroup.SITE)
    (whole,) = totals(store, CarbonGroup.ALL)
    known = [one.a_year for one in by_site if one.a_year is not None]
    assert (whole.a_year.low, whole.a_year.high) == (
        sum(one.low for one in known),
        sum(one.high for one in known),
    )
    assert whole.n_known == whole.n_sites == 9
    assert whole.overlap_units > 0
    assert all(one.overlap_units == 0 for one in by_site)
    assert [one.key for one in by_site] == sorted(f"s{at}" for at in range(9))
    assert total_item(whole)["year"] == 2020


def test_a_site_without_new_cover_has_a_reason_and_no_zero(store):
    ramp(store)
    add_sites(store, site("green", square(0, 0)), site("bare", square(20, 20)))
    recover(store, PARAMS, today=TODAY)
    bare, green = totals(store, CarbonGroup.SITE)
    assert (bare.key, bare.a_year, bare.reason) == ("bare", None, "no_new_cover")
    assert green.a_year is not None


def test_without_a_recovery_nothing_is_told(store):
    (whole,) = totals(store, CarbonGroup.ALL)
    assert (whole.a_year, whole.reason, whole.year) == (None, "no_sites", None)
    add_sites(store, site("a", square(0, 0)))
    assert totals(store, CarbonGroup.ALL)[0].reason == "no_recovery"


def test_an_outdated_recovery_stands_for_nothing_in_a_total_and_is_marked_on_the_site(store):
    ramp(store)
    (one,) = add_sites(store, site("a", square(0, 0)))
    recover(store, PARAMS, today=TODAY)
    change = Change({Fact.TARGET_USE: "water"}, date(2024, 6, 1), "a lake is to be")
    with store.write() as conn:
        changes.apply_change(conn, one, change, actor="a", source="t", now=LATER, if_version=None)
    (whole,) = totals(store, CarbonGroup.ALL)
    assert (whole.n_outdated, whole.n_known, whole.reason) == (1, 0, "results_outdated")
    assert [one.outdated for one in site_carbons(store, 1)] == [True]


def test_the_approach_of_a_site_chooses_its_factor(store):
    add_scenes(store, {2013: cells(BARREN), 2020: cells(FOREST)})
    add_sites(
        store,
        site("natural", square(0, 0), approach="natural_recovery"),
        site("planted", square(20, 20), approach="reconstruction"),
    )
    recover(store, PARAMS, today=TODAY)
    factors = {
        part.factor.slug for site_id in (1, 2) for one in site_carbons(store, site_id) for part in one.parts
    }
    assert factors == {"natural_regeneration", "planted_forest"}
