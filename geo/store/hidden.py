"""Results out of sight: those of a run that is not over yet, and those that a run replaced.

Every recovery and verdict has a number `hidden`: 0 for what readers see, the run's id while its run goes on,
the negative of its own key once another run took its place. A run puts its results shard by shard, each in a
short transaction, and shows them all in one at its end; what is hidden for good is deleted little by little.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, exists, or_, select, update

from geo.evidence.verdict import Evidence
from geo.recovery import Recovery
from geo.runs.run import RunState
from geo.store import recoveries as shown
from geo.store import recovery_rows
from geo.store.tables import EVIDENCE, RECOVERIES, RUNS

_PAIR: Final = ("site_id", "product", "edition", "from_year", "to_year")
_TABLES: Final = (
    (RECOVERIES, RECOVERIES.c.recovery_id, (*_PAIR, "temporal_rule")),
    (EVIDENCE, EVIDENCE.c.fid, _PAIR),
)


def put(
    conn: Connection,
    run_id: int,
    site_ids: Sequence[int],
    recoveries: Sequence[Recovery],
    evidence: Sequence[Evidence],
) -> None:
    """Keep results of these sites out of sight under the run, in place of what it kept of them before.

    A verdict that is the same as the one that stands is left as it is, under the run that reached it.
    """
    for table, _, _ in _TABLES:
        conn.execute(delete(table).where(table.c.hidden == run_id, table.c.site_id.in_(site_ids)))
    recovery_rows.add(conn, run_id, recoveries, shown.changed_verdicts(conn, evidence), hidden=run_id)


def show(conn: Connection, run_id: int) -> None:
    """Show what the run kept out of sight; what it replaces is seen no more."""
    for table, key, same in _TABLES:
        new = table.alias("new")
        replaced = (
            select(key)
            .join(new, and_(*(new.c[name] == table.c[name] for name in same)))
            .where(new.c.hidden == run_id, table.c.hidden == 0)
        )
        conn.execute(update(table).where(key.in_(replaced)).values(hidden=-key))
        conn.execute(update(table).where(table.c.hidden == run_id).values(hidden=0))


def any_waste(conn: Connection) -> bool:
    """Whether something is hidden that nobody will ever see."""
    return any(
        bool(conn.execute(select(exists().where(_is_waste(table)))).scalar()) for table, _, _ in _TABLES
    )


def delete_waste(conn: Connection, most: int) -> None:
    """Delete at most `most` recoveries, and as many verdicts, that nobody will ever see."""
    for table, key, _ in _TABLES:
        conn.execute(delete(table).where(key.in_(select(key).where(_is_waste(table)).limit(most))))


def _is_waste(table: Table) -> ColumnElement[bool]:
    """Replaced, or of a run that is over without having shown it."""
    alive = select(RUNS.c.run_id).where(RUNS.c.state.in_((RunState.QUEUED.value, RunState.RUNNING.value)))
    return or_(table.c.hidden < 0, and_(table.c.hidden > 0, table.c.hidden.not_in(alive)))
