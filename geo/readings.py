"""Readings: what figures read from a store, kept while the store stays as it is.

A ledger is extended when the history grew, and read anew when its last row is no longer part of the store's
chain (another store was put in its place). Overlaps are kept by the polygons' own state.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class PolygonOverlaps:
    """Overlaps among polygons named by their geometry rows; `seqs` are those rows, rising."""

    seqs: Int64s
    overlaps: Overlaps

    def units(self, geometry_seqs: Int64s) -> int:
        """The overlap within the polygons of the given geometry rows (0 for none), in units of 1e-4 m2."""
        return self.overlaps.units(np.searchsorted(self.seqs, geometry_seqs[geometry_seqs > 0]))


_ledgers: Final[Recent[str, Ledger]] = Recent(4)
_overlaps: Final[Recent[str, PolygonOverlaps]] = Recent(4)


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


def overlaps_of(store: Store, conn: Connection, ledger: Ledger) -> PolygonOverlaps:
    """The overlaps among all polygons that the history ever stated, so that one finding serves every day."""
    seqs = ledger.geometry_seqs()
    key = f"{store.path.resolve()} {ledger.hash_of(int(seqs[-1]) if len(seqs) else 0)}"
    return _overlaps.get(key) or _overlaps.put(
        key, PolygonOverlaps(seqs, Overlaps(_polygons(conn, ledger, seqs)))
    )


def _polygons(conn: Connection, ledger: Ledger, seqs: Int64s) -> list[MultiPolygon]:
    """The polygon of each geometry row: from the sites themselves where they still have it."""
    now = ledger.snapshot(as_of=clock.today(), known_us=np.iinfo(np.int64).max)
    site_of = dict(zip(now.geometry_seq.tolist(), now.site.tolist(), strict=True))
    ids, found = sites.geometries(conn, list(site_of.values()))
    heads = dict(zip(ids.tolist(), found, strict=True))
    polygons = []
    for seq in seqs.tolist():
        head = heads.get(site_of.get(seq, 0))
        polygons.append(history.geometry_at(conn, seq) if head is None else head)
    return polygons


@dataclass(frozen=True, slots=True)
class Pending:
    """Which rows of a snapshot the open proposals concern: one entry a proposal and site."""

    proposal: Int64s
    row: Int64s

    def count(self, members: Int64s) -> int:
        """How many proposals concern any of these rows; a merge of several of them is one."""
        if not len(self.row):
            return 0
        return len(np.unique(self.proposal[np.isin(self.row, members)]))


def pending_in(concerned: Sequence[Sequence[int]], snapshot: Snapshot) -> Pending:
    """The proposals, each given by the ids of the sites that it concerns, on the rows of the snapshot."""
    pairs = [(number, site) for number, sites in enumerate(concerned) for site in sites]
    if len(snapshot) == 0 or not pairs:
        return Pending(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    proposal, site = np.array(pairs, dtype=np.int64).T
    place = np.minimum(np.searchsorted(snapshot.site, site), len(snapshot) - 1)
    there = snapshot.site[place] == site
    return Pending(proposal[there], place[there])
