"""What somebody who has only the design would try: names, orders, defaults and refusals on the wire."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.pairs import pairs_of
from geo.errors import BadValue

RATE_ORDER = [
    "adcode", "name", "city_type", "definition", "basis", "responsible", "as_of", "known_at", "rate",
    "reason", "numerator_ha", "denominator_ha", "numerator_count", "denominator_count", "n_missing",
    "missing_ha", "overlap_ha", "border_ha", "by_status", "alternatives", "observed", "seq", "head",
]  # fmt: skip
OBSERVED_ORDER = [
    "rate", "low", "high", "interval_kind", "indicative", "product", "edition", "from_year", "to_year",
    "disturbed_baseline_ha", "valid_share",
]  # fmt: skip
RING = [[116.1, 33.2], [116.11, 33.2], [116.11, 33.21], [116.1, 33.21], [116.1, 33.2]]
PROBLEM = "application/problem+json"


def feature(code: str, **properties: object) -> dict[str, Any]:
    geometry = {"type": "Polygon", "coordinates": [RING]}
    return {"type": "Feature", "properties": {"site_code": code, **properties}, "geometry": geometry}


def test_a_city_rate_names_its_members_in_the_order_of_the_design(reader: TestClient) -> None:
    rate = reader.get("/api/cities/340600/rate").json()
    assert [name for name in rate if name in RATE_ORDER] == RATE_ORDER
    assert [name for name in rate["observed"] if name in OBSERVED_ORDER] == OBSERVED_ORDER


def test_other_groupings_begin_with_group_and_key(reader: TestClient) -> None:
    item = reader.get("/api/rates?group_by=province").json()["items"][0]
    assert list(item)[:2] == ["group", "key"]
    assert (item["group"], item["key"], "adcode" in item) == ("province", "340000", False)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("from=2020&to=2015", 422),
        ("from=2020&to=2020", 422),
        ("product=nope", 404),
        ("as_of=2020-02-30", 422),
        ("definition=area", 422),
        ("basis=hectares", 422),
        ("kind=mine", 422),
        ("responsible=unknown", 422),
    ],
)
def test_a_question_that_means_nothing_is_a_problem(reader: TestClient, query: str, status: int) -> None:
    for path in ("/api/cities/340600/rate", "/api/rates"):
        answer = reader.get(f"{path}?{query}")
        assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
        assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_a_series_of_one_year_is_one_rate(reader: TestClient) -> None:
    series = reader.get("/api/cities/340600/rate/series?from=2020&to=2020").json()
    assert [item["as_of"] for item in series["items"]] == ["2020-12-31"]
    assert reader.get("/api/cities/340600/rate/series?product=nope").status_code == 404


def test_two_definitions_are_not_defined_by_count(reader: TestClient) -> None:
    for definition in ("restoration_rate", "observed_recovery_rate"):
        rate = reader.get(f"/api/cities/340600/rate?definition={definition}&basis=count").json()
        assert (rate["rate"], rate["reason"]) == (None, "not_defined")


def test_all_is_an_answer_to_whose_sites(reader: TestClient) -> None:
    assert len(reader.get("/api/sites?responsible=all").json()["features"]) == 5
    assert reader.get("/api/sites?responsible=nobody").status_code == 422


@pytest.mark.parametrize("sign", ["%25", "_", "%5C", "'"])
def test_a_sign_of_the_query_language_is_only_a_sign(reader: TestClient, sign: str) -> None:
    assert reader.get(f"/api/sites?q={sign}").json()["features"] == []


def test_a_geojson_feature_enters_as_a_site(client: TestClient) -> None:
    sent = feature("F-1", name="North pit", kind="open_pit", damaged_ha=3)
    answer = client.post("/api/sites", json=sent)
    assert answer.status_code == 201
    properties = answer.json()["site"]["properties"]
    assert {name: properties[name] for name in sent["properties"]} == sent["properties"]
    assert answer.headers["location"] == f"/api/sites/{answer.json()['site']['id']}"


def test_a_feature_with_a_member_that_nobody_knows_is_refused(reader: TestClient) -> None:
    answer = reader.post("/api/sites", json=feature("F-2", colour="red"))
    assert answer.status_code == 422
    assert "colour" in answer.json()["detail"]
    assert reader.post("/api/sites", json={**feature("F-3"), "properties": [1]}).status_code == 422
    assert reader.post("/api/sites", json={**feature("F-4"), "geometry": None}).status_code == 422


def test_a_feature_patches_its_site(client: TestClient) -> None:
    sent = {"type": "Feature", "id": 1, "geometry": None, "properties": {"name": "Renamed"}}
    answer = client.patch("/api/sites/1", json=sent, headers={"If-Match": '"1"'})
    assert answer.status_code == 200
    assert answer.json()["site"]["properties"]["name"] == "Renamed"


def test_a_retried_entry_gives_the_same_site_and_another_one_a_conflict(client: TestClient) -> None:
    key = {"Idempotency-Key": "entry-1"}
    first = client.post("/api/sites", json=feature("F-5"), headers=key)
    again = client.post("/api/sites", json=feature("F-5"), headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.json(), again.headers["location"]) == (first.json(), first.headers["location"])
    assert client.post("/api/sites", json=feature("F-6"), headers=key).status_code == 409
    assert client.post("/api/sites", json=feature("F-5")).status_code == 409


def test_a_run_takes_its_years_by_either_name(reader: TestClient) -> None:
    for names in (("from", "to"), ("from_year", "to_year")):
        body = {"product": "clcd", names[0]: 2020, names[1]: 2015}
        answer = reader.post("/api/runs", json=body)
        assert answer.status_code == 422
        assert "must lie before" in answer.json()["detail"]


def test_browsers_find_an_icon_where_they_look_for_one(reader: TestClient) -> None:
    answer = reader.get("/favicon.ico")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")


def test_pairs_part_at_commas_and_lines_and_keep_a_name_whole() -> None:
    assert pairs_of("map", ["name=矿名,code=编号\nkind=类型"]) == {
        "name": "矿名",
        "code": "编号",
        "kind": "类型",
    }
    assert pairs_of("status_map", ["a, b=closed,", "x=y=treated"], last_sign=True) == {
        "a, b": "closed",
        "x=y": "treated",
    }
    assert pairs_of("map", ["", " , "]) == {}
    for wrong in ("closed", "=closed", "a="):
        with pytest.raises(BadValue):
            pairs_of("map", [wrong])
