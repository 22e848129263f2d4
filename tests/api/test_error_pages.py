"""What an error says: a page in the reader's language where people look, a problem for programs."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest
from fastapi.testclient import TestClient

from api.error_words import error_kinds, error_template, problem_words
from api.errors import STATUS, status_of
from geo.errors import ReverdureError, StoreError
from geo.reference import reference_rows
from tests.api.accounts_case import add_people, sign_in

ROOT = Path(__file__).resolve().parents[2]
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SENTENCES = sorted(
    {kind for kind in error_kinds() if status_of(kind) < 500},
    key=lambda kind: (kind.slug(), kind.__module__, kind.__name__),
)
WORDS = {row["slug"]: row["zh"] for row in reference_rows("error_words")}


def places(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("kind", SENTENCES, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_error_has_a_chinese_sentence_whose_places_can_be_filled(kind: type[ReverdureError]) -> None:
    assert kind.slug() in WORDS
    assert places(WORDS[kind.slug()]) <= places(kind.template)
    assert error_template(kind, "zh") != error_template(kind, "en") or kind.template == "{fields}"


def test_the_chinese_sentences_are_of_errors_that_there_are() -> None:
    assert set(WORDS) <= {kind.slug() for kind in error_kinds()}


PROBLEM = re.compile(r'problem=f?"([^"]+)"')
OFFICERS = (
    "api/auth/keeping.py",
    "api/deps.py",
    "api/schemas/sites.py",
    "api/schemas/redrawings.py",
    "geo/accounts/rules.py",
    "geo/changes.py",
    "geo/photos.py",
    "geo/planning.py",
    "geo/store/attachments.py",
    "geo/store/inspections.py",
    "geo/timeline.py",
    "geo/undoing.py",
)
"""Where it is told what is wrong with what officers write on pages."""


@pytest.mark.parametrize("module", OFFICERS)
def test_what_is_wrong_with_what_an_officer_writes_is_said_in_chinese(module: str) -> None:
    said = PROBLEM.findall((ROOT / module).read_text(encoding="utf-8"))
    filled = [re.sub(r"\{[^}]*\}", "7", one) for one in said]
    assert [one for one in filled if problem_words(one) == one] == []


def test_the_chinese_words_of_problems_are_of_problems_that_there_are() -> None:
    sources = [path for folder in ("api", "geo") for path in (ROOT / folder).rglob("*.py")]
    known = {
        re.sub(r"\{[^}]*\}", "{}", one)
        for path in sources
        for one in re.findall(r'f?"([^"\n]+)"', path.read_text(encoding="utf-8"))
    }
    stale = [
        row["en"]
        for row in reference_rows("problem_words")
        if re.sub(r"\{[^}]*\}", "{}", row["en"]) not in known
    ]
    assert stale == []


def test_every_status_that_is_answered_has_its_title_and_its_help() -> None:
    listed = {int(row["slug"]) for row in reference_rows("problems")}
    assert set(STATUS.values()) <= listed
    assert all(row["zh_helps"] and row["en_helps"] for row in reference_rows("problems"))


ADDRESSES = [
    ("GET", "/nowhere", {}, 404, "nothing is served"),
    ("GET", "/sites/99", {}, 404, "no site has the id 99"),
    ("GET", "/maps/sites/99", {}, 404, "no site has the id 99"),
    ("GET", "/maps/recovery?from=1", {}, 422, "must be at least 1900"),
    ("GET", "/cities/999999", {}, 404, "has the code"),
    ("PUT", "/sites", {}, 405, "does not answer to PUT"),
    ("POST", "/logout", {"Origin": "http://evil.example"}, 403, "another site"),
    ("GET", "/sites", {"Host": "evil.example"}, 421, "its own machine"),
    ("GET", "/", {"Host": "[::1"}, 421, "its own machine"),
]


@pytest.mark.parametrize(("method", "url", "headers", "status", "said"), ADDRESSES)
def test_an_error_at_a_page_is_a_page(
    reader: TestClient, method: str, url: str, headers: dict[str, str], status: int, said: str
) -> None:
    answer = reader.request(method, url, headers={**BROWSER, **headers}, follow_redirects=False)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert re.search(said, answer.text), answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert 'href="/"' in answer.text
    assert "'unsafe-inline'" not in script_policy(answer.headers) or url.startswith("/maps")
    chinese = reader.request(
        method, url, headers={**BROWSER, "Accept-Language": "zh-CN", **headers}, follow_redirects=False
    )
    assert 'lang="zh-CN"' in chinese.text
    title = next(row["zh"] for row in reference_rows("problems") if row["slug"] == str(status))
    assert title in chinese.text
    assert not re.search(said, chinese.text)


def script_policy(headers) -> str:  # type: ignore[no-untyped-def]
    policy = headers["content-security-policy"]
    return next(part for part in policy.split("; ") if part.startswith("script-src"))


def test_programs_get_a_problem_at_every_address_and_its_words_in_their_language(reader: TestClient) -> None:
    for url in ("/api/nowhere", "/api/sites/99"):
        for head in ({"Accept": "*/*"}, BROWSER):
            answer = reader.get(url, headers=head)
            assert answer.headers["content-type"] == "application/problem+json", url
    plain = reader.get("/nowhere", headers={"Accept": "application/json"})
    assert plain.headers["content-type"] == "application/problem+json"
    english, chinese = (
        reader.get("/api/sites/99", headers={"Accept-Language": lang}).json() for lang in ("en", "zh")
    )
    assert (english["title"], english["detail"]) == ("Not found", "no site has the id 99")
    assert (chinese["title"], chinese["detail"]) == ("未找到", "没有编号为 99 的图斑")
    assert english["type"] == chinese["type"] == "/docs/errors#unknown-site"
    fields = reader.get("/api/sites?limit=0&lang=zh").json()
    assert fields["detail"] == "query.limit: 不得小于 1"
    assert fields["errors"][0]["loc"] == ["query", "limit"]


def test_the_language_of_an_error_page_can_be_changed_on_it(reader: TestClient) -> None:
    page = reader.get("/nowhere?lang=zh", headers=BROWSER)
    assert "此地址没有任何内容" in page.text
    assert 'href="/nowhere?lang=en"' in page.text
    reader.cookies.clear()


def test_an_error_page_leads_back_to_where_one_came_from_and_to_no_other_host(reader: TestClient) -> None:
    own = reader.get("/sites/99", headers={**BROWSER, "Referer": "http://testserver/sites?q=Pit"})
    assert 'href="/sites?q=Pit"' in own.text
    for bad in (
        "https://evil.example/x",
        "http://testserver//evil.example",
        "javascript:alert(1)",
        "/sites/99",
    ):
        page = reader.get("/sites/99", headers={**BROWSER, "Referer": bad})
        assert "evil" not in page.text
        assert "javascript" not in page.text


def test_what_was_typed_runs_in_no_error_page(reader: TestClient) -> None:
    page = reader.get('/worklist?city="><script>alert(1)</script>', headers=BROWSER)
    assert page.status_code == 422
    assert "<script>alert" not in page.text


def test_a_form_sent_without_a_session_is_told_to_sign_in_on_a_page(start_service) -> None:  # type: ignore[no-untyped-def]
    service = start_service()
    add_people(service.app.state.store)
    page = service.client.post("/admin/users", data={"name": "x"}, headers=BROWSER, follow_redirects=False)
    assert (page.status_code, page.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert 'href="/login?next=' in page.text
    csrf = sign_in(service.client, "vera")
    refused = service.client.post("/admin/users", data={"csrf_token": csrf}, headers=BROWSER)
    assert refused.status_code == 403
    assert "The role does not allow it" in refused.text
    stale = service.client.post(
        "/account/lang", data={"csrf_token": "x"}, headers={**BROWSER, "Accept-Language": "zh"}
    )
    assert stale.status_code == 403
    assert "页面已过期" in stale.text


def test_a_body_that_is_too_large_or_cannot_be_read_is_a_page_too(start_service) -> None:  # type: ignore[no-untyped-def]
    client = start_service(max_body_mb=0.001).client
    large = client.post("/login", data={"name": "x" * 5000}, headers=BROWSER)
    assert (large.status_code, large.headers["content-type"]) == (413, "text/html; charset=utf-8")
    chunked = client.post(
        "/login",
        content=(b"name=" + b"x" * 400 for _ in range(5)),
        headers={**BROWSER, "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert (chunked.status_code, "larger than 1000 bytes" in chunked.text) == (413, True)
    torn = client.post("/login", content=b"x", headers={**BROWSER, "Content-Type": "multipart/form-data"})
    assert (torn.status_code, "cannot be read" in torn.text) == (400, True)


@pytest.mark.parametrize(("error", "status"), [(RuntimeError("secret"), 500), (StoreError(), 503)])
def test_what_goes_wrong_inside_is_a_page_with_the_id_of_the_request_alone(
    service, monkeypatch, error: Exception, status: int
) -> None:  # type: ignore[no-untyped-def]
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("api.pages.worklist.query_of", fail)
    page = service.client.get("/worklist", headers={**BROWSER, "X-Request-ID": "r-17"})
    assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert "r-17" in page.text
    assert "secret" not in page.text
    assert "Try again" in page.text


def test_the_kinds_of_errors_are_listed_in_both_languages(reader: TestClient) -> None:
    assert 'id="stale-version"' in reader.get("/docs/errors").text
    assert "没有编号为 {site_id} 的图斑" in reader.get("/docs/errors?lang=zh").text
    reader.cookies.clear()
