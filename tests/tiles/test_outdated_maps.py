"""Maps of outdated results: a site whose outline changed has no verdict until the next run."""

import re
from datetime import date

import pytest

from geo.changes import Change
from geo.recover.run import recover
from geo.status import Status
from geo.store import Store, changes, proposals
from tests.geo.recovery_case import LATER, PARAMS, TODAY, add_sites, ramp, site, square
from tiles import raster
from tiles.maps import recovery_html, site_html


@pytest.fixture
def store(tmp_path):
    made = Store.open(tmp_path / "store.gpkg", create=True)
    yield made
    made.close()
    raster.close_open_rasters()


def said(page):
    return page.count("run recovery again"), len(re.findall(r"Contradicted by|\"contradicted\"", page))


@pytest.mark.parametrize("page_of", [recovery_html, lambda store, lang: site_html(store, 1, lang=lang)])
def test_a_changed_outline_takes_the_verdict_off_the_map_until_the_next_run(store, page_of):
    ramp(store)
    (one,) = add_sites(store, site("a", square(20, 20), Status.TREATED))
    recover(store, PARAMS, today=TODAY)
    current = said(page_of(store, lang="en"))
    moved = Change({}, date(2024, 6, 1), "surveyed", geometry=square(21, 20))
    with store.write() as conn:
        applied = changes.apply_change(conn, one, moved, actor="a", source="t", now=LATER, if_version=None)
        proposals.approve(conn, applied.proposal.proposal_id, actor="b", now=LATER, today=TODAY)
    outdated = said(page_of(store, lang="en"))
    recover(store, PARAMS, today=TODAY)
    assert current[0] == 0
    assert outdated[0] > 0
    assert outdated[1] < current[1]
    assert said(page_of(store, lang="en")) == current
