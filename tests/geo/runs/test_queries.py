"""The queries of a run: what is asked of some sites is found by these sites, not by going through all."""

from contextlib import contextmanager

import pytest
from sqlalchemy import event

from geo.recover.run import recover
from geo.runs.waste import clear_waste
from geo.site_results import site_evidence
from geo.spectral.run import spectral_recovery
from geo.store import Store, recoveries
from geo.subsidence.plan import SubsidenceParams
from geo.subsidence.run import find_subsidence
from tests.geo.recovery_case import PARAMS, TODAY, add_sites, ramp, site, square
from tests.geo.spectral_case import PARAMS as SPECTRAL
from tests.geo.spectral_case import add_composites, field
from tests.geo.subsidence_case import add_series, rates

RESULTS = ("recoveries", "evidence", "spectral_results", "subsidences", "pondings")


@contextmanager
def asked_of(store):
    """The statements of the block that speak of results, with their values."""
    seen = []

    def note(_conn, _cursor, statement, values, _context, many):
        if not many and any(f" {name}" in statement for name in RESULTS):
            seen.append((statement, values))

    engine = store._engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def steps(store, statement, values):
    """How the database goes about a statement."""
    with store.read() as conn:
        return [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]


@pytest.fixture
def filled(store: Store):
    ramp(store)
    add_composites(store, {year: field(0.5) for year in range(2010, 2016)})
    add_series(store, rates(8.0))
    add_sites(store, *(site(f"s{at}", square(0, 10 * at)) for at in range(3)))
    return store


def run_all(store):
    recover(store, PARAMS, today=TODAY, most_sites=2)
    spectral_recovery(store, SPECTRAL, most_sites=2)
    for product in ("insar", "clcd"):
        find_subsidence(store, SubsidenceParams(product), today=TODAY, most_sites=2)


def test_no_query_about_some_sites_goes_through_all_results(filled):
    with asked_of(filled) as statements:
        run_all(filled)
        run_all(filled)
        site_evidence(filled, 1)
        with filled.read() as conn:
            recoveries.find(conn, site_id=1)
    about_sites = [one for one in statements if "site_id IN (" in one[0] or "site_id = ?" in one[0]]
    assert len(about_sites) > 40
    for statement, values in about_sites:
        for step in steps(filled, statement, values):
            if any(name in step for name in RESULTS):
                assert "site_id=?" in step or "_id=?" in step, (statement, step)


def test_what_is_out_of_sight_is_found_by_its_own_index(filled):
    run_all(filled)
    with asked_of(filled) as statements:
        clear_waste(filled)
    found = [step for one in statements for step in steps(filled, *one)]
    assert sum("_hidden" in step for step in found) >= len(RESULTS)
    whole = [f"SCAN {name}" for name in RESULTS]
    assert not [step for step in found if step in whole]
