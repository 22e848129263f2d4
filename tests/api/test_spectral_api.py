"""Spectral recovery over HTTP, on the page of a site and from the command line."""

import json

import pytest
from typer.testing import CliRunner

from api.cli import app
from geo.runs.jobs import Worker
from geo.spectral.run import spectral_recovery
from geo.store import Store, spectral
from tests.geo.recovery_case import add_sites, site, square
from tests.geo.spectral_case import PARAMS, add_composites, field

SOONER = "2024-05-01T08:00:00.000000Z"
YEARS = {2010: 0.8, 2011: 0.6, 2012: 0.2, 2013: 0.25, 2014: 0.3, 2015: 0.35, 2016: 0.4, 2017: 0.45, 2018: 0.5}
BODY = {"kind": "spectral", "product": "composite", "index": "value", "formula": "value"}


def fill(store):
    patch = {"rows": slice(10, 20), "cols": slice(10, 20)}
    add_composites(store, {year: field(0.7, patch=value, **patch) for year, value in YEARS.items()})
    made = site("x", square(10, 10), damage_year=2011, treatment_start="2012-05-01")
    return add_sites(store, made, now=SOONER)[0]


@pytest.fixture
def filled(service):
    return service, fill(service.app.state.store)


def test_a_queued_run_gives_the_site_its_item(filled):
    service, one = filled
    answer = service.client.post("/api/runs", json=BODY)
    assert (answer.status_code, answer.json()["kind"]) == (202, "spectral")
    Worker(service.app.state.store).run_next()
    assert service.client.get(answer.headers["location"]).json()["state"] == "done"
    (item,) = service.client.get(f"/api/sites/{one}/spectral").json()["items"]
    assert list(item["years"]) == [str(year) for year in YEARS]
    assert item["years"]["2012"]["value"] == pytest.approx(0.2, abs=1e-6)
    assert item["years"]["2012"]["relative_value"] == pytest.approx(-0.5, abs=1e-6)
    assert item["metrics"]["delta_ir"]["value"] == pytest.approx(0.25, abs=1e-6)
    assert item["metrics"]["delta_ir"]["unit"] == "index"
    assert item["metrics"]["y2r"] == {
        "value": None,
        "median": None,
        "n_pixels": 0,
        "n_none": item["metrics"]["delta_ir"]["n_pixels"],
        "unit": "year",
    }
    assert item["confidence"] == {"level": "high", "valid_years": 9, "n_years": 9}
    assert item["trajectory"]["state"] == "recovering"
    assert item["trajectory"]["projected_year"] == 2021
    assert (item["outdated"], item["reason"]) == (False, None)
    assert len(item["scenes"]) == 9
    assert service.client.get(f"/api/sites/{one}/spectral?index=ndvi").json()["items"] == []


@pytest.mark.parametrize(
    ("change", "slug"),
    [
        ({"formula": "__import__('os')"}, "bad-formula"),
        ({"formula": "nir - red"}, "unknown-band"),
        ({"formula": None, "index": "nbrr"}, "unknown-index"),
        ({"restoration_year": 2005}, "restoration-before-disturbance"),
        ({"window": [2010, 2014]}, "bad-window"),
        ({"target": "reference"}, "no-references"),
        ({"edition": "9"}, "unknown-scene"),
    ],
)
def test_what_cannot_be_run_is_a_problem_with_its_name_and_queues_nothing(filled, change, slug):
    service, _ = filled
    answer = service.client.post("/api/runs", json=BODY | change)
    assert answer.status_code in {404, 422}
    assert answer.json()["type"].endswith(slug)
    assert service.client.get("/api/runs").json()["items"] == []


@pytest.mark.parametrize(
    "change", [{"k_years": 0}, {"target_share": 2}, {"direction": 3}, {"colour": "red"}, {"from_year": 10}]
)
def test_a_body_with_impossible_numbers_is_refused(filled, change):
    service, _ = filled
    assert service.client.post("/api/runs", json=BODY | change).status_code == 422


def test_the_indices_are_listed_with_their_formulas(service):
    items = {item["slug"]: item for item in service.client.get("/api/indices").json()["items"]}
    assert items["ndvi"]["formula"] == "(nir - red) / (nir + red)"
    assert items["bsi"]["direction"] == -1


def test_an_unknown_site_has_no_spectral_recovery(service):
    assert service.client.get("/api/sites/999/spectral").status_code == 404


def test_the_page_shows_the_curve_with_target_reference_and_projection_in_both_languages(filled):
    service, one = filled
    spectral_recovery(service.app.state.store, PARAMS)
    english = service.client.get(f"/sites/{one}?lang=en").text
    part = english[english.index('id="spectral"') :]
    assert "<svg" in part
    assert "Target 0.800" in part
    assert "Asked for 0.640" in part
    assert "Reference in the same year" in part
    assert "Projected at the present pace" in part
    assert "Years to recovery" in part
    assert "Confidence: High (9 of 9 years valid)" in part
    chinese = service.client.get(f"/sites/{one}?lang=zh").text
    assert "光谱恢复" in chinese
    assert "目标 0.800" in chinese


def test_a_page_says_that_results_are_outdated(filled):
    service, one = filled
    store = service.app.state.store
    spectral_recovery(store, PARAMS)
    add_composites(store, {2019: field(0.7)})
    assert "a run is due" in service.client.get(f"/sites/{one}?lang=en").text


def test_the_command_prints_the_items_and_a_table(tmp_path):
    path = tmp_path / "store.gpkg"
    store = Store.open(path, create=True)
    fill(store)
    store.close()

    def command(*words, code=0):
        done = CliRunner().invoke(app, [*words, "--store", str(path)])
        assert done.exit_code == code, done.stderr
        return done

    asked = ("spectral", "--product", "composite", "--index", "value", "--formula", "value")
    answer = json.loads(command(*asked, "--json").stdout)
    assert answer["run"]["state"] == "done"
    (found,) = answer["sites"]
    assert (found["site_code"], found["items"][0]["target_value"]) == ("x", pytest.approx(0.8))
    table = command(*asked, "-k", "3").stdout
    assert "k = 3 years" in table
    assert "0.8 (2010)" in table
    assert "is not two numbers" in command(*asked, "--ring", "60", code=1).stderr
    assert "restoration in 2001" in command(*asked, "--restoration-year", "2001", code=1).stderr
    again = Store.open(path)
    with again.read() as conn:
        assert len(spectral.find(conn)) == 2
    again.close()


def test_reference_polygons_are_added_and_listed_from_the_command_line(tmp_path, write_polygons):
    path = tmp_path / "store.gpkg"
    Store.open(path, create=True).close()
    woods = write_polygons("woods.geojson", [square(30, 30)])
    for words in (("references", "add", str(woods)), ("references", "list")):
        done = CliRunner().invoke(app, [*words, "--store", str(path), "--json"])
        assert done.exit_code == 0, done.stderr
        (item,) = json.loads(done.stdout)["items"]
        assert (item["set"], item["source"]) == ("woods", "woods.geojson")
        assert item["area_ha"] == pytest.approx(9, rel=1e-2)


@pytest.fixture
def write_polygons(tmp_path):
    def write(name, geometries):
        features = [
            {"type": "Feature", "properties": {}, "geometry": one.__geo_interface__} for one in geometries
        ]
        path = tmp_path / name
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        return path

    return write
