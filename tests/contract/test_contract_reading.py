"""What a store gives back: sites by box and words, units, scenes, runs, receipts, recoveries, settings."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date

import pytest

from geo.cities import Level
from geo.errors import UnknownCity, UnknownImport, UnknownRun, UnknownSite
from geo.history import Fact
from geo.imports.prepare import Finding, Receipt, ReceiptRow, RowResult, Severity
from geo.recovery import TemporalRule
from geo.runs.run import RunState
from geo.store import Store, cities, get_setting, imports, recoveries, runs, scenes, set_setting, sites
from geo.store.changes import create_sites
from geo.store.sites import SiteFilter
from tests.contract import builders
from tests.contract.builders import NOW, new_site


@pytest.fixture
def ids(store: Store) -> list[int]:
    unit = {"edition": "e1", "shares": {}}
    with store.write() as conn:
        cities.put(conn, builders.cities(), builders.listings())
        return create_sites(
            conn,
            [
                new_site("A-1", x=117.0, facts={Fact.NAME: "朔里", Fact.UNIT: unit | {"adcode": "340602"}}),
                new_site("A-2", x=118.0, facts={Fact.KIND: "tailings", Fact.RESPONSIBLE: "liable"}),
                new_site("B_3", x=119.0, facts={Fact.NAME: "100%", Fact.UNIT: unit | {"adcode": "340600"}}),
            ],
            actor="local",
            source="import:1",
            now=NOW,
        )


@pytest.mark.parametrize(
    ("wanted", "codes"),
    [
        (SiteFilter(), ["A-1", "A-2", "B_3"]),
        (SiteFilter(bbox=(117.9, 30, 118.5, 40)), ["A-2"]),
        (SiteFilter(bbox=(117.01, 33.01, 118.0, 33.02)), ["A-1", "A-2"]),
        (SiteFilter(bbox=(0, 0, 1, 1)), []),
        (SiteFilter(adcodes=frozenset({"340602"})), ["A-1"]),
        (SiteFilter(adcodes=frozenset({"340000"})), ["A-1", "B_3"]),
        (SiteFilter(adcodes=frozenset()), []),
        (SiteFilter(kind="tailings"), ["A-2"]),
        (SiteFilter(responsible="unknown"), ["A-1", "B_3"]),
        (SiteFilter(status="treated"), []),
        (SiteFilter(q="a-"), ["A-1", "A-2"]),
        (SiteFilter(q="朔"), ["A-1"]),
        (SiteFilter(q="%"), ["B_3"]),
        (SiteFilter(q="_"), ["B_3"]),
        (SiteFilter(limit=1), ["A-1"]),
    ],
)
def test_a_filter_finds_its_sites(store: Store, ids: list[int], wanted: SiteFilter, codes: list[str]) -> None:
    with store.read() as conn:
        found = [site.site_code for site in sites.find(conn, wanted)]
        assert found == codes
        assert sites.count(conn, wanted) == (3 if wanted.limit == 1 else len(codes))


def test_pages_follow_each_other_without_gap(store: Store, ids: list[int]) -> None:
    with store.read() as conn:
        first = sites.find(conn, SiteFilter(limit=2))
        rest = sites.find(conn, SiteFilter(limit=2, after=first[-1].site_id))
    assert [site.site_id for site in [*first, *rest]] == ids


def test_sites_carry_the_names_of_their_units(store: Store, ids: list[int]) -> None:
    query = "SELECT county, prefecture, province FROM sites ORDER BY fid"
    with store.read() as conn:
        assert [tuple(row) for row in conn.exec_driver_sql(query)] == [
            ("杜集区", "淮北市", "安徽省"),
            (None, None, None),
            (None, "淮北市", "安徽省"),
        ]
    with store.write() as conn:
        cities.put(conn, [replace(builders.cities()[1], name_zh="新名")], [])
    with store.read() as conn:
        assert conn.exec_driver_sql(query).first() == ("杜集区", "新名", "安徽省")


def test_one_site_is_read_by_id_or_code(store: Store, ids: list[int]) -> None:
    with store.read() as conn:
        assert sites.by_code(conn, "A-2") == sites.get(conn, ids[1])
        assert sites.by_code(conn, "a-2") is None
        with pytest.raises(UnknownSite):
            sites.get(conn, 99)


def test_geometries_come_in_order_of_ids(store: Store, ids: list[int]) -> None:
    with store.read() as conn:
        found, polygons = sites.geometries(conn, [ids[2], ids[0], 99])
        assert found.tolist() == [ids[0], ids[2]]
        assert polygons == [builders.square(117.0), builders.square(119.0)]
        assert sites.geometries(conn)[0].tolist() == ids
        assert sites.geometries(conn, [])[1] == []


def test_units_and_listings_come_back_as_put(store: Store) -> None:
    with store.write() as conn:
        cities.put(conn, builders.cities(), builders.listings())
        cities.put(conn, builders.cities(), builders.listings())
    with store.read() as conn:
        assert cities.all(conn, with_outlines=True) == {city.adcode: city for city in builders.cities()}
        assert cities.all(conn)["340602"].outline is None
        assert cities.get(conn, "340602") == builders.cities()[2]
        assert cities.listings(conn) == sorted(builders.listings(), key=lambda row: row.adcode)
        assert [city.adcode for city in cities.outlines(conn)] == ["340000", "340600", "340602"]
        assert [city.adcode for city in cities.outlines(conn, Level.COUNTY)] == ["340602"]
        assert [city.adcode for city in cities.outlines(conn, adcodes={"340600"})] == ["340600"]
        with pytest.raises(UnknownCity):
            cities.get(conn, "1")


def test_a_scene_is_registered_once(store: Store) -> None:
    with store.write() as conn:
        first = scenes.add(conn, [builders.scene(2014), builders.scene(2013)])
        assert scenes.add(conn, [builders.scene(2013)]) == [first[1]]
        with pytest.raises(scenes.SceneExists):
            scenes.add(conn, [builders.scene(2013, sha256="cd")])
        scenes.add(conn, [builders.scene(2013, edition="v2")])
    with store.read() as conn:
        assert [(scene.edition, scene.year) for scene in scenes.find(conn)] == [
            ("v1", 2013),
            ("v1", 2014),
            ("v2", 2013),
        ]
        assert scenes.find(conn, product="clcd", edition="v1", year=2013) == [first[1]]
        assert replace(first[1], scene_id=0) == builders.scene(2013)
        assert scenes.find(conn, product="x") == []


def test_the_current_edition_is_the_last_added_unless_set(store: Store) -> None:
    with store.write() as conn:
        assert scenes.current_edition(conn, "clcd") is None
        scenes.add(conn, [builders.scene(2013), builders.scene(2013, edition="v2")])
        assert scenes.current_edition(conn, "clcd") == "v2"
        scenes.set_current(conn, "clcd", "v1")
        assert scenes.current_edition(conn, "clcd") == "v1"


def test_recoveries_come_back_equal(store: Store, ids: list[int]) -> None:
    given = [builders.recovery(site_id, rule=rule) for site_id in ids for rule in TemporalRule]
    evidence = [builders.evidence(site_id) for site_id in ids]
    with store.write() as conn:
        recoveries.put(conn, 1, given, evidence)
    with store.read() as conn:
        by_key = {(item.site_id, item.temporal_rule): item for item in recoveries.find(conn)}
        assert by_key == {(item.site_id, item.temporal_rule): item for item in given}
        assert recoveries.evidence(conn) == evidence
        assert recoveries.evidence(conn, site_id=ids[1], product="clcd", edition="v1") == [evidence[1]]
        assert recoveries.find(conn, site_id=ids[0], rule="none", from_year=2013, to_year=2024) == [given[0]]
        assert recoveries.find(conn, to_year=2023) == []
        assert recoveries.pairs(conn) == [("clcd", "v1", 2013, 2024, 3)]


def test_a_later_run_replaces_the_earlier_result_of_its_sites_alone(store: Store, ids: list[int]) -> None:
    with store.write() as conn:
        recoveries.put(conn, 1, [builders.recovery(site_id) for site_id in ids], [builders.evidence(ids[0])])
        newer = replace(builders.recovery(ids[0], key="k2"), transitions=(), class_units={})
        recoveries.put(conn, 2, [newer], [replace(builders.evidence(ids[0]), verdict=None)])
    with store.read() as conn:
        assert recoveries.keys(conn, "clcd", "v1", 2013, 2024) == {ids[0]: "k2", ids[1]: "k1", ids[2]: "k1"}
        assert recoveries.find(conn, site_id=ids[0]) == [newer]
        assert recoveries.find(conn, site_id=ids[1]) == [builders.recovery(ids[1])]
        assert [item.verdict for item in recoveries.evidence(conn)] == [None]
        assert conn.exec_driver_sql("SELECT count(DISTINCT recovery_id) FROM class_areas").scalar() == 2


def test_runs_queue_report_and_end(store: Store) -> None:
    with store.write() as conn:
        first = runs.create(conn, "recovery", {"product": "clcd", "site_ids": [1]})
        second = runs.create(conn, "recovery", {})
        assert first.state is RunState.QUEUED
        claimed = runs.claim(conn, owner="me")
        assert claimed is not None
        assert (claimed.run_id, claimed.state) == (first.run_id, RunState.RUNNING)
        runs.progress(conn, first.run_id, 3, 10, "halfway")
        done = runs.finish(conn, first.run_id, {"n": 1})
        assert (done.state, done.done, done.total, done.message) == (RunState.DONE, 3, 10, "halfway")
        assert done.result == {"n": 1}
        assert dict(done.params) == {"product": "clcd", "site_ids": [1]}
        failed = runs.fail(conn, second.run_id, "no scene")
        assert (failed.state, failed.error) == (RunState.FAILED, "no scene")
        assert runs.claim(conn, owner="me") is None
        assert [run.run_id for run in runs.find(conn)] == [second.run_id, first.run_id]
        assert runs.find(conn, RunState.DONE, 5) == [done]
        with pytest.raises(UnknownRun):
            runs.get(conn, 99)


def test_runs_can_be_cancelled_and_survive_a_restart(store: Store) -> None:
    with store.write() as conn:
        waiting, running, stopping = (runs.create(conn, "recovery", {}).run_id for _ in range(3))
        assert runs.request_cancel(conn, waiting).state is RunState.CANCELLED
        runs.claim(conn, owner="me", now=NOW)
        runs.claim(conn, owner="other", now=NOW)
        runs.beat(conn, stopping, now="2024-06-01T09:00:00.000000Z")
        assert [(one.run_id, one.owner) for one in runs.held(conn)] == [(running, "me"), (stopping, "other")]
        assert [one.heartbeat_at for one in runs.held(conn)] == [NOW, "2024-06-01T09:00:00.000000Z"]
        assert not runs.cancel_requested(conn, stopping)
        runs.request_cancel(conn, stopping)
        assert runs.cancel_requested(conn, stopping)
        assert [runs.requeue(conn, run_id) for run_id in (running, stopping)] == [True, False]
        assert runs.held(conn) == []
        runs.beat(conn, running)
        assert runs.get(conn, running).state is RunState.QUEUED
        assert runs.get(conn, stopping).state is RunState.CANCELLED
        assert runs.request_cancel(conn, stopping).state is RunState.CANCELLED


def test_receipts_come_back_equal(store: Store) -> None:
    finding = Finding("bow_tie", Severity.ERROR, "geometry", None, "crosses itself", "repair it")
    rows = (
        ReceiptRow(1, "S1", 7, RowResult.NEW, (), None, 100),
        ReceiptRow(2, None, None, RowResult.REJECTED, (finding,), 5, None, (3, 4)),
    )
    receipt = Receipt(
        0, "a.zip", "ab", "layer", "EPSG:4490", "gb18030", 2, {RowResult.NEW: 1, RowResult.REJECTED: 1},
        {"status": 1}, {"site_code": "图斑编号"}, rows, 12, False, NOW, "local", 9, "h",
    )  # fmt: skip
    with store.write() as conn:
        assert imports.next_id(conn) == 1
        key = imports.put(conn, receipt)
        other = imports.put(
            conn, replace(receipt, rows=(), dry_run=True, committed_at=None, seq=None, head=None)
        )
        assert imports.get(conn, key) == replace(receipt, import_id=key)
        assert [found.import_id for found in imports.find(conn)] == [other, key]
        assert imports.find(conn, 5, other) == [replace(receipt, import_id=key, rows=())]
        with pytest.raises(UnknownImport):
            imports.get(conn, 99)


def test_settings_are_replaced(store: Store) -> None:
    with store.write() as conn:
        assert get_setting(conn, "synthetic") is None
        set_setting(conn, "synthetic", "no")
        set_setting(conn, "synthetic", "yes")
        assert get_setting(conn, "synthetic") == "yes"


def test_nothing_of_a_failed_transaction_is_stored(store: Store) -> None:
    with suppress(ZeroDivisionError), store.write() as conn:
        set_setting(conn, "a", "b")
        raise ZeroDivisionError
    with store.read() as conn:
        assert get_setting(conn, "a") is None


def test_scene_files_are_found_from_the_folder_of_the_store(store: Store) -> None:
    inside = store.folder / "scenes" / "2013.tif"
    assert store.relative(inside) == "scenes/2013.tif"
    assert store.locate(builders.scene(2013)) == inside
    outside = store.folder.parent / "x.tif"
    assert store.locate(replace(builders.scene(), path=store.relative(outside))) == outside
    assert builders.scene().period_start == date(2013, 1, 1)
