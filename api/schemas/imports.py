"""Imports on the wire: options in, a receipt with one row for every input row out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Self

from pydantic import Field

from api.import_words import receipt_said
from api.schemas.common import Given, Wire
from geo.areas import ha_from_units
from geo.imports.prepare import Receipt, ReceiptRow, RowResult, Severity
from geo.imports.receipts import ImportStanding, Undo, UndoResult
from geo.proposals import ProposalState

NOTHING_SINCE: Final = ImportStanding()


class CommitIn(Given):
    """How a tried import is to be committed."""

    only_valid: bool = Field(False, description="Take the good rows though some are refused.")


class FindingOut(Wire):
    """One thing noticed in one row."""

    code: str
    severity: Severity
    column: str | None
    value: str | None
    problem: str
    suggestion: str


class ReceiptRowOut(Wire):
    """What became of one input row (1 is the first feature).

    `line` is where it stands in the sheet or text that was sent, None where that has no lines.
    """

    row: int
    line: int | None
    site_code: str | None
    site_id: int | None
    result: RowResult
    findings: list[FindingOut]
    area_before_ha: float | None
    area_ha: float | None
    proposal_ids: list[int]

    @classmethod
    def of(cls, row: ReceiptRow) -> Self:
        """The item of a receipt's row."""
        names = {name: getattr(row, name) for name in cls.model_fields if hasattr(row, name)}
        areas = {"area_before_ha": _ha(row.area_before_units), "area_ha": _ha(row.area_units)}
        return cls.model_validate({**names, **areas}, from_attributes=True)


class UndoSummary(Wire):
    """How far an undo has come: `complete` once every row is undone.

    A row that needs a second person is `proposed` until that person decides; `reviews` is the page of those
    that wait, None where none does.
    """

    undo_id: int
    actor: str
    undone_at: str
    partly: bool
    complete: bool
    counts: dict[UndoResult, int]
    reviews: str | None

    @classmethod
    def of(cls, undo: Undo) -> Self:
        """The summary of an undo as it stands now."""
        counts = {result: undo.count(result) for result in UndoResult}
        waits = counts[UndoResult.PROPOSED]
        names = ("undo_id", "actor", "undone_at", "partly", "complete")
        return cls.model_validate(
            {
                **{name: getattr(undo, name) for name in names},
                "counts": counts,
                "reviews": reviews_url(undo.source) if waits else None,
            }
        )


class ReceiptItem(Wire):
    """The receipt of one import: rows_in = new + changed + unchanged + rejected.

    `proposals` counts those of its changes that needed a second person, by their present state; `reviews` is
    the page of those that wait, None where none does. `undo` is None where nobody undid the import.
    """

    import_id: int
    file_name: str
    sha256: str
    layer: str
    source_crs: str
    encoding: str
    rows_in: int
    counts: dict[RowResult, int]
    defaults_used: dict[str, int]
    mapping: dict[str, str]
    overlap_ha: float
    dry_run: bool
    committed_at: str | None
    actor: str
    seq: int | None
    head: str | None
    proposals: dict[ProposalState, int]
    reviews: str | None
    undo: UndoSummary | None

    @classmethod
    def of(cls, receipt: Receipt, standing: ImportStanding = NOTHING_SINCE) -> Self:
        """The item of a stored receipt, without its rows, and what became of it since."""
        return cls.model_validate(_receipt_fields(receipt, standing, cls.model_fields))


class ReceiptOut(ReceiptItem):
    """A receipt with its rows; `next` leads to the rest of them."""

    rows: list[ReceiptRowOut]
    next: str | None

    @classmethod
    def page(
        cls, receipt: Receipt, standing: ImportStanding = NOTHING_SINCE, *, after: int, limit: int
    ) -> tuple[Self, int | None]:
        """The receipt with its rows behind row `after`, and the row to go on after (None at the end)."""
        rest = [row for row in receipt_said(receipt, "wire").rows if row.row > after]
        fields = _receipt_fields(receipt, standing, ReceiptItem.model_fields)
        rows = [ReceiptRowOut.of(row) for row in rest[:limit]]
        last = rest[limit - 1].row if len(rest) > limit else None
        return cls.model_validate({**fields, "rows": rows, "next": None}), last


class ImportList(Wire):
    """Imports, the newest first."""

    items: list[ReceiptItem]
    next: str | None


def _ha(units: int | None) -> float | None:
    return None if units is None else ha_from_units(units)


def reviews_url(source: str) -> str:
    """The page of the proposals of one source."""
    return f"/reviews?source={source}"


def _receipt_fields(receipt: Receipt, standing: ImportStanding, names: Iterable[str]) -> dict[str, object]:
    fields = {name: getattr(receipt, name) for name in names if hasattr(receipt, name)}
    return {
        **fields,
        "overlap_ha": ha_from_units(receipt.overlap_units),
        "proposals": {state: standing.proposals.get(state, 0) for state in ProposalState},
        "reviews": reviews_url(standing.source) if standing.waiting else None,
        "undo": None if standing.undo is None else UndoSummary.of(standing.undo),
    }
