"""Samples and agreement over HTTP and on the command line: drawn, checked, and the interval at once."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.pages.uncertainty import short_interval
from geo.rates import ObservedRate
from geo.recover.run import RecoverParams, recover
from geo.store import Store, samples, sites
from tests.api.accounts_case import add_people, token_for
from tests.geo.recovery_case import FOREST, TODAY, WATER, add_scenes, add_sites, cells, site, square

YEARS = {"from": 2013, "to": 2020}
DRAW = {"product": "clcd", "edition": "v1", **YEARS, "per_stratum": 30, "seed": 4}
RATE = "/api/rates?group_by=all&definition=observed_recovery_rate&product=clcd&edition=v1"
AGREEMENT = "/api/agreement?product=clcd&edition=v1&with=v2&from=2013&to=2020"


def fill(store: Store) -> None:
    """Barren land of which v1 sees 6 rows as forest and 2 as water in 2020, v2 only 3 as forest."""
    after = cells(first_6_40=FOREST)
    after[7:9, :] = WATER
    add_scenes(store, {2013: cells(), 2020: after})
    add_scenes(store, {2013: cells(), 2020: cells(first_3_40=FOREST)}, edition="v2")
    add_sites(store, site("x", square(0, 0)), site("y", square(0, 20)))
    for edition in ("v1", "v2"):
        recover(store, RecoverParams("clcd", edition, 2013, 2020), today=TODAY)


@pytest.fixture
def filled(service: Any) -> Any:
    fill(service.app.state.store)
    return service


def labels_as_mapped(store: Store, sample_id: int, wrong_every: int = 6) -> list[dict[str, object]]:
    with store.read() as conn:
        points = samples.points(conn, sample_id)
    return [
        {
            "point": one.number,
            "checked": "still_disturbed" if one.number % wrong_every == 0 else one.stratum,
        }
        for one in points
    ]


def test_a_sample_is_drawn_checked_and_gives_the_interval_at_once(filled: Any) -> None:
    client, store = filled.client, filled.app.state.store
    answer = client.post("/api/samples", json=DRAW)
    assert answer.status_code == 201
    sample = answer.json()
    assert answer.headers["location"] == f"/api/samples/{sample['sample_id']}"
    assert (sample["n_points"], sample["n_checked"], sample["holds"]) == (90, 0, True)
    assert sample["missing"] == {"recovered": 30, "still_disturbed": 30, "ponded": 30}
    assert client.post("/api/samples", json=DRAW).json()["sample_id"] == sample["sample_id"]

    before = client.get(RATE).json()["items"][0]["observed"]
    assert (before["low"], before["interval_kind"], before["interval_reason"]) == (
        None, None, "sample_too_small",
    )  # fmt: skip
    labels = labels_as_mapped(store, sample["sample_id"])
    receipt = client.post(f"/api/samples/{sample['sample_id']}/labels", json={"labels": labels}).json()
    assert (receipt["n_new"], receipt["n_unchanged"]) == (90, 0)

    after = client.get(RATE).json()["items"][0]["observed"]
    assert after["interval_kind"] == "design"
    assert after["low"] < after["estimate"] < after["high"]
    assert after["indicative"] is None
    shown = client.get(f"/api/samples/{sample['sample_id']}").json()
    assert shown["interval"]["low"] == after["low"]
    assert 0 < shown["accuracy"]["overall"]["value"] < 1
    assert sum(sum(row.values()) for row in shown["matrix"].values()) == 90


def test_the_points_of_a_blind_sample_do_not_say_what_is_mapped(filled: Any) -> None:
    sample_id = filled.client.post("/api/samples", json=DRAW).json()["sample_id"]
    answer = filled.client.get(f"/api/samples/{sample_id}/points")
    assert answer.headers["content-type"] == "application/geo+json"
    found = answer.json()["features"]
    assert {one["properties"]["mapped"] for one in found} == {None}
    assert {one["properties"]["site_code"] for one in found} == {"x", "y"}
    assert filled.client.get("/api/samples").json()["items"][0]["blind"] is True


def test_points_come_as_files_to_work_on(filled: Any) -> None:
    filled.client.post("/api/samples", json=DRAW)
    for form, beginning in (
        ("gpkg", b"SQLite format 3"),
        ("kml", b"<?xml"),
        ("csv", b"\xef\xbb\xbfsample,point"),
    ):
        answer = filled.client.get(f"/api/samples/1/points?format={form}")
        assert answer.content.startswith(beginning)
        assert f'filename="sample-1.{form}"' in answer.headers["content-disposition"]
    assert filled.client.get("/api/samples/1/points?format=docx").status_code == 422


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/samples", {"product": "clcd", "edition": "v9"}, 409),
        ("/api/samples", {"product": "nope"}, 404),
        ("/api/samples", DRAW | {"n": 100}, 422),
        ("/api/samples", DRAW | {"per_stratum": 1}, 422),
        ("/api/samples", DRAW | {"group_by": "city", "key": "999999"}, 404),
        ("/api/samples", DRAW | {"seed": -1}, 422),
        ("/api/samples/99/labels", {"labels": [{"point": 1, "checked": "stable"}]}, 404),
        ("/api/samples/1/labels", {"labels": [{"point": 1, "checked": "lake"}]}, 422),
        ("/api/samples/1/labels", {"labels": [{"point": 5000, "checked": "stable"}]}, 422),
        ("/api/samples/1/labels", {"labels": []}, 422),
    ],
)
def test_what_cannot_be_drawn_or_labelled_is_a_problem(
    filled: Any, path: str, body: Any, status: int
) -> None:
    filled.client.post("/api/samples", json=DRAW)
    answer = filled.client.post(path, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def sent_back(filled: Any, wrong: str = "") -> Any:
    """The answer to the file of points with its column `checked` filled, the first row with `wrong`."""
    table = filled.client.get("/api/samples/1/points?format=csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table)))
    with filled.app.state.store.read() as conn:
        strata = {one.number: one.stratum for one in samples.points(conn, 1)}
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]))
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, "checked": strata[int(row["point"])]})
    text = out.getvalue() if not wrong else out.getvalue().replace(",recovered", f",{wrong}", 1)
    return filled.client.post("/samples/1/labels?lang=en", files={"file": ("points.csv", text.encode())})


def test_a_filled_list_is_sent_on_the_page_and_its_result_shown_at_once(filled: Any) -> None:
    filled.client.post("/api/samples", json=DRAW)
    before = filled.client.get("/samples/1?lang=en").text
    assert "0 / 90" in before
    assert 'action="/samples/1/labels"' in before
    done = sent_back(filled)
    assert done.status_code == 200, done.text
    assert "90 rows: 90 new labels, 0 changed, 0 unchanged, 0 empty." in done.text
    assert "90 / 90" in done.text
    assert "100.0 % ±" in done.text
    assert "90 rows: 0 new labels, 0 changed, 90 unchanged, 0 empty." in sent_back(filled).text
    assert 'href="/samples/1"' in filled.client.get("/?lang=en").text


def test_a_list_with_a_wrong_row_is_refused_on_the_page_with_row_column_and_value(filled: Any) -> None:
    filled.client.post("/api/samples", json=DRAW)
    refused = sent_back(filled, wrong="lake")
    assert refused.status_code == 422
    assert "column checked: &#39;lake&#39;" in refused.text
    assert filled.client.get("/api/samples/1").json()["n_checked"] == 0
    for files in ({"file": ("points.csv", b"nothing")}, {"file": ("photo.gpkg", b"\x89PNG")}, {}):
        assert filled.client.post("/samples/1/labels", files=files).status_code == 422
    assert filled.client.get("/samples/99").status_code == 404
    assert filled.client.post("/samples/99/labels", files={"file": ("points.csv", b"a")}).status_code in {
        404,
        422,
    }


def test_a_refused_label_is_named_by_row_column_and_value(filled: Any) -> None:
    filled.client.post("/api/samples", json=DRAW)
    body = {"labels": [{"point": 1, "checked": "stable"}, {"point": 2, "checked": "lake"}]}
    problem = filled.client.post("/api/samples/1/labels", json=body).json()
    assert problem["problems"][0]["row"] == 2
    assert (problem["problems"][0]["column"], problem["problems"][0]["value"]) == ("checked", "lake")
    assert filled.client.get("/api/samples/1").json()["n_checked"] == 0


def test_the_agreement_of_two_editions_says_the_range(filled: Any) -> None:
    found = filled.client.get(AGREEMENT).json()
    assert (found["low"], found["high"]) == pytest.approx((0.3, 0.6))
    cells_of = {(one["row"], one["column"]): one["ha"] for one in found["table"]["cells"]}
    assert cells_of["recovered", "still_disturbed"] == pytest.approx(3 * 10 * 0.09 * 2, rel=2e-3)
    assert {"x", "y"} <= {one["site_code"] for one in found["sites"]}
    scene = filled.client.get(f"{AGREEMENT}&scene=true&class=7").json()
    assert scene["classes"][0]["vegetated_share"] == pytest.approx(6 / 40, rel=1e-3)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("product=clcd&edition=v1&with=v1&from=2013&to=2020", 422),
        ("product=clcd&edition=v1&with=v2&from=2020&to=2013", 422),
        ("product=clcd&edition=v1&with=v2&from=2013&to=2019", 404),
        ("product=clcd&edition=v1&with=nope:v2&from=2013&to=2020", 404),
        ("product=worldcover&edition=v100&with=v200&from=2020&to=2021", 403),
        ("product=clcd&edition=v1&from=2013&to=2020", 422),
        ("product=clcd&edition=v1&with=v2&from=2013&to=2020&city=999999", 404),
    ],
)
def test_what_cannot_be_compared_is_a_problem(filled: Any, query: str, status: int) -> None:
    assert filled.client.get(f"/api/agreement?{query}").status_code == status


def run(*words: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == code, (done.stdout, done.stderr, done.exception)
    return done


def test_the_command_line_draws_reads_and_shows(filled: Any, tmp_path: Path) -> None:
    store = filled.app.state.store
    at = ("--store", str(store.path))
    scene = ("--product", "clcd", "--edition", "v1", "--from", "2013", "--to", "2020")
    out = tmp_path / "points.csv"
    drawn = json.loads(
        run("sample", "draw", *scene, "--per-stratum", "30", "--out", str(out), "--json", *at).stdout
    )
    labels = {one["point"]: one["checked"] for one in labels_as_mapped(store, drawn["sample_id"])}
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["checked"] = str(labels[int(row["point"])])
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    said = run("sample", "read", str(out), *at).stdout
    assert "90 new, 0 changed" in said
    assert "95 % interval" in said
    again = json.loads(run("sample", "read", str(out), "--json", *at).stdout)
    assert again["receipt"]["n_unchanged"] == 90
    assert "All, legacy sites" in run("sample", "list", *at).stdout
    rates = run(
        "rates", "--group-by", "all", "--definition", "observed_recovery_rate", *scene[:4], *at
    ).stdout
    interval = again["sample"]["interval"]
    assert f"{100 * interval['low']:.1f} % to {100 * interval['high']:.1f} %" in rates


def test_the_command_line_writes_every_form_and_refuses_others(filled: Any, tmp_path: Path) -> None:
    at = ("--store", str(filled.app.state.store.path))
    run("sample", "draw", "--product", "clcd", "--edition", "v1", "--per-stratum", "5", *at)
    for name in ("p.gpkg", "p.kml", "p.csv", "p.geojson"):
        run("sample", "points", "1", "--out", str(tmp_path / name), *at)
        assert (tmp_path / name).stat().st_size > 100
        before = (tmp_path / name).read_bytes()
        refused = run("sample", "points", "1", "--out", str(tmp_path / name), *at, code=1)
        assert "not overwritten" in refused.stderr
        assert (tmp_path / name).read_bytes() == before
    assert "none of" in run("sample", "points", "1", "--out", str(tmp_path / "p.docx"), *at, code=1).stderr
    matrix = tmp_path / "m.csv"
    matrix.write_text("mapped,recovered,lake\nrecovered,1,2\n", encoding="utf-8")
    refused = run("sample", "matrix", str(matrix), "--product", "clcd", "--edition", "v1", *at, code=1)
    assert "row 1, column 3: 'lake'" in refused.stderr


def test_an_indicative_interval_is_marked_on_the_command_line(filled: Any, tmp_path: Path) -> None:
    at = ("--store", str(filled.app.state.store.path))
    matrix = tmp_path / "m.csv"
    matrix.write_text(
        "mapped,recovered,still_disturbed,ponded\nrecovered,40,8,2\nstill_disturbed,3,46,1\nponded,1,4,45\n",
        encoding="utf-8",
    )
    run("sample", "matrix", str(matrix), "--product", "clcd", "--edition", "v1", "--source", "abroad", *at)
    done = run("rates", "--group-by", "all", "--product", "clcd", "--edition", "v1", *at)
    assert "≈ " in done.stdout
    assert "indicative only" in done.stderr


def test_the_command_line_compares_editions_and_follows_a_class(filled: Any) -> None:
    at = ("--store", str(filled.app.state.store.path))
    scene = ("--product", "clcd", "--edition", "v1")
    said = run("agreement", *scene, "--with", "v2", "--from", "2013", "--to", "2020", *at).stdout
    assert "the range: 30.0 % to 60.0 %" in said
    one = run("agreement", *scene, "--with", "v2", "--from", "2013", "--to", "2020", "--site", "x", *at)
    assert "x: disturbed in 2013" in one.stdout
    run("agreement", *scene, "--with", "v2", "--from", "2013", "--to", "2020", "--site", "nope", *at, code=1)
    drift = run("scenes", "drift", *scene, "--class", "7", "--from", "2013", "--to", "2020", *at).stdout
    assert "no swing beyond the rules" in drift
    run("scenes", "drift", *scene, "--class", "77", *at, code=1)
    answer = json.loads(run("scenes", "drift", *scene, "--class", "7", "--json", *at).stdout)
    assert [one["temporal_rule"] for one in answer["series"]] == ["none", "majority3"]


DASHBOARD = "/?lang=en&product=clcd&edition=v1"


def test_the_dashboard_shows_the_interval_and_the_range_of_editions(filled: Any) -> None:
    client = filled.client
    bare = client.get(DASHBOARD).text
    assert "No checked sample, so no interval" in bare
    assert "sites, 2013–2020, the editions span 30.0 %–60.0 %" in bare
    sample_id = client.post("/api/samples", json=DRAW).json()["sample_id"]
    assert "Too few points are checked yet" in client.get(DASHBOARD).text
    labels = labels_as_mapped(filled.app.state.store, sample_id)
    client.post(f"/api/samples/{sample_id}/labels", json={"labels": labels})
    observed = client.get(RATE).json()["items"][0]["observed"]
    page = client.get(DASHBOARD).text
    span = f"{100 * observed['low']:.1f} %–{100 * observed['high']:.1f} %"
    assert f'<p class="interval design">95 % interval {span} (the sample estimates' in page


def test_the_dashboard_lists_the_samples_with_their_files(filled: Any) -> None:
    client = filled.client
    assert "There is no sample." in client.get(DASHBOARD).text
    sample_id = client.post("/api/samples", json=DRAW).json()["sample_id"]
    page = client.get(DASHBOARD).text
    assert "90 points are still to be checked" in page
    assert f'href="/api/samples/{sample_id}/points?format=gpkg"' in page
    labels = labels_as_mapped(filled.app.state.store, sample_id)
    client.post(f"/api/samples/{sample_id}/labels", json={"labels": labels})
    page = client.get(DASHBOARD).text
    assert "Enough points are checked" in page
    assert "90 / 90" in page


def test_a_cell_shows_a_borrowed_interval_after_a_sign() -> None:
    plain = ObservedRate(
        0.5, None, None, None, None, "clcd", "v1", 2013, 2020,
        disturbed_baseline_ha=1.0, recovered_ha=0.5, valid_share=1.0,
    )  # fmt: skip
    assert short_interval(plain) == ""
    hint = {"interval_kind": "transferred", "low": 0.25, "high": 0.75}
    assert short_interval(replace(plain, indicative=hint)) == "≈ 25.0 %–75.0 %"
    assert short_interval(replace(plain, low=0.4, high=0.6, interval_kind="design")) == "40.0 %–60.0 %"


def test_a_borrowed_interval_is_drawn_dashed_and_named(filled: Any, tmp_path: Path) -> None:
    matrix = tmp_path / "m.csv"
    matrix.write_text(
        "mapped,recovered,still_disturbed,ponded\nrecovered,40,8,2\nstill_disturbed,3,46,1\nponded,1,4,45\n",
        encoding="utf-8",
    )
    at = ("--store", str(filled.app.state.store.path))
    run("sample", "matrix", str(matrix), "--product", "clcd", "--edition", "v1", "--source", "abroad", *at)
    page = filled.client.get(DASHBOARD).text
    assert '<p class="interval transferred">Indicative only, not an interval of these sites:' in page
    assert "by the error matrix of abroad" in page
    assert "interval design" not in page


def test_the_page_of_a_site_and_the_map_show_what_each_edition_says(filled: Any) -> None:
    store = filled.app.state.store
    with store.read() as conn:
        found = sites.by_code(conn, "x")
    page = filled.client.get(f"/sites/{found.site_id}?lang=en").text
    assert "The editions span 30.0 %–60.0 %" in page
    shown = filled.client.get("/maps/recovery?lang=en&product=clcd&edition=v1&from=2013&to=2020").text
    assert "30.0 %–60.0 %" in shown
    assert "v1: 60.0 %" in shown


def test_points_over_many_units_are_labelled_by_an_administrator_alone(filled: Any) -> None:
    store = filled.app.state.store
    sample_id = filled.client.post("/api/samples", json=DRAW).json()["sample_id"]
    add_people(store)
    body = {"labels": [{"point": 1, "checked": "stable"}]}
    place = f"/api/samples/{sample_id}/labels"
    answers = [
        filled.client.post(place, json=body, headers=token_for(store, name))
        for name in ("vera", "otto", "adam")
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 200]
    assert answers[1].json()["reason"] == "no_unit"
