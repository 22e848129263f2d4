"""Events: the rows of a site that were recorded together, and the unit that goes with an outline. Pure.

A site's unit follows from its outline: an outline that is voided takes along the unit that was found for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from geo.canonical import parse_json
from geo.facts import current
from geo.history import Fact, HistoryRow


def same_event(one: HistoryRow, other: HistoryRow) -> bool:
    """Whether two rows of a site were recorded together."""
    return (one.recorded_at, one.actor, one.source, one.reason) == (
        other.recorded_at,
        other.actor,
        other.source,
        other.reason,
    )


def without_event(rows: Sequence[HistoryRow], row: HistoryRow) -> list[HistoryRow]:
    """The rows as if the event of `row` had never been, what it voided standing again."""
    return [other for other in rows if not same_event(other, row)]


def beside(rows: Sequence[HistoryRow], row: HistoryRow, fact: Fact) -> HistoryRow | None:
    """The row of the same event and day that states another fact and stands, None where there is none."""
    now = current(rows, on=row.effective_on).get(fact)
    return now if now is not None and same_event(now, row) and now.effective_on == row.effective_on else None


def unit_before(rows: Sequence[HistoryRow], row: HistoryRow) -> str | None:
    """The unit fact, as canonical JSON, that holds on the day of `row` without its event; None for none."""
    was = current(without_event(rows, row), on=row.effective_on).get(Fact.UNIT)
    return None if was is None else was.value


def adcode_in(text: str | None) -> str | None:
    """The code of the unit in a unit fact's canonical JSON, None where it names none."""
    value = None if text is None else parse_json(text)
    code = value.get("adcode") if isinstance(value, Mapping) else None
    return code if isinstance(code, str) else None
