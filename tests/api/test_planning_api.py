"""Projects, targets, inspections and what is overdue, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

Json = dict[str, Any]
ANY = {"If-Match": "*"}

PROJECT = {
    "code": "P-2021/01",
    "name": "North slope",
    "adcode": "340600",
    "fund_source": "central",
    "budget": 1234.56,
    "contractor": "Greenworks",
    "start_on": "2021-01-01",
    "end_on": "2021-12-31",
    "site_ids": [2, 1],
}


def test_a_project_spans_sites_and_keeps_every_version(client: TestClient) -> None:
    made = client.post("/api/projects", json=PROJECT)
    assert made.status_code == 201, made.text
    assert (made.json()["site_ids"], made.json()["budget"]) == ([1, 2], 1234.56)
    url = made.headers["location"]
    assert client.patch(url, json={"budget": 99}).status_code == 428
    stale = client.patch(url, json={"budget": 99}, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["current_version"]) == (412, 1)
    (line,) = stale.json()["difference"]
    assert (line["fact"], line["current"], line["yours"]) == ("budget_cents", 123_456, 9900)
    changed = client.patch(url, json={"budget": 99, "site_ids": [3]}, headers={"If-Match": '"1"'})
    assert (changed.json()["budget"], changed.json()["site_ids"], changed.json()["version"]) == (99, [3], 2)
    assert changed.json()["contractor"] == "Greenworks"
    versions = client.get(f"{url}/versions").json()["items"]
    assert [one["value"]["budget_cents"] for one in versions] == [123_456, 9900]
    assert client.get("/api/projects?site_id=1").json()["items"] == []
    assert [one["code"] for one in client.get("/api/projects?site_id=3").json()["items"]] == ["P-2021/01"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"end_on": "2020-12-31"}, 422),
        ({"budget": -1}, 422),
        ({"site_ids": [99]}, 404),
        ({"adcode": "999999"}, 404),
        ({"currency": "yuan"}, 422),
        ({"cost": 3}, 422),
    ],
)
def test_a_project_that_cannot_be_is_refused(reader: TestClient, change: Json, status: int) -> None:
    assert reader.post("/api/projects", json={**PROJECT, **change}).status_code == status


def test_a_code_is_one_projects_and_a_retry_makes_no_second(client: TestClient) -> None:
    headers = {"Idempotency-Key": "k"}
    first, again = (client.post("/api/projects", json=PROJECT, headers=headers) for _ in range(2))
    assert first.json() == again.json()
    assert client.post("/api/projects", json=PROJECT).status_code == 409
    assert len(client.get("/api/projects").json()["items"]) == 1


def test_projects_are_paged(client: TestClient) -> None:
    for number in range(3):
        client.post("/api/projects", json={**PROJECT, "code": f"P{number}"})
    page = client.get("/api/projects?limit=2").json()
    assert [one["code"] for one in page["items"]] == ["P0", "P1"]
    assert [one["code"] for one in client.get(page["next"]).json()["items"]] == ["P2"]


def test_a_target_is_measured_by_the_sites_that_were_treated_within_the_year(client: TestClient) -> None:
    for status, day in (("treated", "2021-06-01"),):
        done = client.post("/api/sites/3/status", json={"status": status, "effective_on": day}, headers=ANY)
        assert done.status_code == 200
    lost = {"status": "relapsed", "effective_on": "2021-07-01", "restored_ha": None, "reason": "slide"}
    client.post("/api/sites/4/status", json=lost, headers=ANY)
    area = client.get("/api/sites/3").json()["properties"]["area_ha"]
    made = client.post("/api/targets", json={"adcode": "340600", "year": 2021, "target_ha": 200})
    assert made.status_code == 201, made.text
    target = made.json()
    assert (target["done_ha"], target["done_count"], target["as_of"]) == (area, 1, "2021-12-31")
    assert (target["lost_count"], target["share"]) == (1, pytest.approx(area / 200))
    other = client.post("/api/targets", json={"adcode": "340604", "year": 2021, "target_ha": 0}).json()
    assert (other["done_count"], other["share"]) == (0, None)
    before = client.post("/api/targets", json={"adcode": "340600", "year": 2020, "target_ha": 5}).json()
    assert (before["done_count"], before["lost_count"]) == (0, 0)
    assert (
        client.post("/api/targets", json={"adcode": "340600", "year": 2021, "target_ha": 9}).status_code
        == 409
    )


def test_the_parts_of_a_treated_site_are_not_done_again_by_a_split(client: TestClient) -> None:
    def square(west: float, east: float) -> Json:
        ring = [[west, 33.5], [east, 33.5], [east, 33.51], [west, 33.51], [west, 33.5]]
        return {"type": "Polygon", "coordinates": [ring]}

    parts = [
        {"site_code": "a", "geometry": square(117.1, 117.105)},
        {"site_code": "b", "geometry": square(117.105, 117.11)},
    ]
    asked = client.post(
        "/api/sites/4/split", json={"parts": parts, "effective_on": "2021-05-01"}, headers=ANY
    )
    client.post(f"/api/proposals/{asked.json()['proposal']['proposal_id']}/approve", json={"as": "r"})
    target = client.post("/api/targets", json={"adcode": "340600", "year": 2021, "target_ha": 1}).json()
    assert (target["done_count"], target["lost_count"]) == (0, 0)


def test_an_inspection_lets_an_acceptance_pass_without_a_reason(client: TestClient) -> None:
    accept = {"status": "accepted", "effective_on": "2021-03-01"}
    refused = client.post("/api/sites/4/status", json=accept, headers=ANY)
    assert (refused.status_code, refused.json()["type"]) == (422, "/docs/errors#inspection-needed")
    seen = {"site_id": 4, "inspected_on": "2021-02-20", "inspector": "Wang", "finding": "defects"}
    made = client.post("/api/inspections", json=seen)
    assert made.status_code == 201, made.text
    assert client.post("/api/sites/4/status", json=accept, headers=ANY).status_code == 422
    url = made.headers["location"]
    passed = client.patch(url, json={"finding": "passed"}, headers={"If-Match": '"1"'})
    assert (passed.json()["finding"], passed.json()["inspector"]) == ("passed", "Wang")
    early = {**accept, "effective_on": "2021-02-19"}
    assert client.post("/api/sites/4/status", json=early, headers=ANY).status_code == 422
    assert client.post("/api/sites/4/status", json=accept, headers=ANY).status_code == 202
    found = client.get("/api/inspections?site_id=4&finding=passed").json()["items"]
    assert [one["inspection_id"] for one in found] == [made.json()["inspection_id"]]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"inspected_on": "2999-01-01"}, 422),
        ({"site_id": 99}, 404),
        ({"photos": ["0" * 64]}, 422),
        ({"finding": "fine"}, 422),
    ],
)
def test_an_inspection_that_cannot_be_is_refused(reader: TestClient, change: Json, status: int) -> None:
    body = {"site_id": 1, "inspected_on": "2021-02-20", "inspector": "Wang", "finding": "passed", **change}
    assert reader.post("/api/inspections", json=body).status_code == status


def test_overdue_sites_come_by_their_own_date_and_by_that_of_a_project(client: TestClient) -> None:
    assert client.get("/api/overdue").json()["items"] == []
    client.post("/api/projects", json={**PROJECT, "site_ids": [1, 2, 4]})
    client.patch("/api/sites/3", json={"treatment_end": "2020-05-01"}, headers=ANY)
    relapse = {"status": "relapsed", "effective_on": "2021-07-01", "restored_ha": None, "reason": "slide"}
    client.patch("/api/sites/4", json={"treatment_end": "2019-05-01"}, headers=ANY)
    assert client.post("/api/sites/4/status", json=relapse, headers=ANY).status_code == 200
    items = client.get("/api/overdue").json()["items"]
    assert [(one["site_id"], one["due_on"], one["project_code"]) for one in items] == [
        (3, "2020-05-01", None),
        (1, "2021-12-31", "P-2021/01"),
        (2, "2021-12-31", "P-2021/01"),
        (4, "2021-12-31", "P-2021/01"),
    ]
    assert all(one["days"] > 0 for one in items)
    assert [one["site_id"] for one in client.get("/api/overdue?city=340604").json()["items"]] == [1, 2]


def test_a_project_says_what_it_spent_and_what_became_of_its_sites(client: TestClient) -> None:
    made = client.post("/api/projects", json={**PROJECT, "spent": 1000.5, "site_ids": [1, 4]}).json()
    areas = [client.get(f"/api/sites/{one}").json()["properties"]["area_ha"] for one in (1, 4)]
    work = made["work"]
    assert (made["spent"], work["count"], work["treated_count"]) == (1000.5, 2, 1)
    assert (work["area_ha"], work["treated_ha"]) == (pytest.approx(sum(areas), abs=1e-9), areas[1])
    assert work["share"] == pytest.approx(areas[1] / sum(areas))
    none = client.post("/api/projects", json={**PROJECT, "code": "empty", "site_ids": []}).json()["work"]
    assert (none["count"], none["area_ha"], none["share"]) == (0, 0, None)


def test_a_project_that_is_closed_makes_no_site_overdue(client: TestClient) -> None:
    url = client.post("/api/projects", json={**PROJECT, "site_ids": [1]}).headers["location"]
    assert [one["site_id"] for one in client.get("/api/overdue").json()["items"]] == [1]
    early = client.patch(url, json={"closed_on": "2020-12-31"}, headers=ANY)
    assert (early.status_code, "closed_on" in early.json()["detail"]) == (422, True)
    assert (
        client.patch(url, json={"closed_on": "2022-01-15"}, headers=ANY).json()["closed_on"] == "2022-01-15"
    )
    assert client.get("/api/overdue").json()["items"] == []
    assert client.patch(url, json={"closed_on": None}, headers=ANY).json()["closed_on"] is None


@pytest.mark.parametrize(
    ("path", "body", "change"),
    [
        ("/api/projects", PROJECT, {"name": "South slope"}),
        ("/api/targets", {"adcode": "340600", "year": 2021, "target_ha": 5}, {"target_ha": 6}),
        (
            "/api/inspections",
            {"site_id": 4, "inspected_on": "2021-02-20", "inspector": "Wang", "finding": "passed"},
            {"inspector": "Li"},
        ),
    ],
)
def test_a_record_is_taken_off_under_its_version_and_its_versions_stay(
    client: TestClient, path: str, body: Json, change: Json
) -> None:
    url = client.post(path, json=body).headers["location"]
    client.patch(url, json=change, headers=ANY)
    assert client.delete(url).status_code == 428
    stale = client.delete(url, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["current_version"]) == (412, 2)
    (line,) = stale.json()["difference"]
    assert line["current"] != line["yours"]
    for _ in range(2):
        gone = client.delete(f"{url}?reason=twice", headers={"If-Match": '"2"', "Idempotency-Key": "k"})
        assert (gone.status_code, gone.content) == (204, b"")
    assert client.get(url).status_code == 404
    assert client.get(path).json()["items"] == []
    last = client.get(f"{url}/versions").json()["items"][-1]
    assert (last["version"], last["value"]["removed"], last["value"]["removal_reason"]) == (3, True, "twice")
    again = client.post(path, json=body)
    assert again.status_code == 201
    assert again.headers["location"] != url


def test_an_acceptance_no_longer_rests_on_an_inspection_that_was_taken_off(client: TestClient) -> None:
    seen = {"site_id": 4, "inspected_on": "2021-02-20", "inspector": "Wang", "finding": "passed"}
    url = client.post("/api/inspections", json=seen).headers["location"]
    client.delete(url, headers=ANY)
    accept = {"status": "accepted", "effective_on": "2021-03-01"}
    assert client.post("/api/sites/4/status", json=accept, headers=ANY).status_code == 422
