"""Undoing: the change that takes one event of a site's history back. Pure.

An undo is a new event, checked as every change is and waiting for a second person where one is needed. It
takes back the row that is named and, with it, what the same event said of other facts: those are stated anew
as they are without it, so that what was recorded since holds. Undoing an undo states the fact as it was
before the undo.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from geo.canonical import parse_json
from geo.changes import Change, UnknownRow
from geo.errors import Refused
from geo.events import same_event, without_event
from geo.facts import current, standing
from geo.history import Fact, HistoryRow
from geo.status import Status
from geo.wkb import geometry_of

NOTHING_SAID: Final[Mapping[Fact, object]] = {
    Fact.DAMAGED: {"units": None},
    Fact.RESTORED: {"units": None},
    Fact.NAME: "",
    Fact.ATTRIBUTES: {},
    Fact.UNIT: {"adcode": None, "edition": None, "shares": {}},
}
"""What a fact is where nothing was ever said of it; the others are null."""


class NotUndoable(Refused):
    """The event cannot be taken back by an undo."""

    template = "row {seq} cannot be undone: {problem}"


def undo_of(rows: Sequence[HistoryRow], seq: int, *, reason: str) -> Change:
    """The change that takes the event of row `seq` back.

    `rows` are all of the site, with polygons. Raises `UnknownRow`, `NotUndoable`.
    """
    row = next((row for row in rows if row.seq == seq), None)
    if row is None:
        raise UnknownRow(site_id=rows[0].site_id if rows else 0, seq=seq)
    event = [other for other in rows if same_event(other, row)]
    if any(other.fact is Fact.MEMBERSHIP and other.value == '"entered"' for other in event):
        raise NotUndoable(seq=seq, problem="with it the site entered; record that it leaves instead")
    if row.source.startswith(("split:", "merge:")):
        raise NotUndoable(
            seq=seq, problem="it is one end of a split or merge; split or merge the sites again"
        )
    stated = next((other for other in event if other.fact is row.fact and other.voids_seq is None), None)
    voiding = next((other for other in event if other.fact is row.fact and other.voids_seq is not None), None)
    if stated is not None and any(other.voids_seq == stated.seq for other in rows):
        raise NotUndoable(seq=seq, problem="it is void already")
    voided = None if voiding is None else next(other for other in rows if other.seq == voiding.voids_seq)
    for held in (stated, voided):
        if held is not None and (later := _stated_later(held, rows, event)) is not None:
            raise NotUndoable(seq=seq, problem=f"row {later.seq} states the fact anew for the same day")
    change = Change({}, row.effective_on, reason)
    if voided is not None:
        change = _restated(change, voided)
    if stated is not None:
        change = replace(change, voids_seq=stated.seq)
    others = [
        other
        for other in event
        if other.fact is not row.fact
        and other.voids_seq is None
        and _stated_later(other, rows, event) is None
    ]
    if any(other.effective_on != change.effective_on for other in others):
        raise NotUndoable(seq=seq, problem="the event speaks of several days; correct its rows one by one")
    return _with_other_facts(change, others, without_event(rows, row))


def _stated_later(
    row: HistoryRow, rows: Sequence[HistoryRow], event: Sequence[HistoryRow]
) -> HistoryRow | None:
    """The row of another event that holds in place of `row` on its day, None where there is none."""
    own = {other.seq for other in event}
    later = (
        other
        for other in standing(rows)
        if other.fact is row.fact and other.effective_on == row.effective_on and other.seq > row.seq
    )
    return next((other for other in later if other.seq not in own), None)


def _restated(change: Change, voided: HistoryRow) -> Change:
    """The change that also says again what the voided row said, on its day."""
    if voided.fact is Fact.GEOMETRY and voided.wkb is not None:
        return replace(change, geometry=geometry_of(voided.wkb), effective_on=voided.effective_on)
    facts = {voided.fact: parse_json(voided.value)}
    return replace(change, facts=facts, effective_on=voided.effective_on)


def _with_other_facts(change: Change, others: Sequence[HistoryRow], rest: Sequence[HistoryRow]) -> Change:
    """The change that also says of the event's other facts what they are in `rest`, the rows without it."""
    facts = dict(change.facts)
    geometry = change.geometry
    was = current(rest, on=change.effective_on)
    for other in others:
        if other.fact is Fact.GEOMETRY:
            row = was.get(Fact.GEOMETRY)
            geometry = geometry if row is None or row.wkb is None else geometry_of(row.wkb)
        else:
            facts[other.fact] = (
                parse_json(was[other.fact].value) if other.fact in was else NOTHING_SAID.get(other.fact)
            )
    if facts.get(Fact.STATUS) == Status.RELAPSED and Fact.RESTORED not in facts:
        restored = was.get(Fact.RESTORED)
        facts[Fact.RESTORED] = {"units": None} if restored is None else parse_json(restored.value)
    return replace(change, facts=facts, geometry=geometry)
