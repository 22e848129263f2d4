"""Requests for pieces of remote rasters: over HTTP, or signed for an S3-style store.

Nothing but the address that was registered is ever contacted: no redirect is followed. Credentials come from
the environment alone. Every request is bounded in time and tried again a bounded number of times.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException, HTTPResponse
from typing import IO, Any, Final
from urllib.parse import quote, urlsplit

from geo.errors import InvalidInput

TIMEOUT_S: Final = 15.0
"""How long a server may say nothing."""

DEADLINE_S: Final = 60.0
"""How long one answer may take in all."""

TRIES: Final = 3
PAUSE_S: Final = 0.5

_READ: Final = 1 << 16
_EMPTY_SHA256: Final = hashlib.sha256(b"").hexdigest()


class RemoteUnreadable(InvalidInput):
    """A remote raster cannot be read."""

    template = "{url}: {problem}"


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of a remote file, the size of the whole in bytes, and the mark of its version, '' without one."""

    data: bytes
    size: int
    version: str


def fetch(url: str, start: int, count: int, *, version: str = "") -> Piece:
    """At most `count` bytes from `start` on of the file at `url` (http, https or s3).

    With `version`, that of an earlier piece, a file that was replaced since is refused. Raises
    `RemoteUnreadable`.
    """
    problem = ""
    for number in range(TRIES):
        if number:
            time.sleep(PAUSE_S * number)
        try:
            return _fetch_once(url, start, count, version)
        except _Passing as error:
            problem = str(error)
    raise RemoteUnreadable(url=url, problem=f"{problem}; tried {TRIES} times")


class _Passing(Exception):
    """What may be gone at the next try."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        """None: an answer that sends us elsewhere is an error."""


def _fetch_once(url: str, start: int, count: int, version: str) -> Piece:
    headers = {"Range": f"bytes={start}-{start + count - 1}", "Accept-Encoding": "identity"}
    if version.startswith('"'):
        headers["If-Match"] = version
    address, signed = _s3(url, headers) if url.startswith("s3:") else (url, headers)
    request = urllib.request.Request(address, headers=signed)  # noqa: S310 - http and https alone
    until = time.monotonic() + DEADLINE_S
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_S) as response:
            return _piece(url, response, start, count, until)
    except urllib.error.HTTPError as error:
        error.close()
        problem = _STATUS.get(error.code, f"the server answers {error.code}")
        if error.code in (429, 500, 502, 503, 504):
            raise _Passing(problem) from error
        raise RemoteUnreadable(url=url, problem=problem) from error
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise _Passing(f"the server cannot be reached or falls silent ({reason})") from error


_STATUS: Final = {
    301: "the server sends elsewhere; register the final address",
    302: "the server sends elsewhere; register the final address",
    303: "the server sends elsewhere; register the final address",
    307: "the server sends elsewhere; register the final address",
    308: "the server sends elsewhere; register the final address",
    401: "the server wants other credentials (401)",
    403: "the server refuses to give it (403); credentials come from the environment",
    404: "there is no such file (404)",
    412: "it was replaced by another file while it was read (412)",
    416: "it ends before it should (416)",
}


def _piece(url: str, response: HTTPResponse, start: int, count: int, until: float) -> Piece:
    if response.status != 206:
        problem = "the server gives whole files only, no ranges of bytes; download it and register the copy"
        raise RemoteUnreadable(url=url, problem=problem)
    span, _, whole = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
    first, _, last = span.partition("-")
    if not (whole.isdigit() and first.isdigit() and last.isdigit()) or int(first) != start:
        raise RemoteUnreadable(url=url, problem="the server does not say which bytes it gives")
    wanted = min(count, int(whole) - start)
    data = bytearray()
    while len(data) < wanted and (more := response.read(min(_READ, wanted - len(data)))):
        data += more
        if time.monotonic() > until:
            raise _Passing(f"the answer takes longer than {DEADLINE_S:.0f} s")
    if len(data) < wanted:
        raise _Passing(f"the answer is cut short: {len(data)} of {wanted} bytes")
    version = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
    return Piece(bytes(data), int(whole), version)


def _s3(url: str, headers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The address of an S3 object, and the headers that ask for it."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    endpoint = os.environ.get("AWS_S3_ENDPOINT") or f"s3.{region}.amazonaws.com"
    scheme = "http" if os.environ.get("AWS_HTTPS", "YES").upper() in ("NO", "FALSE", "0") else "https"
    virtual = os.environ.get("AWS_VIRTUAL_HOSTING", "TRUE").upper() not in ("NO", "FALSE", "0")
    host, path = (f"{bucket}.{endpoint}", f"/{key}") if virtual else (endpoint, f"/{bucket}/{key}")
    address = f"{scheme}://{host}{quote(path, safe='/-_.~')}"
    key_id, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    unsigned = os.environ.get("AWS_NO_SIGN_REQUEST", "NO").upper() in ("YES", "TRUE", "1")
    if unsigned or not (key_id and secret):
        return address, dict(headers)
    session = os.environ.get("AWS_SESSION_TOKEN")
    more = {"x-amz-security-token": session} if session else {}
    return address, signed_headers(
        address, {**headers, **more}, key_id=key_id, secret=secret, region=region, now=datetime.now(UTC)
    )


def signed_headers(
    address: str, headers: Mapping[str, str], *, key_id: str, secret: str, region: str, now: datetime
) -> dict[str, str]:
    """The headers of a GET with an AWS signature, version 4 (of service s3), over all but Accept-Encoding."""
    parts = urlsplit(address)
    moment, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    plain = dict(headers) | {"x-amz-date": moment, "x-amz-content-sha256": _EMPTY_SHA256}
    told = {name.lower(): value.strip() for name, value in plain.items() if name != "Accept-Encoding"}
    told["host"] = parts.netloc
    names = ";".join(sorted(told))
    lines = "".join(f"{name}:{told[name]}\n" for name in sorted(told))
    asked = f"GET\n{parts.path or '/'}\n\n{lines}\n{names}\n{_EMPTY_SHA256}"
    scope = f"{day}/{region}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(asked.encode()).hexdigest()}"
    key = f"AWS4{secret}".encode()
    for step in (day, region, "s3", "aws4_request"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={key_id}/{scope},SignedHeaders={names},Signature={signature}"
    )
    return plain | {"Authorization": authorization}
