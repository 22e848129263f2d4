"""Breakpoints of real series beside pwlf 2.7.0, an implementation of the same model by other hands.

`breakpoints_pwlf.csv` holds, for each series and number of breakpoints, the best years found here with the
squares that pwlf leaves with them (`fit_with_breaks`), and the places and squares of pwlf's own search over
all real places (`fit`, differential evolution, seed 1).
"""

import csv
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
from rasterio.features import geometry_mask

from geo.trajectory.breakpoints import piecewise_line, squares_of

pytestmark = pytest.mark.real_data

with (Path(__file__).parent / "breakpoints_pwlf.csv").open(encoding="utf-8") as file:
    PWLF = list(csv.DictReader(file))


@pytest.fixture(scope="module")
def series(real_data):
    return nbr_of_polygons(real_data / "spectral_recovery_composites") | ndvi_of_units(
        real_data / "mckinley_mine" / "seeding_unit_ndvi_annual.csv"
    )


def nbr_of_polygons(folder):
    """The mean NBR by year of every polygon, over the cells whose centre it holds."""
    polygons = {
        f"nbr {name}-{number}": polygon
        for name in ("test_single_polygon", "test_multiple_polygons", "test_reference")
        for number, polygon in enumerate(pyogrio.read_dataframe(folder / f"{name}.gpkg").geometry)
    }
    found = defaultdict(dict)
    for year in range(2002, 2012):
        with rasterio.open(folder / f"{year}.tif") as scene:
            bands, shape, place = scene.read().astype(float), scene.shape, scene.transform
        for name, polygon in polygons.items():
            inside = geometry_mask([polygon], shape, place, invert=True)
            nir, swir2 = bands[3][inside], bands[5][inside]
            with np.errstate(invalid="ignore"):
                found[name][year] = float(np.nanmean((nir - swir2) / (nir + swir2)))
    return dict(found)


def ndvi_of_units(path):
    found = defaultdict(dict)
    with path.open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            found[f"ndvi unit {row['SuId']}"][int(row["Year"])] = float(row["NDVI_mean"])
    return {name: values for name, values in found.items() if len(values) >= 8}


def numbers(text, read):
    return tuple(read(part) for part in text.split())


def test_the_shared_series_are_those_that_pwlf_was_given(series):
    assert {row["series"] for row in PWLF} == set(series)
    assert len(series) == 14


@pytest.mark.parametrize("row", PWLF, ids=lambda row: f"{row['series']} {row['number']}")
def test_the_best_years_and_their_squares_equal_those_of_pwlf(series, row):
    values, best = series[row["series"]], numbers(row["years"], int)
    inner = sorted(values)[1:-1]
    tried = {knots: squares_of(values, knots) for knots in combinations(inner, int(row["number"]))}
    assert tried[best] == pytest.approx(float(row["squares"]), rel=1e-9)
    assert min(tried.values()) == pytest.approx(tried[best], rel=1e-12)
    assert float(row["free_squares"]) <= tried[best] * (1 + 1e-9)
    nearest = tuple(round(place) for place in numbers(row["free_places"], float))
    assert tried[best] <= tried.get(nearest, np.inf) * (1 + 1e-9)


@pytest.mark.parametrize("row", [row for row in PWLF if row["number"] == "1"], ids=lambda row: row["series"])
def test_one_breakpoint_lies_within_a_year_of_the_free_place_of_pwlf(row):
    assert abs(int(row["years"]) - float(row["free_places"])) < 0.7


def test_the_fire_of_2005_is_found_in_the_burnt_polygons(series):
    for name in ("test_single_polygon-0", "test_multiple_polygons-2", "test_multiple_polygons-4"):
        found = piecewise_line(series[f"nbr {name}"], breakpoints_max=3)
        assert found.breakpoints[:2] == (2005, 2006)
        assert found.segments[1].per_year < -0.1
