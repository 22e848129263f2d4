"""Spectral runs: from composites with a known answer to stored results, references, rings and refusals."""

import shutil
from dataclasses import replace
from datetime import date

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely import MultiPolygon
from sqlalchemy import select

from geo.band_scenes import Scaling, inspect_composites
from geo.changes import Change
from geo.coverage import Coverage, cover
from geo.errors import ReverdureError, UnknownScene
from geo.grid import BLOCK
from geo.references import EmptyReference, NoReferences, ReferencePolygon, references_from_file
from geo.rings import BadRing, reach, ring_around
from geo.runs.jobs import Worker, submit_spectral
from geo.runs.pools import Processes, Serial
from geo.runs.run import RunState
from geo.runs.waste import clear_waste
from geo.scenes import SceneKind
from geo.spectral import run as spectral_run
from geo.spectral.indices import Formula, UnknownBand
from geo.spectral.items import spectral_item
from geo.spectral.metrics import Metric, Rules, Scope, Years, measure_sites
from geo.spectral.params import (
    BadSpectralParams,
    SpectralParams,
    spectral_params_of,
    spectral_run_params,
)
from geo.spectral.plan import BadWindow, RestorationBeforeDisturbance
from geo.spectral.rasters import FolderNotWritable, write_metric_rasters
from geo.spectral.recovery import ReferenceKind, TargetKind
from geo.spectral.results import site_spectral
from geo.spectral.run import spectral_recovery
from geo.spectral.series import composite_grid, site_series
from geo.spectral.shard import assess_spectral_shard
from geo.store import Store, changes, proposals, references, runs, scenes, spectral
from geo.store.spectral_tables import SPECTRAL
from tests.geo.recovery_case import LATER, TODAY, add_sites, site, square
from tests.geo.spectral_case import PARAMS, add_composites, field, write_composite

YEARS = {2010: 0.8, 2011: 0.6, 2012: 0.2, 2013: 0.3, 2014: 0.4, 2015: 0.5, 2016: 0.5, 2017: 0.7, 2018: 0.4}


def disturbed_site(code="a", geometry=None, **facts):
    stated = {"damage_year": 2011, "treatment_start": "2012-05-01"} | facts
    return site(code, geometry or square(10, 10), **stated)


def course(store, years=YEARS, *, around=0.7):
    """The site's patch follows `years`, the land around it stays as it is."""
    patch = {"rows": slice(10, 20), "cols": slice(10, 20)}
    add_composites(store, {year: field(around, patch=value, **patch) for year, value in years.items()})


def only(found):
    (one,) = found.recoveries
    return one


def test_the_figures_of_a_site_are_those_of_its_pixels(store):
    course(store)
    add_sites(store, disturbed_site())
    one = only(spectral_recovery(store, PARAMS))
    assert [year.value for year in one.years] == pytest.approx(list(YEARS.values()), abs=1e-6)
    assert one.years[0].valid_share == pytest.approx(1, abs=1e-5)
    assert one.target_value == pytest.approx(0.8, abs=1e-6)
    metrics = {metric: value.value for metric, value in one.metrics.items()}
    assert metrics[Metric.DELTA_IR] == pytest.approx(0.5, abs=1e-6)
    assert metrics[Metric.YRYR] == pytest.approx(0.1, abs=1e-6)
    assert metrics[Metric.R80P] == pytest.approx(0.7 / 0.64, abs=1e-6)
    assert metrics[Metric.Y2R] == 5
    assert metrics[Metric.RRI] == pytest.approx(0.5 / 0.4, abs=1e-6)
    assert one.relapse_year == 2018
    assert (one.confidence, one.valid_years, one.n_years) == ("high", 9, 9)
    assert one.metrics[Metric.DELTA_IR].median == pytest.approx(0.5, abs=1e-9)
    assert (one.disturbance_year, one.restoration_year, one.target_window) == (2011, 2012, (2010, 2010))


def test_the_ring_is_the_default_reference_and_a_drought_that_moves_both_shows_in_neither(store):
    dry = {year: value - (0.1 if year == 2017 else 0.0) for year, value in YEARS.items()}
    patch = {"rows": slice(10, 20), "cols": slice(10, 20)}
    add_composites(
        store,
        {year: field(0.6 if year == 2017 else 0.7, patch=value, **patch) for year, value in dry.items()},
    )
    add_sites(store, disturbed_site())
    one = only(spectral_recovery(store, PARAMS))
    assert one.reference_kind is ReferenceKind.RING
    by_year = {year.year: year for year in one.years}
    assert by_year[2017].reference_value == pytest.approx(0.6, abs=1e-6)
    assert by_year[2017].relative_value == pytest.approx(0.0, abs=1e-6)
    assert one.metrics[Metric.DELTA_IR].value == pytest.approx(0.4, abs=1e-6)
    assert one.relative_metrics[Metric.DELTA_IR].value == pytest.approx(0.5, abs=1e-6)
    assert spectral_item(one)["ring_m"] == [60, 600]


def test_the_ring_sets_the_target_where_no_scene_is_older_than_the_damage(store):
    course(store)
    add_sites(store, disturbed_site(damage_year=1990))
    asked = replace(PARAMS, target=TargetKind.REFERENCE, reference=ReferenceKind.RING)
    one = only(spectral_recovery(store, asked))
    assert one.target_value == pytest.approx(0.7, abs=1e-6)
    assert one.metrics[Metric.R80P].value == pytest.approx(0.7 / 0.56, abs=1e-6)
    assert one.metrics[Metric.Y2R].value == 5
    assert one.metrics[Metric.RRI].value is None
    assert one.reason == "no_disturbance_scene"
    windowed = only(spectral_recovery(store, replace(asked, window=(2010, 2012))))
    assert windowed.target_window == (2010, 2012)


def test_other_sites_are_cut_out_of_the_ring(store):
    values = {
        year: field(0.7, patch=0.1, rows=slice(10, 20), cols=slice(22, 40)) for year in (2010, 2011, 2012)
    }
    add_composites(store, values)
    add_sites(store, disturbed_site(), site("neighbour", square(10, 22, 10, 18)))
    found = {one.site_id: one for one in spectral_recovery(store, PARAMS).recoveries}
    assert found[1].years[0].reference_value == pytest.approx(0.7, abs=1e-6)


def test_reference_polygons_set_the_target_and_are_compared_with(store):
    course(store)
    add_sites(store, disturbed_site())
    put_references(store, square(30, 30))
    one = only(spectral_recovery(store, replace(PARAMS, target=TargetKind.REFERENCE)))
    assert one.reference_kind is ReferenceKind.POLYGONS
    assert one.target_value == pytest.approx(0.7, abs=1e-9)
    assert one.metrics[Metric.Y2R].value == 5
    assert one.relative_metrics[Metric.R80P].value is None
    assert one.years[2].relative_value == pytest.approx(-0.5, abs=1e-6)


def put_references(store, *geometries, name="forest"):
    with store.write() as conn:
        references.put(
            conn,
            [
                ReferencePolygon(0, name, f"{name} {at}", one, "f.gpkg", "00")
                for at, one in enumerate(geometries)
            ],
        )


def test_a_reference_polygon_without_a_valid_pixel_is_named_and_nothing_is_stored(store):
    course(store)
    add_sites(store, disturbed_site())
    put_references(store, square(30, 30), square(300, 300))
    with pytest.raises(EmptyReference, match="'forest 1' of 'forest' covers no valid pixel"):
        spectral_recovery(store, PARAMS)
    with store.read() as conn:
        assert spectral.find(conn) == []
        assert runs.find(conn)[0].state is RunState.FAILED


def test_references_asked_for_must_be_there(store):
    course(store)
    add_sites(store, disturbed_site())
    with pytest.raises(NoReferences, match="references add"):
        spectral_recovery(store, replace(PARAMS, target=TargetKind.REFERENCE))
    put_references(store, square(30, 30))
    with pytest.raises(NoReferences, match="'meadow'"):
        spectral_recovery(store, replace(PARAMS, references="meadow"))


def test_restoration_before_the_disturbance_names_the_site_and_stores_nothing(store):
    course(store)
    add_sites(store, disturbed_site(), disturbed_site("b", square(30, 30), damage_year=2014))
    with pytest.raises(RestorationBeforeDisturbance, match=r"site b: restoration in 2012 .* 2014"):
        spectral_recovery(store, PARAMS)
    with store.read() as conn:
        assert spectral.find(conn) == []
        assert runs.find(conn) == []


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"formula": "nir / value"}, UnknownBand),
        ({"window": (2010, 2012)}, BadWindow),
        ({"window": (2011, 2010)}, BadWindow),
        ({"ring_m": (600.0, 60.0), "reference": ReferenceKind.RING}, BadRing),
        ({"k_years": 0}, BadSpectralParams),
        ({"target_share": 1.5}, BadSpectralParams),
        ({"edition": "2"}, UnknownScene),
        ({"product": "clcd"}, UnknownScene),
        ({"from_year": 2030}, UnknownScene),
    ],
)
def test_what_cannot_be_asked_for_is_refused_before_anything_is_written(store, change, error):
    course(store)
    add_sites(store, disturbed_site())
    with pytest.raises(error):
        spectral_recovery(store, replace(PARAMS, **change))
    with store.read() as conn:
        assert runs.find(conn) == []


def test_a_year_that_is_half_seen_counts_by_its_share_and_lowers_confidence(store):
    patch = {"rows": slice(10, 20), "cols": slice(10, 20)}
    scenes_of = {}
    for year, value in YEARS.items():
        values = field(0.7, patch=value, **patch)
        if year >= 2014:
            values[10:16, 10:20] = np.nan
        scenes_of[year] = values
    add_composites(store, scenes_of)
    add_sites(store, disturbed_site())
    one = only(spectral_recovery(store, PARAMS))
    by_year = {year.year: year for year in one.years}
    assert by_year[2013].valid_share == pytest.approx(1, abs=1e-5)
    assert by_year[2014].valid_share == pytest.approx(0.4, abs=1e-4)
    assert by_year[2014].value == pytest.approx(0.4, abs=1e-6)
    assert (one.valid_years, one.confidence) == (4, "low")


def test_two_days_of_one_year_are_a_series_by_day_without_metrics(store):
    days = {date(2019, 1, 14): 0.8, date(2019, 1, 30): 0.2}
    patch = {"rows": slice(10, 20), "cols": slice(10, 20)}
    add_composites(store, {day: field(0.7, patch=value, **patch) for day, value in days.items()})
    add_sites(store, disturbed_site())
    one = only(spectral_recovery(store, PARAMS))
    item = spectral_item(one)
    assert list(item["years"]) == ["2019-01-14", "2019-01-30"]
    assert [year.value for year in one.years] == pytest.approx([0.8, 0.2], abs=1e-6)
    assert one.reason == "several_scenes_a_year"
    assert {value.value for value in one.metrics.values()} == {None}
    assert item["trajectory"] is None


def test_a_site_beyond_every_scene_has_no_figures_and_says_so(store):
    course(store)
    add_sites(store, disturbed_site(geometry=square(300, 300)))
    one = only(spectral_recovery(store, PARAMS))
    assert one.reason == "outside_scene"
    assert {year.value for year in one.years} == {None}
    assert one.confidence == "insufficient"


def test_only_what_changed_is_computed_anew_and_gives_the_same(store):
    course(store)
    add_sites(store, disturbed_site(), disturbed_site("b", square(45, 45)))
    first = spectral_recovery(store, PARAMS)
    again = spectral_recovery(store, PARAMS)
    assert again.n_unchanged == 2
    assert again.recoveries == first.recoveries
    move(store, 2, square(45, 40))
    moved = spectral_recovery(store, PARAMS)
    assert moved.run.result["n_computed"] == 1
    assert moved.recoveries[0] == first.recoveries[0]


def move(store, site_id, geometry):
    stated = Change({}, date(2024, 6, 1), "surveyed", geometry=geometry)
    with store.write() as conn:
        applied = changes.apply_change(
            conn, site_id, stated, actor="a", source="t", now=LATER, if_version=None
        )
        proposals.approve(conn, applied.proposal.proposal_id, actor="b", now=LATER, today=TODAY)


def test_results_are_outdated_where_their_inputs_changed_and_only_then(store):
    course(store)
    add_sites(store, disturbed_site())
    spectral_recovery(store, PARAMS)
    assert [one.outdated for one in site_spectral(store, 1)] == [False]
    add_composites(store, {2019: field(0.7)})
    assert [one.outdated for one in site_spectral(store, 1)] == [True]
    spectral_recovery(store, PARAMS)
    assert [one.outdated for one in site_spectral(store, 1)] == [False]
    put_references(store, square(30, 30))
    assert [one.outdated for one in site_spectral(store, 1)] == [True]


def test_the_trajectory_counts_the_target_as_reached_where_the_metrics_do(store):
    course(store)
    add_sites(store, disturbed_site())
    one = only(spectral_recovery(store, replace(PARAMS, target_share=0.6)))
    item = spectral_item(one)
    assert item["trajectory"]["threshold"] == pytest.approx(0.48, abs=1e-6)
    assert item["trajectory"]["reached_year"] == 2012 + item["metrics"]["y2r"]["value"] == 2015


def test_a_focal_target_is_the_mean_of_the_neighbours_and_none_at_the_edge_of_the_scenes(store):
    before = 0.1 + np.arange(3600.0).reshape(60, 60) / 3600
    add_composites(store, {2010: before, 2011: before, 2012: before / 2, 2017: before})
    add_sites(store, disturbed_site(geometry=square(0, 0)), disturbed_site("b", square(20, 20, 1, 1)))
    focal = replace(PARAMS, scope=Scope.FOCAL, k_years=5)
    found = {one.site_id: one for one in spectral_recovery(store, focal).recoveries}
    assert found[2].target_scope is Scope.FOCAL
    assert found[2].metrics[Metric.R80P].median == pytest.approx(1 / 0.8, abs=1e-6)
    assert found[1].metrics[Metric.DELTA_IR].n_pixels - found[1].metrics[Metric.R80P].n_pixels == 19
    own = {one.site_id: one for one in spectral_recovery(store, PARAMS).recoveries}
    assert own[1].metrics[Metric.R80P].n_none == 0
    with pytest.raises(BadSpectralParams, match="odd"):
        spectral_recovery(store, replace(focal, focal_cells=4))


def test_other_parameters_stand_beside_and_do_not_replace(store):
    course(store)
    add_sites(store, disturbed_site())
    spectral_recovery(store, PARAMS)
    spectral_recovery(store, replace(PARAMS, scope=Scope.POLYGON, k_years=3))
    assert [one.k_years for one in site_spectral(store, 1)] == [5, 3]


class Stopped(Exception):
    pass


def three_sites(store):
    course(store)
    shapes = {"a": square(10, 10), "b": square(40, 5, 12, 9), "c": square(28, 44, 7, 15)}
    add_sites(store, *(disturbed_site(code, shape) for code, shape in shapes.items()))


@pytest.mark.parametrize("pool", [Serial(), Processes(2)], ids=["one_process", "two_processes"])
def test_shards_and_processes_give_the_same_to_the_bit(store, empty_file, tmp_path, pool):
    three_sites(store)
    together = spectral_recovery(store, PARAMS).recoveries
    (tmp_path / "other").mkdir()
    shutil.copyfile(empty_file, tmp_path / "other" / "store.gpkg")
    other = Store.open(tmp_path / "other" / "store.gpkg")
    three_sites(other)
    alone = spectral_recovery(other, PARAMS, pool=pool, most_sites=1).recoveries
    other.close()
    assert alone == together


def out_of_sight(store, run):
    """The ids of the sites of which a run keeps results out of sight."""
    mine = select(SPECTRAL.c.site_id).where(SPECTRAL.c.hidden == run.run_id)
    with store.read() as conn:
        return sorted(conn.execute(mine).scalars())


def test_a_run_that_was_stopped_shows_nothing_and_goes_on_behind_what_it_has(store, monkeypatch):
    three_sites(store)
    with store.write() as conn:
        run = runs.start(conn, runs.create(conn, "spectral", {}).run_id, owner="test")

    def stop(done, total):
        assert total == 3
        if done == 1:
            raise Stopped

    with pytest.raises(Stopped):
        spectral_recovery(store, PARAMS, run_id=run.run_id, progress=stop, most_sites=1)
    (early,) = out_of_sight(store, run)
    with store.read() as conn:
        assert spectral.find(conn) == []
    computed, steps = [], []

    def noting(task, look):
        computed.extend(() if task is None else (one.site_id for one in task.subjects))
        return assess_spectral_shard(task, look)

    monkeypatch.setattr(spectral_run, "assess_spectral_shard", noting)
    found = spectral_recovery(
        store, PARAMS, run_id=run.run_id, progress=lambda *step: steps.append(step), most_sites=1
    )
    assert sorted([early, *computed]) == [1, 2, 3]
    assert steps[-1] == (3, 3)
    assert len(found.recoveries) == 3
    assert [one.outdated for one in site_spectral(store, early)] == [False]


def test_a_run_that_goes_on_shows_nothing_that_no_longer_holds(store):
    three_sites(store)
    with store.write() as conn:
        run = runs.start(conn, runs.create(conn, "spectral", {}).run_id, owner="test")

    def stop(done, total):
        if done == 1:
            raise Stopped

    with pytest.raises(Stopped):
        spectral_recovery(store, PARAMS, run_id=run.run_id, progress=stop, most_sites=1)
    (early,) = out_of_sight(store, run)
    move(store, early, square(46, 46, 8, 8))
    between = spectral_recovery(store, PARAMS)
    resumed = spectral_recovery(store, PARAMS, run_id=run.run_id, most_sites=1)
    assert resumed.recoveries == between.recoveries
    assert [one.outdated for one in site_spectral(store, early)] == [False]


def test_what_a_failed_run_left_behind_is_cleared_by_the_next(store):
    three_sites(store)
    with store.write() as conn:
        run = runs.start(conn, runs.create(conn, "spectral", {}).run_id, owner="test")

    def stop(done, total):
        if done == 2:
            raise Stopped

    with pytest.raises(Stopped):
        spectral_recovery(store, PARAMS, run_id=run.run_id, progress=stop, most_sites=1)
    with store.write() as conn:
        runs.fail(conn, run.run_id, "stopped")
    spectral_recovery(store, replace(PARAMS, k_years=3))
    assert out_of_sight(store, run) == []
    with store.read() as conn:
        assert {one.k_years for one in spectral.find(conn)} == {3}


def test_what_a_cancelled_run_left_behind_is_waste_and_that_of_a_waiting_one_is_not(store):
    three_sites(store)
    with store.write() as conn:
        run = runs.start(conn, runs.create(conn, "spectral", {}).run_id, owner="test")

    def stop(done, total):
        if done == 2:
            raise Stopped

    with pytest.raises(Stopped):
        spectral_recovery(store, PARAMS, run_id=run.run_id, progress=stop, most_sites=1)
    left = []
    for end in (runs.requeue, runs.cancelled):
        with store.write() as conn:
            end(conn, run.run_id)
        clear_waste(store)
        left.append(len(out_of_sight(store, run)))
    assert left == [2, 0]


def test_a_queued_run_is_worked_off_as_one_from_the_command_line(store):
    course(store)
    add_sites(store, disturbed_site())
    run = submit_spectral(store, PARAMS)
    assert run.state is RunState.QUEUED
    done = Worker(store).run_next()
    assert (done.kind, done.state, done.result["n_computed"]) == ("spectral", RunState.DONE, 1)
    assert site_spectral(store, 1)[0].relapse_year == 2018


def test_composites_may_be_windows_of_one_lattice(store):
    patch = {"rows": slice(10, 20), "cols": slice(10, 20)}
    add_composites(store, {2010: field(0.7, patch=0.8, **patch), 2011: field(0.7, patch=0.6, **patch)})
    add_composites(
        store,
        {2012: field(0.7, shape=(30, 30), patch=0.2, rows=slice(5, 15), cols=slice(5, 15))},
        row=5,
        col=5,
    )
    add_composites(store, {2013: field(0.3, shape=(10, 10))}, row=15, col=10)
    add_sites(store, disturbed_site())
    one = only(spectral_recovery(store, PARAMS))
    assert [year.value for year in one.years] == pytest.approx([0.8, 0.6, 0.2, 0.3], abs=1e-6)
    assert one.years[3].valid_share == pytest.approx(0.5, abs=1e-4)


def test_scale_and_offset_make_reflectance_before_the_formula(tmp_path):
    stored = {"nir": np.array([[20_000.0, 30_000.0]]), "red": np.array([[10_000.0, 9_000.0]])}
    path = write_composite(tmp_path / "landsat_2020.tif", stored)
    found = inspect_composites([path], product="l", edition="1", scaling=Scaling(0.0000275, -0.2, 30_000))
    coverage = cover(composite_grid(found), np.array([1]), [square(0, 0, 1, 2)])
    series = site_series(coverage, found, Formula.of("nir - red"), locate=lambda scene: path)
    inside = series.pixels.weight > 0.5
    assert series.pixels.values[0, series.pixels.at][inside] == pytest.approx([0.275, np.nan], nan_ok=True)


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """Composites of three by two blocks and the polygons of three sites over their seams."""
    folder = tmp_path_factory.mktemp("wide")
    rng = np.random.default_rng(7)
    shape = (BLOCK + 88, 2 * BLOCK + 76)
    paths = [
        write_composite(folder / f"w_{year}.tif", {"value": rng.random(shape)}) for year in range(2010, 2018)
    ]
    found = inspect_composites(paths, product="w", edition="1")
    shapes = [square(500, 500, 30, 40), square(3, 1000, 50, 60), square(505, 100, 12, 13)]
    return found, {scene.path: path for scene, path in zip(found, paths, strict=True)}, shapes


def series_of(wide, coverage):
    found, paths, _ = wide
    return site_series(coverage, found, Formula.of("value"), locate=lambda scene: paths[scene.path])


def measured(series):
    years = Years.same(series.pixels.n_sites, disturbance=2011, restoration=2012, window=(2010, 2010))
    return measure_sites(series.pixels, years, Rules())


@settings(deadline=None, max_examples=10)
@given(st.randoms(use_true_random=False))
def test_block_boundaries_through_sites_and_their_order_change_no_bit(wide, random):
    grid = composite_grid(wide[0])
    coverage = cover(grid, np.arange(3), wide[2])
    assert len(coverage.blocks) == 5
    order = list(range(5))
    random.shuffle(order)
    straight = series_of(wide, coverage)
    blocks = tuple(coverage.blocks[at] for at in order)
    dealt = series_of(wide, Coverage(grid, coverage.sites, blocks))
    np.testing.assert_array_equal(dealt.cell, straight.cell)
    np.testing.assert_array_equal(measured(dealt).mean, measured(straight).mean)
    np.testing.assert_array_equal(measured(dealt).of_pixels, measured(straight).of_pixels)
    np.testing.assert_array_equal(measured(dealt).of_sites, measured(straight).of_sites)


def test_sites_dealt_out_one_by_one_give_what_they_give_together(wide):
    grid = composite_grid(wide[0])
    together = measured(series_of(wide, cover(grid, np.arange(3), wide[2])))
    for at, shape in enumerate(wide[2]):
        alone = measured(series_of(wide, cover(grid, np.array([at]), [shape])))
        np.testing.assert_array_equal(alone.mean[:, 0], together.mean[:, at])
        np.testing.assert_array_equal(alone.of_sites[:, 0], together.of_sites[:, at])


def test_references_come_from_a_file_with_a_name_each_and_its_hash(tmp_path):
    path = tmp_path / "woods.geojson"
    gpd.GeoDataFrame({"name": ["old"]}, geometry=[square(0, 0)], crs="EPSG:4326").to_file(
        path, driver="GeoJSON"
    )
    (found,) = references_from_file(path)
    assert (found.set_name, found.name, found.source) == ("woods", "old", "woods.geojson")
    assert len(found.sha256) == 64
    assert isinstance(found.geometry, MultiPolygon)


def test_a_ring_keeps_its_distances_at_any_latitude():
    for lat in (0.0, 45.0, 70.0):
        point = shapely.box(10, lat, 10.002, lat + 0.001)
        ring = ring_around(MultiPolygon([point]), inner_m=100, outer_m=500, others=[])
        area, _ = Geod(ellps="WGS84").geometry_area_perimeter(shapely.geometry.polygon.orient(ring.geoms[0]))
        _, around = Geod(ellps="WGS84").geometry_area_perimeter(point)
        expected = around_area(abs(around), 100, 500)
        assert abs(area) == pytest.approx(expected, rel=2e-3)


def around_area(perimeter_m, inner_m, outer_m):
    """The area between two distances from a convex outline."""
    return perimeter_m * (outer_m - inner_m) + np.pi * (outer_m**2 - inner_m**2)


def test_a_site_in_the_corner_beyond_a_ring_changes_no_bit_of_it():
    site_shape, near_by = square(10, 10), square(10, 24)
    _, _, east, north = reach(np.array([site_shape.bounds]), 600)[0]
    corner = MultiPolygon([shapely.box(east - 1e-5, north - 1e-5, east + 1e-3, north + 1e-3)])
    rings = [
        ring_around(site_shape, inner_m=60, outer_m=600, others=others).wkb
        for others in ([near_by], [near_by, corner], [corner, near_by])
    ]
    assert rings == rings[:1] * 3


def test_parameters_that_a_run_kept_are_read_back():
    full = SpectralParams(
        "composite", "value", formula="value", window=(2000, 2004), ring_m=(60.0, 600.0), site_ids=(1, 2)
    )
    assert spectral_params_of(spectral_run_params(full)) == full
    with pytest.raises(ReverdureError):
        spectral_params_of({"product": "a", "index": "b", "colour": "red"})
    with pytest.raises(ReverdureError):
        spectral_params_of({"product": "a", "index": "b", "target": "moon"})


def test_rasters_hold_the_metrics_of_the_pixels_and_nothing_elsewhere(store, tmp_path):
    three_sites(store)
    paths = write_metric_rasters(store, PARAMS, tmp_path / "out")
    assert [path.name for path in paths] == [
        *(f"value_{metric.value}.tif" for metric in Metric),
        "value_relapse_year.tif",
    ]
    with rasterio.open(paths[0]) as delta, rasterio.open(paths[3]) as y2r, rasterio.open(paths[5]) as relapse:
        grid = composite_grid_of(store)
        assert (delta.shape, delta.crs.to_epsg(), np.isnan(delta.nodata)) == ((60, 60), 32650, True)
        assert (delta.transform.c, delta.transform.f) == (grid.x0, grid.y0)
        values = delta.read(1)
        assert values[12, 12] == pytest.approx(0.5)
        assert values[42, 6] == pytest.approx(0.0)
        assert np.isnan(values[0, 0])
        assert np.isfinite(values).sum() == sum(
            only_pixels(one) for one in spectral_recovery(store, PARAMS).recoveries
        )
        assert (y2r.read(1)[12, 12], relapse.read(1)[12, 12]) == (5, 2018)


def only_pixels(one):
    return one.metrics[Metric.DELTA_IR].n_pixels


def composite_grid_of(store):
    with store.read() as conn:
        return composite_grid(scenes.find(conn, product="composite", kind=SceneKind.SPECTRAL))


def test_rasters_into_a_folder_that_cannot_be_are_refused(store, tmp_path):
    three_sites(store)
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderNotWritable):
        write_metric_rasters(store, PARAMS, tmp_path / "file" / "out")
