"""Single sign-on by OpenID Connect: authorization code with PKCE, by Authlib; rights by the mappings.

What comes back is believed only as far as the issuer signed it: algorithm, issuer, audience, expiry and nonce
are checked, and the state is bound to the browser that asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests import RequestException

from api.auth.secrets import new_secret
from api.settings import Settings, is_loopback
from geo import clock
from geo.accounts.oidc import rights_of
from geo.accounts.rights import NotSignedIn, User
from geo.accounts.rules import BadLoginName, check_login_name
from geo.store import Connection, Store, accounts, oidc_mappings, sign_ins
from geo.store.accounts import Account

PURPOSE: Final = "oidc"
STATE_COOKIE: Final = "reverdure_oidc"
STATE_LASTS_S: Final = 600
TIMEOUT_S: Final = 10
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures that only the issuer can make; none with a shared secret, and not `none`."""


class SingleSignOnFailed(NotSignedIn):
    """The single sign-on did not vouch for whoever came back."""

    template = "the single sign-on failed: {problem}"


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the browser is sent, and the state that it must bring back."""

    url: str
    state: str


def ask(store: Store, settings: Settings, *, redirect_uri: str, next_: str) -> Asked:
    """Where to send somebody who wants to sign in. Raises `SingleSignOnFailed`."""
    with client(settings, redirect_uri) as session:
        found = discovered(session, settings)
        state, verifier, nonce = new_secret(), new_secret(), new_secret()
        url, _ = session.create_authorization_url(
            found["authorization_endpoint"], state=state, code_verifier=verifier, nonce=nonce
        )
    data = {"verifier": verifier, "nonce": nonce, "next": next_}
    with store.write() as conn:
        sign_ins.add_link(conn, state, purpose=PURPOSE, data=data, now=clock.now_utc(), lasts_s=STATE_LASTS_S)
    return Asked(url, state)


def claims_of(
    settings: Settings, asked: Mapping[str, object], *, code: str, redirect_uri: str
) -> dict[str, Any]:
    """What the issuer says of whoever came back with `code`. Raises `SingleSignOnFailed`."""
    try:
        with client(settings, redirect_uri) as session:
            found = discovered(session, settings)
            token = session.fetch_token(
                found["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=asked["verifier"],
                timeout=TIMEOUT_S,
            )
            keys = KeySet.import_key_set(cast("Any", fetched(session, found["jwks_uri"], plain=True)))
            claims = verified(settings, str(token["id_token"]), keys, nonce=str(asked["nonce"]))
            return {**told_besides(session, found, claims), **claims}
    except (AuthlibBaseError, JoseError, RequestException, KeyError, ValueError) as error:
        raise SingleSignOnFailed(problem=type(error).__name__) from error


def verified(settings: Settings, id_token: str, keys: KeySet, *, nonce: str) -> dict[str, Any]:
    """The claims of a token that the issuer signed for this service and this question. Raises `JoseError`."""
    token = jwt.decode(id_token, keys, algorithms=list(ALGORITHMS))
    registry = jwt.JWTClaimsRegistry(
        leeway=60,
        iss={"essential": True, "value": settings.oidc_issuer or ""},
        aud={"essential": True, "value": settings.oidc_client_id},
        sub={"essential": True},
        exp={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    registry.validate(token.claims)
    party = token.claims.get("azp", settings.oidc_client_id)
    if party != settings.oidc_client_id:
        raise SingleSignOnFailed(problem="the token was made for another service")
    return dict(token.claims)


def told_besides(
    session: OAuth2Session, found: Mapping[str, str], claims: Mapping[str, Any]
) -> dict[str, Any]:
    """What the issuer's own page about the user adds, such as groups; nothing where it speaks of another."""
    address = found.get("userinfo_endpoint")
    if not address:
        return {}
    more = fetched(session, address)
    return dict(more) if more.get("sub") == claims["sub"] else {}


def client(settings: Settings, redirect_uri: str) -> OAuth2Session:
    """A client of the issuer."""
    return OAuth2Session(
        settings.oidc_client_id,
        settings.oidc_client_secret.get_secret_value() or None,
        scope=settings.oidc_scopes,
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
        default_timeout=TIMEOUT_S,
    )


def discovered(session: OAuth2Session, settings: Settings) -> dict[str, str]:
    """The issuer's own description of its addresses. Raises `SingleSignOnFailed`."""
    issuer = settings.oidc_issuer or ""
    try:
        found = fetched(session, f"{issuer}/.well-known/openid-configuration", plain=True)
        if str(found["issuer"]).rstrip("/") != issuer:
            raise SingleSignOnFailed(problem="the issuer calls itself otherwise")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            check_address(str(found[name]))
    except (RequestException, KeyError, ValueError) as error:
        raise SingleSignOnFailed(problem=f"the issuer does not answer ({type(error).__name__})") from error
    return cast("dict[str, str]", found)


def check_address(address: str) -> None:
    """Refuse an address that anybody on the way could read. Raises `SingleSignOnFailed`."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise SingleSignOnFailed(problem=f"{parts.scheme}://{parts.netloc} is not https")


def fetched(session: OAuth2Session, address: str, *, plain: bool = False) -> dict[str, Any]:
    """The JSON object at an address of the issuer; without the user's token where `plain`."""
    check_address(address)
    answer = session.get(address, withhold_token=plain or session.token is None, timeout=TIMEOUT_S)
    answer.raise_for_status()
    found = answer.json()
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def account_for(conn: Connection, settings: Settings, claims: Mapping[str, Any]) -> Account:
    """The account of somebody whom the issuer vouches for, with the rights that the mappings give today."""
    subject = f"{settings.oidc_issuer}|{claims['sub']}"
    role, units = rights_of(claims, oidc_mappings.find(conn))
    known = accounts.by_oidc_subject(conn, subject)
    if known is not None:
        accounts.sync_rights(conn, known.user_id, role, units)
        return accounts.get(conn, known.user_id)
    shown = str(claims.get("name") or "")[:100]
    user = User(free_name(conn, claims), role, units, display_name=shown)
    return accounts.add(conn, user, now=clock.now_utc(), by="single sign-on", oidc_subject=subject)


def free_name(conn: Connection, claims: Mapping[str, Any]) -> str:
    """A login name that nobody has, like the one that the person has elsewhere."""
    wanted = str(claims.get("preferred_username") or claims.get("email") or claims["sub"])
    plain = re.sub(r"[^a-z0-9._@-]+", "-", wanted.lower()).strip("._@-")[:56]
    try:
        base = check_login_name(plain)
    except BadLoginName:
        base = f"sso-{plain or 'user'}".strip("._@-")
    name, number = base, 2
    while accounts.by_name(conn, name) is not None:
        name, number = f"{base}-{number}", number + 1
    return name
