"""Undoing an import: new events take back what it recorded; nothing is ever removed.

A site that the import brought in leaves the inventory on the day that it entered, so that it counts on no
day. A fact that the import changed is voided, so that what was so before is so again. Both obey the rule of
the second person. A site that somebody has changed since is left alone and named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from sqlalchemy import Connection

from geo.canonical import parse_json
from geo.changes import Change
from geo.clock import local_date
from geo.errors import Conflict, Refused, ReverdureError
from geo.facts import current, standing
from geo.history import Fact, HistoryRow
from geo.imports.plan import SOURCES
from geo.imports.receipts import ReceiptRow, RowResult, Undo, UndoResult, UndoRow, undo_source
from geo.proposals import ProposalState
from geo.sites import Site
from geo.store import Store, history, sites
from geo.store import changes as change_store
from geo.store import import_undos as undo_store
from geo.store import imports as import_store
from geo.store import proposals as proposal_store
from geo.timeline import ENTERED
from geo.undoing import NOTHING_SAID

SHOWN: Final = 5
_PAIRS: Final = (
    frozenset({Fact.DAMAGED, Fact.RESTORED}),
    frozenset({Fact.GEOMETRY, Fact.UNIT}),
)
"""Facts that change together: areas keep a rule between them, and a unit follows from its outline."""


class NotCommitted(Conflict):
    """A dry run wrote nothing, so there is nothing to undo."""

    template = "import {import_id} was a dry run; there is nothing to undo"


class AlreadyUndone(Conflict):
    """The import was undone before, or an undo of it waits or was turned down."""

    template = (
        "import {import_id} was undone before, on {on} by {actor}: {undone} of {rows} rows are undone, "
        "{waiting} wait for a second person; what it left can be changed site by site"
    )

    def __init__(self, undo: Undo) -> None:
        super().__init__(
            import_id=undo.import_id,
            on=undo.undone_at[:10],
            actor=undo.actor,
            rows=len(undo.rows),
            undone=undo.count(UndoResult.UNDONE),
            waiting=undo.count(UndoResult.PROPOSED),
        )


class UndoRefused(Refused):
    """Rows of the import cannot be undone, so none was; `undo` says why, row by row."""

    template = (
        "{refused} of {rows} rows of import {import_id} cannot be undone, so nothing was: {first}; correct "
        "them by hand, or undo the others alone (--partly)"
    )

    def __init__(self, undo: Undo) -> None:
        self.undo = undo
        found = [row for row in undo.rows if row.result is UndoResult.REFUSED]
        named = "; ".join(f"row {row.row} (site {row.site_code}): {row.problem}" for row in found[:SHOWN])
        super().__init__(
            refused=len(found),
            rows=len(undo.rows),
            import_id=undo.import_id,
            first=named if len(found) <= SHOWN else f"{named}; and {len(found) - SHOWN} more",
            sites=[row.site_code for row in found],
        )


def undo_import(
    store: Store,
    import_id: int,
    *,
    actor: str,
    now: str,
    reason: str = "",
    partly: bool = False,
    today: date | None = None,
) -> Undo:
    """The import taken back by new events, as stored.

    Raises `UnknownImport`, `NotCommitted`, `AlreadyUndone` and, unless `partly`, `UndoRefused`, and then
    writes nothing.
    """
    with store.write() as conn:
        receipt = import_store.get(conn, import_id)
        if receipt.dry_run:
            raise NotCommitted(import_id=import_id)
        if undo_store.is_undone(conn, import_id):
            raise AlreadyUndone(undo_store.get(conn, import_id))
        undoer = _Undoer(conn, import_id, actor=actor, now=now, reason=reason, today=today or local_date(now))
        touched = [row for row in receipt.rows if row.result in {RowResult.NEW, RowResult.CHANGED}]
        rows = tuple(undoer.row(row, row.site_id) for row in touched if row.site_id is not None)
        undo = Undo(undoer.undo_id, import_id, actor, now, partly, rows)
        if undo.count(UndoResult.REFUSED) and not partly:
            raise UndoRefused(undo)
        return replace(undo, undo_id=undo_store.put(conn, undo))


class _Undoer:
    """Takes back rows of one import through one connection."""

    def __init__(
        self, conn: Connection, import_id: int, *, actor: str, now: str, reason: str, today: date
    ) -> None:
        self.undo_id = undo_store.next_id(conn)
        self._conn = conn
        self._sources = {f"{word}:{import_id}" for word in SOURCES.values()}
        self._actor = actor
        self._now = now
        self._today = today
        self._reason = reason or f"undo of import {import_id}"

    def row(self, line: ReceiptRow, site_id: int) -> UndoRow:
        """What became of one row of the receipt."""
        done = UndoRow(line.row, line.site_code, site_id, UndoResult.UNDONE)
        rows = history.rows(self._conn, site_id=site_id, with_wkb=True)
        own = [row for row in standing(rows) if row.source in self._sources]
        first = min((row.seq for row in own), default=0)
        later = [row for row in rows if own and row.seq > first and row.source not in self._sources]
        if later:
            problem = f"{later[-1].actor} changed {later[-1].fact} since, on {later[-1].recorded_at[:10]}"
            return replace(done, result=UndoResult.REFUSED, problem=problem)
        site = sites.get(self._conn, site_id)
        entered = any(row.fact is Fact.MEMBERSHIP and row.value == ENTERED for row in own)
        new = entered or line.result is RowResult.NEW
        changes = [leave(site, self._reason)] if new else list(voids(rows, own, self._reason))
        try:
            with self._conn.begin_nested():
                return self._applied(done, changes)
        except ReverdureError as error:
            return replace(done, result=UndoResult.REFUSED, problem=str(error))

    def _applied(self, done: UndoRow, changes: Sequence[Change]) -> UndoRow:
        for proposal in proposal_store.find(self._conn, state=ProposalState.OPEN, site_id=done.site_id):
            if proposal.source in self._sources:
                proposal_store.reject(
                    self._conn, proposal.proposal_id, actor=self._actor, now=self._now, comment=self._reason
                )
        seqs: list[int] = []
        waiting: list[int] = []
        for change in changes:
            applied = change_store.apply_change(
                self._conn,
                done.site_id,
                change,
                actor=self._actor,
                source=undo_source(self.undo_id),
                now=self._now,
                if_version=None,
                today=self._today,
            )
            seqs += applied.seqs
            if applied.proposal is not None:
                waiting.append(applied.proposal.proposal_id)
        result = UndoResult.PROPOSED if waiting else UndoResult.UNDONE
        return replace(done, result=result, seqs=tuple(seqs), proposal_ids=tuple(waiting))


def leave(site: Site, reason: str) -> Change:
    """The change by which a site that should never have entered counts on no day."""
    return Change({Fact.MEMBERSHIP: "left"}, site.entered_on, reason)


def voids(rows: Sequence[HistoryRow], own: Sequence[HistoryRow], reason: str) -> list[Change]:
    """The changes that void `own` rows, the last first; a pair of one day goes in one change.

    Voided one by one, areas that changed together might break the rule that no more is restored than was
    damaged, and an outline would stand in the unit of another.
    """
    left = list(own)
    found = []
    while left:
        row = left.pop()
        partner = next((one for one in left if _pair(row, one)), None)
        facts: dict[Fact, object] = {}
        if partner is not None:
            left.remove(partner)
            before = current([one for one in rows if one not in own], on=row.effective_on)
            facts = {partner.fact: _value_before(before, partner.fact)}
        found.append(Change(facts, row.effective_on, reason, voids_seq=row.seq))
    return found


def _pair(one: HistoryRow, other: HistoryRow) -> bool:
    together = {one.fact, other.fact} in _PAIRS and other.fact is not Fact.GEOMETRY
    return together and one.effective_on == other.effective_on


def _value_before(before: Mapping[Fact, HistoryRow], fact: Fact) -> object:
    return parse_json(before[fact].value) if fact in before else NOTHING_SAID.get(fact)
