"""The steps of an import on the wire: what a file looks like, and how an import was undone."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from api.schemas.common import Given, Text, Wire
from geo.crs import parse_crs
from geo.imports.detect import Detected
from geo.imports.receipts import Undo, UndoResult


class ColumnOut(Wire):
    """One column, some of its values and the field that it is taken for."""

    name: str
    samples: list[str]
    filled: int
    field: str | None
    unit: str | None
    unit_assumed: bool
    unit_hint: str | None


class CrsOut(Wire):
    """A system of coordinates that the numbers may be in."""

    code: str
    name: str


class DetectedOut(Wire):
    """What a file looks like. `upload` lets it be tried without being sent again."""

    upload: str
    file_name: str
    sha256: str
    format: str
    layer: str
    encoding: str
    rows_in: int
    shapes: int
    crs: str
    needs_crs: bool
    crs_reason: str | None
    crs_rule: str | None
    crs_zone: int | None
    crs_candidates: list[CrsOut]
    columns: list[ColumnOut]
    mapping: dict[str, str]
    unknown_statuses: dict[str, int]
    remembered_at: str | None

    @classmethod
    def of(cls, found: Detected, upload: str) -> Self:
        """The answer about a file that waits under the token `upload`."""
        guess = found.guess
        names = [name for name in cls.model_fields if hasattr(found, name)]
        return cls.model_validate(
            {
                **{name: getattr(found, name) for name in names},
                "upload": upload,
                "crs_reason": None if guess is None else guess.reason,
                "crs_rule": None if guess is None else guess.rule,
                "crs_zone": None if guess is None else guess.zone,
                "crs_candidates": []
                if guess is None
                else [{"code": code, "name": parse_crs(code).name} for code in guess.codes],
                "columns": [ColumnOut.model_validate(one) for one in found.columns],
                "remembered_at": found.remembered_at or None,
            }
        )


class UndoIn(Given):
    """How an import is to be undone."""

    partly: bool = Field(False, description="Leave the rows whose sites somebody has changed since.")
    reason: Text = ""


class UndoRowOut(Wire):
    """What became of one row."""

    row: int
    site_code: str | None
    site_id: int
    result: UndoResult
    problem: str
    seqs: list[int]
    proposal_ids: list[int]


class UndoOut(Wire):
    """How an import was undone: by new events at once, or by proposals for a second person."""

    undo_id: int
    import_id: int
    actor: str
    undone_at: str
    partly: bool
    counts: dict[UndoResult, int]
    rows: list[UndoRowOut]

    @classmethod
    def of(cls, undo: Undo) -> Self:
        """The answer about an undone import."""
        names = ("undo_id", "import_id", "actor", "undone_at", "partly")
        return cls.model_validate(
            {
                **{name: getattr(undo, name) for name in names},
                "counts": {result: undo.count(result) for result in UndoResult},
                "rows": [UndoRowOut.model_validate(row) for row in undo.rows],
            }
        )
