"""Two editions over the same land: where they agree, and the range that they span."""

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from geo.agreement.tables import SameEdition, Side, scene_agreement, site_agreement
from geo.errors import UnknownScene
from geo.landcover import ScenesNotComparable, product
from geo.recover.plan import BadYears
from geo.recover.run import RecoverParams, recover
from geo.scenes import GridsDiffer, inspect_scenes
from geo.store import scenes, sites
from geo.store.sites import SiteFilter
from tests.geo.recovery_case import (
    BARREN,
    CELL,
    FOREST,
    TODAY,
    X0,
    Y0,
    add_scenes,
    add_sites,
    cells,
    site,
    square,
)

V1, V2 = Side("clcd", "v1"), Side("clcd", "v2")
YEARS = (2013, 2020)
CELL_HA = 0.09


@pytest.fixture
def two_editions(store):
    """All barren in 2013; forest in 2020 in the first 10 rows by v1, in the first 4 by v2."""
    add_scenes(store, {2013: cells(), 2020: cells(top_10_40=FOREST)}, edition="v1")
    add_scenes(store, {2013: cells(), 2020: cells(top_4_40=FOREST)}, edition="v2")
    return store


def all_sites(store):
    with store.read() as conn:
        return sites.find(conn, SiteFilter(limit=None))


def crossed(table):
    return {(one.row, one.column): one.ha for one in table.cells}


def test_the_table_of_a_scene_counts_where_the_editions_agree_and_where_not(two_editions):
    found = scene_agreement(two_editions, V1, V2, YEARS)
    table = crossed(found.table)
    assert table["recovered", "recovered"] == pytest.approx(4 * 40 * CELL_HA, rel=2e-3)
    assert table["recovered", "still_disturbed"] == pytest.approx(6 * 40 * CELL_HA, rel=2e-3)
    assert table["still_disturbed", "still_disturbed"] == pytest.approx(30 * 40 * CELL_HA, rel=2e-3)
    assert len(table) == 3
    assert found.table.agree_ha + found.table.disagree_ha == pytest.approx(sum(table.values()))
    assert found.table.undecided_ha == 0


def test_the_range_is_that_of_the_two_shares(two_editions):
    found = scene_agreement(two_editions, V1, V2, YEARS)
    assert (found.low, found.high) == pytest.approx((0.1, 0.25), rel=1e-3)
    assert found.table.both_disturbed == pytest.approx((0.25, 0.1), rel=1e-3)


def test_the_figures_of_the_sites_are_those_of_the_recovery_run(two_editions):
    add_sites(two_editions, site("A", square(0, 0)), site("B", square(5, 5)))
    found = site_agreement(two_editions, all_sites(two_editions), V1, V2, YEARS, scope="all")
    runs = {}
    for edition in ("v1", "v2"):
        params = RecoverParams("clcd", edition, *YEARS)
        runs[edition] = recover(two_editions, params, today=TODAY).recoveries
    for row, one in enumerate(found.sites):
        assert one.first.recovered_share == runs["v1"][row].recovered_share
        assert one.second.recovered_share == runs["v2"][row].recovered_share
    recovered = sum(one.recovered_units for one in runs["v1"])
    assert found.first.recovered_ha * 1e8 == pytest.approx(recovered, abs=0.5)


def test_land_without_data_on_one_side_is_undecided(store):
    later = cells(top_10_40=FOREST)
    gaps = later.copy()
    gaps[-1] = 255
    add_scenes(store, {2013: cells(), 2020: later}, edition="v1")
    add_scenes(store, {2013: cells(), 2020: gaps}, edition="v2")
    found = scene_agreement(store, V1, V2, YEARS)
    assert found.table.undecided_ha == pytest.approx(40 * CELL_HA, rel=2e-3)
    assert crossed(found.table)["still_disturbed", "no_data"] == found.table.undecided_ha


def test_the_fate_of_a_class_is_listed_and_its_vegetated_share_says_what_it_counts(two_editions):
    found = scene_agreement(two_editions, V1, V2, YEARS, class_code=BARREN)
    first, second = found.classes
    assert first.vegetated_share == pytest.approx(0.25, rel=1e-3)
    assert FOREST in first.vegetated
    assert [one.class_code for one in first.became] == [BARREN, FOREST]
    assert second.became[1].ha_grid == pytest.approx(4 * 40 * CELL_HA)
    narrow = scene_agreement(two_editions, V1, V2, YEARS, class_code=BARREN, vegetated={4})
    assert narrow.classes[0].vegetated_share == 0


def test_grids_that_differ_leave_the_figures_of_the_sites_and_no_table(two_editions):
    add_sites(two_editions, site("A", square(0, 0)))
    coarse = np.full((20, 20), BARREN, dtype=np.uint8)
    coarse[:5] = FOREST
    for year, values in ((2013, np.full((20, 20), BARREN, dtype=np.uint8)), (2020, coarse)):
        add_coarse(two_editions, year, values)
    other = Side("clcd", "coarse")
    found = site_agreement(two_editions, all_sites(two_editions), V1, other, YEARS, scope="all")
    assert found.table is None
    assert found.reason == "grids_differ"
    assert found.first.recovered_share == pytest.approx(1.0)
    assert found.second.recovered_share == pytest.approx(1.0)
    with pytest.raises(GridsDiffer):
        scene_agreement(two_editions, V1, other, YEARS)


def add_coarse(store, year, values):
    path = store.folder / f"coarse_{year}.tif"
    with rasterio.open(
        path, "w", driver="GTiff", height=20, width=20, count=1, dtype="uint8", crs="EPSG:32650",
        transform=from_origin(X0, Y0, 2 * CELL, 2 * CELL), nodata=255,
    ) as dataset:  # fmt: skip
        dataset.write(values, 1)
    found = inspect_scenes([path], product="clcd", edition="coarse", legend_codes=product("clcd").legend)
    with store.write() as conn:
        scenes.add(conn, found)


def test_editions_that_must_not_be_compared_are_refused(two_editions):
    first, second = Side("worldcover", "v100"), Side("worldcover", "v200")
    with pytest.raises(ScenesNotComparable, match="different algorithms"):
        scene_agreement(two_editions, first, second, (2020, 2021))


def test_an_edition_is_not_compared_with_itself_nor_a_year_with_an_earlier_one(two_editions):
    with pytest.raises(SameEdition):
        scene_agreement(two_editions, V1, V1, YEARS)
    with pytest.raises(BadYears):
        scene_agreement(two_editions, V1, V2, (2020, 2013))
    with pytest.raises(UnknownScene, match="2016"):
        scene_agreement(two_editions, V1, V2, (2013, 2016))


def test_no_site_gives_no_share_and_no_error(two_editions):
    found = site_agreement(two_editions, [], V1, V2, YEARS, scope="all")
    assert (found.low, found.high) == (None, None)
    assert found.first.recovered_share is None


def test_swapping_the_sides_turns_the_table(two_editions):
    one = crossed(scene_agreement(two_editions, V1, V2, YEARS).table)
    other = crossed(scene_agreement(two_editions, V2, V1, YEARS).table)
    assert {(column, row): ha for (row, column), ha in other.items()} == one
