"""Retries: a write under an Idempotency-Key is done once, whatever it writes."""

from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient

from api import retries
from tests.api.conftest import Service

KEY = {"Idempotency-Key": "again"}
SITES = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"site_id": "R1", "status": "untreated"},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[116.2, 33.2], [116.21, 33.2], [116.21, 33.21], [116.2, 33.2]]],
            },
        }
    ],
}


def test_an_import_sent_twice_under_one_key_is_one_import(client: TestClient) -> None:
    def send(**fields: str) -> object:
        files = {"file": ("s.geojson", json.dumps(SITES))}
        return client.post("/api/imports", files=files, data={"as_of": "2020-01-01", **fields}, headers=KEY)

    first, again = send(dry_run="false"), send(dry_run="false")
    assert first.status_code == 201, first.text
    assert first.json() == again.json()
    assert len(client.get("/api/imports").json()["items"]) == 1
    assert send(dry_run="true").status_code == 409


def test_a_commit_asked_for_twice_under_one_key_gives_the_receipt_again(client: TestClient) -> None:
    files = {"file": ("s.geojson", json.dumps(SITES))}
    tried = client.post("/api/imports", files=files, data={"as_of": "2020-01-01"}).json()["import_id"]
    first, again = (client.post(f"/api/imports/{tried}/commit", headers=KEY) for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert client.post(f"/api/imports/{tried}/commit").status_code == 409


def test_a_decision_sent_twice_under_one_key_is_one_decision(client: TestClient) -> None:
    body = {"status": "excluded", "effective_on": "2021-03-01", "reason": "twice in the list"}
    asked = client.post("/api/sites/1/status", json=body, headers={"If-Match": "*"})
    url = f"/api/proposals/{asked.json()['proposal']['proposal_id']}/approve"
    first, again = (client.post(url, json={"as": "r"}, headers=KEY) for _ in range(2))
    assert (first.status_code, first.json()) == (200, again.json())
    assert client.post(url, json={"as": "r"}).status_code == 409


def test_a_request_that_is_being_worked_on_is_not_begun_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "_running", {"again"})
    answer = service.client.post("/api/imports/1/commit", headers=KEY)
    assert (answer.status_code, answer.json()["type"]) == (409, "/docs/errors#still-running")
