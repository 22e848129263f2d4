"""Files come by short-lived links alone: no cookie is looked at, none is set, no link opens anything else."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient

from api.auth.file_links import LASTS_S, FileLinkNotGood, FileLinks, Shown
from geo.accounts.rights import Scope
from geo.store import audit
from geo.store.audit import AuditFilter
from tests.api.accounts_case import add_people, sign_in, token_for
from tests.api.photo_case import PDF, photo

COOKIE = "reverdure_session"


@pytest.fixture
def kept(start_service):  # type: ignore[no-untyped-def]
    """A service with accounts, a report and a photo on its first site; the addresses of both."""
    service = start_service()
    add_people(service.app.state.store)
    head = token_for(service.app.state.store, "otto")
    made = []
    for content in (PDF, photo(116.505, 33.505)):
        sent = service.client.post("/api/sites/1/attachments", files={"file": ("f", content)}, headers=head)
        made.append(sent.json())
    return service, made


def link_of(client: TestClient, url: str, headers: dict[str, str]) -> str:
    answer = client.get(url, headers=headers, follow_redirects=False)
    assert (answer.status_code, answer.headers["cache-control"]) == (303, "no-store"), answer.text
    return str(answer.headers["location"])


def test_only_who_may_read_is_handed_a_link(kept) -> None:  # type: ignore[no-untyped-def]
    service, (report, picture) = kept
    for url in (report["url"], picture["url"], picture["thumbnail_url"]):
        assert service.client.get(url).status_code == 401
        assert service.client.get(url, headers=token_for(service.app.state.store, "nora")).status_code == 403
        link = link_of(service.client, url, token_for(service.app.state.store, "vera", scope=Scope.READ))
        assert link.startswith(f"/files/{url.split('/')[3]}")


def test_the_link_alone_opens_the_file_and_sets_no_cookie(kept) -> None:  # type: ignore[no-untyped-def]
    service, (report, picture) = kept
    head = token_for(service.app.state.store, "vera")
    bare = TestClient(service.app)
    saved = bare.get(link_of(service.client, report["url"], head))
    assert saved.content == PDF
    assert saved.headers["content-disposition"].startswith("attachment")
    small = bare.get(link_of(service.client, picture["thumbnail_url"], head))
    assert small.headers["content-type"] == "image/webp"
    for answer in (saved, small):
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"].startswith("private")
    assert not bare.cookies


def test_no_cookie_and_no_token_opens_a_file_without_its_link(kept) -> None:  # type: ignore[no-untyped-def]
    service, (report, _) = kept
    sign_in(service.client, "adam")
    assert COOKIE in service.client.cookies
    plain = f"/files/{report['sha256']}"
    for headers in ({}, token_for(service.app.state.store, "adam")):
        assert service.client.get(plain, headers=headers).status_code == 403
    page = service.client.get(plain, headers={"Accept": "text/html", "Accept-Language": "zh"})
    assert "此文件链接已失效" in page.text
    rotten = {"Cookie": f"{COOKIE}=rotten"}
    link = link_of(service.client, report["url"], {})
    assert TestClient(service.app).get(link, headers=rotten).content == PDF


def test_an_altered_link_opens_nothing(kept) -> None:  # type: ignore[no-untyped-def]
    service, (report, picture) = kept
    head = token_for(service.app.state.store, "vera")
    link = link_of(service.client, picture["url"], head)
    query = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    path = f"/files/{picture['sha256']}"
    for where, changes in (
        (f"/files/{report['sha256']}", {}),
        (f"{path}/thumb", {}),
        (path, {"until": str(int(query["until"]) + 1)}),
        (path, {"by": "adam"}),
        (path, {"signature": query["signature"][:-1] + ("0" if query["signature"][-1] != "0" else "1")}),
        (path, {"signature": "é"}),
        (path, {"until": "9" * 400}),
    ):
        answer = service.client.get(where, params={**query, **changes})
        assert answer.status_code in {403, 422}, (where, changes)


def test_a_link_ends_and_is_of_one_process_alone() -> None:
    links, now = FileLinks.new(), time.time()
    url = links.make("ab" * 32, Shown.SAVED, holder="otto", now=now)
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    until, signature = int(query["until"]), query["signature"]

    def check(which: FileLinks, at: float) -> None:
        which.check("ab" * 32, Shown.SAVED, holder="otto", until=until, signature=signature, now=at)

    check(links, now + LASTS_S - 1)
    with pytest.raises(FileLinkNotGood):
        check(links, now + LASTS_S + 1)
    with pytest.raises(FileLinkNotGood):
        check(FileLinks.new(), now)


def test_the_audit_names_who_was_handed_the_link_and_holds_no_signature(kept) -> None:  # type: ignore[no-untyped-def]
    service, (report, _) = kept
    store = service.app.state.store
    TestClient(service.app).get(link_of(service.client, report["url"], token_for(store, "vera")))
    service.client.get(f"/files/{report['sha256']}")
    with store.read() as conn:
        rows = audit.find(conn, AuditFilter())
    lines = [(row.entry.event.value, row.entry.actor, row.entry.target) for row in rows]
    assert lines[0] == ("exported", "vera", f"GET /files/{report['sha256']}")
    assert not [line for line in lines if line[0] == "refused"]
    assert "signature" not in repr(rows)
