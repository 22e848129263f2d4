"""Links to kept files that are good for a short while and need no cookie.

Whoever may read is handed a link; the link alone opens the file. It is bound to the content, to how it is
shown and to who was handed it. The key is made when the service starts and kept nowhere, so that no copy of a
store can make a link.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode

from geo.errors import Refused

FOLDER: Final = "/files/"
LASTS_S: Final = 600


class Shown(StrEnum):
    """How a file is given: to be saved, or as a small picture made anew."""

    SAVED = "saved"
    THUMBNAIL = "thumb"


class FileLinkNotGood(Refused):
    """A link to a file lacks its signature, was altered, or is too old."""

    template = "this link to a file is not good any more; open the file anew from the page of its site"


@dataclass(frozen=True, slots=True)
class FileLinks:
    """Makes links and tells good ones from others; `key` is the secret of this process."""

    key: bytes

    @classmethod
    def new(cls) -> FileLinks:
        """Links of a process that starts."""
        return cls(secrets.token_bytes(32))

    def make(self, sha256: str, shown: Shown, *, holder: str, now: float | None = None) -> str:
        """The address under which the content is given for ten minutes; `holder` is who asked."""
        until = int(time.time() if now is None else now) + LASTS_S
        query = {"until": until, "by": holder, "signature": self._signature(sha256, shown, holder, until)}
        tail = "" if shown is Shown.SAVED else f"/{shown}"
        return f"{FOLDER}{sha256}{tail}?{urlencode(query)}"

    def check(
        self,
        sha256: str,
        shown: Shown,
        *,
        holder: str,
        until: int,
        signature: str,
        now: float | None = None,
    ) -> None:
        """Raise `FileLinkNotGood` unless the link was made here, for this, and is not too old."""
        good = hmac.compare_digest(signature.encode(), self._signature(sha256, shown, holder, until).encode())
        if not good or until < (time.time() if now is None else now):
            raise FileLinkNotGood

    def _signature(self, sha256: str, shown: Shown, holder: str, until: int) -> str:
        words = "\n".join((sha256, shown.value, str(until), holder))
        return hmac.new(self.key, words.encode(), hashlib.sha256).hexdigest()
