"""What waits for an officer or reviewer: counts by unit, and the unit that the dashboard opens with."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from shapely import MultiPolygon, box

from geo.candidates import Candidate
from geo.store import candidates
from tests.api.accounts_case import add_people, token_for

Headers = dict[str, str]


@pytest.fixture
def desk(start_service) -> tuple[TestClient, dict[str, Headers]]:  # type: ignore[no-untyped-def]
    service = start_service()
    store = service.app.state.store
    add_people(store)
    return service.client, {name: token_for(store, name) for name in ("vera", "otto", "olga", "rosa", "adam")}


def change(client: TestClient, headers: Headers, site_id: int, **facts: object) -> int:
    body = {**facts, "reason": "survey"}
    answer = client.patch(f"/api/sites/{site_id}", json=body, headers={**headers, "If-Match": "*"})
    return answer.status_code


def todo(client: TestClient, headers: Headers, query: str = "") -> dict[str | None, dict[str, object]]:
    answer = client.get(f"/api/todo{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return {one["adcode"]: one for one in answer.json()["items"]}


def test_proposals_of_others_in_ones_own_units_wait(desk) -> None:  # type: ignore[no-untyped-def]
    client, people = desk
    assert change(client, people["olga"], 5, damaged_ha=3.5) == 202
    assert change(client, people["rosa"], 1, damaged_ha=2.0) == 202
    assert todo(client, people["rosa"])["340600"]["n_proposals"] == 1
    assert todo(client, people["olga"])["340621"]["n_proposals"] == 0
    assert todo(client, people["otto"])["340604"]["n_proposals"] == 1
    assert todo(client, people["adam"])[None]["n_proposals"] == 2
    assert client.get("/api/todo", headers=people["rosa"]).json()["unread"] == 1


def test_an_overdue_treatment_waits_in_its_own_unit_alone(desk) -> None:  # type: ignore[no-untyped-def]
    client, people = desk
    project = {"code": "P1", "name": "North", "adcode": "340621", "end_on": "2021-12-31", "site_ids": [3]}
    assert client.post("/api/projects", json=project, headers=people["olga"]).status_code == 201
    assert todo(client, people["olga"])["340621"]["n_overdue"] == 1
    assert todo(client, people["otto"])["340604"]["n_overdue"] == 0
    assert "P1" not in client.get("/planning?city=340604", headers=people["otto"]).text.split("targets")[0]


def test_new_water_waits_where_it_lies(desk) -> None:  # type: ignore[no-untyped-def]
    client, people = desk
    water = Candidate(
        0, MultiPolygon([box(117.6, 33.2, 117.61, 33.21)]), "clcd", "v1", 2000, 2020, 10_000, False, "k"
    )
    with client.app.state.store.write() as conn:  # type: ignore[attr-defined]
        candidates.replace_open(conn, [water], ("clcd", "v1", 2000, 2020))
    assert todo(client, people["olga"])["340621"]["n_candidates"] == 1
    assert todo(client, people["otto"])["340604"]["n_candidates"] == 0
    assert 'id="candidates"' in client.get("/sites?city=340621", headers=people["olga"]).text
    assert 'id="candidates"' not in client.get("/sites?city=340604", headers=people["olga"]).text


def test_the_dashboard_opens_with_ones_own_unit_and_leads_to_all(desk) -> None:  # type: ignore[no-untyped-def]
    client, people = desk
    mine = client.get("/?lang=en", headers=people["olga"]).text
    assert 'id="todo"' in mine
    assert 'href="/reviews?city=340621"' in mine
    assert 'href="/?city=all"' in mine
    assert "/maps/remediation?city=340621" in mine
    every = client.get("/?lang=en&city=all", headers=people["olga"]).text
    assert "/maps/remediation?city=" not in every
    other = client.get("/?lang=en&city=340604", headers=people["olga"]).text
    assert "/maps/remediation?city=340604" in other


def test_who_has_no_unit_sees_everything_and_no_list(desk) -> None:  # type: ignore[no-untyped-def]
    client, people = desk
    for name in ("adam", "vera"):
        page = client.get("/?lang=en", headers=people[name]).text
        assert 'id="todo"' not in page
        assert "/maps/remediation?city=" not in page


def test_a_unit_that_nobody_knows_is_told(desk) -> None:  # type: ignore[no-untyped-def]
    client, people = desk
    assert client.get("/api/todo?city=999999", headers=people["adam"]).status_code == 404
    assert client.get("/?city=999999", headers=people["adam"]).status_code == 404
