"""The columns of the history: its rows in the order of their numbers, each value as an integer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

import numpy as np

from geo.history import Fact, HistoryRow
from geo.snapshot import KINDS, RESPONSIBLES, STATUSES, TARGETS, UNKNOWN, Int64s

Decoder = Callable[[Fact, str], int]

ENTERED: Final = 1
COLUMNED: Final = (
    Fact.MEMBERSHIP,
    Fact.STATUS,
    Fact.GEOMETRY,
    Fact.UNIT,
    Fact.KIND,
    Fact.TARGET_USE,
    Fact.RESPONSIBLE,
    Fact.DAMAGED,
    Fact.RESTORED,
    Fact.DAMAGE_YEAR,
    Fact.TREATMENT_START,
    Fact.TREATMENT_END,
)
FACT_INDEX: Final = {fact: index for index, fact in enumerate(COLUMNED)}
_SLUGS: Final[dict[Fact, tuple[StrEnum, ...]]] = {
    Fact.STATUS: STATUSES,
    Fact.KIND: KINDS,
    Fact.TARGET_USE: TARGETS,
    Fact.RESPONSIBLE: RESPONSIBLES,
}


def number_of(fact: Fact, value: Any) -> int:
    """The integer that stands for the value of a fact: an area, a year, a day's ordinal or a word's place."""
    match fact:
        case Fact.MEMBERSHIP:
            return ENTERED if value == "entered" else 0
        case Fact.GEOMETRY:
            return int(value["area_units"])
        case Fact.DAMAGED | Fact.RESTORED:
            return UNKNOWN if value["units"] is None else int(value["units"])
        case Fact.DAMAGE_YEAR:
            return int(value)
        case Fact.TREATMENT_START | Fact.TREATMENT_END:
            return date.fromisoformat(value).toordinal()
        case _:
            return _SLUGS[fact].index(value)


@dataclass(frozen=True, slots=True)
class Columns:
    """The rows of a history in the order of `seq`; `fact` is -1 for a fact that no column needs."""

    seq: Int64s
    site: Int64s
    fact: Int64s
    value: Int64s
    effective: Int64s
    recorded: Int64s
    voids: Int64s
    hashes: tuple[str, ...]

    @classmethod
    def of(cls, rows: Sequence[HistoryRow], decode: Decoder) -> Columns:
        """The columns of rows in the order of their numbers; `decode` gives the integer of each value."""
        facts = [FACT_INDEX.get(row.fact, -1) for row in rows]
        return cls(
            seq=_column(row.seq for row in rows),
            site=_column(row.site_id for row in rows),
            fact=_column(facts),
            value=_column(
                decode(row.fact, row.value) if fact >= 0 and row.voids_seq is None else UNKNOWN
                for row, fact in zip(rows, facts, strict=True)
            ),
            effective=_column(row.effective_on.toordinal() for row in rows),
            recorded=np.array(
                [row.recorded_at.removesuffix("Z") for row in rows], dtype="datetime64[us]"
            ).astype(np.int64),
            voids=_column(row.voids_seq or 0 for row in rows),
            hashes=tuple(row.hash for row in rows),
        )

    def joined(self, later: Columns) -> Columns:
        """These columns with those of later rows behind them."""
        return Columns(
            seq=np.concatenate([self.seq, later.seq]),
            site=np.concatenate([self.site, later.site]),
            fact=np.concatenate([self.fact, later.fact]),
            value=np.concatenate([self.value, later.value]),
            effective=np.concatenate([self.effective, later.effective]),
            recorded=np.concatenate([self.recorded, later.recorded]),
            voids=np.concatenate([self.voids, later.voids]),
            hashes=self.hashes + later.hashes,
        )


def _column(values: Iterable[int]) -> Int64s:
    return np.fromiter(values, dtype=np.int64)
