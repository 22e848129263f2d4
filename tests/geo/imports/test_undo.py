"""An import taken back by new events, and mappings that are remembered."""

from __future__ import annotations

from datetime import date

import pytest
from shapely import box

from geo.changes import Change
from geo.history import Fact
from geo.imports.prepare import ImportOptions, commit_import, prepare_layer
from geo.imports.profiles import Profile, with_profile
from geo.imports.receipts import UndoResult
from geo.imports.undo import AlreadyUndone, NotCommitted, UndoRefused, undo_import
from geo.readers.client import RawRow
from geo.status import Status
from geo.store import import_profiles, imports, proposals, sites
from geo.store.changes import apply_change
from geo.store.history import verify
from geo.store.recording import ProposalOutdated
from geo.vector_io import RawLayer

NOW = "2025-06-01T00:00:00.000000Z"
LATER = "2025-06-02T00:00:00.000000Z"
TODAY = date(2025, 6, 3)


def layer(*rows: dict, size: float = 0.01) -> RawLayer:
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    made = [
        RawRow(number, row, box(117 + number / 10, 33, 117 + number / 10 + size, 33 + size))
        for number, row in enumerate(rows, 1)
    ]
    return RawLayer("sites.geojson", "0" * 64, "sites", "EPSG:4490", "UTF-8", columns, tuple(made))


def brought_in(store, *rows: dict, size: float = 0.01, now: str = NOW) -> int:
    with store.read() as conn:
        known = {one.site_code: one for one in sites.find(conn, sites.SiteFilter(limit=None, with_left=True))}
    options = ImportOptions(as_of=date(2025, 1, 1))
    prepared = prepare_layer(layer(*rows, size=size), options, existing=known, today=TODAY)
    return commit_import(store, prepared, actor="li", now=now, today=TODAY).import_id


def undo(store, import_id: int, **options):
    return undo_import(store, import_id, actor="li", now=LATER, today=TODAY, **options)


def approve_all(store) -> None:
    with store.write() as conn:
        for one in proposals.find(conn, state="open"):
            proposals.approve(conn, one.proposal_id, actor="wang", now=LATER, today=TODAY)


def test_new_sites_leave_on_the_day_they_entered_once_a_second_person_agrees(store):
    done = undo(store, brought_in(store, {"site_code": "A"}, {"site_code": "B"}))
    assert [row.result for row in done.rows] == [UndoResult.PROPOSED] * 2
    with store.read() as conn:
        assert len(sites.find(conn, sites.SiteFilter())) == 2
    approve_all(store)
    with store.read() as conn:
        assert sites.find(conn, sites.SiteFilter()) == []
        left = sites.find(conn, sites.SiteFilter(with_left=True))
        assert {one.left_on for one in left} == {date(2025, 1, 1)}
        assert verify(conn).ok


def test_changed_facts_are_as_they_were_before_and_their_rows_stay_in_the_history(store):
    brought_in(store, {"site_code": "A", "name": "old", "status": "planned"})
    changed = brought_in(store, {"site_code": "A", "name": "new", "status": "in_progress"})
    done = undo(store, changed)
    assert [row.result for row in done.rows] == [UndoResult.UNDONE]
    with store.read() as conn:
        (site,) = sites.find(conn, sites.SiteFilter())
        assert (site.name, site.status) == ("old", Status.PLANNED)
        assert verify(conn).ok


@pytest.mark.parametrize(("first", "second"), [((5, 4), (10, 8)), ((10, 8), (5, 4))])
def test_areas_that_changed_together_are_taken_back_together(store, first, second):
    brought_in(store, {"site_code": "A", "damaged_ha": first[0], "restored_ha": first[1]})
    changed = brought_in(store, {"site_code": "A", "damaged_ha": second[0], "restored_ha": second[1]})
    approve_all(store)
    done = undo(store, changed)
    assert [row.result for row in done.rows] == [UndoResult.PROPOSED]
    approve_all(store)
    with store.read() as conn:
        (site,) = sites.find(conn, sites.SiteFilter())
    assert (site.damaged_ha, site.restored_ha) == first


def test_a_change_that_still_waits_is_withdrawn(store):
    brought_in(store, {"site_code": "A"})
    moved = brought_in(store, {"site_code": "A"}, size=0.02)
    done = undo(store, moved)
    assert [row.result for row in done.rows] == [UndoResult.UNDONE]
    with store.read() as conn:
        assert proposals.find(conn, state="open") == []


def test_a_site_that_somebody_changed_since_is_named_and_holds_all_back(store):
    number = brought_in(store, {"site_code": "A", "status": "planned"}, {"site_code": "B"})
    with store.write() as conn:
        site = next(one for one in sites.find(conn, sites.SiteFilter()) if one.site_code == "A")
        change = Change({Fact.STATUS: "in_progress"}, date(2025, 5, 1), "started")
        apply_change(
            conn,
            site.site_id,
            change,
            actor="zhao",
            source="api",
            now=LATER,
            if_version=site.version,
            today=TODAY,
        )
    with pytest.raises(UndoRefused, match=r"1 of 2 rows .* row 1 \(site A\): zhao changed status since"):
        undo(store, number)
    with store.read() as conn:
        assert proposals.find(conn) == []
    done = undo(store, number, partly=True)
    assert [row.result for row in done.rows] == [UndoResult.REFUSED, UndoResult.PROPOSED]


def change_by_zhao(store, facts: dict, day: date, *, now: str = LATER) -> None:
    with store.write() as conn:
        (site,) = sites.find(conn, sites.SiteFilter())
        change = Change(facts, day, "seen")
        apply_change(
            conn, site.site_id, change, actor="zhao", source="api", now=now, if_version=None, today=TODAY
        )


def test_a_change_between_an_import_and_the_approval_of_its_proposal_holds_the_undo_back(store):
    brought_in(store, {"site_code": "A", "status": "treated", "restored_ha": 1})
    row = {"site_code": "A", "restored_ha": 5, "status": "accepted", "status_since": "2025-02-01"}
    with store.read() as conn:
        known = {one.site_code: one for one in sites.find(conn, sites.SiteFilter())}
    options = ImportOptions(as_of=date(2025, 4, 1))
    prepared = prepare_layer(layer(row), options, existing=known, today=TODAY)
    number = commit_import(store, prepared, actor="li", now=NOW, today=TODAY).import_id
    change_by_zhao(store, {Fact.RESTORED: {"units": 7 * 10**8}}, date(2025, 5, 1))
    approve_all(store)
    with pytest.raises(UndoRefused, match="zhao changed restored since"):
        undo(store, number)


def test_an_undo_that_waits_is_outdated_by_whatever_is_recorded_of_the_site(store):
    undo(store, brought_in(store, {"site_code": "A"}))
    change_by_zhao(store, {Fact.NAME: "Tailings north"}, date(2025, 5, 1))
    with pytest.raises(ProposalOutdated):
        approve_all(store)
    with store.read() as conn:
        assert [one.name for one in sites.find(conn, sites.SiteFilter())] == ["Tailings north"]


def test_an_import_is_undone_once_and_a_dry_run_never(store):
    number = brought_in(store, {"site_code": "A"})
    undo(store, number)
    with pytest.raises(AlreadyUndone):
        undo(store, number)
    prepared = prepare_layer(layer({"site_code": "Z"}), ImportOptions(), today=TODAY)
    with store.write() as conn:
        tried = imports.put(conn, prepared.receipt())
    with pytest.raises(NotCommitted):
        undo(store, tried)


def test_the_corrected_file_brings_the_undone_sites_in_again(store):
    undo(store, brought_in(store, {"site_code": "A", "name": "wrong"}))
    approve_all(store)
    again = brought_in(store, {"site_code": "A", "name": "right"}, size=0.02, now=LATER)
    with store.read() as conn:
        receipt = imports.get(conn, again)
    assert [row.result.value for row in receipt.rows] == ["changed"]
    approve_all(store)
    with store.read() as conn:
        (site,) = sites.find(conn, sites.SiteFilter())
    assert (site.name, site.left_on, site.entered_on) == ("right", None, date(2025, 1, 1))


def test_a_mapping_is_remembered_by_department_and_set_of_columns(store):
    said = Profile({"site_code": "号"}, {"完": "treated"}, {"面积": "mu"})
    with store.write() as conn:
        import_profiles.put(conn, "340600", ["号", "面积"], said, actor="li", now=NOW)
    with store.read() as conn:
        found = import_profiles.get(conn, "340600", ["面积", "号"])
        assert import_profiles.get(conn, "340400", ["号", "面积"]) is None
        assert import_profiles.get(conn, "340600", ["号"]) is None
    assert (found.field_map, found.saved_by) == ({"site_code": "号"}, "li")
    options = with_profile(ImportOptions(area_units={"面积": "ha"}), found)
    assert (options.field_map, options.area_units) == ({"site_code": "号"}, {"面积": "ha"})
    assert options.remembered_at == NOW
    with store.write() as conn:
        import_profiles.put(conn, "340600", ["号", "面积"], Profile(), actor="li", now=NOW)
        assert import_profiles.get(conn, "340600", ["号", "面积"]) is None


def test_the_unit_of_a_column_can_be_said(store):
    row = {"site_code": "A", "damaged_ha": 15}
    prepared = prepare_layer(layer(row), ImportOptions(area_units={"damaged_ha": "亩"}), today=TODAY)
    assert prepared.rows[0].new.facts[Fact.DAMAGED] == {"units": 100_000_000}
