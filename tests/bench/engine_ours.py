"""Our zonal engine, from longitude and latitude; for `first-file` the sites are read from their file too."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np

from geo.coverage import FULL_CELL, cover
from geo.grid import Grid
from geo.rasters import open_raster, raster_grid
from geo.scenes import Scene
from geo.transitions import series_areas
from geo.zonal import ClassAreas, class_areas
from tests.bench.synthetic import scene_path
from tests.bench.task import Prepared, Table


def from_file(grid: Grid, folder: Path, scene: Scene) -> ClassAreas:
    """The first year with all that comes before it: the sites are read from their file."""
    frame = gpd.read_file(folder / "sites.gpkg")
    coverage = cover(grid, frame["site"].to_numpy(dtype=np.int64), list(frame.geometry))
    return class_areas(coverage, scene, Path(scene.path))


def prepare(task: str, folder: Path, years: list[int]) -> Prepared:
    frame = gpd.read_file(folder / "sites.gpkg")
    ids, polygons = frame["site"].to_numpy(dtype=np.int64), list(frame.geometry)
    with open_raster(scene_path(folder, years[0])) as dataset:
        grid = raster_grid(dataset, scene_path(folder, years[0]))
    scenes = [
        Scene(0, "made", "1", date(y, 1, 1), date(y, 12, 31), str(scene_path(folder, y)), 1, grid, 255, "")
        for y in years
    ]

    def first(n: int = len(ids)) -> ClassAreas:
        return class_areas(cover(grid, ids[:n], polygons[:n]), scenes[0], Path(scenes[0].path))

    def series(n: int = len(ids), *, joint: bool) -> ClassAreas:
        areas = series_areas(
            cover(grid, ids[:n], polygons[:n]),
            scenes,
            baseline_years=np.full(n, years[0] if joint else 0, dtype=np.int32),
            years=years,
            rules=["none"],
            locate=lambda scene: Path(scene.path),
        )
        return areas["none"].classes[years[0]]

    def table(areas: object) -> Table:
        assert isinstance(areas, ClassAreas)
        return np.column_stack([areas.site, areas.code, areas.cells / FULL_CELL])

    if task == "first":
        return Prepared(first, table, lambda: first(8))
    if task == "first-file":
        return Prepared(lambda: from_file(grid, folder, scenes[0]), table, lambda: first(8))
    if task == "ten":
        return Prepared(lambda: series(joint=False), table, lambda: series(8, joint=False))
    if task == "ten-joint":
        return Prepared(lambda: series(joint=True), table, lambda: series(8, joint=True))
    coverage = cover(grid, ids, polygons)
    return Prepared(lambda: class_areas(coverage, scenes[0], Path(scenes[0].path)), table, lambda: first(8))
