"""Whether the chain of the audit is whole, without reckoning every row anew at each look."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from geo import clock
from geo.store import Connection, audit
from geo.store.audit import Link


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look found: the first bad row or None, up to which row, and when all rows were last reckoned."""

    broken: int | None
    upto: int
    whole_at: str


class AuditWatch:
    """What one process knows of the chain: the last row up to which it found it whole."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._good: Link | None = None
        self._whole_at = ""

    def look(self, conn: Connection, *, whole: bool = False) -> Checked:
        """The state of the chain: all of it at the first look and where `whole`, else what came after.

        A row that an earlier look passed and that was altered since is found by a look at the whole alone; if
        the last row that was passed is not what it was, the look is at the whole.
        """
        with self._lock:
            since = None if whole else self._good
            if since is not None and not audit.holds(conn, since):
                since = None
            broken, last = audit.first_bad_after(conn, since)
            if since is None:
                self._whole_at = clock.now_utc()
            self._good = last if broken is None else None
            return Checked(broken, last.seq, self._whole_at)
