"""A service with accounts: who they are, their tokens, their sessions."""

from __future__ import annotations

from functools import cache

from fastapi.testclient import TestClient

from api.auth.secrets import hash_password, new_secret
from geo import clock
from geo.accounts.rights import AccountRole, Scope, User
from geo.store import Store, accounts, sign_ins

PASSWORD = "seven wet stones"
PEOPLE = {
    "nora": User("nora", None),
    "vera": User("vera", AccountRole.VIEWER),
    "otto": User("otto", AccountRole.OFFICER, frozenset({"340604"})),
    "olga": User("olga", AccountRole.OFFICER, frozenset({"340621"})),
    "rosa": User("rosa", AccountRole.REVIEWER, frozenset({"340600"})),
    "adam": User("adam", AccountRole.ADMINISTRATOR),
}


@cache
def password_hash() -> str:
    return hash_password(PASSWORD)


def add_people(store: Store, *names: str) -> None:
    with store.write() as conn:
        for name in names or PEOPLE:
            accounts.add(conn, PEOPLE[name], now=clock.now_utc(), by="test", password_hash=password_hash())


def token_for(
    store: Store, name: str, *, scope: Scope = Scope.ADMIN, lasts_s: float = 3600
) -> dict[str, str]:
    """The header of a new token of somebody."""
    secret = new_secret()
    with store.write() as conn:
        key = accounts.named(conn, name).user_id
        sign_ins.add_token(conn, key, secret, name="test", scope=scope, now=clock.now_utc(), lasts_s=lasts_s)
    return {"Authorization": f"Bearer {secret}"}


def sign_in(client: TestClient, name: str, password: str = PASSWORD) -> str:
    """The token of the forms of the new session, whose cookie the client keeps."""
    answer = client.post("/login", data={"name": name, "password": password}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return str(client.get("/api/me").json()["csrf"])
