"""The same file again: after its undo, while the undo waits, and after a site left otherwise."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from api.cli import app
from tests.api.test_batch_decisions import decide, undone
from tests.api.test_import_steps import FILE, MAPPED

DAYS = ("2019-05-31", "2019-06-01", "2021-01-01", "2022-01-01")
CHANNELS = ("api", "page", "command")


def again(service, channel: str, tmp_path) -> dict:
    """The receipt of the same file, imported once more."""
    client = service.client
    if channel == "api":
        sent = {**MAPPED, "dry_run": "false", "lang": "en"}
        done = client.post("/api/imports", files={"file": ("a.csv", FILE)}, data=sent)
        return done.json()
    if channel == "page":
        page = client.post("/imports/look?lang=en", files={"file": ("a.csv", FILE)}).text
        chosen = {
            "upload": re.search(r'name="upload" value="(\w+)"', page)[1],
            "column": ["编号", "状况", "面积"],
            "field": ["site_code", "status", "declared_area_ha"],
            "unit": ["", "", "mu"],
            "as_of": "2021-01-01",
        }
        tried = client.post("/imports/try?lang=en", data=chosen, follow_redirects=False)
        done = client.post(f"{tried.headers['location']}/commit", data={}, follow_redirects=False)
        return client.get(f"/api{done.headers['location']}").json()
    path = tmp_path / "a.csv"
    path.write_bytes(FILE)
    told = CliRunner().invoke(
        app,
        [
            "import",
            str(path),
            "--store",
            str(service.folder / "sites.gpkg"),
            "--as-of",
            "2021-01-01",
            "--json",
        ],
    )
    assert told.exit_code == 0, told.output
    number = service.client.get("/api/imports").json()["items"][0]["import_id"]
    return client.get(f"/api/imports/{number}").json()


def codes(receipt: dict) -> list[tuple[str, list[str]]]:
    return [(row["result"], [one["code"] for one in row["findings"]]) for row in receipt["rows"]]


@pytest.mark.parametrize("channel", CHANNELS)
def test_sites_whose_import_was_undone_come_back_once_a_second_person_agrees(
    service, tmp_path, channel: str
) -> None:
    client = service.client
    undone(client)
    decide(client, "approve")
    receipt = again(service, channel, tmp_path)
    assert codes(receipt) == [("changed", ["comes_back"])] * 2
    assert "comes back from 2021-01-01" in receipt["rows"][0]["findings"][0]["problem"]
    assert receipt["proposals"]["open"] == 2
    assert client.get("/api/sites?q=0090").json()["features"] == []
    assert "comes back" in client.get(f"/imports/{receipt['import_id']}?lang=en").text
    decide(client, "approve", f"import:{receipt['import_id']}")
    found = client.get("/api/sites?q=0090").json()["features"]
    assert [one["properties"]["status"] for one in found] == ["treated", "treated"]


def test_sites_whose_import_was_undone_come_back_on_an_earlier_day_with_what_the_new_import_says(
    service,
) -> None:
    client = service.client

    def counts() -> dict[str, tuple[int, int]]:
        found = {}
        for day in DAYS:
            rate = client.get(f"/api/rates?group_by=all&basis=count&responsible=all&as_of={day}").json()[
                "items"
            ][0]
            found[day] = rate["denominator_count"], rate["numerator_count"]
        return found

    before = counts()
    undone(client)
    decide(client, "approve")
    earlier = {**MAPPED, "status_map": ["完=planned"], "as_of": "2019-06-01", "dry_run": "false"}
    done = client.post("/api/imports", files={"file": ("a.csv", FILE)}, data=earlier).json()
    assert codes(done) == [("changed", ["comes_back"])] * 2
    decide(client, "approve", f"import:{done['import_id']}")
    found = client.get("/api/sites?q=0090").json()["features"]
    assert [(one["properties"]["entered_on"], one["properties"]["status"]) for one in found] == [
        ("2019-06-01", "planned")
    ] * 2
    assert counts() == {day: (all_ + 2 * (day != DAYS[0]), done) for day, (all_, done) in before.items()}
    told = CliRunner().invoke(app, ["verify", "--store", str(service.folder / "sites.gpkg")])
    assert told.exit_code == 0, told.output
    assert client.post(f"/api/imports/{done['import_id']}/undo", json={}).json()["counts"]["proposed"] == 2
    decide(client, "approve", "undo:2")
    assert client.get("/api/sites?q=0090").json()["features"] == []
    assert counts() == before


@pytest.mark.parametrize("channel", CHANNELS)
def test_while_the_undo_waits_each_row_says_that_its_site_is_about_to_leave(
    service, tmp_path, channel: str
) -> None:
    undone(service.client)
    receipt = again(service, channel, tmp_path)
    assert codes(receipt) == [("unchanged", ["leaving_waits"])] * 2
    page = service.client.get(f"/imports/{receipt['import_id']}?lang=en").text
    assert "has proposed that the site leave (proposal 1, which waits)" in page


def test_what_comes_back_and_waits_is_not_proposed_twice_and_the_dry_run_says_so(service, tmp_path) -> None:
    client = service.client
    undone(client)
    decide(client, "approve")
    first = again(service, "api", tmp_path)
    tried = client.post("/api/imports", files={"file": ("a.csv", FILE)}, data=MAPPED).json()
    assert codes(tried) == [("unchanged", ["comes_back", "already_proposed"])] * 2
    second = again(service, "api", tmp_path)
    assert codes(second) == codes(tried)
    assert [row["proposal_ids"] for row in second["rows"]] == [row["proposal_ids"] for row in first["rows"]]


def test_an_import_that_brought_sites_back_is_undone_like_any_other(service, tmp_path) -> None:
    client = service.client
    undone(client)
    decide(client, "approve")
    number = again(service, "api", tmp_path)["import_id"]
    decide(client, "approve", f"import:{number}")
    assert client.post(f"/api/imports/{number}/undo", json={}).json()["counts"]["proposed"] == 2
    decide(client, "approve", "undo:2")
    assert client.get("/api/sites?q=0090").json()["features"] == []
    assert client.get(f"/api/imports/{number}").json()["undo"]["complete"] is True


def test_a_site_that_left_otherwise_is_refused_with_the_days_on_which_it_counted(service, tmp_path) -> None:
    client = service.client
    sent = {**MAPPED, "dry_run": "false"}
    done = client.post("/api/imports", files={"file": ("a.csv", FILE)}, data=sent).json()
    for row in done["rows"]:
        gone = client.delete(
            f"/api/sites/{row['site_id']}?effective_on=2022-05-01&reason=sold", headers={"If-Match": "*"}
        )
        number = gone.json()["proposal"]["proposal_id"]
        client.post(f"/api/proposals/{number}/approve", json={"as": "wang"})
    tried = client.post("/api/imports", files={"file": ("a.csv", FILE)}, data={**MAPPED}).json()
    assert codes(tried) == [("rejected", ["site_has_left"])] * 2
    assert "from 2021-01-01 until 2022-05-01" in tried["rows"][0]["findings"][0]["problem"]
