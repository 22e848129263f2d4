"""Signing in by a single sign-on: what the issuer signed counts, what the administrator mapped is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import OctKey, RSAKey

from geo import clock
from geo.accounts.oidc import Mapped, rights_of
from geo.accounts.rights import AccountRole
from geo.store import accounts, oidc_mappings
from tests.api.accounts_case import add_people, token_for
from tests.api.fake_issuer import Issuer, running


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running(Issuer()) as found:
        yield found


@pytest.fixture
def service(start_service, issuer: Issuer):  # type: ignore[no-untyped-def]
    started = start_service(
        oidc_issuer=issuer.address, oidc_client_id="reverdure", oidc_client_secret="between us"
    )
    add_people(started.app.state.store, "adam", "otto")
    return started


def come_back(client: TestClient, issuer: Issuer, *, next_: str = "/sites"):  # type: ignore[no-untyped-def]
    sent = client.get(f"/login/oidc?next={next_}", follow_redirects=False)
    assert sent.status_code == 303, sent.text
    code = issuer.authorize(sent.headers["location"])
    return client.get(
        "/login/oidc/callback", params={"code": code, "state": issuer.asked["state"]}, follow_redirects=False
    )


def give(service, value: str, role: AccountRole, *units: str, claim: str = "groups") -> None:  # type: ignore[no-untyped-def]
    with service.app.state.store.write() as conn:
        oidc_mappings.add(conn, claim, value, role, units, now=clock.now_utc(), by="adam")


def test_a_mapped_group_gives_role_and_units(service, issuer: Issuer) -> None:  # type: ignore[no-untyped-def]
    give(service, "miners", AccountRole.OFFICER, "340600")
    issuer.userinfo = {"sub": "person-7", "groups": ["miners", "others"]}
    assert come_back(service.client, issuer).headers["location"] == "/sites"
    me = service.client.get("/api/me").json()
    assert (me["name"], me["display_name"]) == ("lin.wei", "林薇")
    assert (me["role"], me["units"]) == ("officer", ["340600"])
    assert issuer.asked["code_challenge_method"] == "S256"
    assert issuer.asked["redirect_uri"] == "http://testserver/login/oidc/callback"


def test_whoever_is_not_mapped_has_no_rights_and_is_told_so(service, issuer: Issuer) -> None:  # type: ignore[no-untyped-def]
    assert come_back(service.client, issuer).headers["location"] == "/account"
    assert "ask an administrator" in service.client.get("/account").text
    assert service.client.get("/api/sites").json()["reason"] == "no_role"


def test_a_mapping_taken_away_counts_at_the_next_sign_in(service, issuer: Issuer) -> None:  # type: ignore[no-untyped-def]
    give(service, "person-7", AccountRole.REVIEWER, "340600", claim="sub")
    come_back(service.client, issuer)
    assert service.client.get("/api/me").json()["role"] == "reviewer"
    admin = token_for(service.app.state.store, "adam")
    bare = TestClient(service.app)
    (mapping,) = bare.get("/api/oidc-mappings", headers=admin).json()["items"]
    assert bare.delete(f"/api/oidc-mappings/{mapping['mapping_id']}", headers=admin).status_code == 204
    again = TestClient(service.app)
    come_back(again, issuer)
    assert again.get("/api/me").json()["role"] is None
    with service.app.state.store.read() as conn:
        assert len(accounts.find(conn)) == 3


def test_nobody_takes_the_name_of_a_local_account(service, issuer: Issuer) -> None:  # type: ignore[no-untyped-def]
    issuer.claims = {"preferred_username": "adam"}
    come_back(service.client, issuer)
    me = service.client.get("/api/me").json()
    assert (me["name"], me["role"]) == ("adam-2", None)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another-service"},
        {"iss": "https://evil.example"},
        {"exp": 1_000_000},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"aud": ["reverdure", "b"], "azp": "b"},
    ],
    ids=str,
)
def test_a_token_that_does_not_fit_is_refused(service, issuer: Issuer, claims: dict[str, object]) -> None:  # type: ignore[no-untyped-def]
    give(service, "person-7", AccountRole.ADMINISTRATOR, claim="sub")
    issuer.claims = claims
    assert come_back(service.client, issuer).status_code == 401
    assert service.client.get("/api/me").status_code == 401


def test_a_token_signed_by_somebody_else_is_refused(service, issuer: Issuer) -> None:  # type: ignore[no-untyped-def]
    issuer.key = RSAKey.generate_key(2048, {"kid": "one"})
    assert come_back(service.client, issuer).status_code == 401


def test_a_token_signed_with_a_shared_secret_is_refused(service, issuer: Issuer) -> None:  # type: ignore[no-untyped-def]
    issuer.key, issuer.algorithm = OctKey.import_key("between us, a long enough secret for HS256"), "HS256"
    assert come_back(service.client, issuer).status_code == 401


def test_userinfo_about_another_person_is_passed_over(service, issuer: Issuer) -> None:  # type: ignore[no-untyped-def]
    give(service, "chiefs", AccountRole.ADMINISTRATOR)
    issuer.userinfo = {"sub": "somebody-else", "groups": ["chiefs"]}
    come_back(service.client, issuer)
    assert service.client.get("/api/me").json()["role"] is None


def test_the_answer_to_another_browser_and_a_repeated_one_are_refused(service, issuer: Issuer) -> None:  # type: ignore[no-untyped-def]
    sent = service.client.get("/login/oidc", follow_redirects=False)
    issuer.authorize(sent.headers["location"])
    back = {"code": "code-1", "state": issuer.asked["state"]}
    stranger = TestClient(service.app)
    assert stranger.get("/login/oidc/callback", params=back).status_code == 401
    assert service.client.get("/login/oidc/callback", params=back, follow_redirects=False).status_code == 303
    cookie = {"Cookie": f"reverdure_oidc={back['state']}"}
    assert stranger.get("/login/oidc/callback", params=back, headers=cookie).status_code == 401


def test_a_person_who_says_no_or_an_issuer_that_is_away_is_said(service, issuer: Issuer) -> None:  # type: ignore[no-untyped-def]
    sent = service.client.get("/login/oidc", follow_redirects=False)
    state = parse_qs(urlsplit(sent.headers["location"]).query)["state"][0]
    params = {"error": "access_denied", "state": state}
    refused = service.client.get("/login/oidc/callback", params=params)
    assert refused.status_code == 401
    assert "access_denied" in refused.text
    issuer.calls_itself = "https://evil.example"
    assert service.client.get("/login/oidc").status_code == 401


def test_a_shut_account_stays_out_by_the_single_sign_on_too(service, issuer: Issuer) -> None:  # type: ignore[no-untyped-def]
    come_back(service.client, issuer)
    store = service.app.state.store
    with store.write() as conn:
        accounts.set_disabled(conn, accounts.named(conn, "lin.wei").user_id, disabled=True)
    assert come_back(TestClient(service.app), issuer).status_code == 401


def test_groups_never_add_up_to_a_right_that_none_of_them_gives() -> None:
    mappings = [
        Mapped(1, "groups", "a", AccountRole.VIEWER, frozenset({"340600"})),
        Mapped(2, "groups", "b", AccountRole.REVIEWER, frozenset({"340400"})),
    ]
    assert rights_of({"groups": ["a", "b"]}, mappings) == (AccountRole.REVIEWER, frozenset({"340400"}))
    assert rights_of({"groups": "a"}, mappings) == (AccountRole.VIEWER, frozenset({"340600"}))
    assert rights_of({"groups": [["a"]], "sub": "a"}, mappings) == (None, frozenset())


@pytest.mark.parametrize("verified", [None, False, "true"])
def test_an_address_that_the_issuer_has_not_verified_gives_no_rights(verified: object) -> None:
    mappings = [Mapped(1, "email", "lin@mines.example", AccountRole.ADMINISTRATOR, frozenset())]
    claims = {"sub": "7", "email": "lin@mines.example"}
    assert rights_of({**claims, "email_verified": True}, mappings)[0] is AccountRole.ADMINISTRATOR
    assert rights_of({**claims, "email_verified": verified}, mappings) == (None, frozenset())


def test_the_last_administrator_stays_one_whatever_the_mappings_say(service, issuer: Issuer) -> None:  # type: ignore[no-untyped-def]
    give(service, "person-7", AccountRole.ADMINISTRATOR, claim="sub")
    come_back(service.client, issuer)
    with service.app.state.store.write() as conn:
        for account in accounts.find(conn):
            if account.user.name != "lin.wei" and account.user.role is AccountRole.ADMINISTRATOR:
                accounts.set_role(conn, account.user_id, AccountRole.VIEWER)
        for mapping in oidc_mappings.find(conn):
            oidc_mappings.remove(conn, mapping.mapping_id)
    again = TestClient(service.app)
    come_back(again, issuer)
    assert again.get("/api/me").json()["role"] == "administrator"
