"""Who works on a run: the process that holds it, and how another one tells that it is gone."""

from __future__ import annotations

import logging
import os
import platform
import threading
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from geo import clock
from geo.errors import StoreError
from geo.store import Store, runs

_log = logging.getLogger(__name__)

BEAT_SECONDS: Final = 10.0
"""How often a process notes that it still works on its run."""

GONE_SECONDS: Final = 60.0
"""After how long without such a note the process counts as gone."""


def this_process() -> str:
    """The running process in one text: host, boot and process namespace, then its number."""
    return f"{platform.node()} {_boot()} {_namespace()} {os.getpid()}"


def is_gone(owner: str | None, heartbeat_at: str | None, now: str) -> bool:
    """Whether the process `owner` no longer works, judged by this process at `now` (UTC text).

    A process of this very host, boot and namespace is looked up; any other, and one whose number another
    process may have by now, is gone when its last note is older than `GONE_SECONDS`.
    """
    if owner is None or heartbeat_at is None:
        return True
    age = clock.moment_of(now) - clock.moment_of(heartbeat_at)
    return age > timedelta(seconds=GONE_SECONDS) or _is_dead_neighbour(owner)


def take_back(store: Store) -> int:
    """How many runs of processes that are gone wait again."""
    now = clock.now_utc()
    with store.read() as conn:
        gone = [held.run_id for held in runs.held(conn) if is_gone(held.owner, held.heartbeat_at, now)]
    if not gone:
        return 0
    with store.write() as conn:
        again = [held for held in runs.held(conn) if is_gone(held.owner, held.heartbeat_at, now)]
        return sum(runs.requeue(conn, held.run_id, now=now) for held in again)


class Heartbeat:
    """Notes every few seconds, while its block runs, that this process works on the run."""

    def __init__(self, store: Store, run_id: int) -> None:
        self._store = store
        self._run_id = run_id
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="reverdure-heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            try:
                with self._store.write() as conn:
                    runs.beat(conn, self._run_id)
            except StoreError as error:
                _log.warning("no heartbeat", extra={"run_id": self._run_id, "error": error.slug()})


def _is_dead_neighbour(owner: str) -> bool:
    place, _, number = owner.rpartition(" ")
    here, _, _ = this_process().rpartition(" ")
    return os.name == "posix" and place == here and number.isdecimal() and not _is_alive(int(number))


def _is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _boot() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return "-"


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return "-"
