"""Undone imports in the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

from sqlalchemy import Connection, insert, select

from geo.canonical import canonical_json, parse_json
from geo.errors import NotFound
from geo.imports.receipts import Undo, UndoResult, UndoRow
from geo.store.import_tables import IMPORT_UNDOS as UNDOS
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
    """How the import was undone; raises `NotUndone`."""
    stored = conn.execute(select(UNDOS).where(UNDOS.c.import_id == import_id)).mappings().first()
    if stored is None:
        raise NotUndone(import_id=import_id)
    return Undo(
        undo_id=stored["undo_id"],
        import_id=import_id,
        actor=stored["actor"],
        undone_at=stored["undone_at"],
        partly=bool(stored["partly"]),
        rows=tuple(map(_row, cast("list[Mapping[str, Any]]", parse_json(stored["rows"])))),
    )


def _row(value: Mapping[str, Any]) -> UndoRow:
    return UndoRow(
        **{
            **value,
            "result": UndoResult(value["result"]),
            "seqs": tuple(value["seqs"]),
            "proposal_ids": tuple(value["proposal_ids"]),
        }
    )
