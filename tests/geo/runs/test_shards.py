"""Shards: every site once, near ones together, whatever the order in which they come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.grid import Grid
from geo.runs.shards import shards_of

GRID = Grid("EPSG:32650", 500_000, 3_700_000, 30, 30, 4096, 2048)
DEGREES = Grid("EPSG:4326", 100, 40, 0.001, 0.001, 4096, 2048)


def boxes_at(*places, size=0.001):
    return np.array([(x, y, x + size, y + size) for x, y in places]).reshape(-1, 4)


def ids_of(shards):
    return [shard.site_ids.tolist() for shard in shards]


def test_sites_of_one_block_fall_into_one_shard_as_far_as_it_goes():
    boxes = boxes_at((100.1, 39.9), (103.9, 39.9), (100.2, 39.9), (103.8, 39.9))
    ids = np.array([4, 3, 2, 1])
    assert ids_of(shards_of(DEGREES, ids, boxes, most_sites=2)) == [[2, 4], [1, 3]]
    assert ids_of(shards_of(DEGREES, ids, boxes)) == [[1, 2, 3, 4]]


def test_rows_of_blocks_run_forth_and_back():
    boxes = boxes_at((100.1, 39.9), (103.9, 39.9), (103.9, 39.3), (100.1, 39.3))
    assert ids_of(shards_of(DEGREES, np.array([1, 4, 2, 3]), boxes, most_sites=1)) == [[1], [4], [2], [3]]


def test_cells_bound_a_shard_but_a_large_site_is_never_cut():
    boxes = np.vstack([boxes_at(*[(101.0, 39.5)] * 3, size=0.1), boxes_at((101.0, 39.5), size=1.0)])
    ids = np.array([1, 2, 3, 4])
    assert ids_of(shards_of(DEGREES, ids, boxes, most_cells=21_000)) == [[1, 2], [3], [4]]


def test_sites_off_the_map_and_beyond_the_grid_have_a_shard_too():
    boxes = boxes_at((117.1, 33.4), (-63.0, 89.9), (float("nan"), 1.0), (0.0, -80.0))
    shards = shards_of(GRID, np.array([1, 2, 3, 4]), boxes, most_sites=1)
    assert sorted(one for part in ids_of(shards) for one in part) == [1, 2, 3, 4]


def test_no_sites_make_no_shards():
    assert shards_of(GRID, np.empty(0, dtype=np.int64), np.empty((0, 4))) == []
    with pytest.raises(ValueError, match="0 sites"):
        shards_of(GRID, np.array([1]), boxes_at((117, 33)), most_sites=0)


@given(
    st.lists(st.tuples(st.floats(116, 119), st.floats(32, 34)), max_size=40),
    st.integers(1, 9),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_sites_changes_no_shard_and_loses_none(places, most, rng):
    ids, boxes = np.arange(1, len(places) + 1), boxes_at(*places)
    shards = shards_of(GRID, ids, boxes, most_sites=most)
    order = rng.sample(range(len(places)), len(places))
    assert ids_of(shards_of(GRID, ids[order], boxes[order], most_sites=most)) == ids_of(shards)
    assert sorted(one for part in ids_of(shards) for one in part) == ids.tolist()
    assert all(0 < len(shard.site_ids) <= most for shard in shards)
    assert [shard.number for shard in shards] == list(range(len(shards)))
