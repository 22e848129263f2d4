"""Candidates: new water outside known sites, found once, dismissed for good."""

from datetime import date

import numpy as np
import pytest
import shapely
from pyproj import Geod

from geo.candidate_search import CandidateQuery, find_candidates, open_candidates
from geo.candidates import CandidateState, widened
from geo.errors import BadValue, UnknownCandidate, UnknownScene
from geo.recover.plan import BadYears
from geo.store import candidates
from tests.geo.recovery_case import BARREN, WATER, add_scenes, add_sites, site, square
from tests.geo.subsidence_case import add_season

QUERY = CandidateQuery("clcd", buffer_m=0.0, least_ha=0.5)


def field(*ponds, fill=BARREN, size=(40, 40)):
    """Cells of `fill` with ponds (first row, first column, rows, columns)."""
    grid = np.full(size, fill, dtype=np.uint8)
    for row, col, rows, cols in ponds:
        grid[row : row + rows, col : col + cols] = WATER
    return grid


def add_pair(store, before, after, **more):
    add_scenes(store, {2013: before, 2020: after}, **more)


def test_new_water_is_a_candidate_with_its_place_and_hectares(store):
    add_pair(store, field(), field((10, 10, 5, 4)))
    search = find_candidates(store, QUERY)
    (one,) = search.found
    assert (one.from_year, one.to_year, one.edition, one.touches_water) == (2013, 2020, "v1", False)
    assert one.area_ha == pytest.approx(20 * 0.09, rel=2e-3)
    inside = square(10, 10, 5, 4)
    assert shapely.intersection(one.geometry, inside).area == pytest.approx(inside.area, rel=1e-4)


def test_water_that_was_there_before_is_none_and_its_growth_is_marked(store):
    add_pair(store, field((10, 10, 5, 5)), field((10, 10, 5, 9), (30, 30, 3, 3)))
    found = find_candidates(store, QUERY).found
    assert [(one.touches_water, round(one.area_ha, 2)) for one in found] == [(True, 1.8), (False, 0.81)]


def test_cells_that_meet_at_a_corner_are_one_patch(store):
    add_pair(store, field(), field((10, 10, 3, 3), (13, 13, 3, 3)))
    (one,) = find_candidates(store, QUERY).found
    assert one.area_ha == pytest.approx(18 * 0.09, rel=2e-3)


def test_an_island_is_no_water(store):
    after = field((10, 10, 5, 5))
    after[12, 12] = BARREN
    add_pair(store, field(), after)
    (one,) = find_candidates(store, QUERY).found
    assert one.area_ha == pytest.approx(24 * 0.09, rel=2e-3)


def test_cells_without_data_before_are_not_new_water(store):
    before = field()
    before[10:12] = 255
    add_pair(store, before, field((10, 10, 5, 5)))
    (one,) = find_candidates(store, QUERY).found
    assert one.area_ha == pytest.approx(15 * 0.09, rel=2e-3)


def test_a_patch_across_a_block_boundary_is_one(store):
    add_pair(store, field(size=(20, 600)), field((5, 508, 4, 8), size=(20, 600)))
    (one,) = find_candidates(store, QUERY).found
    assert one.area_ha == pytest.approx(32 * 0.09, rel=2e-3)


def test_water_in_or_near_a_site_is_the_sites_own(store):
    add_pair(store, field(), field((10, 10, 4, 4), (10, 17, 4, 4), (30, 30, 4, 4)))
    add_sites(store, site("a", square(8, 8, 8, 8)))
    search = find_candidates(store, QUERY)
    assert (search.n_patches, search.n_of_sites, len(search.found)) == (3, 1, 2)
    near = find_candidates(store, CandidateQuery("clcd", buffer_m=60.0, least_ha=0.5))
    assert (near.n_of_sites, len(near.found)) == (2, 1)


def test_small_patches_are_counted_and_left_out(store):
    add_pair(store, field(), field((10, 10, 2, 2), (30, 30, 4, 4)))
    search = find_candidates(store, QUERY)
    assert (search.n_small, len(search.found)) == (1, 1)


def test_searching_again_keeps_ids_and_a_dismissed_one_stays_dismissed(store):
    add_pair(store, field(), field((10, 10, 4, 4), (30, 30, 3, 4)))
    first = find_candidates(store, QUERY).found
    assert find_candidates(store, QUERY).found == first
    with store.write() as conn:
        gone = candidates.dismiss(conn, first[0].candidate_id, reason="fish pond", actor="a")
    assert (gone.state, gone.reason, gone.decided_by) == (CandidateState.DISMISSED, "fish pond", "a")
    again = find_candidates(store, QUERY)
    assert again.n_dismissed == 1
    assert [one.candidate_id for one in again.found] == [first[1].candidate_id]
    add_scenes(store, {2021: field((9, 10, 5, 4), (30, 30, 3, 4))})
    later = find_candidates(store, QUERY)
    assert (later.to_year, later.n_dismissed, len(later.found)) == (2021, 1, 1)
    assert [one.candidate_id for one in open_candidates(store, state=CandidateState.DISMISSED)] == [
        gone.candidate_id
    ]


def test_dismissing_needs_a_reason_an_id_and_is_done_once(store):
    add_pair(store, field(), field((10, 10, 4, 4)))
    (one,) = find_candidates(store, QUERY).found
    with store.write() as conn:
        with pytest.raises(BadValue):
            candidates.dismiss(conn, one.candidate_id, reason="  ", actor="a")
        with pytest.raises(UnknownCandidate):
            candidates.dismiss(conn, 99, reason="x", actor="a")
        candidates.dismiss(conn, one.candidate_id, reason="x", actor="a")
        with pytest.raises(candidates.AlreadyDismissed, match="by a"):
            candidates.dismiss(conn, one.candidate_id, reason="y", actor="b")


def test_a_candidate_that_became_a_site_is_listed_no_more(store):
    add_pair(store, field(), field((10, 10, 4, 4)))
    find_candidates(store, QUERY)
    assert len(open_candidates(store)) == 1
    add_sites(store, site("a", square(8, 8, 8, 8)))
    assert open_candidates(store) == []


@pytest.mark.parametrize(
    ("query", "error"),
    [
        (CandidateQuery("clcd", from_year=2014), UnknownScene),
        (CandidateQuery("clcd", edition="v9"), UnknownScene),
        (CandidateQuery("clcd", from_year=2020, to_year=2013), BadYears),
    ],
)
def test_years_that_cannot_be_compared_are_refused(store, query, error):
    add_pair(store, field(), field())
    with pytest.raises(error):
        find_candidates(store, query)


def test_a_margin_is_as_wide_in_every_direction():
    geod = Geod(ellps="WGS84")
    patch = square(10, 10)
    wide = widened(patch, 500.0)
    for inner, outer in zip(patch.bounds, wide.bounds, strict=True):
        assert inner != outer
    lon, lat = patch.centroid.x, patch.centroid.y
    _, _, north = geod.inv(lon, patch.bounds[3], lon, wide.bounds[3])
    _, _, east = geod.inv(patch.bounds[2], lat, wide.bounds[2], lat)
    assert (north, east) == pytest.approx((500, 500), rel=0.02)
    assert widened(patch, 0.0) is patch


def test_seasonal_scenes_are_no_part_of_a_search(store):
    add_pair(store, field(), field((10, 10, 4, 4)))
    add_season(store, "wet", date(2021, 6, 1), date(2021, 8, 31), field((0, 0, 40, 40)))
    assert find_candidates(store, QUERY).to_year == 2020
