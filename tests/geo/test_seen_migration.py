"""Spectral, displacement and water results of an earlier version outlive the columns of overlapping runs."""

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import text

from geo.spectral.run import spectral_recovery
from geo.store import Store, embedded, pondings, spectral, subsidences
from geo.subsidence.plan import SubsidenceParams
from geo.subsidence.run import find_subsidence
from tests.geo.recovery_case import TODAY, add_sites, ramp, site, square
from tests.geo.schema_case import make_earlier
from tests.geo.spectral_case import PARAMS, add_composites, field
from tests.geo.subsidence_case import add_series, rates

TABLES = (
    *("spectral_results", "spectral_years", "spectral_metrics"),
    *("subsidences", "subsidence_epochs", "pondings"),
)


@pytest.fixture
def earlier(tmp_path):
    """An empty store of the schema before results said what they had seen."""
    return make_earlier(tmp_path / "earlier.gpkg", "0012")


def results(store):
    with store.read() as conn:
        return spectral.find(conn), subsidences.find(conn), pondings.find(conn)


def copy_rows(store, earlier):
    """The results of a store of now in one of then, without the columns that then had not."""
    with closing(sqlite3.connect(earlier)) as old, old:
        old.execute("ATTACH ? AS new", (str(store.path),))
        old.execute("INSERT INTO writer VALUES ('test')")
        for name, function in embedded.gpkg.FUNCTIONS.items():
            old.create_function(name, 1, function, deterministic=True)
        for table in ("runs", "sites", *TABLES):
            names = ", ".join(row[1] for row in old.execute(f"PRAGMA table_info({table})"))
            old.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM new.{table}")
        names = [row[1] for row in old.execute("PRAGMA table_info(spectral_results)")]
        other = {"spectral_id": "max(spectral_id) + 1", "params_key": "'run 7'"}
        values = ", ".join(other.get(name, name) for name in names)
        old.execute(f"INSERT INTO spectral_results SELECT {values} FROM spectral_results")
        old.execute("DELETE FROM writer")


def test_stored_results_outlive_the_migration(store, earlier):
    ramp(store)
    add_composites(store, {year: field(0.5) for year in range(2010, 2016)})
    add_series(store, rates(8.0))
    add_sites(store, site("a", square(0, 0)), site("b", square(20, 20)))
    spectral_recovery(store, PARAMS)
    for product in ("insar", "clcd"):
        find_subsidence(store, SubsidenceParams(product), today=TODAY)
    expected = results(store)
    assert all(expected)
    copy_rows(store, earlier)
    opened = Store.open(earlier)
    try:
        assert results(opened) == expected
        with opened.read() as conn:
            assert conn.execute(text("PRAGMA foreign_key_check")).all() == []
            waiting = conn.execute(text("SELECT count(*) FROM spectral_results WHERE hidden != 0"))
            assert waiting.scalar() == 0
            guards = conn.execute(text("SELECT tbl_name FROM sqlite_master WHERE name LIKE 'guard_%'"))
            guarded = list(guards.scalars())
        assert all(guarded.count(table) == 3 for table in TABLES)
        with opened.write() as conn:
            conn.execute(text("DELETE FROM subsidences"))
        with opened.read() as conn:
            assert conn.execute(text("SELECT count(*) FROM subsidence_epochs")).scalar() == 0
    finally:
        opened.close()
