"""Figures: groups of a store's sites, as of a day and known at a time."""

import dataclasses
import shutil
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, box

from geo.areas import geodesic_area_units
from geo.changes import Change, NewSite
from geo.cities import City, CityType, Level, Listing
from geo.errors import UnknownCity
from geo.figures import rate_of, rate_series, rates_of, site_evidence, worklist
from geo.grouping import Grouping
from geo.history import Fact
from geo.rates import Basis, GroupBy, RateDefinition, RateQuery
from geo.redrawing import plan_merge
from geo.snapshot import STATUSES, Snapshot, UnitFact
from geo.status import Status
from geo.store import Store, changes, cities, proposals
from geo.store.redrawings import known_sites

TODAY = date(2024, 6, 1)
NOW = "2024-06-01T08:00:00.000000Z"
LATER = "2024-06-02T08:00:00.000000Z"
LISTED_ON = date(2013, 11, 12)
UNITS = [
    City("340000", "安徽省", "Anhui", Level.PROVINCE, None, "e1"),
    City("340400", "淮南市", "Huainan", Level.PREFECTURE, "340000", "e1"),
    City("340421", "凤台县", "Fengtai", Level.COUNTY, "340400", "e1"),
    City("340406", "潘集区", "Panji", Level.COUNTY, "340400", "e1"),
    City("340600", "淮北市", "Huaibei", Level.PREFECTURE, "340000", "e1"),
    City("340602", "杜集区", "Duji", Level.COUNTY, "340600", "e1"),
    City("341300", "宿州市", "Suzhou", Level.PREFECTURE, "340000", "e1"),
    City("341302", "埇桥区", "Yongqiao", Level.COUNTY, "341300", "e1"),
    City("110000", "北京市", "Beijing", Level.PROVINCE, None, "e1"),
    City("110109", "门头沟区", "Mentougou", Level.COUNTY, "110000", "e1"),
]
LISTINGS = [
    Listing("340400", "淮南市", CityType.MATURE, "sourced", LISTED_ON),
    Listing("340421", "凤台县", CityType.GROWING, "memory", LISTED_ON),
    Listing("340600", "淮北市", CityType.DECLINING, "sourced", LISTED_ON),
]
COUNTIES = [unit.adcode for unit in UNITS if unit.level is Level.COUNTY]


@pytest.fixture(scope="module")
def empty_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("figures") / "empty.gpkg"
    store = Store.open(path, create=True)
    with store.write() as conn:
        cities.put(conn, UNITS, LISTINGS)
    store.close()
    return path


@pytest.fixture
def store(empty_file, tmp_path):
    shutil.copyfile(empty_file, tmp_path / "store.gpkg")
    opened = Store.open(tmp_path / "store.gpkg")
    yield opened
    opened.close()


def site(
    code, adcode, status=Status.UNTREATED, *, x=0.0, shares=None, kind="open_pit", since=date(2015, 1, 1)
):
    geometry = MultiPolygon([box(117 + x, 33, 117.01 + x, 33.01)])
    inside = shares if shares is not None else {adcode: "1"}
    unit = {"adcode": adcode, "edition": "e1", "shares": {} if adcode is None else inside}
    return NewSite(
        site_code=code,
        geometry=geometry,
        area_units=geodesic_area_units(geometry),
        facts={Fact.UNIT: unit, Fact.KIND: kind, Fact.RESPONSIBLE: "legacy"},
        entered_on=date(2012, 1, 1),
        status_rows=((Status.UNTREATED, date(2012, 1, 1)),)
        + (((status, since),) if status is not Status.UNTREATED else ()),
    )


def add(store, *new):
    with store.write() as conn:
        return changes.create_sites(conn, list(new), actor="a", source="test", now=NOW)


def by_key(found):
    return {one.key: one for one in found}


def test_a_unit_sums_all_sites_under_it(store):
    add(store, site("a", "340421", Status.TREATED), site("b", "340406", x=0.1), site("c", "340602", x=0.2))
    query = RateQuery(basis=Basis.COUNT)
    assert rate_of(store, "340400", query, TODAY).rate == 0.5
    assert rate_of(store, "340421", query, TODAY).rate == 1.0
    assert rate_of(store, "340000", query, TODAY).n_sites == 3
    assert rate_of(store, "340000", query, TODAY).group is GroupBy.PROVINCE


def test_cities_are_the_listed_units_and_the_prefectures_of_all_sites(store):
    add(store, site("a", "340421"), site("b", "341302", x=0.1), site("c", "110109", x=0.2))
    found = by_key(rates_of(store, RateQuery(), GroupBy.CITY, today=TODAY))
    assert {key: one.n_sites for key, one in found.items()} == {
        "110000": 1,
        "340400": 1,
        "340421": 1,
        "340600": 0,
        "341300": 1,
    }
    assert (found["340600"].rate, found["340600"].reason) == (None, "no_sites")
    assert [found[key].city_type for key in ("340400", "340421", "341300")] == [
        "mature",
        "growing",
        "unlisted",
    ]
    assert found["340421"].flags == ("disputed_listing",)


def test_a_site_counts_in_the_type_of_its_most_specific_listed_unit(store):
    add(
        store,
        site("a", "340421"),
        site("b", "340406", x=0.1),
        site("c", "341302", x=0.2),
        site("d", None, x=0.3),
    )
    found = by_key(rates_of(store, RateQuery(), GroupBy.CITY_TYPE, today=TODAY))
    assert {key: one.n_sites for key, one in found.items()} == {
        "growing": 1,
        "mature": 1,
        "declining": 0,
        "regenerative": 0,
        "unlisted": 2,
    }


def test_before_the_list_was_made_every_city_is_unlisted(store):
    add(store, site("a", "340421"))
    query = RateQuery(as_of=date(2013, 11, 11))
    found = by_key(rates_of(store, query, GroupBy.CITY, today=TODAY))
    assert {key: one.city_type for key, one in found.items()} == {"340400": "unlisted"}


def test_an_unknown_city_is_an_error(store):
    with pytest.raises(UnknownCity):
        rate_of(store, "999999", RateQuery(), TODAY)
    with pytest.raises(UnknownCity):
        rates_of(store, RateQuery(), GroupBy.ALL, adcode="999999", today=TODAY)


def test_kinds_can_be_asked_for_one_city(store):
    add(store, site("a", "340421", kind="subsidence"), site("b", "341302", x=0.1))
    found = by_key(rates_of(store, RateQuery(), GroupBy.KIND, adcode="340400", today=TODAY))
    assert (found["subsidence"].n_sites, found["open_pit"].n_sites) == (1, 0)


def test_area_outside_the_unit_stands_beside_its_total(store):
    add(store, site("a", "340421", shares={"340421": "0.9", "340406": "0.06", "341302": "0.04"}))
    area = rate_of(store, "340000", RateQuery(), TODAY).denominator_ha
    border = {
        code: rate_of(store, code, RateQuery(), TODAY).border_ha for code in ("340421", "340400", "340000")
    }
    assert border["340421"] == pytest.approx(area * 0.1)
    assert border["340400"] == pytest.approx(area * 0.04)
    assert border["340000"] == 0
    assert "near_border" in rate_of(store, "340400", RateQuery(), TODAY).flags


def test_overlapping_sites_are_summed_and_the_overlap_said(store):
    add(store, site("a", "340421"), site("b", "340421", x=0.005), site("c", "340602"))
    found = by_key(rates_of(store, RateQuery(), GroupBy.CITY, today=TODAY))
    half = found["340600"].denominator_ha / 2
    assert found["340400"].overlap_ha == pytest.approx(half, rel=1e-6)
    assert found["340600"].overlap_ha == 0
    assert "overlap" in found["340400"].flags


def test_overlap_is_that_of_the_polygons_of_the_day(store):
    first, _ = add(store, site("a", "340421"), site("b", "340421", x=0.005))
    moved = MultiPolygon([box(118, 33, 118.01, 33.01)])
    change = Change({}, date(2020, 1, 1), "surveyed anew", moved)
    with store.write() as conn:
        applied = changes.apply_change(conn, first, change, actor="a", source="t", now=LATER, if_version=None)
        proposals.approve(conn, applied.proposal.proposal_id, actor="b", now=LATER)
    before, after = (
        rate_of(store, "340421", RateQuery(as_of=day), TODAY).overlap_ha
        for day in (date(2019, 12, 31), date(2020, 1, 1))
    )
    assert before > 0
    assert after == 0


def test_overlap_is_that_of_a_store_brought_back_from_a_copy(store, tmp_path):
    add(store, site("a", "340421"))
    path = store.path
    store.close()
    shutil.copyfile(path, tmp_path / "copy.gpkg")
    found = []
    for x in (0.005, 0.5):
        shutil.copyfile(tmp_path / "copy.gpkg", path)
        opened = Store.open(path)
        try:
            add(opened, site("b", "340421", x=x))
            found.append(rate_of(opened, "340421", RateQuery(), TODAY).overlap_ha)
        finally:
            opened.close()
    assert found[0] > 0
    assert found[1] == 0


def test_what_was_known_yesterday_stays_whatever_is_recorded_today(store):
    (first,) = add(store, site("a", "340421"))
    yesterday = RateQuery(basis=Basis.COUNT, known_at=NOW)
    before = rate_of(store, "340421", yesterday, TODAY)
    change = Change({Fact.STATUS: "planned"}, date(2016, 1, 1), "back-dated")
    with store.write() as conn:
        changes.apply_change(conn, first, change, actor="a", source="t", now=LATER, if_version=None)
        changes.create_sites(
            conn, [site("b", "340421", Status.TREATED, x=0.1)], actor="a", source="t", now=LATER
        )
    assert rate_of(store, "340421", yesterday, TODAY) == before
    now = rate_of(store, "340421", RateQuery(basis=Basis.COUNT), TODAY)
    assert now.rate == 0.5
    assert now.seq > before.seq


def test_a_proposal_counts_nowhere_and_is_counted_beside(store):
    (first,) = add(store, site("a", "340421", Status.TREATED))
    change = Change({Fact.STATUS: "accepted"}, date(2017, 1, 1), "inspected")
    with store.write() as conn:
        applied = changes.apply_change(conn, first, change, actor="a", source="t", now=LATER, if_version=None)
    assert applied.proposal is not None
    query = RateQuery(RateDefinition.ACCEPTANCE, Basis.COUNT)
    found = rate_of(store, "340421", query, TODAY)
    assert (found.rate, found.n_proposed) == (0.0, 1)
    known_before = RateQuery(RateDefinition.ACCEPTANCE, Basis.COUNT, known_at=NOW)
    assert rate_of(store, "340421", known_before, TODAY).n_proposed == 0


def test_a_merge_that_waits_is_one_proposal_in_every_unit_that_it_concerns(store):
    ids = add(store, site("a", "340421"), site("b", "340406", x=0.01), site("c", "340602", x=0.02))
    with store.write() as conn:
        planned = plan_merge(
            known_sites(conn, ids), site_code="m", facts={}, effective_on=TODAY, reason="r", today=TODAY
        )
        changes.propose_redrawing(conn, planned, actor="a", now=LATER, if_versions={}, today=TODAY)
    query = RateQuery()
    for adcode in ("340421", "340406", "340400", "340602", "340000"):
        assert rate_of(store, adcode, query, TODAY).n_proposed == 1


def test_a_series_has_one_rate_a_year_and_ends_today(store):
    add(store, site("a", "340421", Status.TREATED, since=date(2015, 7, 1)))
    found = rate_series(store, None, RateQuery(basis=Basis.COUNT), 2013, 2030, TODAY)
    assert [one.as_of for one in found][-2:] == [date(2023, 12, 31), TODAY]
    assert [one.rate for one in found][:4] == [0.0, 0.0, 1.0, 1.0]
    before = rate_series(store, "340421", RateQuery(), 2010, 2011, TODAY)
    assert [(one.rate, one.reason) for one in before] == [(None, "no_sites")] * 2


def test_an_empty_store_has_groups_without_rates(store):
    assert rates_of(store, RateQuery(), GroupBy.ALL, today=TODAY)[0].reason == "no_sites"
    assert worklist(store) == []
    assert site_evidence(store, 1) == []


def test_a_store_without_cities_has_the_group_of_all(tmp_path):
    opened = Store.open(tmp_path / "plain.gpkg", create=True)
    try:
        add(opened, site("a", None))
        assert rates_of(opened, RateQuery(), GroupBy.CITY, today=TODAY) == []
        found = rates_of(opened, RateQuery(), GroupBy.ALL, today=TODAY)
        assert (found[0].n_sites, found[0].border_ha) == (1, 0)
    finally:
        opened.close()


def test_a_store_put_in_place_of_another_is_read_anew(store, empty_file):
    add(store, site("a", "340421"))
    assert rate_of(store, "340421", RateQuery(), TODAY).n_sites == 1
    path = store.path
    store.close()
    for name in path.parent.glob(f"{path.name}*"):
        name.unlink()
    shutil.copyfile(empty_file, path)
    other = Store.open(path)
    try:
        assert rate_of(other, "340421", RateQuery(), TODAY).n_sites == 0
        add(other, site("x", "340406"))
        assert rate_of(other, "340421", RateQuery(), TODAY).n_sites == 0
        assert rate_of(other, "340406", RateQuery(), TODAY).n_sites == 1
    finally:
        other.close()


def grouping_of(places):
    """A grouping over sites at the given (county, status), without a store."""
    zeros = np.zeros(len(places), dtype=np.int64)
    columns = {
        field.name: zeros
        for field in dataclasses.fields(Snapshot)
        if field.name not in ("as_of", "known_at", "seq", "head", "units")
    }
    columns |= {
        "site": np.arange(1, len(places) + 1, dtype=np.int64),
        "status": np.array([STATUSES.index(status) for _, status in places], dtype=np.int64),
        "unit": np.arange(len(places), dtype=np.int64),
    }
    units = tuple(UnitFact(code, "e1", ((code, 1.0),) if code else ()) for code, _ in places)
    snapshot = Snapshot(as_of=TODAY, known_at=NOW, seq=0, head="", units=units, **columns)
    known = {unit.adcode: unit for unit in UNITS}
    return Grouping(snapshot, np.arange(len(places)), cities=known, listings=LISTINGS)


@settings(max_examples=50)
@given(places=st.lists(st.tuples(st.sampled_from([*COUNTIES, None]), st.sampled_from(STATUSES)), max_size=12))
def test_parts_sum_to_their_whole(places):
    grouping = grouping_of(places)
    whole = grouping.groups(GroupBy.ALL)[0].members.tolist()
    types = [row for group in grouping.groups(GroupBy.CITY_TYPE) for row in group.members.tolist()]
    kinds = [row for group in grouping.groups(GroupBy.KIND) for row in group.members.tolist()]
    assert sorted(types) == sorted(kinds) == whole
    for province in grouping.groups(GroupBy.PROVINCE):
        below = [
            row
            for unit in UNITS
            if unit.parent == province.group.key
            for row in grouping.unit(unit.adcode).members.tolist()
        ]
        assert sorted(below) == province.members.tolist()
