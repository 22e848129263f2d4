"""What is told leads to a page that is about it, in both languages, and is counted in the head until read."""

from __future__ import annotations

import re

from fastapi.testclient import TestClient

from tests.api.accounts_case import add_people, token_for
from tests.api.conftest import Service

ANY = {"If-Match": "*"}


def unread(client: TestClient, head: dict[str, str]) -> int:
    return len([one for one in told(client, head) if one["read_at"] is None])


def told(client: TestClient, head: dict[str, str], lang: str = "en") -> list[dict[str, object]]:
    found = client.get(f"/api/notifications?lang={lang}", headers=head).json()["items"]
    assert isinstance(found, list)
    return found


def in_head(client: TestClient, head: dict[str, str]) -> str | None:
    """The number beside the bell, None without one."""
    bell = re.search(r'<a class="bell".*?</a>', client.get("/sites", headers=head).text, re.DOTALL)
    assert bell is not None
    number = re.search(r"<b>(\d+)</b>", bell.group(0))
    return number and number.group(1)


def test_a_proposal_its_comment_its_rejection_and_a_conflict_reach_the_other_side(service: Service) -> None:
    client, store = service.client, service.app.state.store
    add_people(store)
    otto, rosa = (token_for(store, name) for name in ("otto", "rosa"))
    asked = client.patch("/api/sites/1", json={"damaged_ha": 9}, headers={**ANY, **otto}).json()
    number = asked["proposal"]["proposal_id"]
    said = client.post(f"/api/proposals/{number}/comments", json={"text": "why 9?"}, headers=rosa)
    assert said.status_code == 201, said.text
    first = client.patch("/api/sites/1", json={"damaged_ha": 8}, headers={**ANY, **otto}).json()
    client.post(f"/api/proposals/{first['proposal']['proposal_id']}/approve", headers=rosa)
    late = client.post(f"/api/proposals/{number}/approve", headers=rosa)
    assert late.status_code == 409
    client.post(f"/api/proposals/{number}/reject", json={"comment": "outdated"}, headers=rosa)
    kinds = {str(one["kind"]): one for one in told(client, otto)}
    assert set(kinds) == {"comment", "proposal_approved", "conflict", "proposal_rejected"}
    assert {str(one["kind"]) for one in told(client, rosa)} == {"proposal_waits"}
    for head in (otto, rosa):
        for lang, mark in (("zh", re.compile(r"[\u4e00-\u9fff]")), ("en", re.compile(r"[a-z]{4}"))):
            for one in told(client, head, lang):
                assert mark.search(str(one["text"])), one
                page = client.get(f"{one['link']}", headers=head)
                assert page.status_code == 200, one
                assert "001" in page.text
    assert unread(client, otto) == 4
    assert in_head(client, otto) == "4"
    client.post("/api/notifications/read", headers=otto)
    assert unread(client, otto) == 0
    assert in_head(client, otto) is None
