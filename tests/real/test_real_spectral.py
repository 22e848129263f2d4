"""Spectral recovery on real composites: pixel for pixel what spectral-recovery 1.0.1 gives; where not, why.

`spectral_recovery_1_0_1.csv` holds what the package gave for the five polygons of `test_multiple_polygons`:
`compute_metrics` with its default timestep 5 and 80 %, on the composites of 2002-2011 as float64, indices by
its own spyndex. Its targets: `historic.median` per pixel and per polygon and `historic.window` of 3 x 3 (over
the years before dist_start, or dist_start itself where the series begins with it), and `reference.median` of
`test_reference` over all years. Each line has the pixels with a value, those it marks -9999 (never), mean,
extremes and one pixel's value.

Two differences are meant, and seen here: never is no number, and the target of a polygon weighs each pixel by
the share of it inside, where the package takes those whose centre is inside.
"""

import csv
import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
from rasterio.features import geometry_mask
from shapely import MultiPolygon

from geo.band_scenes import Scaling, inspect_composites
from geo.coverage import cover
from geo.crs import to_lonlat
from geo.rings import ring_around
from geo.spectral.focal import focal_targets, with_neighbours
from geo.spectral.indices import index_of
from geo.spectral.metrics import ROW_OF, Metric, Pixels, Rules, Scope, Years, measure_pixels, measure_sites
from geo.spectral.series import composite_grid, site_series

pytestmark = pytest.mark.real_data

with (Path(__file__).parent / "spectral_recovery_1_0_1.csv").open(encoding="utf-8") as file:
    PACKAGE = list(csv.DictReader(file))

YEARS = range(2002, 2012)


class Fire:
    """The composites, the polygons and the cells whose centre each polygon holds."""

    def __init__(self, folder):
        self.scenes = inspect_composites(
            [folder / f"{year}.tif" for year in YEARS], product="bc", edition="1"
        )
        self.grid = composite_grid(self.scenes)
        polygons = pyogrio.read_dataframe(folder / "test_multiple_polygons.gpkg")
        self.disturbed = polygons.dist_start.to_numpy(dtype=np.int32)
        self.restored = polygons.rest_start.to_numpy(dtype=np.int32)
        self.degrees = [multi(one) for one in to_lonlat(np.array(polygons.geometry), "EPSG:26910")]
        with rasterio.open(folder / "2002.tif") as first:
            self.inside = [
                np.flatnonzero(~geometry_mask([one], first.shape, first.transform).ravel())
                for one in polygons.geometry
            ]
        self.bands = [read_bands(folder / f"{year}.tif") for year in YEARS]

    @property
    def window_last(self):
        return np.maximum(self.disturbed - 1, YEARS[0]).astype(np.int32)

    def years(self):
        return Years(self.disturbed, self.restored, np.full(5, YEARS[0], dtype=np.int32), self.window_last)

    def focal_targets(self, series, index):
        around = [with_neighbours(one, self.grid, 3) for one in self.degrees]
        return focal_targets(series, self.series(index, around), self.years(), 3)

    def series(self, index, shapes=None):
        coverage = cover(self.grid, np.arange(5), shapes or self.degrees)
        formula = index_of(index).formula
        return site_series(coverage, self.scenes, formula, locate=lambda scene: Path(scene.path))


def multi(shape):
    return shape if isinstance(shape, MultiPolygon) else MultiPolygon([shape])


def read_bands(path):
    with rasterio.open(path) as dataset:
        return dict(zip(dataset.descriptions, dataset.read().astype(np.float64), strict=True))


@pytest.fixture(scope="module")
def fire(real_data):
    return Fire(real_data / "spectral_recovery_composites")


def plain_index(bands, index):
    """NBR or NDVI of arrays, without any of our code."""
    other = bands["swir2" if index == "nbr" else "red"]
    with np.errstate(divide="ignore", invalid="ignore"):
        return (bands["nir"] - other) / (bands["nir"] + other)


def package_metrics(series, *, d, r, target):
    """One pixel, {year: index}, as spectral-recovery defines it; -9999 for never, NaN for no value."""
    now, then = series[r], series.get(r + 5, math.nan)
    reached = [year for year in series if year >= r and series[year] >= 0.8 * target]
    late = [series[year] for year in (r + 4, r + 5) if not math.isnan(series[year])]
    lost = series[d] - now
    seen = any(not math.isnan(series[year]) for year in series if year >= r)
    return {
        "delta_ir": then - now,
        "yryr": (then - now) / 5,
        "r80p": then / (0.8 * target),
        "y2r": reached[0] - r if reached else (-9999 if seen else math.nan),
        "rri": (max(late) - now) / lost if late and lost else math.nan,
    }


@pytest.mark.parametrize("index", ["nbr", "ndvi"])
@pytest.mark.parametrize("scope", ["pixel", "polygon", "reference"])
def test_every_metric_of_every_pixel_is_that_of_the_package_written_out(fire, index, scope):
    stack = np.array([plain_index(bands, index) for bands in fire.bands]).reshape(len(YEARS), -1)
    series = fire.series(index)
    targets = None if scope == "pixel" else package_targets(index, scope)
    found = measure_pixels(series.pixels, fire.years(), Rules(), targets=targets)
    n_compared = 0
    for polygon, cells in enumerate(fire.inside):
        entries = entries_of(series, polygon)
        for cell in cells:
            by_year = dict(zip(YEARS, stack[:, cell].tolist(), strict=True))
            window = [by_year[year] for year in YEARS if year <= fire.window_last[polygon]]
            known = [value for value in window if not math.isnan(value)]
            target = (np.median(known) if known else math.nan) if targets is None else targets[polygon]
            d, r = int(fire.disturbed[polygon]), int(fire.restored[polygon])
            expected = package_metrics(by_year, d=d, r=r, target=target)
            for metric, row in ROW_OF.items():
                theirs, ours = expected[metric.value], found.of_pixels[row, entries[cell]]
                if theirs == -9999:
                    assert math.isnan(ours)
                else:
                    assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-14, nan_ok=True)
                n_compared += 1
    assert n_compared == 5 * sum(map(len, fire.inside))


def package_targets(index, scope):
    lines = [line for line in PACKAGE if (line["index"], line["scope"]) == (index, scope)]
    return np.array([float(line["target"]) for line in lines if line["metric"] == "y2r"])


def entries_of(series, polygon):
    """{cell: entry} of one polygon."""
    begin, end = series.pixels.starts[polygon : polygon + 2]
    return dict(zip(series.cell[begin:end].tolist(), range(begin, end), strict=True))


@pytest.mark.parametrize("index", ["nbr", "ndvi"])
@pytest.mark.parametrize("scope", ["pixel", "focal", "polygon", "reference"])
def test_numbers_means_and_extremes_are_those_that_the_package_gave(fire, index, scope):
    series = fire.series(index)
    targets = package_targets(index, scope) if scope in {"polygon", "reference"} else None
    focal = fire.focal_targets(series, index) if scope == "focal" else None
    found = measure_pixels(series.pixels, fire.years(), Rules(), targets=targets, pixel_targets=focal)
    lines = [line for line in PACKAGE if (line["index"], line["scope"]) == (index, scope)]
    assert len(lines) == 25
    for line in lines:
        polygon = int(line["polygon"])
        entries = entries_of(series, polygon)
        at = [entries[cell] for cell in fire.inside[polygon].tolist()]
        values = found.of_pixels[ROW_OF[Metric(line["metric"])]]
        known = values[at][np.isfinite(values[at])]
        assert len(known) == int(line["n"])
        assert known.mean() == pytest.approx(float(line["mean"]), rel=1e-12)
        assert (known.min(), known.max()) == pytest.approx(
            (float(line["least"]), float(line["greatest"])), rel=1e-12
        )
        cell = int(line["row"]) * fire.grid.width + int(line["col"])
        assert values[entries[cell]] == pytest.approx(float(line["value"]), rel=1e-12)


def test_the_package_marks_as_never_what_has_no_value_here(fire):
    never = defaultdict(int)
    for line in PACKAGE:
        never[line["metric"]] += int(line["never"])
    assert never["y2r"] > 1000
    assert {metric for metric, n in never.items() if n} == {"y2r"}


def test_the_target_of_a_polygon_differs_from_the_package_only_by_the_shares_of_the_edge_pixels(fire):
    series = fire.series("ndvi")
    weighted = measure_sites(series.pixels, fire.years(), Rules(), scope=Scope.POLYGON).site_targets
    package = package_targets("ndvi", "polygon")
    assert np.abs(weighted - package).max() == pytest.approx(0.0013, abs=1e-4)
    at = [
        entry
        for polygon, cells in enumerate(fire.inside)
        for entry in map(entries_of(series, polygon).get, cells.tolist())
    ]
    counted = Pixels(
        values=series.pixels.values,
        years=series.pixels.years,
        at=series.pixels.at[at],
        starts=np.concatenate([[0], np.cumsum([len(cells) for cells in fire.inside])]),
        weight=np.ones(len(at)),
    )
    centred = measure_sites(counted, fire.years(), Rules(), scope=Scope.POLYGON).site_targets
    np.testing.assert_allclose(centred, package, rtol=1e-14)


class Flow:
    """The two dates of the dam failure, the flow and its ring; each image where its file says it lies."""

    def __init__(self, folder, *, moved_to=None):
        self.folder = folder
        self.paths = [moved_to or folder / "brumadinho_20190114_SR_B2-7.tif"]
        self.paths.append(folder / "brumadinho_20190130_SR_B2-7.tif")
        names = ("blue", "green", "red", "nir", "swir1", "swir2")
        self.scenes = inspect_composites(
            self.paths, product="l8", edition="1", band_names=names, scaling=Scaling(0.0000275, -0.2)
        )
        (shape,) = pyogrio.read_dataframe(folder / "sites.geojson").geometry
        site = multi(shape)
        self.shapes = [site, ring_around(site, inner_m=60, outer_m=600, others=[])]

    def means(self, index):
        """Mean index of the flow and of the ring, by date: (dates, 2)."""
        coverage = cover(composite_grid(self.scenes), np.arange(2), self.shapes)
        formula = index_of(index).formula
        series = site_series(coverage, self.scenes, formula, locate=lambda scene: Path(scene.path))
        return measure_pixels(series.pixels, Years.same(2), Rules(), targets=np.full(2, np.nan)).mean


def published(folder):
    with (folder / "answers.csv").open(encoding="utf-8") as file:
        return {(row["date"], row["zone"], row["index"]): row["mean"] for row in csv.DictReader(file)}


@pytest.fixture
def brumadinho(real_data):
    return real_data / "brumadinho_landsat8"


def test_the_index_falls_inside_the_flow_and_hardly_in_its_ring(brumadinho):
    (before, before_ring), (after, after_ring) = Flow(brumadinho).means("ndvi")
    answers = published(brumadinho)
    assert after == pytest.approx(float(answers["20190130", "inside_coverage_weighted", "NDVI"]), abs=5e-5)
    assert after_ring == pytest.approx(float(answers["20190130", "ring_60_600m", "NDVI"]), abs=1e-3)
    assert before - after > 0.43
    assert abs(before_ring - after_ring) < 0.04


def test_the_published_mean_of_the_first_date_lays_that_image_900_m_too_far_east(brumadinho, tmp_path):
    """answers.csv gives 0.73 for 14 January; that is the mean where the image takes the corner of the other.

    The files put the corners of the two images 900 m, 30 cells, apart, as the metadata of both scenes do, and
    the images agree best at just that distance: the mean inside the flow was 0.67.
    """
    answers = published(brumadinho)
    own = Flow(brumadinho)
    assert own.means("ndvi")[0, 0] == pytest.approx(0.6688, abs=1e-4)
    shift = round((own.scenes[1].grid.x0 - own.scenes[0].grid.x0) / 30)
    assert shift == 30
    first, second = (near_infrared(path) for path in own.paths)
    agreement = {
        columns: np.corrcoef(first[:, columns:].ravel(), second[:, : 400 - columns].ravel())[0, 1]
        for columns in range(60)
    }
    assert max(agreement, key=agreement.get) == shift
    moved = tmp_path / "brumadinho_20190114_moved.tif"
    with rasterio.open(own.paths[0]) as source, rasterio.open(own.paths[1]) as other:
        profile = source.profile | {"transform": other.transform}
        with rasterio.open(moved, "w", **profile) as copy:
            copy.write(source.read())
    (before, before_ring), _ = Flow(brumadinho, moved_to=moved).means("ndvi")
    assert before == pytest.approx(float(answers["20190114", "inside_coverage_weighted", "NDVI"]), abs=5e-5)
    assert before_ring == pytest.approx(float(answers["20190114", "ring_60_600m", "NDVI"]), abs=1e-3)


def near_infrared(path):
    with rasterio.open(path) as dataset:
        return dataset.read(4).astype(np.float64)
