"""The range of editions: over the same sites and years alone, and only of results that still hold."""

from dataclasses import replace

import pytest

from geo.agreement.edition_range import edition_range, site_ranges
from geo.readings import ledger_of
from geo.recover.run import RecoverParams, recover
from geo.site_results import site_recoveries
from geo.store import recoveries
from tests.geo.recovery_case import FOREST, TODAY, add_scenes, add_sites, cells, site, square

YEARS = {"from_year": 2013, "to_year": 2020}


@pytest.fixture
def editions(store):
    """Two sites of 10 x 10 cells; v1 sees 6 rows of forest, v2 3; a third edition has no results."""
    for edition, rows in (("v1", 6), ("v2", 3), ("v3", 1)):
        later = cells(**{f"top_{rows}_40": FOREST})
        add_scenes(store, {2013: cells(), 2016: later, 2020: later}, edition=edition)
    add_sites(store, site("A", square(0, 0)), site("B", square(0, 20)))
    return store


def run(store, edition, *, site_ids=None, to_year=2020):
    params = RecoverParams("clcd", edition, 2013, to_year, site_ids=site_ids)
    return recover(store, params, today=TODAY).recoveries


def found_range(store, ids=(1, 2), years=YEARS):
    with store.read() as conn:
        return edition_range(conn, ledger_of(store, conn), ids, **years)


def test_the_range_spans_every_edition_with_results(editions):
    run(editions, "v1")
    assert found_range(editions) is None
    run(editions, "v2")
    found = found_range(editions)
    assert [(one.product, one.edition) for one in found.shares] == [("clcd", "v1"), ("clcd", "v2")]
    assert (found.low, found.high) == pytest.approx((0.3, 0.6))
    assert found.n_sites == 2


def test_only_sites_that_all_editions_have_are_compared(editions):
    run(editions, "v1")
    run(editions, "v2", site_ids=(2,))
    found = found_range(editions)
    assert found.n_sites == 1
    assert found.shares[0].disturbed_baseline_ha == pytest.approx(100 * 0.09, rel=2e-3)


def test_other_years_have_no_part(editions):
    run(editions, "v1")
    run(editions, "v2", to_year=2016)
    assert found_range(editions) is None
    assert found_range(editions, years={"from_year": 2013, "to_year": 2016}).n_sites == 2


def test_results_that_hold_no_more_have_no_part(editions):
    run(editions, "v1")
    run(editions, "v2")
    with editions.write() as conn:
        for one in recoveries.find(conn, edition="v2"):
            stale = type(one.inputs)(one.inputs.geometry_seq, one.inputs.last_scene_id, 7)
            recoveries.put(conn, None, [replace(one, inputs=stale)], [])
    assert found_range(editions) is None


def test_the_ranges_of_one_site_are_those_of_its_raw_recoveries(editions):
    run(editions, "v1")
    run(editions, "v2")
    (found,) = site_ranges(site_recoveries(editions, 1))
    assert (found.from_year, found.to_year, found.n_sites) == (2013, 2020, 1)
    assert (found.low, found.high) == pytest.approx((0.3, 0.6))
    assert site_ranges([]) == ()
