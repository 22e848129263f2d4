"""The spool: uploaded files that wait, by their SHA-256, until their import is committed."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Lock
from typing import BinaryIO, Final, cast

from geo.errors import Conflict, InvalidInput
from geo.imports.prepare import ImportOptions
from geo.store import Store

CHUNK: Final = 1 << 20
KEPT_DAYS: Final = 7
HELD: Final = ".held.json"
_TOKEN: Final = re.compile(r"[0-9a-f]{64}")
_UNSAFE: Final = re.compile(r"[^\w.()+ -]|^\.+")
LONGEST_NAME: Final = 120
LONGEST_NAME_BYTES: Final = 240
_turn: Final = Lock()
_in_use: Final[Counter[Path]] = Counter()
"""How many requests work on the file of a folder: whoever is last forgets it."""


class UploadGone(Conflict):
    """The file of a tried import is not kept any more."""

    template = "the file of import {import_id} is not kept any more; send it again"


class HeldGone(Conflict):
    """The file that was looked at is not kept any more."""

    template = "the file is not kept any more; send it again"


class EmptyUpload(InvalidInput):
    """Nothing was uploaded."""

    template = "file: {file_name!r} is empty"


class Spool:
    """The folder beside the store in which uploads wait."""

    def __init__(self, store: Store) -> None:
        self.folder = store.folder / f"{store.path.stem}-uploads"

    def keep(self, upload: BinaryIO, file_name: str) -> Path:
        """The upload as a file under its own (safe) name, in a folder named by its SHA-256."""
        self.folder.mkdir(exist_ok=True)
        self.prune()
        name = safe_name(file_name)
        with NamedTemporaryFile(dir=self.folder, delete=False) as file:
            part = Path(file.name)
        try:
            home = self.folder / _copied(upload, part, name)
            with _turn:
                home.mkdir(exist_ok=True)
                path = part.replace(home / name)
                _in_use[home] += 1
        finally:
            part.unlink(missing_ok=True)
        return path

    def note(self, path: Path, import_id: int, options: ImportOptions, *, in_units: bool) -> None:
        """Remember with which options the file was tried, and whether its sites were placed in units."""
        values = {"file": path.name, "options": asdict(options), "in_units": in_units}
        text = json.dumps(values, ensure_ascii=False, default=str)
        (path.parent / f".{import_id}.json").write_text(text, encoding="utf-8")

    def hold(self, path: Path) -> str:
        """The token by which a file that was only looked at is tried later."""
        (path.parent / HELD).write_text(json.dumps({"file": path.name}, ensure_ascii=False), encoding="utf-8")
        return path.parent.name

    def held(self, token: str) -> Path:
        """The file of a token. Raises `HeldGone`."""
        noted = self.folder / token / HELD
        if not _TOKEN.fullmatch(token) or not noted.is_file():
            raise HeldGone
        with _turn:
            _in_use[noted.parent] += 1
        return noted.parent / str(json.loads(noted.read_text(encoding="utf-8"))["file"])

    def has(self, sha256: str, import_id: int) -> bool:
        """Whether the file of an import is still kept."""
        return (self.folder / sha256 / f".{import_id}.json").is_file()

    def renote(self, path: Path, tried_id: int, import_id: int) -> None:
        """Keep a file for the import that its dry run has become."""
        (path.parent / f".{tried_id}.json").replace(path.parent / f".{import_id}.json")

    def recall(self, sha256: str, import_id: int) -> tuple[Path, ImportOptions, bool]:
        """The file of a tried import, its options, and whether to place its sites. Raises `UploadGone`."""
        noted = self.folder / sha256 / f".{import_id}.json"
        if not noted.is_file():
            raise UploadGone(import_id=import_id)
        values = json.loads(noted.read_text(encoding="utf-8"))
        path = noted.parent / values["file"]
        if not path.is_file():
            raise UploadGone(import_id=import_id)
        return path, _options(values["options"]), bool(values["in_units"])

    def forget(self, path: Path, import_id: int) -> None:
        """Forget a dry run that was committed, and its file unless another one waits for the same content."""
        with _turn:
            (path.parent / f".{import_id}.json").unlink(missing_ok=True)
            notes = {note.name for note in path.parent.glob(".*.json")}
            if not _in_use[path.parent] and notes <= {HELD}:
                shutil.rmtree(path.parent, ignore_errors=True)

    def discard(self, path: Path) -> None:
        """Let go of a file of `keep` or `held`; it is forgotten unless somebody else waits for it."""
        with _turn:
            _in_use[path.parent] -= 1
            if _in_use[path.parent] > 0:
                return
            del _in_use[path.parent]
            if not any(path.parent.glob(".*.json")):
                shutil.rmtree(path.parent, ignore_errors=True)

    def prune(self) -> None:
        """Forget the uploads that nobody committed within `KEPT_DAYS`."""
        oldest = time.time() - KEPT_DAYS * 86_400
        for home in self.folder.iterdir():
            if home.is_dir() and home.stat().st_mtime < oldest:
                shutil.rmtree(home, ignore_errors=True)


@contextmanager
def discarded_unless_kept(spool: Spool, path: Path) -> Iterator[None]:
    """Let go of the upload afterwards, whatever happened; every file of `keep` and `held` is worked on so."""
    try:
        yield
    finally:
        spool.discard(path)


def safe_name(file_name: str) -> str:
    """The last part of a file name, without what a file system or a terminal might read as something else.

    >>> safe_name("../../etc/passwd"), safe_name("")
    ('passwd', 'upload')
    """
    last = file_name.replace("\\", "/").rpartition("/")[2]
    plain = _UNSAFE.sub("_", last)[-LONGEST_NAME:].encode()[-LONGEST_NAME_BYTES:]
    return plain.decode(errors="ignore").strip() or "upload"


def _copied(upload: BinaryIO, part: Path, name: str) -> str:
    """The SHA-256 of an upload, written to `part`. Raises `EmptyUpload`."""
    digest = hashlib.sha256()
    with part.open("wb") as file:
        while block := upload.read(CHUNK):
            digest.update(block)
            file.write(block)
    if part.stat().st_size == 0:
        raise EmptyUpload(file_name=name)
    return digest.hexdigest()


def _options(values: Mapping[str, object]) -> ImportOptions:
    as_of, ignored = values.get("as_of"), values.get("ignored", ())
    given = {
        **values,
        "as_of": date.fromisoformat(str(as_of)) if as_of else None,
        "ignored": tuple(cast("list[str]", ignored)),
    }
    return ImportOptions(**given)  # type: ignore[arg-type]  # written by `note`
