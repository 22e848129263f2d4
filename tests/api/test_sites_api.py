"""Sites over HTTP: reading, paging, writing under a version, the second person."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

Json = dict[str, Any]


def status_change(client: TestClient, site: int, body: Json, *, match: str = "*", **headers: str) -> Any:
    sent = {"If-Match": match, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return client.post(f"/api/sites/{site}/status", json=body, headers=sent)


def test_sites_come_as_geojson_with_ids_at_their_top(reader: TestClient) -> None:
    answer = reader.get("/api/sites")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/geo+json"
    body = answer.json()
    assert body["type"] == "FeatureCollection"
    assert [feature["id"] for feature in body["features"]] == [1, 2, 3, 4, 5]
    first = body["features"][0]
    assert first["geometry"]["type"] == "MultiPolygon"
    assert first["properties"]["site_code"] == "001"
    assert first["properties"]["city_name"] == "Lieshan"
    assert first["properties"]["area_ha"] == pytest.approx(103.1, abs=0.5)
    assert [link["rel"] for link in body["links"]] == ["self"]


def test_paging_visits_each_site_once(reader: TestClient) -> None:
    seen: list[int] = []
    url: str | None = "/api/sites?limit=2"
    while url is not None:
        body = reader.get(url).json()
        seen += [feature["id"] for feature in body["features"]]
        url = next((link["href"] for link in body["links"] if link["rel"] == "next"), None)
    assert seen == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("city=340604", [1, 2]),
        ("city=340600", [1, 2, 3, 4, 5]),
        ("city=340000&status=treated", [4]),
        ("bbox=116.4,33,116.6,34", [1]),
        ("q=pit 3", [3]),
        ("q=004", [4]),
        ("kind=subsidence", []),
        ("responsible=legacy&limit=1", [1]),
        ("after=4", [5]),
    ],
)
def test_sites_are_filtered(reader: TestClient, query: str, ids: list[int]) -> None:
    assert [feature["id"] for feature in reader.get(f"/api/sites?{query}").json()["features"]] == ids


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("bbox=1,2,3", 422),
        ("bbox=nan,0,1,1", 422),
        ("bbox=1e999,0,1,1", 422),
        ("bbox=5,5,1,1", 422),
        ("status=lost", 422),
        ("limit=0", 422),
        ("after=99999999999999999999", 422),
        ("city=999999", 404),
    ],
)
def test_a_filter_that_means_nothing_is_a_problem(reader: TestClient, query: str, status: int) -> None:
    answer = reader.get(f"/api/sites?{query}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_one_site_carries_its_etag_and_is_not_sent_twice(reader: TestClient) -> None:
    answer = reader.get("/api/sites/1")
    assert answer.headers["etag"] == '"1"'
    again = reader.get("/api/sites/1", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert reader.get("/api/sites/77").json()["type"] == "/docs/errors#unknown-site"


def test_the_name_of_the_unit_follows_the_language(reader: TestClient) -> None:
    assert reader.get("/api/sites/1?lang=zh").json()["properties"]["city_name"] == "Lieshan市"
    chinese = reader.get("/api/sites/1", headers={"Accept-Language": "zh-CN,zh;q=0.9"})
    assert chinese.json()["properties"]["city_name"] == "Lieshan市"


def test_a_status_change_is_recorded_under_the_version_that_was_read(client: TestClient) -> None:
    body = {"status": "planned", "effective_on": "2021-03-01", "reason": "in this year's plan"}
    answer = status_change(client, 1, body, match='"1"')
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"2"'
    assert answer.json()["proposal"] is None
    assert answer.json()["site"]["properties"]["status"] == "planned"
    rows = client.get("/api/sites/1/history").json()["items"]
    last = rows[-1]
    assert (last["fact"], last["value"], last["actor"]) == ("status", "planned", "local")
    assert last["effective_on"] == "2021-03-01"
    assert [last["seq"]] == answer.json()["seqs"]


def test_a_write_without_if_match_is_refused(reader: TestClient) -> None:
    body = {"status": "planned"}
    assert reader.post("/api/sites/1/status", json=body).status_code == 428
    assert reader.patch("/api/sites/1", json={"name": "x"}).status_code == 428
    assert reader.delete("/api/sites/1").status_code == 428


def test_a_stale_write_is_refused_with_the_difference(client: TestClient) -> None:
    assert status_change(client, 1, {"status": "planned"}, match='"1"').status_code == 200
    answer = status_change(client, 1, {"status": "excluded"}, match='"1"')
    assert answer.status_code == 412
    problem = answer.json()
    assert problem["current_version"] == 2
    assert problem["difference"][0]["current"] == "planned"
    assert problem["difference"][0]["yours"] == "excluded"
    assert status_change(client, 1, {"status": "excluded"}, match='W/"2"').status_code == 412
    assert status_change(client, 1, {"status": "excluded"}, match='"nonsense"').status_code == 412


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        ({"status": "closed"}, 409, "illegal-move"),
        ({"status": "planned", "effective_on": "2190-01-01"}, 422, "future-date"),
        ({"status": "planned", "effective_on": "2001-01-01"}, 422, "before-entered"),
        ({"status": "lost"}, 422, "not-valid"),
        ({"status": "planned", "when": "now"}, 422, "not-valid"),
        ({}, 422, "not-valid"),
        ([], 422, "not-valid"),
    ],
)
def test_a_change_against_the_rules_is_a_problem(
    reader: TestClient, body: Json, status: int, slug: str
) -> None:
    answer = status_change(reader, 1, body)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/docs/errors#{slug}")


def test_a_relapse_asks_for_the_restored_area_anew(client: TestClient) -> None:
    assert status_change(client, 4, {"status": "relapsed"}).json()["type"].endswith("restored-area-needed")
    answer = status_change(client, 4, {"status": "relapsed", "restored_ha": None})
    assert answer.status_code == 200


def test_acceptance_waits_for_a_second_person_and_then_changes_the_rate(client: TestClient) -> None:
    query = "definition=acceptance_rate&responsible=all"
    before = client.get(f"/api/cities/340600/rate?{query}").json()
    assert before["rate"] == 0
    asked = status_change(client, 4, {"status": "accepted", "reason": "inspected"})
    assert asked.status_code == 202
    number = asked.json()["proposal"]["proposal_id"]
    assert asked.headers["location"] == f"/api/proposals/{number}"
    assert client.get("/api/sites/4").json()["properties"]["proposals"] == [number]
    assert client.get(f"/api/cities/340600/rate?{query}").json()["rate"] == 0
    assert [item["site_code"] for item in client.get("/api/proposals").json()["items"]] == ["004"]
    approved = client.post(f"/api/proposals/{number}/approve", json={"as": "Li Na", "comment": "seen"})
    assert approved.status_code == 200
    assert approved.json()["proposal"]["decided_by"] == "Li Na"
    assert client.get(f"/api/cities/340600/rate?{query}").json()["rate"] == pytest.approx(0.2, abs=0.01)
    assert client.get("/api/proposals").json()["items"] == []
    assert client.post(f"/api/proposals/{number}/approve", json={"as": "Li Na"}).status_code == 409


def test_nobody_approves_their_own_proposal(client: TestClient) -> None:
    number = status_change(client, 4, {"status": "accepted", "reason": "seen"}).json()["proposal"][
        "proposal_id"
    ]
    for given in ({}, {"as": "local"}, {"as": " LOCAL "}):
        answer = client.post(f"/api/proposals/{number}/approve", json=given)
        assert (answer.status_code, answer.json()["type"]) == (403, "/docs/errors#same-person")
    assert client.post(f"/api/proposals/{number}/approve").status_code == 403
    rejected = client.post(f"/api/proposals/{number}/reject", headers={"X-Reverdure-As": "Li Na"})
    assert rejected.json()["state"] == "rejected"
    assert client.get(f"/api/proposals/{number}").json()["decided_by"] == "Li Na"
    assert client.get("/api/proposals/99").status_code == 404


def test_a_retry_under_its_key_changes_nothing_and_gets_the_same_answer(client: TestClient) -> None:
    body = {"status": "planned", "effective_on": "2021-03-01"}
    first = status_change(client, 1, body, match='"1"', Idempotency_Key="k1")
    again = status_change(client, 1, body, match='"1"', Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    other = status_change(client, 1, {**body, "status": "excluded"}, match='"1"', Idempotency_Key="k1")
    assert other.status_code == 409
    assert status_change(client, 1, body, Idempotency_Key="a b").status_code == 422


def test_facts_change_by_patch_and_a_boundary_waits(client: TestClient) -> None:
    answer = client.patch(
        "/api/sites/1", json={"name": "North pit", "approach": None}, headers={"If-Match": '"1"'}
    )
    assert answer.status_code == 200
    assert answer.json()["site"]["properties"]["name"] == "North pit"
    ring = [[117.5, 33.5], [117.6, 33.5], [117.6, 33.6], [117.5, 33.5]]
    moved = client.patch(
        "/api/sites/1",
        json={"geometry": {"type": "Polygon", "coordinates": [ring]}, "reason": "surveyed"},
        headers={"If-Match": '"2"'},
    )
    assert moved.status_code == 202
    assert moved.json()["proposal"]["change"]["geometry_changes"]
    number = moved.json()["proposal"]["proposal_id"]
    client.post(f"/api/proposals/{number}/approve", json={"as": "Li Na"})
    assert client.get("/api/sites/1").json()["properties"]["adcode"] == "340621"


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[[500000, 3e6], [500100, 3e6], [500100, 3.1e6], [500000, 3e6]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]},
        {"type": "Polygon", "coordinates": [[["a", 0], [1, 1], [1, 0], ["a", 0]]]},
        {"type": "Polygon", "coordinates": [7]},
        {"type": "MultiPolygon", "coordinates": [[[[0, 0], [1, 0], [1, 1], [0, 0.5]]]]},
        {"type": "Polygon", "coordinates": []},
        {"type": "Point", "coordinates": [1, 2]},
        None,
    ],
)
def test_a_boundary_that_is_no_polygon_on_the_globe_is_refused(reader: TestClient, geometry: object) -> None:
    body = {"site_code": "new", "geometry": geometry}
    assert reader.post("/api/sites", json=body).status_code == 422


def test_a_site_enters_with_its_unit_and_leaves_by_two_hands(client: TestClient) -> None:
    ring = [[117.5, 33.2], [117.51, 33.2], [117.51, 33.21], [117.5, 33.2]]
    body = {
        "site_code": "0099",
        "name": "East dump",
        "kind": "waste_dump",
        "damaged_ha": 12.5,
        "entered_on": "2020-06-01",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    created = client.post("/api/sites", json=body)
    assert created.status_code == 201
    place = created.headers["location"]
    site = client.get(place).json()
    assert site["properties"]["adcode"] == "340621"
    assert site["properties"]["damaged_ha"] == 12.5
    assert client.post("/api/sites", json=body).status_code == 409
    late = {**body, "site_code": "1", "entered_on": "2190-01-01"}
    assert client.post("/api/sites", json=late).status_code == 422
    left = client.delete(f"{place}?reason=merged", headers={"If-Match": '"1"'})
    assert left.status_code == 202
    number = left.json()["proposal"]["proposal_id"]
    assert client.post(f"/api/proposals/{number}/approve", json={"as": "Li Na"}).status_code == 200
    assert client.get(place).json()["properties"]["left_on"] is not None
    assert "0099" not in client.get("/api/sites").text


def test_history_pages_by_seq(reader: TestClient) -> None:
    first = reader.get("/api/sites/2/history?limit=3").json()
    rest = reader.get(first["next"].replace("limit=3", "limit=100")).json()
    rows = [*first["items"], *rest["items"]]
    assert len(first["items"]) == 3
    assert [row["seq"] for row in rows] == sorted({row["seq"] for row in rows})
    assert {row["site_id"] for row in rows} == {2}
    assert rest["next"] is None
    assert reader.get("/api/sites/77/history").status_code == 404


SQUARE = {"type": "Polygon", "coordinates": [[[117.5, 33.2], [117.51, 33.2], [117.51, 33.21], [117.5, 33.2]]]}


@pytest.mark.parametrize("sign", ["\x01", "\n", "\u200b", "\u202e", "\ufeff"])
def test_a_code_or_name_with_a_sign_that_nobody_sees_is_refused_and_the_sign_named(
    client: TestClient, sign: str
) -> None:
    body = {"site_code": f"A{sign}1", "geometry": SQUARE}
    for sent in (body, {**body, "site_code": "A1", "name": f"pit{sign}one"}):
        answer = client.post("/api/sites", json=sent)
        assert answer.status_code == 422, answer.text
        assert f"U+{ord(sign):04X}" in answer.text


def test_a_full_width_code_is_the_code_that_an_import_would_keep(client: TestClient) -> None:
    made = client.post("/api/sites", json={"site_code": "ＴＢ００９", "geometry": SQUARE})
    assert made.json()["site"]["properties"]["site_code"] == "TB009"


def test_a_treatment_that_ends_before_it_starts_is_refused_with_both_days(client: TestClient) -> None:
    reversed_ = {"treatment_start": "2020-05-01", "treatment_end": "2020-04-30"}
    body = {"site_code": "R1", "geometry": SQUARE, **reversed_}
    start = {"treatment_start": "2020-05-01", "effective_on": "2021-01-01"}
    url, head = "/api/sites/1", {"If-Match": "*"}
    for answer in (
        client.post("/api/sites", json=body),
        client.patch(url, json={**reversed_, "effective_on": "2021-01-01"}, headers=head),
    ):
        assert answer.status_code == 422, answer.text
        assert "2020-05-01" in answer.json()["detail"]
        assert "2020-04-30" in answer.json()["detail"]
    assert client.patch(url, json=start, headers=head).status_code == 200
    end = {"treatment_end": "2020-04-30", "effective_on": "2021-01-01"}
    assert client.patch(url, json=end, headers=head).status_code == 422
