"""Results out of sight: those of a run that is not over yet, and those that a run replaced.

Every result has a number `hidden`: 0 for what readers see, the run's id while its run goes on, the negative
of its own key once it is seen no more. A run puts its results shard by shard, each in a short transaction,
and shows them all in one at its end; what is hidden for good is deleted little by little. A result never
takes the place of one that rests on newer inputs (`geo.runs.seen`), in whatever order runs end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)

from geo.runs.run import RunState
from geo.runs.seen import Seen
from geo.store.spectral_tables import SPECTRAL
from geo.store.subsidence_tables import PONDINGS, SUBSIDENCES
from geo.store.tables import EVIDENCE, RECOVERIES, RUNS
from geo.store.types import WHOLE


class _Results(NamedTuple):
    """A table of results. `same` are the columns in which a result agrees with the one that it replaces."""

    table: Table
    key: Column[int]
    same: tuple[str, ...]


_PAIR: Final = ("site_id", "product", "edition", "from_year", "to_year")
_KINDS: Final = (
    _Results(RECOVERIES, RECOVERIES.c.recovery_id, (*_PAIR, "temporal_rule")),
    _Results(EVIDENCE, EVIDENCE.c.fid, _PAIR),
    _Results(
        SPECTRAL,
        SPECTRAL.c.spectral_id,
        ("site_id", "product", "edition", "index_name", "params_key"),
    ),
    _Results(SUBSIDENCES, SUBSIDENCES.c.subsidence_id, ("site_id", "product", "edition")),
    _Results(PONDINGS, PONDINGS.c.fid, ("site_id", "product", "edition")),
)


def forget(conn: Connection, run_id: int, site_ids: Sequence[int]) -> None:
    """Delete what the run kept of these sites out of sight."""
    for table, _, _ in _KINDS:
        conn.execute(delete(table).where(table.c.hidden == run_id, table.c.site_id.in_(site_ids)))


def confirm(conn: Connection, table: Table, standing: Iterable[tuple[int, str]], seen: Seen) -> None:
    """Note of results that stand, (site id, content key), that they hold by what a run has seen now."""
    rows = [
        {"of_site": site_id, "of_key": key, "new_site": now["site_seq"], "new_scene": now["scene_seq"]}
        for site_id, key in standing
        for now in (seen.of(site_id),)
    ]
    new = (bindparam("new_site", type_=WHOLE), bindparam("new_scene", type_=WHOLE))
    statement = (
        update(table)
        .where(
            table.c.site_id == bindparam("of_site"),
            table.c.content_key == bindparam("of_key"),
            table.c.hidden == 0,
            _is_older((table.c.site_seq, table.c.scene_seq), new),
        )
        .values(site_seq=new[0], scene_seq=new[1])
    )
    if rows:
        conn.execute(statement, rows)


def show(conn: Connection, run_id: int) -> int:
    """Show what the run kept out of sight; what it replaces is seen no more, and so is what came too late.

    Gives the number of sites of which a result stays that rests on newer inputs.
    """
    return max(_show(conn, kind, run_id) for kind in _KINDS)


def _show(conn: Connection, kind: _Results, run_id: int) -> int:
    table, key, same = kind
    other = table.alias("other")
    agree = and_(*(other.c[name] == table.c[name] for name in same))
    newer = _is_older((table.c.site_seq, table.c.scene_seq), (other.c.site_seq, other.c.scene_seq))
    late = select(key).join(other, agree).where(_of_run(table, run_id), other.c.hidden == 0, newer)
    n_sites = int(conn.execute(_count_sites(table).where(key.in_(late))).scalar_one())
    if n_sites:
        conn.execute(update(table).where(key.in_(late)).values(hidden=-key))
    replaced = select(key).join(other, agree).where(_of_run(other, run_id), table.c.hidden == 0)
    conn.execute(update(table).where(key.in_(replaced)).values(hidden=-key))
    conn.execute(update(table).where(_of_run(table, run_id)).values(hidden=0))
    return n_sites


def _count_sites(table: Table) -> Select[Any]:
    return select(func.count(table.c.site_id.distinct()))


def _is_older(
    one: tuple[ColumnElement[int], ColumnElement[int]], other: tuple[ColumnElement[int], ColumnElement[int]]
) -> ColumnElement[bool]:
    return or_(one[0] < other[0], and_(one[0] == other[0], one[1] < other[1]))


def any_waste(conn: Connection) -> bool:
    """Whether something is hidden that nobody will ever see."""
    wasted = (select(exists().where(_is_waste(table))) for table, _, _ in _KINDS)
    return any(bool(conn.execute(one).scalar()) for one in wasted)


def delete_waste(conn: Connection, most: int) -> None:
    """Delete at most `most` results of each kind that nobody will ever see."""
    for table, key, _ in _KINDS:
        conn.execute(delete(table).where(key.in_(select(key).where(_is_waste(table)).limit(most))))


def _is_waste(table: Table) -> ColumnElement[bool]:
    """Replaced, or of a run that is over without having shown it."""
    alive = select(RUNS.c.run_id).where(RUNS.c.state.in_((RunState.QUEUED.value, RunState.RUNNING.value)))
    wasted = or_(table.c.hidden < 0, and_(table.c.hidden > 0, table.c.hidden.not_in(alive)))
    return and_(_is_hidden(table), wasted)


def _of_run(table: FromClause, run_id: int) -> ColumnElement[bool]:
    """Kept out of sight by the run; that it is hidden is said too, for the index holds hidden rows alone."""
    return and_(table.c.hidden == run_id, _is_hidden(table))


def _is_hidden(table: FromClause) -> ColumnElement[bool]:
    """Out of sight, in the very words of the index (`geo.store.columns.hidden_index`)."""
    found: ColumnElement[bool] = table.c.hidden != literal_column("0")
    return found
