"""An issuer of OpenID Connect on loopback: discovery, token, keys, userinfo; what it says can be bent."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey


@dataclass
class Issuer:
    """The issuer and what it will say next. `claims` bend the token, `key` signs it."""

    address: str = ""
    key: RSAKey | OctKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    claims: dict[str, object] = field(default_factory=dict)
    userinfo: dict[str, object] = field(default_factory=dict)
    algorithm: str = "RS256"
    calls_itself: str | None = None
    asked: dict[str, str] = field(default_factory=dict)
    published: RSAKey | None = None

    def __post_init__(self) -> None:
        self.published = self.key if isinstance(self.key, RSAKey) else None

    def authorize(self, url: str) -> str:
        """The person agrees: the code with which the browser comes back."""
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        return "code-1"

    def pages(self) -> dict[str, object]:
        return {
            "/.well-known/openid-configuration": {
                "issuer": self.calls_itself or self.address,
                "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token",
                "jwks_uri": f"{self.address}/keys",
                "userinfo_endpoint": f"{self.address}/userinfo",
            },
            "/keys": {"keys": [self.published.as_dict(private=False)]},
            "/userinfo": self.userinfo,
        }

    def token(self, form: dict[str, list[str]]) -> dict[str, object] | None:
        verifier = form.get("code_verifier", [""])[0]
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if form.get("code") != ["code-1"] or challenge != self.asked.get("code_challenge"):
            return None
        now = int(time.time())
        claims = {
            "iss": self.address,
            "aud": "reverdure",
            "sub": "person-7",
            "iat": now,
            "exp": now + 300,
            "nonce": self.asked["nonce"],
            "preferred_username": "Lin.Wei",
            "name": "林薇",
            **self.claims,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        text = jwt.encode({"alg": self.algorithm, "kid": "one"}, kept, self.key, algorithms=[self.algorithm])
        return {"access_token": "at", "token_type": "Bearer", "expires_in": 300, "id_token": text}


@contextmanager
def running(issuer: Issuer) -> Iterator[Issuer]:
    """The issuer, answering on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(issuer.pages().get(urlsplit(self.path).path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self.answer(issuer.token(parse_qs(body)) or {"error": "invalid_grant"})

        def answer(self, value: object) -> None:
            body = json.dumps(value).encode()
            self.send_response(404 if value is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
