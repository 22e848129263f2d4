"""Results that an earlier version stored are there, and guarded, after the store is brought up to date."""

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import text

from geo.recover.run import recover
from geo.recovery import TemporalRule
from geo.store import Store, embedded, recoveries
from tests.geo.recovery_case import PARAMS, TODAY, add_sites, ramp, site, square
from tests.geo.schema_case import make_earlier

TABLES = ("recoveries", "class_areas", "recovery_years", "transitions", "evidence")


@pytest.fixture
def earlier(tmp_path):
    """An empty store of the schema before runs had shards."""
    return make_earlier(tmp_path / "earlier.gpkg", "0005")


def test_stored_results_outlive_the_migration(store, earlier):
    ramp(store)
    add_sites(store, site("a", square(0, 0)), site("b", square(3, 3)))
    recover(store, PARAMS, today=TODAY)
    with store.read() as conn:
        expected = recoveries.find(conn), recoveries.evidence(conn)
    with closing(sqlite3.connect(earlier)) as old, old:
        old.execute("ATTACH ? AS new", (str(store.path),))
        old.execute("INSERT INTO writer VALUES ('test')")
        for name, function in embedded.gpkg.FUNCTIONS.items():
            old.create_function(name, 1, function, deterministic=True)
        for table in ("runs", "sites", *TABLES):
            names = ", ".join(row[1] for row in old.execute(f"PRAGMA table_info({table})"))
            old.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM new.{table}")
        old.execute("DELETE FROM writer")
    opened = Store.open(earlier)
    try:
        with opened.read() as conn:
            assert (recoveries.find(conn), recoveries.evidence(conn)) == expected
            assert conn.execute(text("PRAGMA foreign_key_check")).all() == []
            guards = conn.execute(text("SELECT tbl_name FROM sqlite_master WHERE name LIKE 'guard_%'"))
            guarded = list(guards.scalars())
        assert all(guarded.count(table) == 3 for table in (*TABLES, "run_shards"))
        with opened.write() as conn:
            conn.execute(text("DELETE FROM recoveries WHERE temporal_rule = 'majority3'"))
        with opened.read() as conn:
            assert recoveries.find(conn) == [
                one for one in expected[0] if one.temporal_rule is TemporalRule.NONE
            ]
            left = conn.execute(text("SELECT DISTINCT recovery_id FROM recovery_years")).all()
            assert len(left) == 2
    finally:
        opened.close()
