"""Imports under rights: rows in one's own units, past approvals by administrators; who is told of what."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import NotLoopback, Settings
from geo import clock
from geo.changes import Change
from geo.history import Fact
from geo.store import Store, notifications, runs
from geo.store.accounts import named
from geo.store.changes import apply_change
from tests.api.accounts_case import PASSWORD, PEOPLE, add_people, token_for
from tests.api.conftest import COMMON


@pytest.fixture
def peopled(start_service):  # type: ignore[no-untyped-def]
    service = start_service()
    add_people(service.app.state.store)
    return service


def file_of(*rows: dict[str, object], west: float = 117.5) -> dict[str, tuple[str, bytes]]:
    features = []
    for number, row in enumerate(rows):
        x, y = west + 0.02 * number, 33.6
        ring = [[x, y], [x + 0.01, y], [x + 0.01, y + 0.01], [x, y + 0.01], [x, y]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "geometry": geometry, "properties": row})
    body = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    return {"file": ("new.geojson", body)}


def send(service, name: str, files: dict[str, tuple[str, bytes]], **fields: str):  # type: ignore[no-untyped-def]
    head = token_for(service.app.state.store, name)
    data = {"dry_run": "false", **fields}
    return service.client.post("/api/imports", files=files, data=data, headers=head)


def test_an_officer_imports_into_their_own_county_only(peopled) -> None:  # type: ignore[no-untyped-def]
    row = {"site_code": "N1", "name": "New", "kind": "open_pit", "status": "untreated"}
    refused = send(peopled, "otto", file_of(row))
    assert (refused.status_code, refused.json()["reason"]) == (403, "unit")
    assert send(peopled, "vera", file_of(row)).json()["reason"] == "role"
    tried = send(peopled, "otto", file_of(row), dry_run="true")
    assert tried.status_code == 201
    head = token_for(peopled.app.state.store, "otto")
    commit = peopled.client.post(f"/api/imports/{tried.json()['import_id']}/commit", headers=head)
    assert commit.json()["reason"] == "unit"
    done = send(peopled, "olga", file_of(row))
    assert (done.status_code, done.json()["counts"]["new"]) == (201, 1)
    items = peopled.client.get("/api/sites?q=N1", headers=head).json()["features"]
    history = peopled.client.get(f"/api/sites/{items[0]['id']}/history", headers=head).json()["items"]
    assert {item["actor"] for item in history} == {"olga"}


def test_one_row_elsewhere_refuses_the_whole_file(peopled) -> None:  # type: ignore[no-untyped-def]
    rows = [{"site_code": f"N{n}", "name": "New", "kind": "open_pit"} for n in range(2)]
    assert send(peopled, "olga", file_of(*rows, west=116.985)).status_code == 403
    with peopled.app.state.store.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM sites").scalar() == 5


def test_only_an_administrator_brings_in_what_passes_for_approved(peopled) -> None:  # type: ignore[no-untyped-def]
    row = {"site_code": "N1", "name": "New", "kind": "open_pit", "status": "accepted"}
    refused = send(peopled, "olga", file_of(row))
    assert (refused.status_code, refused.json()["type"]) == (403, "/docs/errors#history-needs-administrator")
    assert send(peopled, "adam", file_of(row)).status_code == 201


def test_whoever_asked_for_a_run_is_told_how_it_ended(peopled) -> None:  # type: ignore[no-untyped-def]
    store: Store = peopled.app.state.store
    with store.write() as conn:
        good = runs.create(conn, "recovery", {}, requested_by="otto")
        bad = runs.create(conn, "recovery", {}, requested_by="otto")
        runs.create(conn, "recovery", {}, requested_by="local")
        runs.finish(conn, good.run_id, {})
        runs.fail(conn, bad.run_id, "no scene")
        told = notifications.find(conn, named(conn, "otto").user_id)
    assert [notice.kind for notice in told] == ["run_failed", "run_done"]
    assert told[0].facts["problem"] == "no scene"


def test_many_proposals_of_one_import_are_one_notification(peopled) -> None:  # type: ignore[no-untyped-def]
    store: Store = peopled.app.state.store
    change = Change({Fact.STATUS: "excluded"}, clock.today(), "twice")
    for site_id in (3, 4, 5):
        with store.write() as conn:
            apply_change(
                conn,
                site_id,
                change,
                actor="olga",
                source="import:7",
                now=clock.now_utc(),
                if_version=None,
            )
    with store.read() as conn:
        told = notifications.find(conn, named(conn, "rosa").user_id)
    assert [(notice.count, notice.link) for notice in told] == [(3, "/reviews?source=import:7")]


def test_a_conflict_is_told_to_the_proposer(peopled) -> None:  # type: ignore[no-untyped-def]
    store, client = peopled.app.state.store, peopled.client
    heads = {name: {**token_for(store, name), "If-Match": "*"} for name in ("otto", "rosa")}
    asked = client.post(
        "/api/sites/2/status", json={"status": "excluded", "reason": "x"}, headers=heads["otto"]
    )
    number = asked.json()["proposal"]["proposal_id"]
    client.post(
        "/api/sites/2/status", json={"status": "in_progress", "reason": "begun"}, headers=heads["otto"]
    )
    outdated = client.post(f"/api/proposals/{number}/approve", headers=heads["rosa"])
    assert (outdated.status_code, outdated.json()["type"]) == (409, "/docs/errors#proposal-outdated")
    with store.read() as conn:
        told = notifications.find(conn, named(conn, "otto").user_id)
    assert [notice.kind for notice in told] == ["conflict"]


def test_other_addresses_are_bound_once_there_are_accounts(filled_store: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(filled_store, tmp_path / "s.gpkg"))
    settings = Settings(**{**COMMON, "store": str(path), "host": "0.0.0.0"})
    with pytest.raises(NotLoopback):
        create_app(settings)
    create_app(settings.model_copy(update={"auth": "on"})).state.store.close()
    store = Store.open(path)
    add_people(store, "adam")
    store.close()
    with TestClient(create_app(settings)) as client:
        assert client.get("/api/me").status_code == 401
        data = {"name": "adam", "password": PASSWORD}
        assert client.post("/login", data=data, follow_redirects=False).status_code == 303


def test_demo_accounts_do_not_open_a_service_to_the_network(filled_store: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(filled_store, tmp_path / "s.gpkg"))
    store = Store.open(path)
    with store.write() as conn:
        conn.exec_driver_sql("INSERT INTO settings (name, value) VALUES ('synthetic', 'yes')")
    add_people(store, "adam")
    with store.write() as conn:
        conn.exec_driver_sql("UPDATE users SET demo = 1")
    store.close()
    settings = Settings(**{**COMMON, "store": str(path), "host": "0.0.0.0"})
    with pytest.raises(NotLoopback):
        create_app(settings)
    with TestClient(create_app(settings.model_copy(update={"auth": "on"}))) as client:
        data = {"name": "adam", "password": PASSWORD}
        assert client.post("/login", data=data).status_code == 401


def test_the_people_of_the_case_cover_every_role() -> None:
    assert len({user.role for user in PEOPLE.values()}) == 5


@pytest.mark.parametrize("name", ["vera", "olga"])
def test_the_cells_of_a_dry_run_are_for_who_sent_it(peopled, name: str) -> None:  # type: ignore[no-untyped-def]
    row = {"site_code": "N9", "name": "New", "phone": "secret-phone"}
    tried = send(peopled, "otto", file_of(row), dry_run="true")
    assert tried.status_code == 201, tried.text
    number = tried.json()["import_id"]
    places = [
        f"/api/imports/{number}",
        f"/api/imports/{number}/marked.xlsx",
        f"/imports/{number}",
        f"/maps/imports/{number}",
    ]
    store, client = peopled.app.state.store, peopled.client
    other, own, admin = (token_for(store, one) for one in (name, "otto", "adam"))
    assert [client.get(place, headers=other).status_code for place in places] == [403] * 4
    assert [client.get(place, headers=own).status_code for place in places] == [200] * 4
    assert [client.get(place, headers=admin).status_code for place in places] == [200] * 4
