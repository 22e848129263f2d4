"""Displacement, ponding, carbon and candidates over HTTP and from the command line, on known rasters."""

from __future__ import annotations

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from api.cli import app
from geo.candidate_search import CandidateQuery, find_candidates
from geo.recover.run import recover
from geo.runs.jobs import Worker
from geo.scenes import SceneKind
from geo.store import Store, candidates, runs, scenes
from geo.subsidence.plan import SubsidenceParams
from geo.subsidence.run import find_subsidence
from tests.api.accounts_case import add_people, token_for
from tests.geo.recovery_case import (
    BARREN,
    FOREST,
    PARAMS,
    TODAY,
    WATER,
    add_scenes,
    add_sites,
    cells,
    site,
    square,
)
from tests.geo.subsidence_case import DAYS, add_season, add_series, rates


def ponds():
    """Forest on the site's first half; a pond in it and one far from it."""
    grid = cells(BARREN, top_5_40=FOREST)
    grid[5:7, :10] = WATER
    grid[30:34, 30:34] = WATER
    return grid


@pytest.fixture
def known(service):
    """A service whose store holds one recorded subsidence site, and everything there is to know of it."""
    store = Store.open(service.folder / "sites.gpkg")
    try:
        add_scenes(store, {2013: cells(), 2020: ponds()})
        add_series(store, rates(2.0, top=30.0, rows=5))
        facts = {"kind": "subsidence", "settlement": "settled", "ponding": "none"}
        (site_id,) = add_sites(store, site("bowl", square(0, 0), **facts), now="2024-06-01T08:00:00.000000Z")
        recover(store, PARAMS, today=TODAY)
        find_subsidence(store, SubsidenceParams("insar", site_ids=(site_id,)), today=TODAY)
        find_candidates(store, CandidateQuery("clcd"))
        yield service, store, site_id
    finally:
        store.close()


def command(service, *words, code=0):
    done = CliRunner().invoke(app, [*words, "--store", str(service.folder / "sites.gpkg")])
    assert done.exit_code == code, done.output
    return done.stdout


def test_a_site_tells_how_it_moves_where_it_is_wet_and_what_the_record_says(known):
    service, _, site_id = known
    answer = service.client.get(f"/api/sites/{site_id}/subsidence").json()
    (item,) = answer["items"]
    assert item["mean_mm_per_year"] == pytest.approx(16, abs=1e-3)
    assert (item["settlement"], item["recorded_settlement"]) == ("still_moving", "settled")
    assert (item["series"][0]["mean_mm"], len(item["series"])) == (0.0, len(DAYS) + 1)
    assert "not vertical" in item["direction"]
    (ponding,) = answer["ponding"]
    assert [year["year"] for year in ponding["years"]] == [2013, 2020]
    assert ponding["years"][1]["water_ha"] == pytest.approx(1.8, rel=1e-2)
    assert (ponding["ponding"], ponding["reason"]) == (None, "seasons_unknown")
    assert answer["disagreements"] == ["recorded_settled_but_moving", "recorded_dry_but_water"]
    assert service.client.get("/api/sites/999/subsidence").status_code == 404


def test_every_contradicted_record_is_on_one_list(known):
    service, store, site_id = known
    add_sites(
        store,
        site("calm", square(20, 20), kind="subsidence", settlement="settled", ponding="none"),
        site("silent", square(0, 12), kind="subsidence"),
        now="2024-06-01T09:00:00.000000Z",
    )
    recover(store, PARAMS, today=TODAY)
    find_subsidence(store, SubsidenceParams("insar"), today=TODAY)
    (one,) = service.client.get("/api/subsidence/disagreements").json()["items"]
    assert (one["site_id"], one["site_code"]) == (site_id, "bowl")
    single = service.client.get(f"/api/sites/{site_id}/subsidence").json()
    assert one["disagreements"] == single["disagreements"]
    printed = json.loads(command(service, "subsidence", "disagreements", "--json"))
    assert printed["items"][0]["site_code"] == "bowl"
    assert "记录为稳沉" in command(service, "subsidence", "disagreements", "--lang", "zh")


def test_the_uptake_of_a_site_a_city_and_all_is_a_range(known):
    service, _, site_id = known
    (item,) = service.client.get(f"/api/sites/{site_id}/carbon").json()["items"]
    assert item["with_factor_ha"] == pytest.approx(4.5, rel=1e-2)
    assert item["t_co2_per_year"]["low"] == pytest.approx(4.5 * 4.5, rel=1e-2)
    assert "doi 10.1186" in item["parts"][0]["source"]
    (whole,) = service.client.get("/api/carbon?group_by=all").json()["items"]
    assert whole["t_co2_per_year"] == item["t_co2_per_year"]
    by_site = service.client.get("/api/carbon?group_by=site&year=2020").json()["items"]
    assert {one["key"]: one["reason"] for one in by_site}["001"] in {"no_recovery", "no_new_cover"}
    cities = service.client.get("/api/carbon").json()
    assert [one["key"] for one in cities["items"]] == ["340600"]
    assert "carbon_linear" in cities["assumptions"]


def test_candidates_are_geojson_and_stay_dismissed(known):
    service, _, _ = known
    answer = service.client.get("/api/candidates").json()
    (feature,) = answer["features"]
    assert feature["properties"]["area_ha"] == pytest.approx(1.44, rel=1e-2)
    assert (feature["geometry"]["type"], answer["links"]) == ("MultiPolygon", [])
    place = f"/api/candidates/{feature['id']}/dismiss"
    assert service.client.post(place, json={"reason": " "}).status_code == 422
    key = {"Idempotency-Key": "pond"}
    first, gone = (
        service.client.post(place, json={"reason": "a fish pond"}, headers=key).json() for _ in range(2)
    )
    assert first == gone
    assert (gone["properties"]["state"], gone["properties"]["reason"]) == ("dismissed", "a fish pond")
    assert service.client.post(place, json={"reason": "again"}).status_code == 409
    assert service.client.get("/api/candidates").json()["features"] == []
    assert len(service.client.get("/api/candidates?state=dismissed").json()["features"]) == 1
    assert service.client.post("/api/candidates/99/dismiss", json={"reason": "x"}).status_code == 404


def test_a_candidate_is_entered_as_a_site_of_its_outline_and_is_one_no_longer(known):
    service, _, _ = known
    (feature,) = service.client.get("/api/candidates").json()["features"]
    place = f"/api/candidates/{feature['id']}/accept"
    assert service.client.post(place, json={"site_code": "W1"}).status_code == 422
    answer = service.client.post(place, json={"site_code": "W1", "name": "New pond"})
    assert answer.status_code == 201, answer.text
    site = service.client.get(answer.headers["location"]).json()
    assert site["properties"]["kind"] == "subsidence"
    assert site["properties"]["damage_year"] == feature["properties"]["to_year"]
    assert site["properties"]["area_ha"] == pytest.approx(feature["properties"]["area_ha"])
    assert service.client.get("/api/candidates").json()["features"] == []
    assert service.client.post(place, json={"site_code": "W1", "name": "Again"}).status_code == 409
    assert (
        service.client.post("/api/candidates/99/accept", json={"site_code": "W2", "name": "x"}).status_code
        == 404
    )


def test_a_dismissed_candidate_is_not_entered(known):
    service, _, _ = known
    (feature,) = service.client.get("/api/candidates").json()["features"]
    place = f"/api/candidates/{feature['id']}"
    assert service.client.post(f"{place}/dismiss", json={"reason": "a fish pond"}).status_code == 200
    refused = service.client.post(f"{place}/accept", json={"site_code": "W1", "name": "x"})
    assert (refused.status_code, "a fish pond" in refused.json()["detail"]) == (409, True)


def test_the_page_offers_to_enter_and_to_dismiss_a_candidate(known):
    service, _, _ = known
    page = service.client.get("/sites?lang=en").text
    (feature,) = service.client.get("/api/candidates").json()["features"]
    for what in ("accept", "dismiss"):
        assert f'action="/api/candidates/{feature["id"]}/{what}"' in page
    add_people(service.app.state.store)
    seen = service.client.get("/sites?lang=en", headers=token_for(service.app.state.store, "vera")).text
    assert "New water outside known sites" in seen
    assert "/accept" not in seen
    assert "/dismiss" not in seen


def test_a_page_of_candidates_links_to_the_next(known):
    service, store, _ = known
    pond = cells()
    pond[20:23, 20:23] = WATER
    pond[30:34, 30:34] = WATER
    add_scenes(store, {2021: pond})
    find_candidates(store, CandidateQuery("clcd", from_year=2013, to_year=2021))
    first = service.client.get("/api/candidates?limit=1").json()
    assert len(first["features"]) == 1
    rest = service.client.get(first["links"][0]["href"]).json()
    assert rest["features"][0]["id"] > first["features"][0]["id"]


def test_a_subsidence_run_is_queued_and_worked_off(known):
    service, store, site_id = known
    body = {"kind": "subsidence", "product": "insar", "threshold": 50, "site_ids": [site_id]}
    answer = service.client.post("/api/runs", json=body)
    assert (answer.status_code, answer.json()["kind"]) == (202, "subsidence")
    Worker(store).run_next()
    run = service.client.get(answer.headers["location"]).json()
    assert (run["state"], run["result"]["n_told"]) == ("done", 1)
    (item,) = service.client.get(f"/api/sites/{site_id}/subsidence").json()["items"]
    assert (item["threshold_mm_per_year"], item["settlement"]) == (50.0, "settled")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"product": "nothing"}, 404),
        ({"threshold": 0}, 422),
        ({"last_epochs": 2}, 422),
        ({"from": 2013}, 422),
        ({"kind": "recovery", "product": "clcd", "threshold": 5}, 422),
    ],
)
def test_a_run_that_cannot_be_is_refused_at_once(known, change, status):
    service, _, _ = known
    body = {"kind": "subsidence", "product": "insar"} | change
    assert service.client.post("/api/runs", json=body).status_code == status


def test_the_search_for_new_water_is_a_queued_run_with_progress(known):
    service, store, _ = known
    body = {"kind": "candidates", "product": "clcd", "from": 2013, "to": 2020, "least_ha": 0}
    answer = service.client.post("/api/runs", json=body)
    assert (answer.status_code, answer.json()["kind"]) == (202, "candidates")
    before = service.client.get("/api/candidates").json()["features"]
    with store.write() as conn:
        candidates.replace_open(conn, [], ("clcd", "v1", 2013, 2020))
    done = Worker(store).run_next()
    run = service.client.get(answer.headers["location"]).json()
    assert (run["state"], run["done"], run["total"]) == ("done", 1, 1)
    assert run["result"]["n_found"] == len(before) > 0
    assert done.result["n_patches"] == run["result"]["n_of_sites"] + len(before)
    assert len(service.client.get("/api/candidates").json()["features"]) == len(before)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"product": "nothing"}, 404),
        ({"edition": "v9"}, 404),
        ({"from": 2020, "to": 2013}, 422),
        ({"least_ha": -1}, 422),
        ({"site_ids": [1]}, 422),
    ],
)
def test_a_search_that_cannot_be_made_is_refused_before_it_is_queued(known, change, status):
    service, store, _ = known
    body = {"kind": "candidates", "product": "clcd"} | change
    with store.read() as conn:
        before = runs.find(conn)
    assert service.client.post("/api/runs", json=body).status_code == status
    with store.read() as conn:
        assert runs.find(conn) == before


def test_commands_print_the_same_figures(known, tmp_path):
    service, store, _ = known
    out = tmp_path / "rate.tif"
    text = command(service, "subsidence", "rate", "--product", "insar", "--out", str(out))
    assert "1600 cells have a rate (1600 with 11 epochs)" in text
    again = command(service, "subsidence", "rate", "--product", "insar", "--compare", str(out), "--json")
    compared = json.loads(again)["compared"]
    assert (compared["both"], compared["only_ours"], compared["only_theirs"]) == (1600, 0, 0)
    assert compared["largest"] < 1e-5
    answer = json.loads(command(service, "subsidence", "run", "--product", "insar", "--json"))
    (one,) = [found for found in answer["sites"] if found["site_code"] == "bowl"]
    assert one["items"][0]["moving_share"] == pytest.approx(0.5, abs=1e-4)
    for lang, word in (("en", "Still moving"), ("zh", "未稳沉")):
        assert word in command(service, "subsidence", "run", "--product", "insar", "--lang", lang)
        assert word in command(service, "subsidence", "show", "bowl", "--lang", lang)
    shown = json.loads(command(service, "subsidence", "show", "bowl", "--json"))
    assert shown["disagreements"] == ["recorded_settled_but_moving", "recorded_dry_but_water"]
    assert (
        "nobody"
        in CliRunner()
        .invoke(app, ["subsidence", "show", "nobody", "--store", str(service.folder / "sites.gpkg")])
        .stderr
    )
    with store.read() as conn:
        assert len(scenes.find(conn, kind=SceneKind.DISPLACEMENT)) == len(DAYS)


def test_the_water_of_seasons_is_printed(known):
    service, store, _ = known
    add_season(store, "dry", date(2020, 1, 1), date(2020, 3, 31), cells())
    add_season(store, "wet", date(2020, 7, 1), date(2020, 9, 30), ponds())
    text = command(service, "subsidence", "run", "--product", "clcd")
    assert "Water, clcd, edition v1, ha" in text
    answer = json.loads(command(service, "subsidence", "show", "bowl", "--json"))
    (ponding,) = answer["ponding"]
    assert ponding["ponding"] == "seasonal"
    assert ponding["years"][-1]["seasonal_ha"] == pytest.approx(1.8, rel=1e-2)


def test_carbon_and_candidates_are_commands_too(known, tmp_path):
    service, _, _ = known
    text = command(service, "carbon", "--group-by", "all")
    assert "Uptake of new cover" in text
    assert " to " in text
    items = json.loads(command(service, "carbon", "--group-by", "site", "--json"))["items"]
    assert {one["key"] for one in items} >= {"bowl", "001"}
    found = json.loads(command(service, "candidates", "find", "--product", "clcd", "--json"))
    assert (found["search"]["n_of_sites"], len(found["features"])) == (1, 1)
    path = tmp_path / "new.geojson"
    command(service, "candidates", "list", "--geojson", str(path))
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert kept["features"][0]["properties"]["to_year"] == 2020
    number = str(kept["features"][0]["id"])
    assert "1.44 ha" in command(service, "candidates", "dismiss", number, "--reason", "fish pond")
    assert "no candidate" in command(service, "candidates", "list")
    assert "fish pond" in command(service, "candidates", "list", "--dismissed")


def test_a_series_that_is_not_there_is_said(known):
    service, _, _ = known
    command(service, "subsidence", "rate", "--product", "clcd", code=1)
    command(service, "subsidence", "run", "--product", "nothing", code=1)


def test_the_page_of_a_site_shows_rate_series_water_uptake_and_what_contradicts_the_record(known):
    service, _, site_id = known
    page = service.client.get(f"/sites/{site_id}?lang=en").text
    for words in (
        "Mean rate (mm a year)",
        "Still moving",
        "not vertical",
        "Recorded as settled, but displacement shows movement",
        "Recorded without ponding, but water is seen",
        "seasons are unknown",
        "t CO2 in the year",
        "doi 10.1186/s13021-018-0110-8",
        "Mean displacement by epoch",
        "Water by year",
    ):
        assert words in page, words
    assert page.count("<svg") >= 2
    chinese = service.client.get(f"/sites/{site_id}?lang=zh").text
    assert "未稳沉" in chinese
    assert "记录为稳沉，形变显示仍在移动" in chinese


def test_a_site_of_another_kind_without_results_has_no_empty_section(known):
    service, _, _ = known
    assert 'id="subsidence"' not in service.client.get("/sites/1?lang=en").text


def test_the_list_of_sites_shows_the_candidates(known):
    service, store, _ = known
    page = service.client.get("/sites?lang=en").text
    assert "New water outside known sites" in page
    assert "1 to be looked at" in page
    assert 'id="candidates"' not in service.client.get("/sites?lang=en&kind=subsidence").text
    with store.write() as conn:
        candidates.dismiss(conn, 1, reason="fish pond", actor="a")
    assert 'id="candidates"' not in service.client.get("/sites?lang=en").text


def test_the_recovery_map_outlines_the_candidates(known):
    service, _, _ = known
    page = service.client.get("/maps/recovery?lang=en&product=clcd").text
    assert "New water outside known sites" in page
    assert "candidate-1" in page
    assert "candidate-" not in service.client.get("/maps/recovery?lang=en&product=mapbiomas").text


def test_displacement_stands_beside_a_verdict_without_data(known):
    service, store, _ = known
    (far,) = add_sites(
        store, site("far", square(0, 36), kind="subsidence"), now="2024-06-01T09:00:00.000000Z"
    )
    recover(store, PARAMS, today=TODAY)
    find_subsidence(store, SubsidenceParams("insar"), today=TODAY)
    page = service.client.get(f"/sites/{far}?lang=en").text
    assert "Displacement may still tell" in page
    assert "Too little of the site has a displacement rate" in page


def test_a_candidate_is_dismissed_in_ones_own_unit_alone(known):
    service, _, _ = known
    store = service.app.state.store
    (feature,) = service.client.get("/api/candidates").json()["features"]
    add_people(store)
    heads = {name: token_for(store, name) for name in ("vera", "otto", "olga")}
    place, body = f"/api/candidates/{feature['id']}/dismiss", {"reason": "a fish pond"}
    assert service.client.post(place, json=body, headers=heads["vera"]).json()["reason"] == "role"
    assert service.client.post(place, json=body, headers=heads["otto"]).json()["reason"] == "unit"
    assert service.client.get("/api/candidates", headers=heads["vera"]).json()["features"] == [feature]
    assert service.client.post(place, json=body, headers=heads["olga"]).status_code == 200
