"""The commands of docs/uncertainty.md on real data, as they stand there, and the figures that they print."""

import json
import re
import sqlite3
from contextlib import closing

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from tests.docs_page import DocsPage, lay_out, run_in

pytestmark = pytest.mark.real_data
PAGE = DocsPage.of("uncertainty")


@pytest.fixture(scope="module")
def printed(real_data, tmp_path_factory):
    """What each command of the page prints, run in order in a folder that sees the data's."""
    place = lay_out(tmp_path_factory.mktemp("uncertainty"), *(real_data / "amapa_lourenco").iterdir())
    return place, [(words, done.stdout) for words, done in PAGE.run(place)]


def output(printed, *beginning, without=()):
    return next(
        text
        for words, text in printed[1]
        if words[: len(beginning)] == beginning and not set(words) & set(without)
    )


def answer(printed, *words):
    return json.loads(run_in(printed[0], [*words, "--store", "lourenco.gpkg", "--json"]).stdout)


def test_the_mining_of_1985_is_vegetated_by_42_percent_or_by_1(printed):
    narrow = output(printed, "agreement")
    assert re.findall(r"^vegetated: (.*)$", narrow, re.MULTILINE) == ["41.8 %", "1.2 %"]
    wide = output(printed, "agreement", without=["--vegetated"])
    assert re.findall(r"^vegetated: (.*)$", wide, re.MULTILINE) == ["43.6 %", "1.2 %"]
    titles = " ".join(narrow.split())
    assert "526.8 ha, 526.5 grid ha" in titles
    assert "871.4 ha, 870.9 grid ha" in titles


def test_the_scene_and_the_titles_span_the_ranges_of_the_page(printed):
    scene = output(printed, "agreement")
    assert "the range: 1.2 % to 46.2 %" in scene
    assert "they agree on 158,798.2 ha and differ on 1,574.1 ha; 258.3 ha lack data" in scene
    assert "of the 535.6 ha that both call disturbed in 1985, 44.3 % and 0.8 % recovered" in scene
    titles = output(printed, "agreement", without=["--scene"])
    assert "the range: 1.0 % to 45.3 %" in titles
    for figure in ("158,798.2", "1,574.1", "258.3", "535.6", "44.3 %", "0.8 %", "45.3 % of 616.5"):
        assert figure in PAGE.text


def test_the_agreement_of_the_titles_equals_their_recovery_runs(printed):
    found = answer(
        printed, "agreement", "--product", "mapbiomas", "--edition", "c6", "--with", "c8", "--from", "1985",
        "--to", "2020",
    )  # fmt: skip
    for edition, side in (("c6", "first"), ("c8", "second")):
        total = answer(
            printed,
            "recover",
            "--product",
            "mapbiomas",
            "--edition",
            edition,
            "--from",
            "1985",
            "--to",
            "2020",
        )["total"]["sum"]
        assert found[side]["disturbed_baseline_ha"] == pytest.approx(total["disturbed_baseline_ha"], abs=1e-6)
        assert found[side]["recovered_share"] == pytest.approx(total["recovered_share"], abs=1e-12)


def grid_ha(series, year):
    return round(next(one["ha_grid"] for one in series["years"] if one["year"] == year), 1)


def test_collection_6_drifts_and_the_majority_of_three_years_leaves_the_drift(printed):
    drift = answer(
        printed, "scenes", "drift", "--product", "mapbiomas", "--edition", "c6", "--class", "30", "--from",
        "1995", "--to", "2005",
    )  # fmt: skip
    raw, majority = drift["series"]
    assert [grid_ha(raw, year) for year in (1995, 2005, 2020)] == [736.4, 296.4, 516.7]
    assert [grid_ha(majority, year) for year in (1995, 2005, 2020)] == [736.4, 300.6, 516.7]
    assert round(raw["between"]["lost_ha_grid"], 1) == 451.4
    assert round(raw["between"]["gained_ha_grid"], 1) == 11.3
    assert round(raw["between"]["lost_ha"], 1) == 451.7
    for series in (raw, majority):
        (swing,) = series["swings"]
        assert (swing["peak_year"], swing["trough_year"], swing["regain_year"]) == (1999, 2006, 2016)


def test_the_swing_is_said_to_be_drift_and_collection_8_has_none(printed):
    six = output(printed, "scenes", "drift")
    assert six.count("drift of the edition, not recovery: 1999 to 2006") == 2
    assert (
        "1995 to 2005: 736.9 to 296.6 ha (736.4 to 296.4 grid ha), lost 451.7 (451.4 grid), gained 11.3"
        in six
    )
    eight = next(text for words, text in printed[1] if words[:2] == ("scenes", "drift") and "c8" in words)
    assert eight.count("no swing beyond the rules of drift") == 2


def test_the_sample_has_the_areas_of_the_rate_and_no_interval_before_it_is_checked(printed):
    shown = answer(printed, "sample", "show", "1")
    assert (shown["n_points"], shown["n_checked"], shown["interval"]) == (300, 0, None)
    disturbed = ("recovered", "still_disturbed", "converted", "ponded")
    assert round(sum(shown["mapped_ha"][slug] for slug in disturbed), 1) == 616.5
    assert round(shown["mapped_ha"]["recovered"], 1) == 279.1
    assert set(shown["missing"].values()) == {30}
    assert "0 new, 0 changed, 0 unchanged labels, 300 empty" in output(printed, "sample", "read")


def test_labels_set_in_the_file_give_the_interval_on_every_face(printed):
    """The labels are made up, as a check of the way they take: every tenth point disagrees with the map."""
    place = printed[0]
    with closing(sqlite3.connect(place / "lourenco.gpkg")) as store:
        mapped = dict(store.execute("SELECT number, stratum FROM sample_points WHERE sample_id = 1"))
    with closing(sqlite3.connect(place / "points.gpkg")) as file:
        for number, stratum in mapped.items():
            found = stratum if number % 10 else "stable"
            file.execute("UPDATE points SET checked = ? WHERE point = ?", (found, number))
        file.commit()
    read = answer(printed, "sample", "read", "points.gpkg")
    assert read["receipt"]["n_new"] == 300
    assert answer(printed, "sample", "read", "points.gpkg")["receipt"]["n_unchanged"] == 300
    interval = read["sample"]["interval"]
    assert interval["low"] < interval["estimate"] < interval["high"]
    settings = Settings(store=str(place / "lourenco.gpkg"))
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        asked = "definition=observed_recovery_rate&responsible=all&product=mapbiomas&edition=c6"
        rate = client.get(f"/api/rates?group_by=all&{asked}").json()["items"][0]["observed"]
        other = client.get(f"/api/rates?group_by=all&{asked.replace('c6', 'c8')}").json()["items"][0]
        page = client.get("/?lang=en&product=mapbiomas&edition=c6&responsible=all").text
    assert (rate["low"], rate["high"], rate["interval_kind"]) == (interval["low"], interval["high"], "design")
    assert (other["observed"]["low"], other["observed"]["interval_reason"]) == (None, "no_sample")
    assert "Over the same 12 sites, 1985–2020, the editions span 1.0 %–45.3 %" in page
    assert f"95 % interval {100 * interval['low']:.1f} %–{100 * interval['high']:.1f} %" in page
