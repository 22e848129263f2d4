"""Imports on the wire: options in, a receipt with one row for every input row out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from pydantic import Field

from api.schemas.common import Given, Wire
from geo.areas import ha_from_units
from geo.imports.prepare import Receipt, ReceiptRow, RowResult, Severity


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
    """What became of one input row (1 is the first feature)."""

    row: int
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


class ReceiptItem(Wire):
    """The receipt of one import: rows_in = new + changed + unchanged + rejected."""

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

    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        """The item of a stored receipt, without its rows."""
        return cls.model_validate(_receipt_fields(receipt, cls.model_fields))


class ReceiptOut(ReceiptItem):
    """A receipt with its rows; `next` leads to the rest of them."""

    rows: list[ReceiptRowOut]
    next: str | None

    @classmethod
    def page(cls, receipt: Receipt, *, after: int, limit: int) -> tuple[Self, int | None]:
        """The receipt with its rows behind row `after`, and the row to go on after (None at the end)."""
        rest = [row for row in receipt.rows if row.row > after]
        fields = _receipt_fields(receipt, ReceiptItem.model_fields)
        rows = [ReceiptRowOut.of(row) for row in rest[:limit]]
        last = rest[limit - 1].row if len(rest) > limit else None
        return cls.model_validate({**fields, "rows": rows, "next": None}), last


class ImportList(Wire):
    """Imports, the newest first."""

    items: list[ReceiptItem]
    next: str | None


def _ha(units: int | None) -> float | None:
    return None if units is None else ha_from_units(units)


def _receipt_fields(receipt: Receipt, names: Iterable[str]) -> dict[str, object]:
    fields = {name: getattr(receipt, name) for name in names if hasattr(receipt, name)}
    return {**fields, "overlap_ha": ha_from_units(receipt.overlap_units)}
