"""Outlines: China's from the installed package, others from files, and the unit of a site."""

from __future__ import annotations

import json
from collections import Counter

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, box
from shapely.geometry import mapping

from geo.areas import geodesic_area_ha
from geo.cities import City, Level
from geo.outlines import CHINA_EDITION, UnitIndex, china_units, units_from_file
from geo.unit_files import BadUnitFile


@pytest.fixture(scope="module")
def china():
    return {unit.adcode: unit for unit in china_units()}


def square(x: float, y: float, size: float = 1.0) -> MultiPolygon:
    return MultiPolygon([box(x, y, x + size, y + size)])


def county(
    adcode: str, outline: MultiPolygon | None, parent: str | None = None, level: Level = Level.COUNTY
) -> City:
    return City(adcode, adcode, adcode, level, parent, "test", outline)


@pytest.fixture
def two_counties() -> UnitIndex:
    """Two squares side by side, the higher code on the left."""
    return UnitIndex([county("2", square(0, 0)), county("1", square(1, 0))])


def test_china_has_34_provinces_and_2891_places_for_a_site(china):
    levels = Counter(unit.level for unit in china.values())
    assert levels[Level.PROVINCE] == 34
    assert len(UnitIndex(list(china.values())).codes) == 2891


def test_outlines_are_valid_polygons_of_the_right_place_and_size(china):
    assert all(unit.outline.is_valid and unit.edition == CHINA_EDITION for unit in china.values())
    anhui = china["340000"]
    assert (anhui.name_zh, anhui.name_en) == ("安徽省", "Anhui")
    assert geodesic_area_ha(anhui.outline) / 100 == pytest.approx(140_100, rel=0.01)
    assert shapely.bounds(anhui.outline) == pytest.approx((114.88, 29.40, 119.64, 34.65), abs=0.01)


def test_a_province_is_the_sum_of_its_counties(china):
    counties = [
        unit.outline for unit in china.values() if unit.adcode[:2] == "34" and unit.level is Level.COUNTY
    ]
    united = shapely.union_all(counties)
    assert united.symmetric_difference(china["340000"].outline).area / united.area < 0.01


def test_every_unit_has_an_english_name(china):
    assert all(unit.name_en.isascii() for unit in china.values())
    assert {china[code].name_en for code in ("610000", "140000", "150000")} == {
        "Shaanxi",
        "Shanxi",
        "Inner Mongolia",
    }


def test_a_site_inside_one_county_is_wholly_its_own(two_counties):
    (found,) = two_counties.assign([square(0.2, 0.2, 0.1)])
    assert (found.adcode, found.edition, found.shares, found.flags) == ("2", "test", {"2": 1.0}, ())


def test_the_largest_overlap_decides_and_less_than_95_percent_is_flagged(two_counties):
    (found,) = two_counties.assign([square(0.93, 0.2, 0.1)])
    assert found.adcode == "2"
    assert found.shares == {"2": pytest.approx(0.7), "1": pytest.approx(0.3)}
    assert found.flags == ("near_border",)


def test_a_sliver_over_the_border_is_not_flagged(two_counties):
    (found,) = two_counties.assign([square(0.904, 0.2, 0.1)])
    assert (found.adcode, found.flags) == ("2", ())


def test_equal_overlaps_go_to_the_lower_code():
    index = UnitIndex([county("2", square(0, 0)), county("1", square(1, 0))])
    (found,) = index.assign([square(0.75, 0.25, 0.5)])
    assert (found.adcode, found.flags) == ("1", ("near_border",))


def test_a_site_inside_two_overlapping_outlines_goes_to_the_lower_code():
    index = UnitIndex([county("2", square(0, 0)), county("1", square(0, 0))])
    assert index.assign([square(0.2, 0.2, 0.1)])[0].adcode == "1"


def test_a_site_outside_every_unit_has_none(two_counties):
    (found,) = two_counties.assign([square(5, 5)])
    assert (found.adcode, found.shares, found.flags) == (None, {}, ("outside_every_unit",))


def test_what_lies_outside_is_missing_from_the_shares(two_counties):
    (found,) = two_counties.assign([square(0, -0.5, 1.0)])
    assert found.shares == {"2": pytest.approx(0.5)}
    assert found.flags == ("near_border",)


def test_a_prefecture_without_drawn_counties_places_its_sites_itself():
    index = UnitIndex(
        [
            county("10", square(0, 0, 2), level=Level.PREFECTURE),
            county("11", None, parent="10"),
            county("20", square(2, 0, 2), level=Level.PREFECTURE),
            county("21", square(2, 0, 1), parent="20"),
        ]
    )
    assert index.codes == ("10", "21")
    assert [one.adcode for one in index.assign([square(0.1, 0.1, 0.1), square(2.1, 0.1, 0.1)])] == [
        "10",
        "21",
    ]


def test_no_geometries_and_no_units_give_no_assignments(two_counties):
    assert two_counties.assign([]) == []
    assert UnitIndex([]).assign([square(0, 0)])[0].adcode is None


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(-1, 2), st.floats(-1, 1), st.floats(0.01, 0.8)), min_size=1, max_size=8))
def test_the_way_by_containment_agrees_with_cutting_every_pair(placed):
    units = [county("2", square(0, 0)), county("1", square(1, 0))]
    sites = [square(*site) for site in placed]
    for site, found in zip(sites, UnitIndex(units).assign(sites), strict=True):
        shares = {unit.adcode: unit.outline.intersection(site).area / site.area for unit in units}
        best = max(shares, key=lambda code: (shares[code], -int(code)))
        if max(shares.values()) > 1e-9:
            assert sum(found.shares.values()) <= 1 + 1e-9
            assert shares[found.adcode] == pytest.approx(shares[best], abs=1e-9)
        else:
            assert found.adcode is None or shares[found.adcode] < 1e-9


def write_units(path, rows):
    features = [
        {"type": "Feature", "properties": values, "geometry": mapping(shape)} for values, shape in rows
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def test_units_come_from_any_file_with_a_code_and_a_name(tmp_path):
    path = write_units(
        tmp_path / "lusatia.geojson",
        [
            ({"AGS": "12066", "GEN": "Oberspreewald-Lausitz", "parent": "12"}, square(13, 51)),
            ({"AGS": "12", "GEN": "Brandenburg", "parent": None}, square(13, 51, 2)),
        ],
    )
    upper, lower = units_from_file(path)
    assert (upper.adcode, upper.parent, upper.level) == ("12", None, Level.PROVINCE)
    assert (lower.name_en, lower.parent, lower.level) == ("Oberspreewald-Lausitz", "12", Level.PREFECTURE)
    assert upper.edition.startswith("lusatia.geojson ")


def test_units_without_parents_are_counties_and_words_for_levels_are_understood(tmp_path):
    rows = [
        ({"code": "a", "name": "A"}, square(0, 0)),
        ({"code": "b", "name": "B", "level": "省"}, square(1, 0)),
    ]
    units = units_from_file(write_units(tmp_path / "units.geojson", rows))
    assert [unit.level for unit in units] == [Level.COUNTY, Level.PROVINCE]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"name": "A"}, "no column for adcode"),
        ({"code": None, "name": "A"}, "no code or no name"),
    ],
)
def test_a_file_of_units_says_what_it_lacks(tmp_path, values, problem):
    with pytest.raises(BadUnitFile, match=problem):
        units_from_file(write_units(tmp_path / "units.geojson", [(values, square(0, 0))]))


def test_a_code_that_stands_twice_in_a_file_of_units_is_refused(tmp_path):
    rows = [({"code": "a", "name": "A"}, square(0, 0)), ({"code": "a", "name": "B"}, square(1, 0))]
    with pytest.raises(BadUnitFile, match="stands in several rows"):
        units_from_file(write_units(tmp_path / "units.geojson", rows))
