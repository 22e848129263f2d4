"""The commands of docs/real-case.md on real data, as a user types them, and the pages over their store."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.cli import app
from api.settings import Settings

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def run(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Runs a command on one store that holds the titles and both collections, and gives what it prints."""
    folder = real_data / "amapa_lourenco"
    store = tmp_path_factory.mktemp("commands") / "lourenco.gpkg"

    def command(*words: str) -> str:
        done = CliRunner().invoke(app, [*words, "--store", str(store)])
        assert done.exit_code == 0, done.stderr
        return done.stdout

    command("import", str(folder / "sites.geojson"), "--cities", "none")
    collection_6 = sorted(map(str, (folder / "col6").glob("*.tif")))
    command("scenes", "add", *collection_6, "--product", "mapbiomas", "--edition", "c6")
    collection_8 = str(folder / "col8" / "lorenco_85a22.tif")
    bands = ("--bands", "1985:2022")
    command("scenes", "add", collection_8, "--product", "mapbiomas", "--edition", "c8", *bands)
    command.store = store
    return command


@pytest.mark.parametrize(("edition", "mining", "still_mining"), [("c6", 526.5, 289.1), ("c8", 870.9, 860.4)])
def test_the_scene_commands_print_the_mining_of_1985_and_what_is_left_of_it(
    run, edition, mining, still_mining
):
    scene = ("--product", "mapbiomas", "--edition", edition)
    areas = json.loads(run("scenes", "areas", *scene, "--year", "1985", "--json"))
    assert round(areas["area_ha_grid"]["1985"]["30"], 1) == mining
    moved = json.loads(run("scenes", "transitions", *scene, "--from", "1985", "--to", "2020", "--json"))
    still = next(one for one in moved["transitions"] if one["from_code"] == one["to_code"] == 30)
    assert round(still["ha_grid"], 1) == still_mining


def test_recover_prints_every_site_and_a_total_that_says_its_overlap(run):
    years = ("--from", "1985", "--to", "2020", "--json")
    answer = json.loads(run("recover", "--product", "mapbiomas", "--edition", "c6", *years))
    assert set(answer) == {"run", "sites", "total"}
    assert answer["run"]["state"] == "done"
    assert len(answer["sites"]) == 12
    mining = sum(site["items"][0]["area_ha"]["1985"].get("30", 0.0) for site in answer["sites"])
    assert mining == pytest.approx(587, rel=5e-3)
    assert answer["total"]["overlap_ha"] == pytest.approx(419.4, rel=1e-3)
    assert {item["temporal_rule"] for site in answer["sites"] for item in site["items"]} == {"none"}


def test_the_dashboard_shows_what_each_edition_sees(run):
    for edition in ("c6", "c8"):
        run("recover", "--product", "mapbiomas", "--edition", edition, "--from", "1985", "--to", "2020")
    with TestClient(create_app(Settings(store=str(run.store))), base_url="http://127.0.0.1") as client:
        page = client.get("/?lang=en").text
    assert "MapBiomas Brazil · c8 · 1985–2020" in page
    assert "Another edition: MapBiomas Brazil · c6 · 1985–2020: 45.3 %" in page
