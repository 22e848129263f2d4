"""Splits, merges, corrections and undos over HTTP; outlines checked while they are drawn."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from shapely import box
from shapely.geometry import mapping

Json = dict[str, Any]
ANY = {"If-Match": "*"}


def polygon(west: float, south: float, east: float, north: float) -> Json:
    return mapping(box(west, south, east, north))


def approve(client: TestClient, proposal: int) -> Any:
    return client.post(f"/api/proposals/{proposal}/approve", json={"as": "reviewer"})


def halves(**second: object) -> Json:
    return {
        "effective_on": "2021-05-01",
        "reason": "the north is done",
        "parts": [
            {"site_code": "001-S", "geometry": polygon(116.5, 33.5, 116.51, 33.505)},
            {"site_code": "001-N", "geometry": polygon(116.5, 33.505, 116.51, 33.51), **second},
        ],
    }


def test_a_split_waits_for_a_second_person_and_then_replaces_the_site(client: TestClient) -> None:
    answer = client.post("/api/sites/1/split", json=halves(), headers={"If-Match": '"1"'})
    assert answer.status_code == 202, answer.text
    redrawing = answer.json()["proposal"]["redrawing"]
    assert redrawing["kind"] == "split"
    assert redrawing["leaves"] == [1]
    assert abs(redrawing["difference_ha"]) < 0.001
    assert client.get("/api/sites").json()["features"][0]["properties"]["proposals"] != []
    done = approve(client, answer.json()["proposal"]["proposal_id"])
    assert done.status_code == 200, done.text
    assert done.json()["entered"] == [6, 7]
    codes = [site["properties"]["site_code"] for site in client.get("/api/sites").json()["features"]]
    assert codes == ["002", "003", "004", "005", "001-S", "001-N"]
    old = client.get("/api/sites/1").json()["properties"]
    assert old["left_on"] == "2021-05-01"
    new = client.get("/api/sites/7").json()["properties"]
    assert (new["entered_on"], new["status"], new["status_since"]) == (
        "2021-05-01",
        "untreated",
        "2018-01-01",
    )
    rows = client.get("/api/sites/7/history").json()["items"]
    assert {(row["actor"], row["approved_by"], row["source"]) for row in rows} == {
        ("local", "reviewer", "split:1")
    }


def test_the_rate_counts_the_land_of_a_split_once(client: TestClient) -> None:
    def total(day: str) -> float:
        rate = client.get(f"/api/cities/340600/rate?as_of={day}&responsible=all").json()
        return float(rate["denominator_ha"])

    before = total("2021-05-01")
    made = client.post("/api/sites/1/split", json=halves(), headers=ANY).json()
    assert total("2021-05-01") == before
    approve(client, made["proposal"]["proposal_id"])
    assert total("2021-05-01") == pytest.approx(before, abs=0.001)
    assert total("2021-04-30") == before


def test_a_split_is_stale_after_another_change_and_needs_if_match(client: TestClient) -> None:
    assert client.post("/api/sites/1/split", json=halves()).status_code == 428
    client.patch("/api/sites/1", json={"name": "x", "effective_on": "2021-01-01"}, headers=ANY)
    stale = client.post("/api/sites/1/split", json=halves(), headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert stale.json()["current_version"] == 2
    made = client.post("/api/sites/1/split", json=halves(), headers={"If-Match": '"2"'})
    client.patch("/api/sites/1", json={"name": "y", "effective_on": "2021-01-01"}, headers=ANY)
    assert approve(client, made.json()["proposal"]["proposal_id"]).status_code == 409
    assert client.get("/api/sites/1").json()["properties"]["left_on"] is None


def test_a_split_of_the_past_does_not_lose_what_is_said_of_a_later_day(client: TestClient) -> None:
    treated = {"status": "planned", "effective_on": "2021-06-01", "reason": "plan"}
    assert client.post("/api/sites/1/status", json=treated, headers=ANY).status_code == 200
    answer = client.post("/api/sites/1/split", json=halves(), headers=ANY)
    assert (answer.status_code, answer.json()["stated_on"]) == (409, "2021-06-01")
    later = {**halves(), "effective_on": "2021-06-01"}
    made = client.post("/api/sites/1/split", json=later, headers=ANY).json()
    assert approve(client, made["proposal"]["proposal_id"]).status_code == 200
    assert client.get("/api/sites/7").json()["properties"]["status"] == "planned"


def test_a_split_asked_for_twice_under_one_key_is_one_proposal(client: TestClient) -> None:
    headers = {**ANY, "Idempotency-Key": "k1"}
    first = client.post("/api/sites/1/split", json=halves(), headers=headers)
    again = client.post("/api/sites/1/split", json=halves(), headers=headers)
    assert first.json()["proposal"]["proposal_id"] == again.json()["proposal"]["proposal_id"]
    other = client.post("/api/sites/1/split", json={**halves(), "reason": "other"}, headers=headers)
    assert other.status_code == 409


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"parts": [{"site_code": "a", "geometry": polygon(0, 0, 1, 1)}]}, 422),
        ({"effective_on": "2999-01-01"}, 422),
        ({"effective_on": "2017-01-01"}, 409),
    ],
)
def test_a_split_that_cannot_be_is_refused(reader: TestClient, change: Json, status: int) -> None:
    answer = reader.post("/api/sites/1/split", json={**halves(), **change}, headers=ANY)
    assert answer.status_code == status, answer.text


def test_a_split_into_a_code_that_is_taken_is_refused(reader: TestClient) -> None:
    answer = reader.post("/api/sites/1/split", json=halves(site_code="002"), headers=ANY)
    assert (answer.status_code, "002" in answer.json()["detail"]) == (409, True)


def test_a_merge_replaces_its_sites_and_marks_both_while_it_waits(client: TestClient) -> None:
    body = {
        "sites": [{"site_id": 1, "version": 1}, {"site_id": 5, "version": 1}],
        "site_code": "M1",
        "effective_on": "2021-05-01",
    }
    answer = client.post("/api/sites/merge", json=body)
    assert answer.status_code == 202, answer.text
    assert [client.get(f"/api/sites/{n}").json()["properties"]["proposals"] for n in (1, 5)] == [[1], [1]]
    assert approve(client, 1).json()["entered"] == [6]
    assert client.get("/api/sites/5").json()["properties"]["left_on"] == "2021-05-01"
    left = client.get("/api/sites/5/history").json()["items"][-1]["seq"]
    assert undo(client, left).json()["type"] == "/docs/errors#not-undoable"
    assert client.get("/api/sites/6").json()["properties"]["attributes"] == {"predecessors": ["001", "005"]}


def test_a_merge_without_versions_or_of_sites_that_differ_is_refused(reader: TestClient) -> None:
    body = {"sites": [{"site_id": 1}, {"site_id": 2}], "site_code": "M1"}
    assert reader.post("/api/sites/merge", json=body).status_code == 428
    differ = reader.post("/api/sites/merge", json=body, headers=ANY)
    assert (differ.status_code, "status" in differ.json()["detail"]) == (403, True)
    stale = {"sites": [{"site_id": 1, "version": 1}, {"site_id": 5, "version": 9}], "site_code": "M1"}
    assert reader.post("/api/sites/merge", json=stale).status_code == 412


def test_a_correction_voids_the_wrong_row_and_states_the_right_one(client: TestClient) -> None:
    body = {"status": "planned", "effective_on": "2021-03-01"}
    made = client.post("/api/sites/1/status", json=body, headers=ANY).json()
    fix = {"voids_seq": made["seqs"][0], "status": "planned", "effective_on": "2021-02-01", "reason": "typo"}
    answer = client.post("/api/sites/1/corrections", json=fix, headers={"If-Match": '"2"'})
    assert answer.status_code == 200, answer.text
    assert answer.json()["site"]["properties"]["status_since"] == "2021-02-01"
    assert client.post("/api/sites/1/corrections", json=fix, headers=ANY).status_code == 409


def test_a_correction_is_checked_against_both_neighbours(client: TestClient) -> None:
    for status, day in (("planned", "2021-03-01"), ("in_progress", "2021-06-01"), ("treated", "2021-09-01")):
        made = client.post(
            "/api/sites/1/status", json={"status": status, "effective_on": day}, headers=ANY
        ).json()
    assert made["site"]["properties"]["status"] == "treated"
    middle = client.get("/api/sites/1/history").json()["items"][-2]["seq"]
    later = {"voids_seq": middle, "status": "in_progress", "effective_on": "2021-10-01", "reason": "late"}
    assert client.post("/api/sites/1/corrections", json=later, headers=ANY).status_code == 409
    earlier = {**later, "effective_on": "2021-02-01"}
    assert client.post("/api/sites/1/corrections", json=earlier, headers=ANY).status_code == 409
    between = {**later, "effective_on": "2021-08-31"}
    assert client.post("/api/sites/1/corrections", json=between, headers=ANY).status_code == 200


def undo(client: TestClient, seq: int, **headers: str) -> Any:
    return client.post(f"/api/history/{seq}/undo", json={"reason": "wrong site"}, headers={**ANY, **headers})


def test_an_undo_is_a_new_event_and_an_undo_of_it_gives_the_state_again(client: TestClient) -> None:
    body = {"status": "planned", "effective_on": "2021-03-01"}
    made = client.post("/api/sites/1/status", json=body, headers=ANY).json()
    back = undo(client, made["seqs"][0])
    assert back.status_code == 200, back.text
    assert back.json()["site"]["properties"]["status"] == "untreated"
    again = undo(client, back.json()["seqs"][0])
    assert again.json()["site"]["properties"]["status"] == "planned"
    assert again.json()["site"]["properties"]["status_since"] == "2021-03-01"
    assert len(client.get("/api/sites/1/history").json()["items"]) == 8 + 3


def test_an_undo_takes_back_all_that_the_event_said(client: TestClient) -> None:
    client.patch("/api/sites/4", json={"restored_ha": 3, "effective_on": "2021-01-01"}, headers=ANY)
    body = {"status": "relapsed", "restored_ha": 1, "effective_on": "2021-03-01", "reason": "slide"}
    made = client.post("/api/sites/4/status", json=body, headers=ANY).json()
    assert made["site"]["properties"]["restored_ha"] == 1
    status = next(
        row["seq"] for row in client.get("/api/sites/4/history").json()["items"] if row["value"] == "relapsed"
    )
    back = undo(client, status).json()["site"]["properties"]
    assert (back["status"], back["restored_ha"]) == ("treated", 3)
    last = client.get("/api/sites/4/history").json()["items"][-2]["seq"]
    again = undo(client, last).json()["site"]["properties"]
    assert (again["status"], again["restored_ha"]) == ("relapsed", 1)


@pytest.mark.parametrize("corrected", [False, True])
def test_an_undo_keeps_what_was_recorded_of_the_days_before_since(
    client: TestClient, corrected: bool
) -> None:
    client.patch("/api/sites/4", json={"restored_ha": 3, "effective_on": "2021-01-01"}, headers=ANY)
    body = {"status": "relapsed", "restored_ha": 1, "effective_on": "2021-03-01", "reason": "slide"}
    client.post("/api/sites/4/status", json=body, headers=ANY)
    rows = client.get("/api/sites/4/history").json()["items"]
    status = next(row["seq"] for row in rows if row["value"] == "relapsed")
    if corrected:
        wrong = next(row["seq"] for row in rows if row["fact"] == "restored" and row["value"] == 3)
        body = {"voids_seq": wrong, "restored_ha": 2, "reason": "measured anew"}
        since = client.post("/api/sites/4/corrections", json=body, headers=ANY)
    else:
        body = {"restored_ha": 2, "effective_on": "2021-02-01"}
        since = client.patch("/api/sites/4", json=body, headers=ANY)
    assert since.status_code == 200, since.text
    back = undo(client, status).json()["site"]["properties"]
    assert (back["status"], back["restored_ha"]) == ("treated", 2)


def test_an_undo_of_an_approved_row_waits_for_a_second_person(client: TestClient) -> None:
    body = {"status": "accepted", "effective_on": "2021-03-01", "reason": "inspected"}
    made = client.post("/api/sites/4/status", json=body, headers=ANY).json()
    seq = approve(client, made["proposal"]["proposal_id"]).json()["seqs"][0]
    assert undo(client, seq).status_code == 202
    assert client.get("/api/sites/4").json()["properties"]["status"] == "accepted"


def test_an_undo_obeys_version_key_and_what_may_be_undone(client: TestClient) -> None:
    body = {"status": "planned", "effective_on": "2021-03-01"}
    seq = client.post("/api/sites/1/status", json=body, headers=ANY).json()["seqs"][0]
    assert client.post(f"/api/history/{seq}/undo").status_code == 428
    assert undo(client, seq, **{"If-Match": '"1"'}).status_code == 412
    first = undo(client, seq, **{"Idempotency-Key": "u1"})
    again = undo(client, seq, **{"Idempotency-Key": "u1"})
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert undo(client, seq).status_code == 403
    assert undo(client, 1).status_code == 403
    assert undo(client, 99_999).status_code == 404


def test_the_checked_area_of_an_outline_is_the_one_that_is_recorded(client: TestClient) -> None:
    outline = polygon(116.7, 33.2, 116.7123, 33.2071)
    checked = client.post("/api/geometry/check", json={"geometry": outline}).json()
    made = client.post("/api/sites", json={"site_code": "N1", "geometry": outline}).json()
    assert checked["area_ha"] == made["site"]["properties"]["area_ha"]
    assert checked["area_mu"] == pytest.approx(15 * checked["area_ha"])
    assert (checked["adcode"], checked["outside_share"], checked["overlaps"]) == ("340604", 0, [])


def test_overlaps_and_the_share_outside_the_unit_are_told(reader: TestClient) -> None:
    outline = {"geometry": polygon(116.505, 33.5, 116.515, 33.51)}
    checked = reader.post("/api/geometry/check", json=outline).json()
    assert [each["site_code"] for each in checked["overlaps"]] == ["001"]
    assert checked["overlap_ha"] == pytest.approx(51.5, abs=0.5)
    own = reader.post("/api/geometry/check", json={**outline, "site_ids": [1]}).json()
    assert own["overlaps"] == []
    across = reader.post("/api/geometry/check", json={"geometry": polygon(116.99, 33.2, 117.03, 33.21)})
    assert across.json()["adcode"] == "340621"
    assert across.json()["outside_share"] == pytest.approx(0.25, abs=0.01)


def test_a_problem_of_an_outline_has_its_place(reader: TestClient) -> None:
    bow = {
        "type": "Polygon",
        "coordinates": [[[117, 33], [117.1, 33.1], [117.1, 33], [117, 33.1], [117, 33]]],
    }
    checked = reader.post("/api/geometry/check?lang=zh", json={"geometry": bow}).json()
    assert checked["valid"] is False
    assert checked["problems"][0]["words"] == "边界自相交"
    assert (checked["problems"][0]["lon"], checked["problems"][0]["lat"]) == pytest.approx((117.05, 33.05))
    for wrong in ([[1]], [[[0, 0], [1, 1]]], [[]], [[[999, 0], [999, 1], [998, 1], [999, 0]]]):
        body = {"geometry": {"type": "Polygon", "coordinates": wrong}}
        assert reader.post("/api/geometry/check", json=body).json()["valid"] is False


def test_a_line_cuts_an_outline_into_pieces_with_their_hectares(reader: TestClient) -> None:
    line = {"type": "LineString", "coordinates": [[116.505, 33.4], [116.505, 33.6]]}
    body = {"geometry": polygon(116.5, 33.5, 116.51, 33.51), "line": line}
    pieces = reader.post("/api/geometry/cut", json=body).json()["pieces"]
    assert [piece["area_ha"] for piece in pieces] == pytest.approx([51.6, 51.6], abs=0.5)
    missed = {**body, "line": {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}}
    assert reader.post("/api/geometry/cut", json=missed).status_code == 422
