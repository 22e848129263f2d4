"""Undone imports in the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any, cast

from sqlalchemy import Connection, RowMapping, insert, select

from geo.canonical import canonical_json, parse_json
from geo.errors import NotFound
from geo.imports.plan import SOURCES
from geo.imports.receipts import ImportStanding, Undo, UndoResult, UndoRow, undo_source
from geo.proposals import ProposalState
from geo.store.import_tables import IMPORT_UNDOS as UNDOS
from geo.store.tables import PROPOSALS
from geo.store.types import new_key


class NotUndone(NotFound):
    """The import was not undone."""

    template = "import {import_id} was not undone"


def put(conn: Connection, undo: Undo) -> int:
    """The id of the undo, kept with what became of every row."""
    rows = [{**asdict(row), "result": row.result.value} for row in undo.rows]
    key = conn.execute(
        insert(UNDOS).values(
            import_id=undo.import_id,
            actor=undo.actor,
            undone_at=undo.undone_at,
            partly=int(undo.partly),
            rows=canonical_json(rows),
        )
    ).inserted_primary_key
    return new_key(key)


def next_id(conn: Connection) -> int:
    """The id that the next undo will have, for the source of its rows."""
    last = conn.execute(select(UNDOS.c.undo_id).order_by(UNDOS.c.undo_id.desc()).limit(1)).scalar()
    return (last or 0) + 1


def is_undone(conn: Connection, import_id: int) -> bool:
    """Whether the import was undone."""
    return conn.execute(select(UNDOS.c.undo_id).where(UNDOS.c.import_id == import_id)).first() is not None


def get(conn: Connection, import_id: int) -> Undo:
    """How the import was undone, as its rows stand now; raises `NotUndone`."""
    undo = standing(conn, [import_id])[import_id].undo
    if undo is None:
        raise NotUndone(import_id=import_id)
    return undo


def standing(conn: Connection, import_ids: Collection[int]) -> dict[int, ImportStanding]:
    """What became of each of the imports since it was committed: of its proposals, and of its undo."""
    undos = {row["import_id"]: row for row in _stored(conn, import_ids)}
    sources = {import_id: [f"{word}:{import_id}" for word in SOURCES.values()] for import_id in import_ids}
    wanted = [*(source for some in sources.values() for source in some)]
    wanted += [undo_source(row["undo_id"]) for row in undos.values()]
    decided = _decisions(conn, wanted)
    found = {}
    for import_id, own in sources.items():
        source = next((one for one in own if one in decided), own[0])
        states = Counter(state for state, _ in decided.get(source, {}).values())
        stored = undos.get(import_id)
        undo = None if stored is None else _undo(stored, decided.get(undo_source(stored["undo_id"]), {}))
        found[import_id] = ImportStanding(source, states, undo)
    return found


def import_of(conn: Connection, undo_id: int) -> int:
    """The import that the undo took back; raises `NotUndone`."""
    found = conn.execute(select(UNDOS.c.import_id).where(UNDOS.c.undo_id == undo_id)).scalar()
    if found is None:
        raise NotUndone(import_id=f"of undo {undo_id}")
    return int(found)


Decisions = Mapping[int, tuple[ProposalState, str]]
"""{proposal: its state, and who decided it with which comment}."""


def _stored(conn: Connection, import_ids: Collection[int]) -> Iterable[RowMapping]:
    return conn.execute(select(UNDOS).where(UNDOS.c.import_id.in_(import_ids))).mappings()


def _decisions(conn: Connection, sources: Collection[str]) -> dict[str, dict[int, tuple[ProposalState, str]]]:
    columns = PROPOSALS.c
    query = select(
        columns.source, columns.proposal_id, columns.state, columns.decided_by, columns.comment
    ).where(columns.source.in_(sources))
    found: dict[str, dict[int, tuple[ProposalState, str]]] = {}
    for source, proposal_id, state, by, comment in conn.execute(query):
        said = f"{by}: {comment}" if comment else by or ""
        found.setdefault(source, {})[proposal_id] = (ProposalState(state), said)
    return found


def _undo(stored: RowMapping, decided: Decisions) -> Undo:
    rows = map(_row, cast("list[Mapping[str, Any]]", parse_json(stored["rows"])))
    return Undo(
        undo_id=stored["undo_id"],
        import_id=stored["import_id"],
        actor=stored["actor"],
        undone_at=stored["undone_at"],
        partly=bool(stored["partly"]),
        rows=tuple(_as_it_stands(row, decided) for row in rows),
    )


def _as_it_stands(row: UndoRow, decided: Decisions) -> UndoRow:
    """The row once a second person has decided on what it asked for."""
    if row.result is not UndoResult.PROPOSED:
        return row
    found = [decided[one] for one in row.proposal_ids if one in decided]
    if any(state is ProposalState.OPEN for state, _ in found):
        return row
    refused = next((said for state, said in found if state is ProposalState.REJECTED), None)
    if refused is not None:
        return replace(row, result=UndoResult.TURNED_DOWN, problem=refused)
    return replace(row, result=UndoResult.UNDONE)


def _row(value: Mapping[str, Any]) -> UndoRow:
    return UndoRow(
        **{
            **value,
            "result": UndoResult(value["result"]),
            "seqs": tuple(value["seqs"]),
            "proposal_ids": tuple(value["proposal_ids"]),
        }
    )
