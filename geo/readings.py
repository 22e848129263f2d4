"""Readings: what figures read from a store, kept while the store stays as it is.

A ledger is extended when the history grew, and read anew when its last row is no longer part of the store's
chain (another store was put in its place). Overlaps are kept by the polygons' own state.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

import numpy as np
from shapely import MultiPolygon

from geo import clock
from geo.ledger import Ledger, known_at_us
from geo.overlap import Overlaps
from geo.snapshot import Int64s, Snapshot
from geo.store import Connection, Store, history, sites

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """The values used last, at most `size` of them; safe to use from several threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Value | None:
        """The value kept under `key`, None where there is none."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Key, value: Value) -> Value:
        """`value`, from now on kept under `key`."""
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return value


_ledgers: Final[Recent[str, Ledger]] = Recent(4)
_overlaps: Final[Recent[str, Overlaps]] = Recent(8)


def ledger_of(store: Store, conn: Connection) -> Ledger:
    """The history of the store as this connection sees it, in columns."""
    key = str(store.path.resolve())
    kept = _ledgers.get(key)
    seq, head = history.head(conn)
    if kept is not None and (kept.seq, kept.head) == (seq, head):
        return kept
    if kept is not None and 0 < kept.seq < seq:
        later = history.rows(conn, after_seq=kept.seq)
        if later and later[0].previous_hash == kept.head:
            return _ledgers.put(key, kept.extended(later))
    return _ledgers.put(key, Ledger(history.rows(conn)))


def known_until(ledger: Ledger, known_at: str | None) -> int:
    """The last microsecond that counts as known; all that is recorded, where `known_at` is None."""
    if known_at is not None:
        return known_at_us(known_at)
    return max(known_at_us(clock.now_utc()), ledger.last_recorded_us)


def overlaps_of(store: Store, conn: Connection, snapshot: Snapshot) -> Overlaps:
    """The overlaps among all sites of the snapshot, in its order of rows, as their polygons were then."""
    state = snapshot.site.tobytes() + snapshot.geometry_seq.tobytes() + history_name(store, conn).encode()
    key = hashlib.sha256(state).hexdigest()
    return _overlaps.get(key) or _overlaps.put(key, Overlaps(geometries_of(store, conn, snapshot)))


def history_name(store: Store, conn: Connection) -> str:
    """A name of the store's history that another history at the same path would not have."""
    first = history.rows(conn, limit=1)
    return f"{store.path.resolve()} {first[0].hash if first else ''}"


def geometries_of(store: Store, conn: Connection, snapshot: Snapshot) -> list[MultiPolygon]:
    """The polygons of the snapshot's sites, in its order, as they were on its day and at its time."""
    now = ledger_of(store, conn).snapshot(as_of=clock.today(), known_us=np.iinfo(np.int64).max)
    current = dict(zip(now.site.tolist(), now.geometry_seq.tolist(), strict=True))
    wanted = list(zip(snapshot.site.tolist(), snapshot.geometry_seq.tolist(), strict=True))
    unchanged = [site for site, seq in wanted if current.get(site) == seq]
    ids, found = sites.geometries(conn, unchanged)
    heads = dict(zip(ids.tolist(), found, strict=True))
    return [
        heads[site] if current.get(site) == seq and site in heads else history.geometry_at(conn, seq)
        for site, seq in wanted
    ]


def proposals_by_site(pending_sites: list[int], snapshot: Snapshot) -> Int64s:
    """How many of the pending proposals stand on each site of the snapshot."""
    if len(snapshot) == 0 or not pending_sites:
        return np.zeros(len(snapshot), dtype=np.int64)
    pending = np.array(pending_sites, dtype=np.int64)
    place = np.minimum(np.searchsorted(snapshot.site, pending), len(snapshot) - 1)
    place = place[snapshot.site[place] == pending]
    return np.bincount(place, minlength=len(snapshot)).astype(np.int64)
