"""Every route x every role: who may do what, over the interface and over the pages."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient

from api.app import bare_app
from api.auth.rights import UndeclaredRoute, check_routes, declared_action
from api.settings import Settings
from geo.accounts.rights import Action, Scope, User, may
from geo.store import runs
from tests.api.accounts_case import PEOPLE, add_people, token_for

PASSING = {"name": "zzz", "token_id": "999", "session_id": "999"}


@dataclass(frozen=True)
class Route:
    """One method of one route, and the action that it declares."""

    method: str
    path: str
    action: Action

    def url(self) -> str:
        return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: PASSING.get(found[1], "1"), self.path)


def routes() -> list[Route]:
    found = []
    for route in iter_route_contexts(bare_app(Settings()).routes):
        if isinstance(route.original_route, APIRoute):
            action = declared_action(route.dependencies)
            assert action is not None, route.path
            found += [Route(method, route.path, action) for method in sorted(route.methods)]
    return found


@pytest.fixture(scope="module")
def everybody(start_module_service) -> tuple[TestClient, dict[str, dict[str, str]]]:  # type: ignore[no-untyped-def]
    service = start_module_service()
    store = service.app.state.store
    add_people(store)
    return service.client, {name: token_for(store, name) for name in PEOPLE} | {"": {}}


@pytest.mark.parametrize("route", routes(), ids=lambda route: f"{route.method} {route.path}")
def test_a_route_is_refused_to_exactly_those_who_may_not(everybody, route: Route) -> None:  # type: ignore[no-untyped-def]
    client, tokens = everybody
    for name, headers in tokens.items():
        user = PEOPLE.get(name)
        json = {} if route.method in {"POST", "PUT", "PATCH"} else None
        answer = client.request(route.method, route.url(), headers=headers, json=json, follow_redirects=False)
        decision = may(user, route.action)
        assert answer.status_code < 500 or route.path == "/readyz", (name, answer.text)
        if decision:
            assert answer.status_code not in {401, 403} or route.path.startswith("/login"), (
                name,
                answer.text,
            )
        elif user is None:
            to_login = answer.headers.get("location", "").startswith("/login?next=")
            assert answer.status_code == 401 or (answer.status_code == 303 and to_login), (name, answer.text)
        else:
            assert answer.status_code == 403, (name, decision, answer.text)


def test_a_route_that_declares_nothing_stops_the_service() -> None:
    app = FastAPI()
    app.add_api_route("/bare", lambda: "x")
    with pytest.raises(UndeclaredRoute, match="GET /bare"):
        check_routes(app)


def test_what_is_no_route_of_ours_asks_to_sign_in_too(everybody) -> None:  # type: ignore[no-untyped-def]
    client, _ = everybody
    assert client.get("/openapi.json").status_code == 401
    assert client.get("/nowhere", follow_redirects=False).status_code == 303
    assert client.get("/static/pages.css").status_code == 200


def test_an_officer_writes_in_their_own_county_only(everybody) -> None:  # type: ignore[no-untyped-def]
    client, tokens = everybody
    change = {"status": "planned", "effective_on": "2020-05-01", "reason": "plan"}
    headers = {"If-Match": "*"}
    refused = client.post("/api/sites/1/status", json=change, headers={**tokens["olga"], **headers})
    assert refused.status_code == 403
    assert refused.json()["reason"] == "unit"
    done = client.post("/api/sites/1/status", json=change, headers={**tokens["otto"], **headers})
    assert done.status_code == 200, done.text
    last = client.get("/api/sites/1/history", headers=tokens["vera"]).json()["items"][-1]
    assert last["actor"] == "otto"


def test_a_site_cannot_be_moved_out_of_ones_own_county(everybody) -> None:  # type: ignore[no-untyped-def]
    client, tokens = everybody
    far = {
        "type": "Polygon",
        "coordinates": [[[117.5, 33.5], [117.51, 33.5], [117.51, 33.51], [117.5, 33.5]]],
    }
    body = {"geometry": far, "reason": "moved"}
    refused = client.patch("/api/sites/2", json=body, headers={**tokens["otto"], "If-Match": "*"})
    assert refused.status_code == 403
    new = {"site_code": "N1", "name": "New", "kind": "open_pit", "geometry": far}
    assert client.post("/api/sites", json=new, headers=tokens["otto"]).status_code == 403
    assert client.post("/api/sites", json=new, headers=tokens["olga"]).status_code == 201


def test_only_a_reviewer_of_the_unit_who_is_somebody_else_approves(everybody) -> None:  # type: ignore[no-untyped-def]
    client, tokens = everybody
    change = {"status": "excluded", "effective_on": "2020-05-01", "reason": "duplicate"}
    asked = client.post("/api/sites/4/status", json=change, headers={**tokens["rosa"], "If-Match": "*"})
    assert asked.status_code == 202
    number = asked.json()["proposal"]["proposal_id"]
    url = f"/api/proposals/{number}/approve"
    assert client.post(url, headers=tokens["olga"]).json()["reason"] == "role"
    own = client.post(url, headers=tokens["rosa"])
    assert (own.status_code, own.json()["type"]) == (403, "/docs/errors#same-person")
    lent = client.post(url, headers=tokens["rosa"], json={"as": "adam"})
    assert lent.json()["type"] == "/docs/errors#acts-for-another"
    assert client.post(url, headers=tokens["adam"]).status_code == 200


def test_an_officer_withdraws_their_own_proposal_and_no_other(everybody) -> None:  # type: ignore[no-untyped-def]
    client, tokens = everybody
    headers = {**tokens["olga"], "If-Match": "*"}
    body = {"damaged_ha": 3.5, "reason": "survey"}
    number = client.patch("/api/sites/5", json=body, headers=headers).json()["proposal"]["proposal_id"]
    url = f"/api/proposals/{number}/reject"
    assert client.post(url, headers=tokens["otto"]).status_code == 403
    assert client.post(url, headers=tokens["olga"]).json()["state"] == "rejected"


def test_a_token_does_no_more_than_it_says(everybody) -> None:  # type: ignore[no-untyped-def]
    client, _ = everybody
    reader = token_for(client.app.state.store, "adam", scope=Scope.READ)
    assert client.get("/api/sites", headers=reader).status_code == 200
    assert client.post("/api/runs", json={"product": "clcd"}, headers=reader).json()["reason"] == "scope"
    made = client.post("/api/tokens", json={"name": "more", "scope": "admin"}, headers=reader)
    assert made.json()["reason"] == "scope"


def test_public_reading_lets_nobody_write(start_service) -> None:  # type: ignore[no-untyped-def]
    service = start_service(public_read=True)
    add_people(service.app.state.store, "adam")
    assert service.client.get("/api/sites").status_code == 200
    assert service.client.get("/", follow_redirects=False).status_code == 200
    assert service.client.get("/api/users").status_code == 401
    assert service.client.get("/api/imports/1/marked.xlsx").status_code == 401
    assert service.client.post("/api/runs", json={"product": "clcd"}).status_code == 401


def test_without_accounts_whoever_works_here_has_all_rights(start_service) -> None:  # type: ignore[no-untyped-def]
    service = start_service()
    assert service.client.get("/api/me").json()["local"] is True
    assert service.client.get("/api/users").json()["items"] == []
    add_people(service.app.state.store, "vera")
    assert service.client.get("/api/me").status_code == 401


def test_signing_in_can_be_asked_for_before_there_is_an_account(start_service) -> None:  # type: ignore[no-untyped-def]
    assert start_service(auth="on").client.get("/api/sites").status_code == 401


def test_nobody_is_a_user_without_rights() -> None:
    assert not may(User("", None), Action.READ)


def test_a_run_is_stopped_by_who_started_it_or_an_administrator(everybody) -> None:  # type: ignore[no-untyped-def]
    client, tokens = everybody
    with client.app.state.store.write() as conn:
        run = runs.create(conn, "recovery", {}, requested_by="otto")
    place = f"/api/runs/{run.run_id}"
    refused = client.delete(place, headers=tokens["olga"])
    assert (refused.status_code, refused.json()["reason"]) == (403, "not_own")
    assert client.delete(place, headers=tokens["otto"]).json()["state"] == "cancelled"
    with client.app.state.store.write() as conn:
        other = runs.create(conn, "recovery", {}, requested_by="otto")
    assert client.delete(f"/api/runs/{other.run_id}", headers=tokens["adam"]).status_code == 202
