"""Verdicts in words and with their basis: over HTTP, on pages, on the map, from the command line."""

import json

import pytest
from typer.testing import CliRunner

from api.cli import app
from geo.recover.run import recover
from geo.status import Status
from geo.store import Store
from tests.geo.recovery_case import PARAMS, TODAY, add_sites, ramp, site, square

SOONER = "2024-05-01T08:00:00.000000Z"
CONTRADICTED = "the land does not bear out the status"


def judged(store):
    ramp(store)
    ids = add_sites(
        store,
        site("good", square(0, 0), Status.TREATED),
        site("bad", square(20, 20), Status.TREATED),
        site("worse", square(20, 0, rows=12), Status.TREATED),
        now=SOONER,
    )
    recover(store, PARAMS, today=TODAY)
    return ids


@pytest.fixture
def told(service):
    return service, judged(service.app.state.store)


def test_a_verdict_has_words_and_the_scenes_and_parameters_it_came_from(told):
    service, (good, bad, _) = told
    (item,) = service.client.get(f"/api/sites/{good}/evidence").json()["items"]
    assert set(item["words"]) == {"zh", "en"}
    assert "Verdict: Corroborated." in item["words"]["en"]
    assert [scene["year"] for scene in item["basis"]["scenes"]] == [2013, 2016, 2020]
    assert item["basis"]["thresholds"]["corroborated_share"] == 0.5
    assert len(item["basis"]["content_key"]) == 64
    (other,) = service.client.get(f"/api/sites/{bad}/evidence").json()["items"]
    assert CONTRADICTED in other["words"]["en"]
    assert service.client.get(f"/api/sites/{bad}/evidence?edition=v9").json()["items"] == []


def test_the_worklist_is_ranked_by_hectares_and_told_in_words(told):
    service, _ = told
    items = service.client.get("/api/worklist").json()["items"]
    assert [item["site_code"] for item in items] == ["worse", "bad"]
    assert items[0]["worklist_ha"] > items[1]["worklist_ha"] > 0
    assert all(CONTRADICTED in item["words"]["en"] for item in items)
    page = service.client.get("/worklist?lang=en").text
    assert CONTRADICTED in page
    assert page.index(">worse</a>") < page.index(">bad</a>")


def test_the_page_of_a_site_tells_the_verdict_as_a_paragraph_with_its_basis(told):
    service, (_, bad, _) = told
    english = service.client.get(f"/sites/{bad}?lang=en").text
    assert CONTRADICTED in english
    assert "Next: inspect the" in english
    assert "What it rests on" in english
    assert "clcd_v1_2016.tif" in english
    assert "土地没有印证台账状态" in service.client.get(f"/sites/{bad}?lang=zh").text


@pytest.mark.parametrize(("lang", "words"), [("en", CONTRADICTED), ("zh", "土地没有印证台账状态")])
def test_the_recovery_map_tells_verdicts_and_ranks_the_sites_in_doubt(told, lang, words):
    service, (_, bad, _) = told
    shown = service.client.get(f"/maps/recovery?lang={lang}").text
    assert json.dumps(words)[1:-1] in shown
    ranked = shown[shown.index("rv-ranking") :]
    assert ranked.index("worse") < ranked.index("bad")
    assert shown.count("data-zoom=") == 2
    assert json.dumps(words)[1:-1] in service.client.get(f"/maps/sites/{bad}?lang={lang}").text


def test_a_map_without_sites_in_doubt_has_no_ranking(service):
    assert "rv-ranking" not in service.client.get("/maps/recovery?lang=en").text


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "store.gpkg"
    store = Store.open(path, create=True)
    judged(store)
    store.close()
    return lambda *words: CliRunner().invoke(app, [*words, "--store", str(path)])


def test_the_command_prints_the_paragraph_the_course_and_the_basis(run):
    said = run("evidence", "--site", "bad").stdout
    assert CONTRADICTED in said
    assert "In 2020: Disturbed; no recovery seen." in said
    assert "2013 " in said
    assert "corroborated_share 0.5" in said
    assert "判定：不符。" in run("evidence", "--site", "bad", "--lang", "zh").stdout
    answer = json.loads(run("evidence", "--site", "good", "--json").stdout)
    assert (answer["site_code"], answer["items"][0]["verdict"]) == ("good", "corroborated")
    assert set(answer["items"][0]["words"]) == {"zh", "en"}


def test_a_site_that_is_not_there_is_told_in_one_line(run):
    done = run("evidence", "--site", "nowhere")
    assert done.exit_code == 1
    assert done.stderr == "error: no site has the code 'nowhere'\n"


def test_a_site_that_was_not_judged_is_told(run, tmp_path):
    path = tmp_path / "other.gpkg"
    store = Store.open(path, create=True)
    add_sites(store, site("new", square(0, 0)))
    store.close()
    done = CliRunner().invoke(app, ["evidence", "--site", "new", "--store", str(path)])
    assert "was not judged yet" in done.stdout
