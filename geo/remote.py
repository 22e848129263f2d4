"""Remote rasters: COGs over HTTP and in S3-style stores, read piece by piece.

The place of a raster is a `Path`; that of a remote one begins with `remote:/https:/`, which `place_of` alone
makes, and which no path to a file on disk has once it is resolved. GDAL itself never sees the network: it
reads through `RemoteFile`, so that no host but the registered one is contacted. Only the command line
registers such places.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from geo.errors import InvalidInput
from geo.remote_request import Piece, RemoteUnreadable, fetch

_MARK: Final = "remote:/"
_SCHEMES: Final = ("http", "https", "s3")
_PIECE: Final = 1 << 18
_PIECES_KEPT: Final = 64
_HEAD: Final = 1 << 16
_ODD: Final = re.compile(r"//|/\.{1,2}(/|$)|[\s\\?#]|/$")


class BadAddress(InvalidInput):
    """An address cannot be that of a remote raster."""

    template = "{address}: {problem}"


def place_of(text: str) -> Path | None:
    """The place of a raster at an address of http, https or s3; None for what is no such address.

    Raises `BadAddress` for one with credentials, a query or a path that is not plain.
    """
    scheme, sign, rest = text.partition("://")
    if not sign or scheme.lower() not in _SCHEMES:
        return None
    parts = urlsplit(text)
    if "@" in parts.netloc:
        problem = "credentials do not belong into an address; set them in the environment"
        raise BadAddress(address=f"{scheme}://{rest.rpartition('@')[2]}", problem=problem)
    if not parts.hostname or not parts.path.strip("/"):
        raise BadAddress(address=text, problem="it names no file of a host")
    if parts.query or parts.fragment or _ODD.search(parts.path) or _ODD.search(rest):
        problem = "an address of a raster has no query, no spaces and no empty or dotted parts"
        raise BadAddress(address=text, problem=problem)
    return Path(f"{_MARK}{scheme.lower()}:/{rest}")


def url_of(path: Path) -> str | None:
    """The address of a remote place, None for a file on disk.

    >>> url_of(place_of("https://example.org/2020.tif")), url_of(Path("/data/2020.tif"))
    ('https://example.org/2020.tif', None)
    """
    text = path.as_posix()
    if not text.startswith(_MARK):
        return None
    scheme, sign, rest = text.removeprefix(_MARK).partition(":/")
    return f"{scheme}://{rest}" if sign and scheme in _SCHEMES else None


def identity(url: str) -> str:
    """SHA-256 (hex) that stands for the content of a remote raster without reading all of it.

    It is taken of the size, the mark of the version that the server gives (ETag, else the time of the last
    change) and the first 64 KiB, which hold the directory of a COG. Raises `RemoteUnreadable`.
    """
    head = fetch(url, 0, _HEAD)
    digest = hashlib.sha256(f"remote 1\n{head.size}\n{head.version}\n".encode())
    digest.update(head.data)
    return digest.hexdigest()


class RemoteFile(io.RawIOBase):
    """A remote file as rasterio reads it. What goes wrong is kept in `problem`, as GDAL cannot pass it on."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._at = 0
        self._first: Piece | None = None
        self._pieces: OrderedDict[int, bytes] = OrderedDict()
        self.problem: RemoteUnreadable | None = None

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Read on from another place."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at}.get(whence)
        self._at = offset + (self._size() if start is None else start)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """The next bytes, none where they cannot be had."""
        if self.problem is not None:
            return b""
        try:
            whole = self._size()
            stop = whole if size < 0 else min(whole, self._at + size)
            data = self._bytes(self._at, stop) if stop > self._at else b""
        except RemoteUnreadable as error:
            self.problem = error
            return b""
        self._at += len(data)
        return data

    def _size(self) -> int:
        if self._first is None:
            try:
                self._first = fetch(self._url, 0, _PIECE)
            except RemoteUnreadable as error:
                self.problem = error
                return 0
            self._keep(0, self._first.data)
        return self._first.size

    def _bytes(self, start: int, stop: int) -> bytes:
        first, last = start // _PIECE, (stop - 1) // _PIECE
        for number in range(first, last + 1):
            if number not in self._pieces:
                self._load(number, last)
        whole = b"".join(self._pieces[number] for number in range(first, last + 1))
        for number in range(first, last + 1):
            self._pieces.move_to_end(number)
        while len(self._pieces) > _PIECES_KEPT:
            self._pieces.popitem(last=False)
        return whole[start - first * _PIECE : stop - first * _PIECE]

    def _load(self, number: int, last: int) -> None:
        """Fetch a piece and those behind it, as far as they are wanted and not there, in one request."""
        end = number
        while end < last and end + 1 not in self._pieces:
            end += 1
        version = "" if self._first is None else self._first.version
        found = fetch(self._url, number * _PIECE, (end + 1 - number) * _PIECE, version=version)
        if self._first is not None and (found.size, found.version) != (self._first.size, self._first.version):
            raise RemoteUnreadable(url=self._url, problem="it was replaced by another file while it was read")
        for offset in range(0, len(found.data), _PIECE):
            self._keep(number + offset // _PIECE, found.data[offset : offset + _PIECE])

    def _keep(self, number: int, data: bytes) -> None:
        self._pieces[number] = data


def opener_of(url: str, opened: list[RemoteFile]) -> Callable[..., RemoteFile]:
    """What rasterio opens the file by; every file it opens is noted in `opened`."""

    def open_remote(_path: str, _mode: str = "rb", **_more: Any) -> RemoteFile:
        opened.append(RemoteFile(url))
        return opened[-1]

    return open_remote
