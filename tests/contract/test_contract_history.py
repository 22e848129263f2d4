"""The history of a store: it only grows, its chain shows every alteration, sites follow from it."""

from __future__ import annotations

import hashlib
import json
from datetime import date

import pytest
import rfc8785

from geo.changes import Change, UnknownRow
from geo.history import GENESIS_HASH, Fact
from geo.store import Store, history, sites
from geo.store.changes import apply_change, create_sites
from geo.store.history import verify
from tests.contract.builders import NOW, full_site, new_site, square


def _create(store: Store, *new, now: str = NOW) -> list[int]:
    with store.write() as conn:
        return create_sites(conn, new, actor="local", source="import:1", now=now)


def _tamper(store: Store, *statements: str) -> None:
    """Write past every guard, as somebody with a database tool could."""
    with store.write() as conn:
        triggers = conn.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'history'"
        ).all()
        for name, _ in triggers:
            conn.exec_driver_sql(f"DROP TRIGGER {name}")
        for statement in statements:
            conn.exec_driver_sql(statement)
        for _, sql in triggers:
            conn.exec_driver_sql(sql)


def test_an_empty_history_starts_at_the_genesis_hash(store: Store) -> None:
    with store.read() as conn:
        assert history.head(conn) == (0, GENESIS_HASH)
        assert verify(conn).ok


def test_each_hash_is_sha256_of_the_previous_one_and_the_canonical_row(store: Store) -> None:
    _create(store, full_site(), new_site("S2"))
    with store.read() as conn:
        rows = history.rows(conn, with_wkb=True)
        head = history.head(conn)
    previous = GENESIS_HASH
    for row in rows:
        plain = {
            "seq": row.seq,
            "site_id": row.site_id,
            "fact": row.fact.value,
            "value": json.loads(row.value),
            "wkb": None if row.wkb is None else row.wkb.hex(),
            "effective_on": row.effective_on.isoformat(),
            "recorded_at": row.recorded_at,
            "proposed_at": row.proposed_at,
            "actor": row.actor,
            "approved_by": row.approved_by,
            "voids_seq": row.voids_seq,
            "reason": row.reason,
            "source": row.source,
        }
        previous = hashlib.sha256(previous.encode() + rfc8785.dumps(plain)).hexdigest()
        assert row.hash == previous
    assert head == (len(rows), previous)
    assert any(row.wkb for row in rows)


def test_a_whole_history_is_verified_to_its_expected_head(store: Store) -> None:
    _create(store, full_site(), new_site("S2"))
    with store.read() as conn:
        seq, head = history.head(conn)
        found = verify(conn, expect=(seq, head))
    assert (found.ok, found.rows_checked, found.seq, found.head) == (True, seq, seq, head)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE history SET value = '\"closed\"' WHERE seq = 2", "altered"),
        ("UPDATE history SET actor = 'x' WHERE seq = 2", "altered"),
        ("UPDATE history SET recorded_at = '2030-01-01T00:00:00.000000Z' WHERE seq = 2", "altered"),
        ("UPDATE history SET wkb = x'00' WHERE seq = 2", "altered"),
        ("DELETE FROM history WHERE seq = 1", "missing"),
        ("UPDATE history SET previous_hash = 'x' WHERE seq = 2", "continue"),
        ("UPDATE history SET fact = 'x' WHERE seq = 2", "no row can hold"),
        ("UPDATE history SET effective_on = '2015-13-01' WHERE seq = 2", "no row can hold"),
        ("UPDATE history SET effective_on = '20150101' WHERE seq = 2", "no row can hold"),
        ("UPDATE history SET recorded_at = 'x' WHERE seq = 2", "no row can hold"),
        ("UPDATE history SET actor = x'ff' WHERE seq = 2", "no row can hold"),
        ("UPDATE history SET actor = cast(x'ff' AS text) WHERE seq = 2", "cannot be read"),
        ("UPDATE history SET voids_seq = 'x' WHERE seq = 2", "no row can hold"),
        ("UPDATE history SET wkb = 'x' WHERE seq = 2", "no row can hold"),
        ("UPDATE history SET site_id = 2 WHERE seq = 2", "altered"),
        (
            "UPDATE history SET seq = -seq WHERE seq IN (2,3);UPDATE history SET seq = seq + 5 WHERE seq < 0",
            "continue",
        ),
    ],
)
def test_verify_names_the_first_bad_row(store: Store, statement: str, words: str) -> None:
    _create(store, new_site("S1"))
    _tamper(store, *statement.split(";"))
    with store.read() as conn:
        found = verify(conn)
    assert not found.ok
    assert found.first_bad_seq == 2
    assert words in (found.problem or "")


def test_a_cut_tail_is_found_only_by_the_expected_head(store: Store) -> None:
    ids = _create(store, new_site("S1"))
    with store.write() as conn:
        change = Change({Fact.NAME: "new"}, date(2024, 1, 1), "")
        apply_change(conn, ids[0], change, actor="a", source="api", now=NOW, if_version=1)
    with store.read() as conn:
        expect = history.head(conn)
    _tamper(
        store,
        f"DELETE FROM history WHERE seq = {expect[0]}",
        "UPDATE sites SET name = '' WHERE site_code = 'S1'",
    )
    with store.read() as conn:
        assert verify(conn).ok
        found = verify(conn, expect=expect)
    assert not found.ok
    assert str(expect[0]) in (found.problem or "")


def test_a_history_rewritten_from_the_start_misses_the_expected_head(store: Store) -> None:
    _create(store, new_site("S1"))
    with store.read() as conn:
        seq, _ = history.head(conn)
        found = verify(conn, expect=(seq, "f" * 64))
    assert not found.ok
    assert "rewritten" in (found.problem or "")


@pytest.mark.parametrize(
    "column",
    [
        "status = 'closed'",
        "damaged_units = 1",
        "damaged_ha = 1.5",
        "left_on = '2020-01-01'",
        "kind = 'tailings'",
        'unit_shares = \'{"340602":"1"}\'',
        "adcode = '340603'",
        "area_units = area_units + 1",
        "status_since = '2014-01-01'",
    ],
)
def test_a_site_that_differs_from_its_history_is_named(store: Store, column: str) -> None:
    _create(store, new_site("S1"), new_site("S2"))
    _tamper(store, f"UPDATE sites SET {column} WHERE site_code = 'S2'")
    with store.read() as conn:
        found = verify(conn)
    assert not found.ok
    assert found.first_bad_seq is None
    assert "S2" in (found.problem or "")
    assert column.split(" ", maxsplit=1)[0] in (found.problem or "")


def test_a_site_whose_polygon_was_moved_is_named(store: Store) -> None:
    _create(store, new_site("S1"), new_site("S2", x=118))
    _tamper(store, "UPDATE sites SET geom = (SELECT geom FROM sites WHERE site_code = 'S2')")
    with store.read() as conn:
        assert "geom" in (verify(conn).problem or "")


@pytest.mark.parametrize("which", ["S1", "S2", "S3"])
def test_a_site_removed_from_the_table_is_missed(store: Store, which: str) -> None:
    _create(store, new_site("S1"), new_site("S2"), new_site("S3"))
    _tamper(store, f"DELETE FROM sites WHERE site_code = '{which}'")
    with store.read() as conn:
        assert not verify(conn).ok


def test_recorded_at_is_never_earlier_than_the_last(store: Store) -> None:
    _create(store, new_site("S1"), now="2024-06-01T00:00:00.000000Z")
    _create(store, new_site("S2"), now="2020-01-01T00:00:00.000000Z")
    with store.read() as conn:
        times = [row.recorded_at for row in history.rows(conn)]
        assert set(times) == {"2024-06-01T00:00:00.000000Z"}
        assert all(row.proposed_at <= row.recorded_at for row in history.rows(conn))
        assert verify(conn).ok


def test_rows_page_by_seq_and_leave_polygons_out_unless_asked(store: Store) -> None:
    ids = _create(store, new_site("S1"), new_site("S2"))
    with store.read() as conn:
        everything = history.rows(conn)
        assert [row.seq for row in everything] == list(range(1, len(everything) + 1))
        assert [row.seq for row in history.rows(conn, after_seq=3, limit=2)] == [4, 5]
        assert {row.site_id for row in history.rows(conn, site_id=ids[1])} == {ids[1]}
        assert all(row.wkb is None for row in everything)
        polygon = next(row for row in history.rows(conn, with_wkb=True) if row.fact is Fact.GEOMETRY)
        assert history.geometry_at(conn, polygon.seq) == square()
        with pytest.raises(UnknownRow):
            history.geometry_at(conn, 1)
        with pytest.raises(UnknownRow):
            history.geometry_at(conn, 999)


def test_every_fact_of_a_site_comes_back_as_given(store: Store) -> None:
    given = full_site()
    (site_id,) = _create(store, given)
    with store.read() as conn:
        site = sites.get(conn, site_id)
    assert site.site_code == given.site_code
    assert site.geometry == given.geometry
    assert site.area_units == given.area_units
    assert site.name == given.facts[Fact.NAME]
    assert dict(site.unit_shares) == {"340602": 0.75, "340603": 0.2}
    assert (site.adcode, site.outline_edition) == ("340602", "e1")
    assert (site.status, site.status_since) == ("treated", date(2018, 11, 1))
    assert (site.kind, site.target_use, site.responsible) == ("subsidence", "wetland", "legacy")
    assert (site.approach, site.settlement, site.ponding) == ("natural_recovery", "settled", "perennial")
    assert (site.damage_year, site.treatment_start, site.treatment_end) == (
        1998,
        date(2016, 3, 1),
        date(2018, 10, 31),
    )
    assert (site.damaged_ha, site.restored_ha) == (90.0, 3.0)
    assert site.attributes == given.facts[Fact.ATTRIBUTES]
    assert (site.source_crs, site.extra, site.version, site.updated_at) == ("EPSG:4490", given.extra, 1, NOW)
    assert (site.entered_on, site.left_on) == (given.entered_on, None)
