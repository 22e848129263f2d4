"""The review queue: filters by unit, what changes, comments for both sides, decisions from the page."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.pages import worklist
from tests.api.accounts_case import add_people, token_for

Headers = dict[str, str]


@pytest.fixture
def desk(start_service) -> tuple[TestClient, dict[str, Headers]]:  # type: ignore[no-untyped-def]
    """A service where olga of 340621 and otto of 340604 have each proposed something."""
    service = start_service()
    store = service.app.state.store
    add_people(store)
    people = {name: token_for(store, name) for name in ("vera", "otto", "olga", "rosa", "adam")}
    propose(service.client, people["olga"], 5, damaged_ha=3.5)
    propose(service.client, people["otto"], 1, damaged_ha=2.0)
    return service.client, people


def propose(client: TestClient, headers: Headers, site_id: int, **facts: object) -> int:
    body = {**facts, "reason": "survey"}
    asked = client.patch(f"/api/sites/{site_id}", json=body, headers={**headers, "If-Match": "*"})
    assert asked.status_code == 202, asked.text
    return int(asked.json()["proposal"]["proposal_id"])


def ids(client: TestClient, headers: Headers, query: str) -> list[int]:
    answer = client.get(f"/api/proposals?{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return [one["site_id"] for one in answer.json()["items"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [5, 1]),
        ("city=340604", [1]),
        ("city=340600", [5, 1]),
        ("kind=open_pit", [5, 1]),
        ("kind=subsidence", []),
        ("proposed_by=olga", [5]),
        ("mine=true", [5]),
        ("mine=true&city=340604", [1]),
    ],
)
def test_the_queue_is_filtered_by_unit_kind_and_proposer(desk, query: str, expected: list[int]) -> None:  # type: ignore[no-untyped-def]
    client, people = desk
    assert ids(client, people["olga"], query) == expected


def square_at(west: float) -> dict[str, object]:
    """A square of the size of the sites of the store, its south-west corner at (west, 33.5)."""
    corners = [(0, 0), (0.01, 0), (0.01, 0.01), (0, 0.01), (0, 0)]
    return {"type": "Polygon", "coordinates": [[[west + x, 33.5 + y] for x, y in corners]]}


def test_a_move_is_found_under_the_old_unit_and_the_new(desk) -> None:  # type: ignore[no-untyped-def]
    client, people = desk
    number = propose(client, people["adam"], 2, geometry=square_at(117.3))
    for code in ("340604", "340621", "340600"):
        items = client.get(f"/api/proposals?city={code}", headers=people["vera"]).json()["items"]
        assert number in [one["proposal_id"] for one in items], code
    assert f'id="proposal-{number}"' in client.get("/reviews", headers=people["olga"]).text


def test_a_merge_is_found_under_the_unit_of_each_site_and_its_people_may_comment(desk) -> None:  # type: ignore[no-untyped-def]
    client, people = desk
    body = {
        "sites": [{"site_id": 1, "version": 1}, {"site_id": 5, "version": 1}],
        "site_code": "M1",
        "effective_on": "2021-05-01",
    }
    asked = client.post("/api/sites/merge", json=body, headers=people["adam"])
    assert asked.status_code == 202, asked.text
    number = asked.json()["proposal"]["proposal_id"]
    for code in ("340604", "340621"):
        items = client.get(f"/api/proposals?city={code}", headers=people["vera"]).json()["items"]
        assert number in [one["proposal_id"] for one in items], code
    for name in ("otto", "olga"):
        url = f"/api/proposals/{number}/comments"
        assert client.post(url, json={"text": "x"}, headers=people[name]).status_code == 201, name


def test_the_worklist_pages_through_the_open_proposals_of_a_unit(  # type: ignore[no-untyped-def]
    desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, people = desk
    monkeypatch.setattr(worklist, "PROPOSAL_ROWS", 1)
    first = client.get("/worklist?lang=en", headers=people["rosa"]).text
    assert "2 open" in first
    assert "/api/proposals/1/approve" in first
    assert "/api/proposals/2/approve" not in first
    following = re.search(r'href="([^"]*proposals_after=[^"]*)"', first)
    assert following is not None
    second = client.get(html.unescape(following[1]), headers=people["rosa"]).text
    assert "/api/proposals/2/approve" in second
    assert "/api/proposals/1/approve" not in second
    other = client.get("/worklist?lang=en&city=340604", headers=people["rosa"]).text
    assert "1 open" in other


def test_the_queue_is_paged_by_keyset_and_an_unknown_unit_is_told(desk) -> None:  # type: ignore[no-untyped-def]
    client, people = desk
    page = client.get("/api/proposals?limit=1", headers=people["rosa"]).json()
    assert [one["site_id"] for one in page["items"]] == [5]
    assert [one["site_id"] for one in client.get(page["next"], headers=people["rosa"]).json()["items"]] == [1]
    assert client.get("/api/proposals?city=999999", headers=people["rosa"]).status_code == 404


def test_a_proposal_says_what_is_and_what_would_be(desk) -> None:  # type: ignore[no-untyped-def]
    client, people = desk
    item = client.get("/api/proposals/1", headers=people["vera"]).json()
    assert (item["before"], item["change"]["facts"]) == ({"damaged": None}, {"damaged": 3.5})


def test_a_comment_is_kept_and_told_to_the_other_side_alone(desk) -> None:  # type: ignore[no-untyped-def]
    client, people = desk
    url = "/api/proposals/1/comments"
    said = client.post(url, json={"text": " Which survey? "}, headers=people["rosa"])
    assert (said.status_code, said.json()["text"], said.json()["author"]) == (201, "Which survey?", "rosa")
    assert client.post(url, json={"text": "That of May"}, headers=people["olga"]).status_code == 201
    assert told(client, people["olga"]) == ["/reviews?proposal=1"]
    assert told(client, people["rosa"]) == ["/reviews?proposal=1"]
    assert told(client, people["otto"]) == []
    kept = client.get("/api/proposals/1", headers=people["vera"]).json()["comments"]
    assert [(one["author"], one["text"]) for one in kept] == [
        ("rosa", "Which survey?"),
        ("olga", "That of May"),
    ]


def told(client: TestClient, headers: Headers) -> list[str]:
    items = client.get("/api/notifications", headers=headers).json()["items"]
    return [one["link"] for one in items if one["kind"] == "comment"]


@pytest.mark.parametrize(
    ("who", "number", "text", "status"),
    [("vera", 1, "x", 403), ("otto", 1, "x", 403), ("rosa", 1, "  ", 422), ("rosa", 99, "x", 404)],
)
def test_a_comment_from_outside_or_of_nothing_is_refused(  # type: ignore[no-untyped-def]
    desk, who: str, number: int, text: str, status: int
) -> None:
    client, people = desk
    answer = client.post(f"/api/proposals/{number}/comments", json={"text": text}, headers=people[who])
    assert answer.status_code == status, answer.text


def test_a_retried_comment_is_said_once(desk) -> None:  # type: ignore[no-untyped-def]
    client, people = desk
    headers = {**people["rosa"], "Idempotency-Key": "k"}
    first, again = (
        client.post("/api/proposals/1/comments", json={"text": "x"}, headers=headers) for _ in range(2)
    )
    assert first.json() == again.json()
    assert len(client.get("/api/proposals/1", headers=people["rosa"]).json()["comments"]) == 1


def test_a_comment_cannot_be_altered_in_the_store(desk) -> None:  # type: ignore[no-untyped-def]
    client, people = desk
    client.post("/api/proposals/1/comments", json={"text": "x"}, headers=people["rosa"])
    store: Any = client.app.state.store
    for statement in ("UPDATE proposal_comments SET text = 'y'", "DELETE FROM proposal_comments"):
        with pytest.raises(Exception, match="append-only"), store.write() as conn:
            conn.exec_driver_sql(statement)


def test_the_page_shows_ones_own_units_and_what_one_may_do(desk) -> None:  # type: ignore[no-untyped-def]
    client, people = desk
    mine = client.get("/reviews?lang=en", headers=people["olga"]).text
    assert 'id="proposal-1"' in mine
    assert 'id="proposal-2"' not in mine
    assert "/approve" not in mine
    assert "Withdraw" in mine
    everything = client.get("/reviews?city=all&lang=en", headers=people["olga"]).text
    assert 'id="proposal-2"' in everything
    reviewer = client.get("/reviews?lang=en", headers=people["rosa"]).text
    assert reviewer.count("/approve") == 2
    assert "3.50 ha" in reviewer
    viewer = client.get("/reviews?lang=en", headers=people["vera"]).text
    assert 'id="proposal-1"' in viewer
    assert "/comments" not in viewer


def test_one_proposal_is_shown_after_its_decision_too(desk) -> None:  # type: ignore[no-untyped-def]
    client, people = desk
    decided = client.post("/api/proposals/1/reject", json={"comment": "too old"}, headers=people["rosa"])
    assert decided.status_code == 200
    page = client.get("/reviews?proposal=1&lang=en", headers=people["olga"]).text
    assert "too old" in page
    assert "/approve" not in page
    assert client.get("/reviews?proposal=99", headers=people["olga"]).status_code == 404


def test_what_is_said_stays_text_on_the_page(desk) -> None:  # type: ignore[no-untyped-def]
    client, people = desk
    client.post("/api/proposals/1/comments", json={"text": "<img src=x onerror=a()>"}, headers=people["rosa"])
    assert "<img src=x" not in client.get("/reviews", headers=people["rosa"]).text
