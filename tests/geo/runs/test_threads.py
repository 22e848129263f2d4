from __future__ import annotations

import multiprocessing

import numpy as np
import pytest
from shapely import MultiPolygon, Polygon, box

from geo.coverage import OffTheMap, cover
from geo.grid import Grid
from geo.runs import threads
from geo.runs.threads import side_by_side

GRID = Grid("EPSG:32650", 500_000.0, 4_000_000.0, 30.0, 30.0, 1200, 1200)


def squares(n: int) -> list[MultiPolygon]:
    rng = np.random.default_rng(1)
    west, south = rng.uniform(117.0, 117.3, n), rng.uniform(35.85, 36.1, n)
    return [MultiPolygon([box(x, y, x + 0.01, y + 0.008)]) for x, y in zip(west, south, strict=True)]


def in_a_process(_number: int) -> int:
    return threads.threads()


@pytest.mark.parametrize("count", [1, 3])
def test_results_come_in_order(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "threads", lambda: count)
    assert list(side_by_side(lambda one: one * one, range(50))) == [one * one for one in range(50)]


def test_coverage_is_the_same_whatever_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    polygons = squares(2500)
    ids = np.arange(1, len(polygons) + 1)
    found = []
    for count in (1, 4):
        monkeypatch.setattr(threads, "threads", lambda count=count: count)
        found.append(cover(GRID, ids, polygons))
    one, many = found
    assert len(one.blocks) == len(many.blocks) > 1
    for left, right in zip(one.blocks, many.blocks, strict=True):
        for name in ("site", "edges", "runs", "edge_at", "edge_weight", "edge_units", "run_at", "run_cells"):
            assert np.array_equal(getattr(left, name), getattr(right, name))


def test_the_polygon_off_the_map_is_named_from_any_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "threads", lambda: 2)
    polygons = squares(2500)
    polygons[2100] = MultiPolygon([Polygon([(117, 36), (118, 36), (118, np.inf), (117, 37)])])
    with pytest.raises(OffTheMap, match="site 2101"):
        cover(GRID, np.arange(1, len(polygons) + 1), polygons)


def test_a_process_of_a_pool_keeps_to_one_thread() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(in_a_process, [0]) == [1]
