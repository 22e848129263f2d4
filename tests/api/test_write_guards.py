"""Every route that writes: no change overwrites one that was not seen, no retry does a thing twice.

The two tables hold the routes that ask for neither If-Match nor Idempotency-Key, each with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient

from api.app import bare_app
from api.deps import get_if_match
from api.settings import Settings
from tests.api.conftest import Service
from tests.api.photo_case import photo
from tests.api.test_landcover_api import add_scenes

NOTHING_STORED = "it reckons and stores nothing"
STATE_SAYS = (
    "it is done once for all: its state, looked at in the transaction that writes, refuses a second time"
)
ONCE_GONE = "it only ends something; a second time there is nothing to end"
LAST_WORD = "an administrator's or one's own setting: the last word counts, and the audit keeps every one"
SAME_AGAIN = "the same request gives what is there already"
SECRET = "its answer holds a secret that must not be kept for a retry"
APPENDS = "it adds a row and changes none"

WITHOUT_IF_MATCH = {
    "POST /api/sites/{site_id}/attachments": APPENDS,
    "POST /api/proposals/{proposal_id}/comments": APPENDS,
    "POST /api/sites/merge": "the versions of the sites stand in the body; tested in test_redrawings_api",
    "POST /api/candidates/{candidate_id}/accept": STATE_SAYS,
    "POST /api/candidates/{candidate_id}/dismiss": STATE_SAYS,
    "POST /api/proposals/{proposal_id}/approve": STATE_SAYS,
    "POST /api/proposals/{proposal_id}/reject": STATE_SAYS,
    "POST /api/imports/{import_id}/commit": STATE_SAYS,
    "POST /api/imports/{import_id}/undo": STATE_SAYS,
    "POST /api/samples/{sample_id}/labels": "a label says what is seen at its point; a new look replaces it",
    "DELETE /api/runs/{run_id}": ONCE_GONE,
    "DELETE /api/sessions/{session_id}": ONCE_GONE,
    "DELETE /api/tokens/{token_id}": ONCE_GONE,
    "DELETE /api/users/{name}/sessions": ONCE_GONE,
    "DELETE /api/oidc-mappings/{mapping_id}": ONCE_GONE,
    "PATCH /api/users/{name}": LAST_WORD,
    "POST /api/users/{name}/password": LAST_WORD,
}

WITHOUT_KEY = {
    "POST /api/geometry/check": NOTHING_STORED,
    "POST /api/geometry/cut": NOTHING_STORED,
    "POST /api/imports/detect": "it keeps the file for the steps to come; what is not used is cleared away",
    "POST /api/scenes": SAME_AGAIN,
    "POST /api/samples": SAME_AGAIN,
    "POST /api/samples/{sample_id}/labels": SAME_AGAIN,
    "POST /api/notifications/read": SAME_AGAIN,
    "POST /api/me/password": "the old password fits no second time",
    "POST /api/users": "the name is taken the second time (409)",
    "POST /api/oidc-mappings": "the mapping is there the second time (409)",
    "POST /api/users/{name}/password": LAST_WORD,
    "PATCH /api/users/{name}": LAST_WORD,
    "POST /api/tokens": SECRET,
    "DELETE /api/runs/{run_id}": ONCE_GONE,
    "DELETE /api/sessions/{session_id}": ONCE_GONE,
    "DELETE /api/tokens/{token_id}": ONCE_GONE,
    "DELETE /api/users/{name}/sessions": ONCE_GONE,
    "DELETE /api/oidc-mappings/{mapping_id}": ONCE_GONE,
}


def below(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for one in dependant.dependencies:
        yield from below(one)


def writing_routes() -> dict[str, APIRoute]:
    """The routes of the interface that write; forms of pages do it through the same functions."""
    found = {}
    for route in iter_route_contexts(bare_app(Settings()).routes):
        original = route.original_route
        if isinstance(original, APIRoute) and route.path.startswith("/api/"):
            for method in set(route.methods or ()) - {"GET", "HEAD", "OPTIONS"}:
                found[f"{method} {route.path}"] = original
    return found


ROUTES = writing_routes()
CONDITIONAL = {
    name for name, route in ROUTES.items() if any(one.call is get_if_match for one in below(route.dependant))
}
RETRIED = {
    name
    for name, route in ROUTES.items()
    if any(field.alias == "Idempotency-Key" for one in below(route.dependant) for field in one.header_params)
}


def changes_something_known(name: str) -> bool:
    return "{" in name or name == "POST /api/sites/merge"


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_a_write_is_conditional_and_repeatable_or_its_exception_has_a_reason(name: str) -> None:
    if changes_something_known(name):
        assert (name in CONDITIONAL) != (name in WITHOUT_IF_MATCH)
    assert (name in RETRIED) != (name in WITHOUT_KEY)


def test_the_exceptions_are_of_routes_that_there_are() -> None:
    assert set(WITHOUT_IF_MATCH) <= set(ROUTES)
    assert set(WITHOUT_KEY) <= set(ROUTES)


@pytest.mark.parametrize("name", sorted(CONDITIONAL))
def test_a_conditional_write_without_the_version_is_428(reader: TestClient, name: str) -> None:
    method, path = name.split(" ")
    url = re.sub(r"\{\w+\}", "1", path)
    json = None if method == "DELETE" else {}
    assert reader.request(method, url, json=json).status_code == 428


def test_an_attachment_is_described_and_taken_off_at_its_present_version_alone(client: TestClient) -> None:
    made = client.post("/api/sites/1/attachments", files={"file": ("p.jpg", photo())})
    url, seen = made.headers["location"], made.headers["etag"]
    hers = client.patch(url, json={"caption": "the north wall"}, headers={"If-Match": seen})
    assert hers.status_code == 200
    lost = client.patch(url, json={"caption": "the south wall"}, headers={"If-Match": seen})
    assert (lost.status_code, client.get(url).json()["caption"]) == (412, "the north wall")
    assert client.delete(url, headers={"If-Match": seen}).status_code == 412
    head = {"If-Match": hers.headers["etag"], "Idempotency-Key": "off-1"}
    first, again = (client.delete(f"{url}?reason=twice", headers=head) for _ in range(2))
    assert (first.status_code, first.json()) == (200, again.json())
    assert client.delete(f"{url}?reason=other", headers=head).status_code == 409


@pytest.mark.parametrize(
    ("url", "body", "change"),
    [
        ("/api/projects", {"code": "P1", "name": "Wall"}, {"name": "North wall"}),
        ("/api/targets", {"adcode": "340600", "year": 2025, "target_ha": 5.0}, {"target_ha": 6.0}),
    ],
)
def test_what_is_planned_is_never_overwritten_unseen_nor_made_twice(
    client: TestClient, url: str, body: dict[str, object], change: dict[str, object]
) -> None:
    key = {"Idempotency-Key": "plan-1"}
    first, again = (client.post(url, json=body, headers=key) for _ in range(2))
    assert first.status_code == 201, first.text
    assert first.json() == again.json()
    made, seen = first.headers["location"], first.headers["etag"]
    head = {"If-Match": seen, "Idempotency-Key": "plan-2"}
    done, once = (client.patch(made, json=change, headers=head) for _ in range(2))
    assert (done.status_code, done.json()) == (200, once.json())
    assert client.patch(made, json=change, headers={"If-Match": seen}).status_code == 412


def test_a_run_asked_for_twice_under_one_key_is_one_run(service: Service) -> None:
    client = service.client
    add_scenes(client, service.folder)
    key, body = {"Idempotency-Key": "run-1"}, {"product": "clcd"}
    first, again = (client.post("/api/runs", json=body, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202), first.text
    assert first.json() == again.json()
    assert len(client.get("/api/runs").json()["items"]) == 1
