"""Kept files: the folder beside the store that holds attachments by the hash of their content.

A file is whole before it has its name, and it has its name before the store knows of it: whatever breaks off
leaves at most a part without a name, which is cleared away later.
"""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, Final

from geo.errors import InvalidInput
from geo.photos import media_type_of, read_photo, thumbnail

CHUNK: Final = 1 << 20
PART_KEPT_S: Final = 3600


class FileTooLarge(InvalidInput):
    """The file is larger than an attachment may be."""

    template = "file: {file_name!r} is larger than {limit_mb:g} MB"


class EmptyFile(InvalidInput):
    """Nothing was sent."""

    template = "file: {file_name!r} is empty"


@dataclass(frozen=True, slots=True)
class KeptFile:
    """One file as it was kept, and what it says of itself; None where it does not."""

    sha256: str
    file_name: str
    media_type: str
    size_bytes: int
    width_px: int | None = None
    height_px: int | None = None
    taken_at: str | None = None
    lon: float | None = None
    lat: float | None = None


class FileStore:
    """The kept files of the store at `store`."""

    def __init__(self, store: Path) -> None:
        self.folder = store.parent / f"{store.stem}-files"

    def keep(self, upload: BinaryIO, file_name: str, *, limit_bytes: int) -> KeptFile:
        """The upload, checked and kept under its hash; of a picture a thumbnail beside it.

        Raises `FileTooLarge`, `EmptyFile`, `NotAttachable`.
        """
        parts = self.folder / "parts"
        parts.mkdir(parents=True, exist_ok=True)
        _clear(parts)
        with NamedTemporaryFile(dir=parts, delete=False) as part:
            path = Path(part.name)
        try:
            return self._kept(path, upload, file_name, limit_bytes)
        finally:
            path.unlink(missing_ok=True)

    def _kept(self, path: Path, upload: BinaryIO, file_name: str, limit_bytes: int) -> KeptFile:
        with path.open("wb") as part:
            digest, size = _copy(upload, part, file_name, limit_bytes)
        media_type = media_type_of(path, file_name)
        facts, small = None, b""
        if media_type.startswith("image/"):
            facts, small = read_photo(path, file_name), thumbnail(path, file_name)
        home = self.path(digest).parent
        home.mkdir(exist_ok=True)
        if small:
            _write(self.thumbnail_path(digest), small)
        path.replace(self.path(digest))
        _sync_folder(home)
        if facts is None:
            return KeptFile(digest, file_name, media_type, size)
        return KeptFile(
            digest,
            file_name,
            media_type,
            size,
            width_px=facts.width_px,
            height_px=facts.height_px,
            taken_at=facts.taken_at,
            lon=facts.lon,
            lat=facts.lat,
        )

    def path(self, sha256: str) -> Path:
        """Where the content of this hash is kept."""
        return self.folder / sha256[:2] / sha256

    def thumbnail_path(self, sha256: str) -> Path:
        """Where the small picture of this content is kept."""
        return self.folder / sha256[:2] / f"{sha256}.webp"


def _copy(upload: BinaryIO, part: BinaryIO, file_name: str, limit_bytes: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while block := upload.read(CHUNK):
        size += len(block)
        if size > limit_bytes:
            raise FileTooLarge(file_name=file_name, limit_mb=limit_bytes / 1e6)
        digest.update(block)
        part.write(block)
    if not size:
        raise EmptyFile(file_name=file_name)
    part.flush()
    os.fsync(part.fileno())
    return digest.hexdigest(), size


def _write(path: Path, content: bytes) -> None:
    with NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as part:
        part.write(content)
        part.flush()
        os.fsync(part.fileno())
    Path(part.name).replace(path)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _clear(parts: Path) -> None:
    """Remove what uploads that broke off have left."""
    oldest = time.time() - PART_KEPT_S
    for part in parts.iterdir():
        if part.stat().st_mtime < oldest:
            part.unlink(missing_ok=True)
