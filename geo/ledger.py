"""The ledger: the history in columns, and the state of every site as of a day and known at a time.

As of D, known at T, the value of a fact of a site is that of the row with the greatest
(effective_on, seq) among the rows with effective_on <= D and recorded_at <= T that no row recorded by T
voids. The columns are kept in that order, so a state is the last row that counts in each run of one site
and fact.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any, Final

import numpy as np

from geo.errors import BadValue
from geo.history import GENESIS_HASH, Fact, HistoryRow, SiteState
from geo.ledger_columns import COLUMNED, ENTERED, FACT_INDEX, Columns, number_of
from geo.sites import Kind, Responsible, Target
from geo.snapshot import KINDS, RESPONSIBLES, STATUSES, TARGETS, UNKNOWN, Int64s, Snapshot, UnitFact
from geo.status import Status, status_table

_DEFAULTS: Final = {
    Fact.STATUS: STATUSES.index(Status.UNTREATED),
    Fact.KIND: KINDS.index(Kind.OTHER),
    Fact.TARGET_USE: TARGETS.index(Target.NONE),
    Fact.RESPONSIBLE: RESPONSIBLES.index(Responsible.UNKNOWN),
    Fact.GEOMETRY: 0,
}
_EACH_STATUS: Final = np.arange(len(STATUSES), dtype=np.int64)
_TREATED: Final = np.array([status_table()[status].treated for status in STATUSES])
_NO_UNIT: Final = UnitFact(None, None, ())


def known_at_us(known_at: str, zone: tzinfo = UTC) -> int:
    """The last microsecond (since 1970, UTC) that counts as known at `known_at`.

    `known_at` is an ISO time (UTC where it names no zone) or a date, which is the end of that day in `zone`.
    Raises `BadValue`.
    """
    day = _day_of(known_at)
    try:
        moment = datetime.combine(day, time.max, tzinfo=zone) if day else datetime.fromisoformat(known_at)
    except ValueError as error:
        raise BadValue(field="known_at", value=known_at, problem="is neither a date nor a time") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return _microseconds(moment)


def _day_of(text: str) -> date | None:
    """The day that a text names in any of the ISO forms, None where it names none, or a time as well."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def utc_text(microseconds: int) -> str:
    """UTC text `YYYY-MM-DDTHH:MM:SS.ffffffZ` of microseconds since 1970."""
    return f"{np.datetime64(microseconds, 'us')}Z"


def _microseconds(moment: datetime) -> int:
    return int(np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us").astype(np.int64))


class Ledger:
    """The history up to one row, in columns. A ledger never changes; `extended` gives a longer one."""

    def __init__(self, rows: Sequence[HistoryRow] = ()) -> None:
        self._units: list[UnitFact] = [_NO_UNIT]
        self._decoded: dict[tuple[Fact, str], int] = {(Fact.UNIT, "null"): 0}
        self._take(Columns.of(rows, self._decode))

    def extended(self, rows: Sequence[HistoryRow]) -> Ledger:
        """The ledger with `rows`, which follow its last row, behind it."""
        longer = Ledger()
        longer._units = list(self._units)
        longer._decoded = dict(self._decoded)
        longer._take(self._columns.joined(Columns.of(rows, longer._decode)))
        return longer

    @property
    def seq(self) -> int:
        """The last row's number, 0 where there is none."""
        return int(self._columns.seq[-1]) if len(self._columns.seq) else 0

    @property
    def head(self) -> str:
        """The last row's hash (hex)."""
        return self._hash_at(len(self._columns.seq) - 1)

    @property
    def last_recorded_us(self) -> int:
        """When the last row was recorded (microseconds since 1970), 0 where there is none."""
        return int(self._columns.recorded[-1]) if len(self._columns.recorded) else 0

    def hash_of(self, seq: int) -> str:
        """The hash of the row `seq`, which stands for it and for all before it; the genesis hash for 0."""
        return self._hash_at(int(np.searchsorted(self._columns.seq, seq, side="right")) - 1)

    def geometry_seqs(self) -> Int64s:
        """The numbers of all rows that state a polygon, rising."""
        columns = self._columns
        seqs: Int64s = columns.seq[(columns.fact == FACT_INDEX[Fact.GEOMETRY]) & (columns.voids == 0)]
        return seqs

    def snapshot(self, *, as_of: date, known_us: int, with_left: bool = False) -> Snapshot:
        """The state of every site that exists on `as_of`, known at `known_us` (microseconds since 1970).

        `with_left` adds the sites that have left, as they last were.
        """
        counting = self._counting(as_of.toordinal(), known_us)
        last = self._last_of_each(counting)
        sites, by_fact = self._pivot(last)
        membership = self._values(by_fact[Fact.MEMBERSHIP])
        exists = (membership == ENTERED) | (with_left & (membership != UNKNOWN))
        rows = {fact: row[exists] for fact, row in by_fact.items()}
        seq, head = self._known_head(known_us)
        units = self._values(rows[Fact.UNIT])
        return Snapshot(
            as_of=as_of,
            known_at=utc_text(known_us),
            seq=seq,
            head=head,
            site=sites[exists],
            status=self._slugs(rows, Fact.STATUS),
            status_since=self._days(
                self._first_of_runs(counting, rows[Fact.STATUS], _EACH_STATUS), rows[Fact.MEMBERSHIP]
            ),
            entered_on=self._days(rows[Fact.MEMBERSHIP], rows[Fact.MEMBERSHIP]),
            area=self._slugs(rows, Fact.GEOMETRY),
            kind=self._slugs(rows, Fact.KIND),
            target=self._slugs(rows, Fact.TARGET_USE),
            responsible=self._slugs(rows, Fact.RESPONSIBLE),
            damaged=self._values(rows[Fact.DAMAGED]),
            restored=self._values(rows[Fact.RESTORED]),
            damage_year=self._values(rows[Fact.DAMAGE_YEAR]),
            treatment_start=self._values(rows[Fact.TREATMENT_START]),
            treatment_end=self._values(rows[Fact.TREATMENT_END]),
            unit=np.where(units == UNKNOWN, 0, units),
            units=tuple(self._units),
            geometry_seq=self._seqs(rows[Fact.GEOMETRY]),
            treated_since=self._treated_since(counting, rows[Fact.STATUS]),
        )

    def _take(self, columns: Columns) -> None:
        self._columns = columns
        counts = np.flatnonzero((columns.fact >= 0) & (columns.voids == 0))
        order = np.lexsort(
            (columns.seq[counts], columns.effective[counts], columns.fact[counts], columns.site[counts])
        )
        self._order = counts[order]
        self._group = columns.site[self._order] * len(COLUMNED) + columns.fact[self._order]

    def _counting(self, as_of: int, known_us: int) -> Int64s:
        """Places in `_order` of the rows that count: in effect and known by then, and not void."""
        columns, order = self._columns, self._order
        known = columns.recorded <= known_us
        voided = columns.voids[known & (columns.voids != 0)]
        counts = known[order] & (columns.effective[order] <= as_of)
        if len(voided):
            counts &= ~np.isin(columns.seq[order], voided)
        return np.flatnonzero(counts)

    def _last_of_each(self, counting: Int64s) -> Int64s:
        """The last of the counting rows of each site and fact."""
        group = self._group[counting]
        is_last = np.append(group[1:] != group[:-1], True)[: len(group)]
        last: Int64s = self._order[counting[is_last]]
        return last

    def _first_of_runs(self, counting: Int64s, last: Int64s, class_of: Int64s) -> Int64s:
        """The row with which the run of statuses of one class began that ends with each row of `last`.

        `class_of` gives the class of each status; -1 stays -1. Of several rows on one day the last counts.
        """
        rows = self._order[counting]
        rows = rows[self._columns.fact[rows] == FACT_INDEX[Fact.STATUS]]
        site, day = self._columns.site[rows], self._columns.effective[rows]
        rows = rows[np.append((site[1:] != site[:-1]) | (day[1:] != day[:-1]), True)[: len(rows)]]
        site, kind = self._columns.site[rows], class_of[self._columns.value[rows]]
        starts = np.append(True, (site[1:] != site[:-1]) | (kind[1:] != kind[:-1]))[: len(rows)]
        first = rows[np.maximum.accumulate(np.where(starts, np.arange(len(rows)), 0))]
        first_of = np.full(len(self._columns.seq) + 1, -1, dtype=np.int64)
        first_of[rows] = first
        begun: Int64s = first_of[last]
        return begun

    def _treated_since(self, counting: Int64s, last: Int64s) -> Int64s:
        """The day since which each site has been treated without a break, `UNKNOWN` where it is not."""
        days = self._picked(
            self._columns.effective, self._first_of_runs(counting, last, _TREATED.astype(np.int64))
        )
        status = self._picked(self._columns.value, last)
        return np.where((last >= 0) & _TREATED[np.maximum(status, 0)], days, UNKNOWN)

    def _pivot(self, last: Int64s) -> tuple[Int64s, dict[Fact, Int64s]]:
        columns = self._columns
        sites = np.unique(columns.site[last])
        table = np.full((len(COLUMNED), len(sites)), -1, dtype=np.int64)
        table[columns.fact[last], np.searchsorted(sites, columns.site[last])] = last
        return sites, {fact: table[index] for fact, index in FACT_INDEX.items()}

    def _values(self, rows: Int64s) -> Int64s:
        return self._picked(self._columns.value, rows)

    def _seqs(self, rows: Int64s) -> Int64s:
        seqs = self._picked(self._columns.seq, rows)
        return np.where(seqs == UNKNOWN, 0, seqs)

    def _days(self, rows: Int64s, otherwise: Int64s) -> Int64s:
        return self._picked(self._columns.effective, np.where(rows < 0, otherwise, rows))

    def _slugs(self, rows: dict[Fact, Int64s], fact: Fact) -> Int64s:
        values = self._values(rows[fact])
        return np.where(values == UNKNOWN, _DEFAULTS[fact], values)

    @staticmethod
    def _picked(column: Int64s, rows: Int64s) -> Int64s:
        picked = np.full(len(rows), UNKNOWN, dtype=np.int64)
        picked[rows >= 0] = column[rows[rows >= 0]]
        return picked

    def _known_head(self, known_us: int) -> tuple[int, str]:
        position = int(np.searchsorted(self._columns.recorded, known_us, side="right")) - 1
        return (int(self._columns.seq[position]) if position >= 0 else 0), self._hash_at(position)

    def _hash_at(self, position: int) -> str:
        return self._columns.hashes[position] if position >= 0 else GENESIS_HASH

    def _decode(self, fact: Fact, text: str) -> int:
        key = (fact, text)
        value = self._decoded.get(key)
        if value is None:
            value = self._decode_new(fact, text)
            if fact not in (Fact.GEOMETRY, Fact.DAMAGED, Fact.RESTORED):
                self._decoded[key] = value
        return value

    def _decode_new(self, fact: Fact, text: str) -> int:
        value = json.loads(text)
        if value is None:
            return UNKNOWN
        if fact is Fact.UNIT:
            return self._add_unit(value)
        return number_of(fact, value)

    def _add_unit(self, value: Mapping[str, Any]) -> int:
        shares = value.get("shares") or {}
        self._units.append(
            UnitFact(
                adcode=value.get("adcode"),
                edition=value.get("edition"),
                shares=tuple((code, float(share)) for code, share in shares.items()),
            )
        )
        return len(self._units) - 1


def states(rows: Sequence[HistoryRow], *, as_of: date, known_at: str) -> dict[int, SiteState]:
    """The state of each site that exists on `as_of`, by site id, as known at `known_at` (UTC text or a date).

    `rows` are the history in the order of `seq`.
    """
    snapshot = Ledger(rows).snapshot(as_of=as_of, known_us=known_at_us(known_at))
    return {int(site): snapshot.state(index) for index, site in enumerate(snapshot.site)}
