"""Checked samples: drawn by outcome, sent out, read back, and what they make of an observed rate."""

import csv
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import date

import numpy as np
import pyogrio
import pytest
import shapely
from shapely import MultiPolygon, box

from geo.accuracy import ErrorMatrix, ratio
from geo.cities import City, CityType, Level, Listing
from geo.coverage import cover
from geo.errors import BadValue
from geo.figures import rate_of, rates_of
from geo.grid import Grid
from geo.history import Fact
from geo.landcover import product
from geo.outcome_cells import outcome_key, outcome_pieces, pair_of
from geo.rates import GroupBy, RateDefinition, RateQuery
from geo.recover.run import RecoverParams, recover
from geo.samples.design import Allocation, NothingToSample, draw_sample
from geo.samples.kml import NotKml
from geo.samples.labels import (
    BadLabels,
    ColumnMissing,
    Label,
    NotATable,
    OtherSample,
    put_labels,
    read_label_file,
)
from geo.samples.matrix import BadMatrixTable, read_matrix, register_matrix
from geo.samples.point_in_cell import point_in_piece
from geo.samples.points import csv_text, feature_collection, kml_text, point_rows
from geo.samples.population import UnknownGroup, population_of
from geo.samples.sample import NotDrawn, UnknownSample
from geo.samples.strata import disturbed_slugs, recovered_slugs, stratum_slugs
from geo.store import cities, samples, scenes, sites
from geo.store.sample_gpkg import write_points
from geo.store.sites import SiteFilter
from tests.geo.recovery_case import (
    FOREST,
    TODAY,
    WATER,
    add_scenes,
    add_sites,
    cells,
    site,
    square,
)

YEARS = (2013, 2020)
QUERY = RateQuery(
    definition=RateDefinition.OBSERVED,
    product="clcd",
    edition="v1",
    from_year=2013,
    to_year=2020,
    responsible="all",
)
PARAMS = RecoverParams("clcd", "v1", *YEARS)


def in_county(code):
    return {Fact.UNIT: {"adcode": code, "edition": "test", "shares": {code: "1.0"}}}


@pytest.fixture
def region(store):
    """Two counties of one prefecture, a site in each; forest in the first 6 rows and a pond beside them."""
    units = [
        City("340000", "皖", "Anhui", Level.PROVINCE, None, "test", None),
        City("340600", "淮北", "Huaibei", Level.PREFECTURE, "340000", "test", None),
        City("340604", "烈山", "Lieshan", Level.COUNTY, "340600", "test", None),
        City("340621", "濉溪", "Suixi", Level.COUNTY, "340600", "test", None),
    ]
    listing = Listing("340600", "Huaibei", CityType.DECLINING, "sourced", date(2013, 11, 12), source="plan")
    before = cells(first_2_40=FOREST)
    after = cells(first_6_40=FOREST)
    after[7:9, :] = WATER
    add_scenes(store, {2013: before, 2020: after})
    with store.write() as conn:
        cities.put(conn, units, [listing])
    add_sites(
        store,
        site("A", square(0.3, 0.3, 12, 14), **{Fact.UNIT.value: in_county("340604")[Fact.UNIT]}),
        site("B", square(0.3, 20.3, 12, 14), **{Fact.UNIT.value: in_county("340621")[Fact.UNIT]}),
    )
    recover(store, PARAMS, today=TODAY)
    return store


def population(store, group_by=GroupBy.ALL, key="all", query=QUERY):
    return population_of(store, query, group_by, key, today=TODAY)


def drawn(store, group_by=GroupBy.ALL, key="all", *, per_stratum=40, seed=1, **options):
    return draw_sample(
        store, population(store, group_by, key), Allocation(per_stratum=per_stratum), seed=seed, **options
    )


def kept_points(store, sample):
    with store.read() as conn:
        return samples.points(conn, sample.sample_id)


def check(store, sample, *, wrong_every=None, only=None):
    """Label the points as mapped, every so many-th as still disturbed; only the first ones where asked."""
    labels = []
    for point in kept_points(store, sample)[:only]:
        wrong = wrong_every is not None and point.number % wrong_every == 0
        checked = "still_disturbed" if wrong else point.stratum
        labels.append(Label(point.number, sample.token, str(point.number), checked))
    return put_labels(store, labels)


def observed(store, group_by=GroupBy.ALL, key="all", query=QUERY, **options):
    rates = rates_of(store, query, group_by, today=TODAY, **options)
    return next(one.observed for one in rates if one.key == key)


def test_the_strata_have_the_very_areas_of_the_rate(region):
    sample = drawn(region)
    rate = observed(region)
    disturbed = sum(sample.strata[slug] for slug in disturbed_slugs())
    recovered = sum(sample.strata[slug] for slug in recovered_slugs())
    assert disturbed / 1e8 == rate.disturbed_baseline_ha
    assert recovered / 1e8 == rate.recovered_ha


def test_every_stratum_with_area_gets_its_points_and_no_other(region):
    sample = drawn(region, per_stratum=25)
    points = kept_points(region, sample)
    by_stratum = {slug: sum(one.stratum == slug for one in points) for slug in stratum_slugs()}
    assert by_stratum == {slug: 25 if sample.strata[slug] else 0 for slug in stratum_slugs()}
    assert {slug for slug, n in by_stratum.items() if n} == {
        "recovered", "still_disturbed", "ponded", "stable",
    }  # fmt: skip


def test_one_seed_gives_one_sample_and_another_seed_another(region):
    first, again, other = drawn(region, seed=5), drawn(region, seed=5), drawn(region, seed=6)
    assert first.sample_id == again.sample_id
    assert other.sample_id != first.sample_id
    places = [[(one.lon, one.lat) for one in kept_points(region, sample)] for sample in (first, other)]
    assert places[0] != places[1]


def test_a_piece_too_small_for_chance_still_has_a_point_inside():
    grid = Grid("EPSG:4326", 100.0, 40.0, 0.01, 0.01, 10, 10)
    sliver = MultiPolygon([box(100.0, 39.99, 100.000_000_1, 40.0)])
    lon, lat = point_in_piece(grid, sliver, 0, 0, np.random.default_rng(1))
    assert 100.0 <= lon <= 100.000_000_1
    assert 39.99 <= lat <= 40.0


def test_points_of_a_grid_from_0_to_360_degrees_come_in_the_longitudes_of_the_sites():
    grid = Grid("EPSG:4326", 300.0, 0.0, 0.01, 0.01, 10, 10)
    lon, _ = point_in_piece(grid, MultiPolygon([box(-60, -1, -59, 0)]), 3, 3, np.random.default_rng(1))
    assert -60 < lon < -59


def test_points_lie_in_their_site_and_in_their_cell(region):
    with region.read() as conn:
        polygons = {site_id: sites.get(conn, site_id).geometry for site_id in (1, 2)}
    for one in kept_points(region, drawn(region)):
        assert shapely.intersects_xy(polygons[one.site_id], one.lon, one.lat)
        expected = "ponded" if one.row in {7, 8} else "recovered" if one.row < 6 else "still_disturbed"
        assert one.stratum == ("stable" if one.row < 2 else expected)


def test_numbers_say_nothing_of_what_is_mapped(region):
    mapped = [one.stratum for one in kept_points(region, drawn(region))]
    assert mapped != sorted(mapped)
    assert [one.number for one in kept_points(region, drawn(region))] == list(range(1, len(mapped) + 1))


def test_a_point_falls_in_a_cell_as_often_as_the_site_covers_it(region):
    """Edge cells are covered by 0.3 or 0.7: their points must be in proportion."""
    points = [one for one in kept_points(region, drawn(region, per_stratum=4000)) if one.stratum == "stable"]
    of_a = [one for one in points if one.site_id == 1]
    # columns 0.3 to 14.3: the first is covered by 0.7, the last by 0.3
    share = {col: sum(one.col == col for one in of_a) / len(of_a) for col in (0, 5, 14)}
    assert share[0] == pytest.approx(0.7 / 14, abs=0.012)
    assert share[5] == pytest.approx(1 / 14, abs=0.014)
    assert share[14] == pytest.approx(0.3 / 14, abs=0.009)


def test_points_in_all_go_to_small_strata_first_and_then_by_area():
    points = Allocation(n=200).points(np.array([10, 0, 1000, 1]))
    assert points.sum() == 200
    assert points[1] == 0
    assert points.min(where=np.array([True, False, True, True]), initial=999) >= 30
    assert points[2] > points[0] >= points[3]


@pytest.mark.parametrize("allocation", [Allocation(per_stratum=1), Allocation(n=3), Allocation(n=10**6)])
def test_too_few_and_too_many_points_are_refused(allocation):
    with pytest.raises(BadValue):
        allocation.points(np.array([10, 10, 10]))


def test_a_group_without_results_cannot_be_sampled(region):
    empty = population(region, query=replace(QUERY, edition="v9"))
    with pytest.raises(NothingToSample, match="recover"):
        draw_sample(region, empty, Allocation(per_stratum=5), seed=1)
    with pytest.raises(UnknownGroup):
        population(region, GroupBy.CITY, "999999")


def test_no_sample_gives_no_interval_and_says_so(region):
    found = observed(region)
    assert (found.low, found.high, found.interval_kind) == (None, None, None)
    assert found.interval_reason == "no_sample"
    assert found.indicative is None


def test_a_checked_sample_gives_the_interval_at_once(region):
    sample = drawn(region)
    check(region, sample, wrong_every=7)
    found = observed(region)
    with region.read() as conn:
        kept = samples.get(conn, sample.sample_id)
    by_hand = ratio(kept.matrix, kept.strata, part=recovered_slugs(), whole=disturbed_slugs())
    assert found.interval_kind == "design"
    assert (found.estimate, found.low, found.high) == (by_hand.value, by_hand.low, by_hand.high)
    assert found.low < found.estimate < found.high
    assert found.n_checked == sample.n_points
    assert found.rate == pytest.approx(found.recovered_ha / found.disturbed_baseline_ha)


def test_a_group_with_the_same_results_under_another_name_has_the_same_interval(region):
    sample = drawn(region)
    check(region, sample, wrong_every=7)
    assert observed(region, GroupBy.PROVINCE, "340000").sample_id == sample.sample_id
    assert observed(region, GroupBy.KIND, "open_pit").interval_kind == "design"


def test_too_few_checked_points_give_no_interval(region):
    sample = drawn(region, per_stratum=30)
    check(region, sample, only=sample.n_points - 1)
    found = observed(region)
    assert found.interval_kind is None
    assert found.interval_reason == "sample_too_small"
    with region.read() as conn:
        assert sum(samples.get(conn, sample.sample_id).missing.values()) == 1
    check(region, sample)
    assert observed(region).interval_kind == "design"


def test_a_smaller_group_names_the_nearest_larger_one_and_borrows_its_matrix_as_indicative(region):
    sample = drawn(region, GroupBy.CITY, "340600")
    check(region, sample, wrong_every=7)
    found = rate_of(region, "340604", QUERY, TODAY).observed
    assert (found.low, found.high, found.interval_kind) == (None, None, "transferred")
    assert found.indicative["interval_kind"] == "transferred"
    assert found.indicative["nearest_group"]["key"] == "340600"
    assert found.indicative["sample_id"] == sample.sample_id
    assert found.indicative["low"] < found.indicative["estimate"] < found.indicative["high"]


def test_the_interval_is_dropped_when_the_results_are_no_longer_those_of_the_sample(region):
    sample = drawn(region)
    check(region, sample)
    add_sites(region, site("C", square(20, 0)))
    recover(region, PARAMS, today=TODAY)
    found = observed(region)
    assert found.interval_kind is None
    assert found.interval_reason == "sample_outdated"


def test_part_of_a_sampled_group_has_no_outdated_sample_but_a_larger_one(region):
    check(region, drawn(region), wrong_every=7)
    part = observed(region, adcode="340604")
    assert part.interval_reason == "no_sample"
    assert part.indicative["nearest_group"]["key"] == "all"
    assert observed(region).interval_kind == "design"


def test_another_edition_or_year_has_no_part_in_the_sample(region):
    check(region, drawn(region))
    after = cells(first_6_40=FOREST)
    add_scenes(region, {2013: cells(), 2020: after}, edition="v2")
    recover(region, RecoverParams("clcd", "v2", *YEARS), today=TODAY)
    found = observed(region, query=replace(QUERY, edition="v2"))
    assert (found.interval_kind, found.interval_reason) == (None, "no_sample")


def test_full_agreement_gives_an_interval_without_width_and_says_what_that_means(region):
    check(region, drawn(region))
    found = observed(region)
    assert found.low == found.high == pytest.approx(found.rate, rel=1e-12)
    assert found.interval_reason == "all_points_agree"


def test_a_matrix_from_elsewhere_is_indicative_alone(region, tmp_path):
    path = tmp_path / "matrix.csv"
    path.write_text(
        "mapped,recovered,still_disturbed,ponded,stable\n"
        "recovered,40,8,0,2\n仍受损,3,46,0,1\nUnder water (was disturbed),1,4,45,0\nstable,1,1,0,48\n",
        encoding="utf-8",
    )
    sample = register_matrix(region, read_matrix(path), land_cover="clcd", edition="v1", source="survey 2021")
    found = observed(region)
    assert (found.low, found.high, found.interval_kind) == (None, None, "transferred")
    assert found.indicative["source"] == "matrix"
    assert found.indicative["name"] == "survey 2021"
    assert found.indicative["sample_id"] == sample.sample_id
    assert found.indicative["low"] < found.indicative["high"]
    other = observed(region, query=replace(QUERY, edition="v2"))
    assert other.indicative is None
    with pytest.raises(NotDrawn), region.read() as conn:
        point_rows(conn, sample.sample_id)


def test_a_matrix_that_lacks_a_stratum_is_not_carried_over(region, tmp_path):
    path = tmp_path / "matrix.csv"
    path.write_text("mapped,recovered,stable\nrecovered,40,8\nstable,3,46\n", encoding="utf-8")
    register_matrix(region, read_matrix(path), land_cover="clcd", edition="v1", source="x")
    assert observed(region).indicative is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("mapped,recovered,lake\nrecovered,1,2\n", "row 1, column 3: 'lake' is no outcome"),
        ("mapped,recovered,stable\nforest,1,2\n", "row 2, column 1: 'forest' is no outcome"),
        ("mapped,recovered,stable\nrecovered,1,-2\n", "row 2, column 3: '-2' is not a count"),
        ("mapped,recovered,stable\nrecovered,1,2.5\n", "is not a count"),
        ("mapped,recovered,stable\nrecovered,1\n", "has not 3 cells"),
        ("mapped,recovered,stable\nrecovered,1,2\nrecovered,1,2\n", "comes twice"),
        ("mapped,recovered,recovered\nrecovered,1,2\n", "comes twice"),
    ],
)
def test_a_matrix_that_does_not_match_the_outcomes_is_refused_by_row_and_column(tmp_path, text, problem):
    path = tmp_path / "matrix.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadMatrixTable, match=problem):
        read_matrix(path)


def test_an_empty_matrix_is_refused(tmp_path):
    path = tmp_path / "matrix.csv"
    path.write_text("mapped,recovered\n", encoding="utf-8")
    with pytest.raises(NotATable):
        read_matrix(path)
    with pytest.raises(NotATable):
        read_matrix(tmp_path / "none.csv")


def rows_of(store, sample):
    with store.read() as conn:
        return point_rows(conn, sample.sample_id)


def test_a_blind_sample_hides_what_is_mapped_and_the_store_keeps_it(region):
    assert {row["mapped"] for row in rows_of(region, drawn(region))} == {None}
    shown = drawn(region, seed=2, blind=False)
    assert [row["mapped"] for row in rows_of(region, shown)] == [
        one.stratum for one in kept_points(region, shown)
    ]


def test_the_geopackage_opens_with_an_empty_column_and_a_list_of_outcomes(region, tmp_path):
    path = tmp_path / "points.gpkg"
    sample = drawn(region)
    write_points(path, rows_of(region, sample))
    layer = pyogrio.read_dataframe(path, layer="points")
    assert len(layer) == sample.n_points
    assert layer.crs.to_epsg() == 4326
    assert layer["checked"].isna().all()
    assert np.allclose(layer.geometry.x, layer["lon"])
    with closing(sqlite3.connect(path)) as connection:
        allowed = connection.execute("SELECT value FROM gpkg_data_column_constraints").fetchall()
        words = connection.execute("SELECT slug, zh, en FROM outcomes").fetchall()
    assert {slug for (slug,) in allowed} == set(stratum_slugs()) == {slug for slug, _, _ in words}
    assert all(zh and en for _, zh, en in words)


def test_labels_come_back_from_a_geopackage_and_reading_again_changes_nothing(region, tmp_path):
    path = tmp_path / "points.gpkg"
    sample = drawn(region)
    write_points(path, rows_of(region, sample))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE points SET checked = 'Recovered' WHERE point <= 10")
        connection.execute("UPDATE points SET checked = '仍受损', note = 'bare' WHERE point = 11")
        connection.commit()
    receipt = put_labels(region, read_label_file(path))
    assert (receipt.n_new, receipt.n_changed, receipt.n_empty) == (11, 0, sample.n_points - 11)
    before = kept_points(region, sample)
    assert (before[10].checked, before[10].note) == ("still_disturbed", "bare")
    again = put_labels(region, read_label_file(path))
    assert (again.n_new, again.n_changed, again.n_unchanged) == (0, 0, 11)
    assert kept_points(region, sample) == before


def test_labels_come_back_from_a_table(region, tmp_path):
    sample = drawn(region)
    path = tmp_path / "points.csv"
    path.write_text(csv_text(rows_of(region, sample)), encoding="utf-8", newline="")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0]["checked"] = "ponded"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert put_labels(region, read_label_file(path)).n_new == 1
    assert kept_points(region, sample)[0].checked == "ponded"


def test_labels_come_back_from_the_descriptions_of_a_kml(region, tmp_path):
    sample = drawn(region)
    path = tmp_path / "points.kml"
    text = kml_text(rows_of(region, sample), "x")
    path.write_text(
        text.replace("<description></description>", "<description>稳定（原未受损）</description>", 3), "utf-8"
    )
    receipt = put_labels(region, read_label_file(path))
    assert (receipt.n_new, receipt.n_empty) == (3, sample.n_points - 3)
    assert {one.checked for one in kept_points(region, sample)[:3]} == {"stable"}
    path.write_text(kml_text(rows_of(region, sample), "x"), "utf-8")
    assert put_labels(region, read_label_file(path)).n_unchanged == 3


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<!DOCTYPE kml [<!ENTITY a 'b'>]><kml/>", "document type"),
        ("<kml", "KML"),
        ("\ud800".encode("utf-16", "surrogatepass").decode("latin-1"), "KML"),
    ],
)
def test_a_kml_that_is_none_or_defines_entities_is_refused(tmp_path, text, problem):
    path = tmp_path / "points.kml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NotKml, match=problem):
        read_label_file(path)
    with pytest.raises(NotKml):
        read_label_file(tmp_path / "none.kml")


def test_rows_that_cannot_be_taken_are_named_and_nothing_is_written(region):
    sample = drawn(region)
    labels = [
        Label(1, sample.token, "1", "recovered"),
        Label(2, sample.token, "2", "lake"),
        Label(3, sample.token, "9999", "recovered"),
        Label(4, sample.token, "two", ""),
        Label(5, sample.token, "1", "ponded"),
    ]
    with pytest.raises(BadLabels) as caught:
        put_labels(region, labels)
    found = [(one["row"], one["column"], one["value"]) for one in caught.value.context["problems"]]
    assert found == [
        (2, "checked", "lake"),
        (3, "point", "9999"),
        (4, "point", "two"),
        (5, "checked", "ponded"),
    ]
    assert all(one.checked is None for one in kept_points(region, sample))


def test_points_of_another_sample_are_refused(region):
    first, second = drawn(region, seed=1), drawn(region, seed=2)
    with pytest.raises(OtherSample, match="no sample of this store"):
        put_labels(region, [Label(1, "s000", "1", "recovered")])
    with pytest.raises(OtherSample, match="one file, one sample"):
        put_labels(
            region,
            [Label(1, first.token, "1", "recovered"), Label(2, second.token, "1", "recovered")],
        )
    with pytest.raises(OtherSample, match=f"sample {first.sample_id} is"):
        put_labels(region, [Label(1, second.token, "1", "stable")], sample_id=first.sample_id)
    with pytest.raises(UnknownSample):
        put_labels(region, [Label(1, first.token, "1", "stable")], sample_id=99)


def test_a_file_without_the_columns_is_refused_by_name(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("sample,point\ns1,1\n", encoding="utf-8")
    with pytest.raises(ColumnMissing, match="'checked'"):
        read_label_file(path)


def test_kml_and_geojson_hold_every_point(region):
    rows = rows_of(region, drawn(region))
    text = kml_text(rows, "a < b")
    assert text.count("<Placemark>") == len(rows)
    assert "a &lt; b" in text
    assert len(feature_collection(rows)["features"]) == len(rows)


SWAPPED = {
    "recovered": "still_disturbed",
    "still_disturbed": "recovered",
    "ponded": "stable",
    "stable": "recovered",
}


def true_rate(store, found):
    """Recovered by disturbed hectares of the sites; `found(stratum, row, col)` is the truth of a cell."""
    with store.read() as conn:
        own = sites.find(conn, SiteFilter(limit=None))
        by_year = {one.year: one for one in scenes.find(conn, product="clcd", edition="v1")}
    pair = pair_of(product("clcd"), by_year, YEARS, store.locate)
    coverage = cover(pair.first.grid, np.array([one.site_id for one in own]), [one.geometry for one in own])
    areas = Counter()
    for pieces in outcome_pieces(coverage.blocks, [outcome_key(one, YEARS[0]) for one in own], [pair]):
        for piece, (stratum, units) in enumerate(zip(pieces.strata[0], pieces.units, strict=True)):
            areas[found(stratum_slugs()[stratum], *pieces.cell(piece))] += int(units)
    return areas["recovered"] / sum(areas[slug] for slug in disturbed_slugs())


def test_samples_drawn_and_checked_many_times_hold_a_known_truth(region):
    """A truth that differs from the map in a fifth of the cells: no bias, and about 95 of 100 intervals."""
    rng = np.random.default_rng(3)
    wrong = rng.random((40, 40)) < 0.2

    def found(stratum, row, col):
        return SWAPPED[stratum] if wrong[row, col] else stratum

    real, held, values, draws = true_rate(region, found), 0, [], 60
    for seed in range(draws):
        sample = drawn(region, per_stratum=40, seed=seed)
        points = [(one.stratum, found(one.stratum, one.row, one.col)) for one in kept_points(region, sample)]
        matrix = ErrorMatrix.of_points(stratum_slugs(), points)
        one = ratio(matrix, sample.strata, part=recovered_slugs(), whole=disturbed_slugs())
        held += one.low <= real <= one.high
        values.append(one.value)
    assert held / draws >= 0.85
    assert np.mean(values) == pytest.approx(real, abs=4 * np.std(values) / np.sqrt(draws))
