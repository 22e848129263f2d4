"""The listed cities and the tree of units: figures of the State Council plan of 2013."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest

from geo.cities import (
    PLAN_DATE,
    City,
    CityIndex,
    CityType,
    Level,
    ListIndex,
    lineage,
    listed_cities,
    listed_unit_of,
    parent_code,
)
from geo.outlines import china_units
from geo.reference import reference_rows


@pytest.fixture(scope="module")
def china() -> dict[str, City]:
    return {unit.adcode: unit for unit in china_units()}


def test_the_plan_lists_262_units_by_type():
    assert Counter(listing.city_type for listing in listed_cities()) == {
        CityType.GROWING: 31,
        CityType.MATURE: 141,
        CityType.DECLINING: 67,
        CityType.REGENERATIVE: 23,
    }


def test_the_plan_lists_262_units_by_level():
    assert Counter(listing.level_listed for listing in listed_cities()) == {
        "prefecture": 126,
        "county-level city": 62,
        "county": 58,
        "district": 16,
    }


def test_66_memberships_are_not_confirmed_and_luonan_is_disputed():
    standing = Counter(listing.standing for listing in listed_cities())
    assert standing == {"confirmed": 196, "unconfirmed": 65, "disputed": 1}
    (luonan,) = (listing for listing in listed_cities() if listing.standing == "disputed")
    assert (luonan.adcode, luonan.name_listed) == ("611021", "洛南县")


def test_every_listed_unit_has_an_outline(china):
    assert all(china[listing.adcode].outline.area > 0 for listing in listed_cities())


def test_26_listed_units_lie_inside_a_listed_prefecture_and_25_of_them_have_another_type(china):
    listed = {listing.adcode: listing.city_type for listing in listed_cities()}
    nested = [
        (listed[code], listed[above])
        for code in listed
        for above in lineage(code, china)[1:]
        if above in listed
    ]
    assert len(nested) == 26
    assert sum(inner != outer for inner, outer in nested) == 25


def test_types_have_labels_in_both_languages():
    rows = {row["slug"]: row for row in reference_rows("city_types")}
    assert set(rows) == set(CityType)
    assert all(row["zh"] and row["en"] and row["colour"].startswith("#") for row in rows.values())


def test_a_site_counts_under_the_most_specific_listed_unit(china):
    listings = listed_cities()
    jiawang, xuzhou, quanshan = "320305", "320300", "320311"
    assert listed_unit_of(jiawang, china, listings, PLAN_DATE) == (jiawang, CityType.DECLINING)
    assert listed_unit_of(quanshan, china, listings, PLAN_DATE) == (xuzhou, CityType.REGENERATIVE)
    assert listed_unit_of(None, china, listings, PLAN_DATE) == (None, CityType.UNLISTED)


def test_a_membership_holds_from_its_first_day_until_the_day_before_it_ends(china):
    left = date(2023, 1, 1)
    listing = replace(next(one for one in listed_cities() if one.adcode == "340600"), left_on=left)
    day = timedelta(days=1)
    held = [
        ListIndex(china, [listing], on).unit_of("340604")[0]
        for on in (PLAN_DATE - day, PLAN_DATE, left - day, left)
    ]
    assert held == [None, "340600", "340600", None]


def test_an_unknown_code_can_be_listed_by_itself():
    listing = listed_cities()[0]
    assert listed_unit_of(listing.adcode, {}, [listing], PLAN_DATE)[0] == listing.adcode


def test_municipalities_and_counties_run_by_their_province_have_no_prefecture(china):
    assert china["110101"].parent == "110000"
    assert china["500101"].parent == "500000"
    assert china["429004"].parent == "420000"
    assert china["340621"].parent == "340600"
    assert china["340000"].parent is None
    assert parent_code("340621", ["340000"]) == "340000"


def test_under_a_unit_lie_itself_and_all_below_it(china):
    index = CityIndex(china)
    under = index.under("340000")
    assert {"340000", "340600", "340621"} <= under
    assert all(code.startswith("34") for code in under)
    assert index.lineage("340621") == ("340621", "340600", "340000")
    assert index.children("340600") == tuple(
        sorted(code for code in under if code[:4] == "3406" and code != "340600")
    )
    assert index.under("999999") == {"999999"}


def test_leaves_hold_no_other_unit(china):
    index = CityIndex(china)
    leaves = index.leaves()
    assert len(leaves) == 2891
    assert not any(index.children(code) for code in leaves)


def test_a_circle_of_parents_ends():
    ring = {
        code: City(code, code, code, Level.COUNTY, parent, "test")
        for code, parent in (("a", "b"), ("b", "a"))
    }
    assert lineage("a", ring) == ("a", "b")
