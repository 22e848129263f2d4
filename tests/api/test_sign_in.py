"""Signing in, staying signed in, and everything that must not work: guessed, stolen, stale, borrowed."""

from __future__ import annotations

import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from fastapi.testclient import TestClient

from api.auth.demo import NotADemo, add_demo_accounts
from api.auth.opening import first_link
from api.auth.secrets import TOKEN_PREFIX, csrf_of, hash_password, password_fits
from api.pages.login import safe_next
from geo import clock
from geo.accounts.audit import AuditEvent
from geo.accounts.rights import NotAllowed
from geo.store import Store, accounts, audit, set_setting, sign_ins
from geo.store.audit import AuditFilter
from tests.api.accounts_case import PASSWORD, PEOPLE, add_people, sign_in, token_for

COOKIE = "reverdure_session"
LATER = "2999-01-01T00:00:00.000000Z"


@pytest.fixture
def peopled(start_service):  # type: ignore[no-untyped-def]
    service = start_service()
    add_people(service.app.state.store)
    return service


@pytest.fixture
def store(peopled) -> Store:  # type: ignore[no-untyped-def]
    return peopled.app.state.store


@pytest.fixture
def browser(peopled) -> TestClient:  # type: ignore[no-untyped-def]
    return peopled.client


def events(store: Store, **wanted: object) -> list[AuditEvent]:
    with store.read() as conn:
        return [row.entry.event for row in audit.find(conn, AuditFilter(**wanted))]


def raw_tables(store: Store) -> str:
    with closing(sqlite3.connect(store.path)) as conn:
        names = ("users", "sessions", "api_tokens", "one_time_links", "audit", "login_attempts")
        return repr([conn.execute(f"SELECT * FROM {name}").fetchall() for name in names])


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(browser: TestClient) -> None:
    answer = browser.post("/login", data={"name": "otto", "password": PASSWORD}, follow_redirects=False)
    (cookie,) = [line for line in answer.headers.get_list("set-cookie") if COOKIE in line]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    assert answer.headers["cache-control"] == "no-store"


def test_the_cookie_is_secure_where_people_come_by_https(start_service) -> None:  # type: ignore[no-untyped-def]
    service = start_service(public_url="https://reverdure.example")
    add_people(service.app.state.store, "otto")
    answer = service.client.post(
        "/login", data={"name": "otto", "password": PASSWORD}, follow_redirects=False
    )
    (cookie,) = [line for line in answer.headers.get_list("set-cookie") if COOKIE in line]
    assert cookie.startswith("__Host-")
    assert "Secure" in cookie


def test_a_page_leads_to_the_form_and_the_form_back(browser: TestClient) -> None:
    asked = browser.get("/sites?q=Pit", follow_redirects=False)
    assert (asked.status_code, asked.headers["location"]) == (303, "/login?next=%2Fsites%3Fq%3DPit")
    data = {"name": "Otto ", "password": PASSWORD, "next": "/sites?q=Pit"}
    answer = browser.post("/login", data=data, follow_redirects=False)
    assert answer.headers["location"] == "/sites?q=Pit"
    page = browser.get("/sites?q=Pit").text
    assert "otto" in page
    assert "Lieshan" in page


@pytest.mark.parametrize(
    "address", ["//evil.example", "/\\evil.example", "https://evil.example", "", "x", "/\nx"]
)
def test_nobody_is_led_to_another_host(address: str) -> None:
    assert safe_next(address) == "/"


def test_all_failures_look_the_same(browser: TestClient, store: Store) -> None:
    with store.write() as conn:
        accounts.set_disabled(conn, accounts.named(conn, "olga").user_id, disabled=True)
    bodies = set()
    for name, password in (("otto", "wrong wrong wrong"), ("nobody-at-all", PASSWORD), ("olga", PASSWORD)):
        answer = browser.post("/login", data={"name": name, "password": password}, follow_redirects=False)
        assert answer.status_code == 401
        assert COOKIE not in answer.headers.get("set-cookie", "")
        bodies.add(re.sub(rf'value="{name}"', "", answer.text))
    assert len(bodies) == 1
    assert events(store) == [AuditEvent.SIGN_IN_FAILED] * 3


def test_guessing_makes_even_the_right_password_wait(browser: TestClient, store: Store) -> None:
    statuses = [
        browser.post("/login", data={"name": "otto", "password": f"guess number {n}"}).status_code
        for n in range(7)
    ]
    assert statuses == [401] * 5 + [429] * 2
    then = clock.now_utc()
    blocked = browser.post("/login", data={"name": "otto", "password": PASSWORD}, follow_redirects=False)
    assert blocked.status_code == 429
    assert 0 < int(blocked.headers["retry-after"]) <= 4
    sign_in(TestClient(browser.app), "adam")
    with store.write() as conn:
        assert sign_ins.blocked_until(conn, {"name": "otto"}, now=then) is not None
        sign_ins.forget_failures(conn, "otto")
    sign_in(browser, "otto")


def test_a_crowd_of_guesses_at_once_gets_no_more_tries_than_one_by_one(peopled) -> None:  # type: ignore[no-untyped-def]
    def guess(number: int) -> int:
        data = {"name": "otto", "password": f"guess number {number}"}
        return TestClient(peopled.app).post("/login", data=data).status_code

    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(guess, range(12)))
    assert (statuses.count(401), statuses.count(429)) == (5, 7)


def test_guessing_a_name_that_is_none_waits_all_the_same(browser: TestClient) -> None:
    statuses = [
        browser.post("/login", data={"name": "ghost", "password": f"guess {n}"}).status_code for n in range(6)
    ]
    assert statuses == [401] * 5 + [429]


def test_guessing_many_names_from_one_address_waits(browser: TestClient, store: Store) -> None:
    now = clock.now_utc()
    with store.write() as conn:
        for number in range(22):
            sign_ins.note_failure(conn, {"name": f"n{number}", "address": "testclient"}, now=now)
    assert browser.post("/login", data={"name": "otto", "password": PASSWORD}).status_code == 429


def test_signing_in_makes_a_new_session_and_ends_the_old_one(browser: TestClient) -> None:
    browser.cookies.set(COOKIE, "planted-by-somebody-else")
    sign_in(browser, "otto")
    first = browser.cookies.get(COOKIE, domain="testserver.local")
    assert first != "planted-by-somebody-else"
    token = csrf_of(first)
    data = {"name": "otto", "password": PASSWORD, "csrf_token": token}
    assert browser.post("/login", data=data, follow_redirects=False).status_code == 303
    stale = {"Cookie": f"{COOKIE}={first}"}
    bare = TestClient(browser.app)
    assert bare.get("/api/me", headers=stale).status_code == 401


def test_a_write_of_a_session_needs_its_token(browser: TestClient) -> None:
    token = sign_in(browser, "otto")
    change = {"status": "planned", "effective_on": "2020-05-01", "reason": "plan"}
    for given in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": csrf_of("another session")}):
        answer = browser.post("/api/sites/1/status", json=change, headers={"If-Match": "*", **given})
        assert (answer.status_code, answer.json()["type"]) == (403, "/docs/errors#bad-csrf-token")
    good = {"If-Match": "*", "X-CSRF-Token": token}
    assert browser.post("/api/sites/1/status", json=change, headers=good).status_code == 200
    assert browser.post("/logout", data={}, follow_redirects=False).status_code == 403
    assert browser.post("/logout", data={"csrf_token": token}, follow_redirects=False).status_code == 303
    assert browser.get("/api/me").status_code == 401


def test_a_session_ends_when_it_was_idle_or_is_old(browser: TestClient, store: Store) -> None:
    sign_in(browser, "otto")
    secret = browser.cookies.get(COOKIE, domain="testserver.local")
    now = clock.now_utc()
    with store.read() as conn:
        assert sign_ins.session_of(conn, secret, now=now, idle_s=7200) is not None
        assert sign_ins.session_of(conn, secret, now=sign_ins.later(now, 7300), idle_s=7200) is None
        assert sign_ins.session_of(conn, secret, now=sign_ins.later(now, 13 * 3600), idle_s=1e6) is None


def test_a_shut_account_is_out_at_once(browser: TestClient, store: Store) -> None:
    sign_in(browser, "otto")
    token = token_for(store, "otto")
    admin = token_for(store, "adam")
    bare = TestClient(browser.app)
    assert bare.patch("/api/users/otto", json={"disabled": True}, headers=admin).status_code == 200
    assert browser.get("/api/me").status_code == 401
    assert bare.get("/api/me", headers=token).status_code == 401
    assert bare.patch("/api/users/otto", json={"disabled": False}, headers=admin).status_code == 200
    assert browser.get("/api/me").status_code == 401


def test_a_taken_role_counts_at_the_next_request(browser: TestClient, store: Store) -> None:
    csrf = sign_in(browser, "rosa")
    admin = token_for(store, "adam")
    TestClient(browser.app).patch("/api/users/rosa", json={"role": "viewer"}, headers=admin)
    answer = browser.post("/api/runs", json={"product": "clcd"}, headers={"X-CSRF-Token": csrf})
    assert (answer.status_code, answer.json()["reason"]) == (403, "role")


def test_one_ends_ones_own_sessions_and_nobody_elses(browser: TestClient, store: Store) -> None:
    csrf = sign_in(browser, "otto")
    other = TestClient(browser.app)
    sign_in(other, "olga")
    (mine,) = browser.get("/api/sessions").json()["items"]
    (hers,) = other.get("/api/sessions").json()["items"]
    head = {"X-CSRF-Token": csrf}
    assert mine["current"] is True
    assert browser.delete(f"/api/sessions/{hers['session_id']}", headers=head).status_code == 404
    assert browser.delete(f"/api/sessions/{mine['session_id']}", headers=head).status_code == 204
    assert browser.get("/api/me").status_code == 401
    assert other.get("/api/me").status_code == 200


def test_a_token_is_shown_once_expires_and_can_be_ended(browser: TestClient, store: Store) -> None:
    head = {"X-CSRF-Token": sign_in(browser, "otto")}
    made = browser.post(
        "/api/tokens", json={"name": "script", "scope": "write", "days": 7}, headers=head
    ).json()
    assert made["token"].startswith(TOKEN_PREFIX)
    assert made["token"] not in browser.get("/api/tokens").text
    bearer = {"Authorization": f"Bearer {made['token']}"}
    bare = TestClient(browser.app)
    assert bare.get("/api/me", headers=bearer).json()["scope"] == "write"
    with store.read() as conn:
        assert sign_ins.token_of(conn, made["token"], now=LATER) is None
    assert browser.delete(f"/api/tokens/{made['token_id']}", headers=head).status_code == 204
    gone = bare.get("/api/me", headers=bearer)
    assert (gone.status_code, gone.headers["www-authenticate"]) == (401, "Bearer")
    too_long = browser.post("/api/tokens", json={"name": "x", "days": 3000}, headers=head)
    assert too_long.status_code == 422


def test_a_bad_token_is_refused_also_where_everybody_may_read(start_service) -> None:  # type: ignore[no-untyped-def]
    client = start_service(public_read=True).client
    assert client.get("/api/sites", headers={"Authorization": "Bearer nonsense"}).status_code == 401


def test_the_store_holds_no_secret_in_the_clear(browser: TestClient, store: Store) -> None:
    head = {"X-CSRF-Token": sign_in(browser, "otto")}
    token = browser.post("/api/tokens", json={"name": "script"}, headers=head).json()["token"]
    session = browser.cookies.get(COOKIE, domain="testserver.local")
    kept = raw_tables(store)
    for secret in (PASSWORD, token, session, csrf_of(session)):
        assert secret not in kept
    assert "$argon2id$" in kept


def test_a_password_that_an_administrator_gave_is_changed_first(browser: TestClient, store: Store) -> None:
    admin = token_for(store, "adam")
    given = {"name": "neo", "password": "first steps in the mine", "role": "viewer"}
    assert TestClient(browser.app).post("/api/users", json=given, headers=admin).status_code == 201
    answer = browser.post(
        "/login", data={"name": "neo", "password": given["password"]}, follow_redirects=False
    )
    assert answer.headers["location"] == "/account"
    assert browser.get("/sites", follow_redirects=False).headers["location"] == "/account"
    assert browser.get("/api/sites").json()["reason"] == "must_change_password"
    head = {"X-CSRF-Token": browser.get("/api/me").json()["csrf"]}
    for new in (given["password"], "short", "neo is my name, neo", "password12345"):
        body = {"old": given["password"], "new": new}
        assert browser.post("/api/me/password", json=body, headers=head).status_code == 422, new
    wrong = {"old": "not the one", "new": "a mine on the hill"}
    assert browser.post("/api/me/password", json=wrong, headers=head).status_code == 422
    good = {"old": given["password"], "new": "a mine on the hill"}
    assert browser.post("/api/me/password", json=good, headers=head).status_code == 204
    assert browser.get("/api/sites").status_code == 200


def test_a_new_password_ends_all_other_sessions(browser: TestClient, store: Store) -> None:
    head = {"X-CSRF-Token": sign_in(browser, "otto")}
    other = TestClient(browser.app)
    sign_in(other, "otto")
    body = {"old": PASSWORD, "new": "a mine on the hill"}
    assert browser.post("/api/me/password", json=body, headers=head).status_code == 204
    assert browser.get("/api/me").status_code == 200
    assert other.get("/api/me").status_code == 401


def test_a_new_password_ends_every_token_and_the_page_says_how_many(
    browser: TestClient, store: Store
) -> None:
    csrf = sign_in(browser, "otto")
    tokens = [token_for(store, "otto") for _ in range(2)]
    form = {"old": PASSWORD, "new": "a mine on the hill", "again": "a mine on the hill", "csrf_token": csrf}
    page = browser.post("/account/password?lang=en", data=form)
    assert "tokens ended: 2" in page.text
    program = TestClient(browser.app)
    assert [program.get("/api/sites", headers=token).status_code for token in tokens] == [401, 401]


def test_a_password_that_an_administrator_gives_ends_every_token(browser: TestClient, store: Store) -> None:
    csrf, token = sign_in(browser, "adam"), token_for(store, "otto")
    form = {"password": "a mine on the hill", "csrf_token": csrf}
    page = browser.post("/admin/users/otto/password?lang=en", data=form)
    assert "otto has a new password; all their sessions ended; tokens ended: 1" in page.text
    assert TestClient(browser.app).get("/api/sites", headers=token).status_code == 401


def test_the_last_administrator_cannot_be_lost(browser: TestClient, store: Store) -> None:
    admin = token_for(store, "adam")
    for change in ({"disabled": True}, {"role": "viewer"}):
        answer = browser.patch("/api/users/adam", json=change, headers=admin)
        assert answer.json()["type"] == "/docs/errors#last-administrator"


@pytest.mark.parametrize("name", ["local", "Otto", "ａdam", "a", "x" * 80, "otto\u200b", "<b>", "system"])
def test_no_account_takes_a_name_that_looks_like_another(
    browser: TestClient, store: Store, name: str
) -> None:
    body = {"name": name, "password": "a mine on the hill", "role": "viewer"}
    assert browser.post("/api/users", json=body, headers=token_for(store, "adam")).status_code == 422


def test_a_password_of_other_keys_is_the_same_password() -> None:
    kept = hash_password("Ａ mine on the hill")
    assert password_fits(kept, "A mine on the hill")
    assert not password_fits(kept, "x" * 100_000)
    assert not password_fits(None, "A mine on the hill")


def test_the_first_link_makes_one_administrator_once(start_service) -> None:  # type: ignore[no-untyped-def]
    service = start_service(auth="on")
    store, client = service.app.state.store, service.client
    link = first_link(store, service.app.state.settings)
    assert client.get(f"{link}x").status_code == 403
    form = {"name": "ada", "password": "a mine on the hill", "again": "a mine on the hill"}
    assert client.post(link, data={**form, "again": "other"}).status_code == 422
    assert client.post(link, data={**form, "password": "short", "again": "short"}).status_code == 422
    made = client.post(link, data=form, follow_redirects=False)
    assert made.headers["location"] == "/admin"
    assert client.get("/api/me").json()["role"] == "administrator"
    second = TestClient(client.app)
    assert second.get(link).status_code == 403
    assert second.post(link, data={**form, "name": "eve"}).status_code == 403
    assert first_link(store, service.app.state.settings) is None
    assert link.rsplit("/", 1)[1] not in raw_tables(store)


def test_demo_accounts_work_in_a_demo_alone(start_service) -> None:  # type: ignore[no-untyped-def]
    service = start_service()
    store, client = service.app.state.store, service.client
    with pytest.raises(NotADemo):
        add_demo_accounts(store)
    with store.write() as conn:
        set_setting(conn, "synthetic", "yes")
    made = {one.name: one for one in add_demo_accounts(store)}
    assert client.get("/api/me").json()["local"] is True
    officer = made["demo-officer"]
    assert officer.password in client.get("/login").text
    csrf = sign_in(client, officer.name, officer.password)
    assert client.get("/api/me").json()["role"] == "officer"
    head = {"X-CSRF-Token": csrf, "If-Match": "*"}
    assert client.get("/api/users").status_code == 403
    assert client.post("/api/proposals/1/approve", headers=head).status_code == 403
    own = client.post(
        "/api/me/password", json={"old": officer.password, "new": "a mine on the hill"}, headers=head
    )
    assert own.status_code == 403
    with store.write() as conn:
        set_setting(conn, "synthetic", "no")
    again = TestClient(client.app)
    answer = again.post("/login", data={"name": officer.name, "password": officer.password})
    assert answer.status_code == 401
    assert client.get("/api/me").status_code == 401


@pytest.fixture
def demo_officer(start_service):  # type: ignore[no-untyped-def]
    """A client that is signed in with an account of a demo, on a store without real accounts."""
    service = start_service()
    store = service.app.state.store
    with store.write() as conn:
        set_setting(conn, "synthetic", "yes")
    made = {one.name: one for one in add_demo_accounts(store)}
    sign_in(service.client, "demo-officer", made["demo-officer"].password)
    return service.client


def test_an_account_of_the_demo_has_its_name_in_the_language_of_the_page(demo_officer: TestClient) -> None:
    store = demo_officer.app.state.store
    for lang, name, other in (
        ("zh", "演示经办员（淮北）", "Demo officer"),
        ("en", "Demo officer (Huaibei)", "演示"),
    ):
        page = demo_officer.get(f"/account?lang={lang}").text
        assert name in page
        assert other not in page
        assert demo_officer.get(f"/api/me?lang={lang}").json()["display_name"] == name
    with store.write() as conn:
        key = accounts.named(conn, "demo-officer").user_id
        accounts.set_display_name(conn, key, "Lin Wei")
    assert "Lin Wei" in demo_officer.get("/account?lang=zh").text


def test_a_session_that_was_ended_elsewhere_does_not_turn_into_all_rights(demo_officer: TestClient) -> None:
    store = demo_officer.app.state.store
    with store.write() as conn:
        sign_ins.revoke_sessions(conn, accounts.named(conn, "demo-officer").user_id, now=clock.now_utc())
    change = {"status": "planned", "effective_on": "2020-05-01", "reason": "plan"}
    assert demo_officer.get("/api/me").status_code == 401
    assert demo_officer.post("/api/sites/1/status", json=change, headers={"If-Match": "*"}).status_code == 401
    asked = demo_officer.get("/sites?q=Pit", follow_redirects=False)
    assert (asked.status_code, asked.headers["location"]) == (303, "/login?next=%2Fsites%3Fq%3DPit")
    page = demo_officer.get("/login?next=%2Fsites%3Fq%3DPit").text
    assert "was ended elsewhere" in page
    assert 'action="/login/local"' in page
    went_on = demo_officer.post("/login/local", data={"next": "/sites?q=Pit"}, follow_redirects=False)
    assert (went_on.status_code, went_on.headers["location"]) == (303, "/sites?q=Pit")
    assert COOKIE not in demo_officer.cookies
    assert demo_officer.get("/api/me").json()["name"] == "local"


def test_the_browser_keeps_the_cookie_longer_than_the_store_keeps_the_session(
    demo_officer: TestClient,
) -> None:
    (cookie,) = [one for one in demo_officer.cookies.jar if one.name == COOKIE]
    assert cookie.expires is not None
    assert cookie.expires > clock.moment_of(clock.now_utc()).timestamp() + 30 * 24 * 3600
    idle = demo_officer.app.state.settings.session_idle_minutes * 60
    with demo_officer.app.state.store.read() as conn:
        late = sign_ins.later(clock.now_utc(), idle + 60)
        assert sign_ins.session_of(conn, str(cookie.value), now=late, idle_s=idle) is None


def test_a_cookie_that_never_was_a_session_has_no_rights_either(client: TestClient) -> None:
    assert client.get("/api/me").json()["local"] is True
    made_up = {"Cookie": f"{COOKIE}=made-up"}
    assert client.get("/api/sites", headers=made_up).status_code == 401
    assert (
        client.get("/sites", headers=made_up, follow_redirects=False).headers["location"].startswith("/login")
    )
    assert client.get("/static/pages.css", headers=made_up).status_code == 200


def test_nobody_goes_on_without_an_account_where_there_are_accounts(browser: TestClient) -> None:
    assert "/login/local" not in browser.get("/login").text
    assert browser.post("/login/local", data={"next": "/"}, follow_redirects=False).status_code == 401
    assert browser.get("/api/me").status_code == 401


def test_the_audit_holds_who_did_what_from_where(browser: TestClient, store: Store) -> None:
    csrf = sign_in(browser, "vera")
    browser.post("/api/runs", json={"product": "clcd"}, headers={"X-CSRF-Token": csrf, "X-Request-ID": "r-1"})
    browser.get("/api/exports/rates.csv?group_by=all")
    browser.post("/logout", data={"csrf_token": csrf})
    head = token_for(store, "adam")
    items = browser.get("/api/audit", headers=head).json()["items"]
    assert [item["event"] for item in items] == ["signed_out", "exported", "refused", "signed_in"]
    refused = items[2]
    assert (refused["actor"], refused["target"], refused["request_id"]) == ("vera", "POST /api/runs", "r-1")
    assert all(item["address"] == "testclient" for item in items)
    page = browser.get("/api/audit?limit=2", headers=head).json()
    rest = browser.get(page["next"], headers=head).json()
    assert [item["seq"] for item in page["items"] + rest["items"]] == [item["seq"] for item in items]
    assert browser.get("/api/audit?event=refused&actor=vera", headers=head).json()["items"] == [refused]
    assert browser.get("/api/audit?since=2999-01-01", headers=head).json()["items"] == []
    table = browser.get("/api/exports/audit.csv", headers=head)
    assert table.text.startswith("\ufeffseq,at,event")
    assert "POST /api/runs" in table.text


def test_nobody_alters_the_audit(browser: TestClient, store: Store) -> None:
    sign_in(browser, "vera")
    sign_in(TestClient(browser.app), "otto")
    for statement in (
        "UPDATE audit SET actor = 'x'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 1",
    ):
        with pytest.raises(Exception, match="append-only"), store.write() as conn:
            conn.exec_driver_sql(statement)
    with store.read() as conn:
        assert audit.first_bad_row(conn) is None
    with closing(sqlite3.connect(store.path)) as raw:
        for name in ("append_only_audit_update", "guard_audit_update"):
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute("UPDATE audit SET actor = 'somebody' WHERE seq = 1")
        raw.commit()
    with store.read() as conn:
        assert audit.first_bad_row(conn) == 1


def test_a_look_at_the_audit_reckons_what_came_since_the_last_and_all_of_it_on_demand(
    browser: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    csrf = sign_in(browser, "adam")
    browser.post("/account/lang", data={"lang": "en", "csrf_token": csrf})
    reckoned: list[int] = []
    plain = audit._hash
    monkeypatch.setattr(audit, "_hash", lambda before, row: reckoned.append(row["seq"]) or plain(before, row))
    assert "The chain of records is whole" in browser.get("/admin/audit").text
    assert reckoned == [1]
    sign_in(TestClient(browser.app), "vera")
    reckoned.clear()
    assert "Checked up to record 2" in browser.get("/admin/audit").text
    assert reckoned == [2]
    alter(store, 1)
    assert "The chain of records is whole" in browser.get("/admin/audit").text
    reckoned.clear()
    page = browser.get("/admin/audit?check=whole&actor=adam").text
    assert "Record 1 was altered" in page
    assert reckoned == [1]
    assert "Record 1 was altered" in browser.get("/admin/audit").text


def test_an_altered_last_row_of_the_audit_is_found_at_the_next_look(
    browser: TestClient, store: Store
) -> None:
    sign_in(browser, "adam")
    sign_in(TestClient(browser.app), "vera")
    assert "The chain of records is whole" in browser.get("/admin/audit").text
    alter(store, 2)
    assert "Record 2 was altered" in browser.get("/admin/audit").text


def alter(store: Store, seq: int) -> None:
    """Change a row of the audit and its hash behind the back of the triggers."""
    with closing(sqlite3.connect(store.path)) as raw:
        for name in ("append_only_audit_update", "guard_audit_update"):
            raw.execute(f"DROP TRIGGER IF EXISTS {name}")
        raw.execute("UPDATE audit SET actor = 'somebody', hash = 'altered' WHERE seq = ?", (seq,))
        raw.commit()


def test_who_may_decide_is_told_and_the_proposer_hears_the_decision(
    browser: TestClient, store: Store
) -> None:
    heads = {name: token_for(store, name) for name in ("otto", "olga", "rosa", "adam")}
    change = {"status": "excluded", "effective_on": "2020-05-01", "reason": "twice"}
    asked = browser.post("/api/sites/2/status", json=change, headers={**heads["otto"], "If-Match": "*"})
    number = asked.json()["proposal"]["proposal_id"]
    waiting = browser.get("/api/notifications", headers=heads["rosa"]).json()
    assert waiting["unread"] == 1
    assert waiting["items"][0]["text"] == "otto proposes a change of 002: it waits for you"
    for other in ("otto", "olga", "adam"):
        assert browser.get("/api/notifications", headers=heads[other]).json()["items"] == []
    browser.post(f"/api/proposals/{number}/approve", headers=heads["rosa"])
    told = browser.get("/api/notifications?lang=zh", headers=heads["otto"]).json()["items"][0]
    assert (told["kind"], told["link"]) == ("proposal_approved", "/sites/2")
    assert "rosa" in told["text"]
    read = browser.post(
        "/api/notifications/read", json={"ids": [told["notification_id"]]}, headers=heads["otto"]
    )
    assert read.json() == {"marked": 1, "unread": 0}
    assert browser.post("/api/notifications/read", headers=heads["otto"]).json()["marked"] == 0


def test_the_pages_of_an_account_say_who_one_is(browser: TestClient) -> None:
    csrf = sign_in(browser, "rosa")
    page = browser.get("/account").text
    assert "Reviewer" in page
    assert "Huaibei" in page
    assert browser.post("/account/lang", data={"lang": "zh", "csrf_token": csrf}).status_code == 200
    assert "复核员" in browser.get("/").text
    made = browser.post("/account/tokens", data={"name": "x", "csrf_token": csrf})
    assert TOKEN_PREFIX in made.text
    assert browser.get("/notifications").status_code == 200
    refused = browser.get("/admin")
    assert refused.status_code == 403
    assert "角色无权进行此操作" in refused.text


def test_the_pages_of_administrators_keep_accounts(browser: TestClient, store: Store) -> None:
    csrf = sign_in(browser, "adam")
    form = {
        "name": "lin",
        "password": "a mine on the hill",
        "role": "officer",
        "units": "340604，340621",
        "csrf_token": csrf,
    }
    assert browser.post("/admin/users", data=form).status_code == 200
    assert browser.post("/admin/users", data=form).status_code == 422
    assert browser.post("/admin/users", data={**form, "name": "li2", "units": "999999"}).status_code == 422
    with store.read() as conn:
        assert accounts.named(conn, "lin").user.units == {"340604", "340621"}
    change = {"role": "reviewer", "units": "340600", "csrf_token": csrf}
    assert browser.post("/admin/users/lin", data=change).status_code == 200
    mapping = {"claim": "groups", "value": "miners", "role": "officer", "units": "340600", "csrf_token": csrf}
    assert "miners" in browser.post("/admin/mappings", data=mapping).text
    page = browser.get("/admin/audit?event=user_changed").text
    assert "lin" in page
    assert "The chain of records is whole" in page
    assert browser.post("/admin/users/lin", data={**change, "csrf_token": ""}).status_code == 403


def test_an_account_without_a_role_is_told_so(browser: TestClient) -> None:
    sign_in(browser, "nora")
    assert "ask an administrator" in browser.get("/account").text
    assert browser.get("/sites").status_code == 403


def test_the_names_of_people_here_are_those_of_the_policy() -> None:
    assert all(user.name == name for name, user in PEOPLE.items())
    assert issubclass(NotAllowed, Exception)
