"""Receipts: what became of every row of an import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from geo.proposals import ProposalState


class RowResult(StrEnum):
    """What became of one input row."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


class Severity(StrEnum):
    """Whether a finding refuses its row or only marks it."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed in one row: `code` is a slug of `data/reference/findings.csv`."""

    code: str
    severity: Severity
    column: str | None
    value: str | None
    problem: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """What became of input row `row` (1 is the first feature).

    `line` is where it stands in the sheet or text that was sent, None where that has no lines.
    """

    row: int
    site_code: str | None
    site_id: int | None
    result: RowResult
    findings: tuple[Finding, ...]
    area_before_units: int | None = None
    area_units: int | None = None
    proposal_ids: tuple[int, ...] = ()
    line: int | None = None

    @property
    def place(self) -> int:
        """The number by which whoever sent the file finds the row: its line, else its number."""
        return self.row if self.line is None else self.line


@dataclass(frozen=True, slots=True)
class Receipt:
    """The receipt of one import: rows in = new + changed + unchanged + rejected."""

    import_id: int
    file_name: str
    sha256: str
    layer: str
    source_crs: str
    encoding: str
    rows_in: int
    counts: Mapping[RowResult, int]
    defaults_used: Mapping[str, int]
    mapping: Mapping[str, str]
    rows: tuple[ReceiptRow, ...]
    overlap_units: int
    dry_run: bool
    committed_at: str | None
    actor: str
    seq: int | None
    head: str | None


class UndoResult(StrEnum):
    """What became of one row of an import that is undone (`data/reference/undo_results.csv`)."""

    UNDONE = "undone"
    PROPOSED = "proposed"
    TURNED_DOWN = "turned_down"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class UndoRow:
    """One row of an undone import: new history rows, proposals that wait, or why it stays as it is."""

    row: int
    site_code: str | None
    site_id: int
    result: UndoResult
    problem: str = ""
    seqs: tuple[int, ...] = ()
    proposal_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Undo:
    """How an import was undone; `partly` says that rows changed since were left as they are.

    A row is undone once all that it asked for is recorded, approved where it needed a second person.
    """

    undo_id: int
    import_id: int
    actor: str
    undone_at: str
    partly: bool
    rows: tuple[UndoRow, ...]

    def count(self, result: UndoResult) -> int:
        """How many rows came out so."""
        return sum(row.result is result for row in self.rows)

    @property
    def source(self) -> str:
        """What the history rows and proposals of the undo name as their source."""
        return undo_source(self.undo_id)

    @property
    def complete(self) -> bool:
        """Whether every row is undone."""
        return self.count(UndoResult.UNDONE) == len(self.rows)


def undo_source(undo_id: int) -> str:
    """The source of what an undo records."""
    return f"undo:{undo_id}"


@dataclass(frozen=True, slots=True)
class ImportStanding:
    """What became of an import since: how many of its proposals stand in each state, and its undo."""

    source: str = ""
    proposals: Mapping[ProposalState, int] = field(default_factory=dict)
    undo: Undo | None = None

    @property
    def waiting(self) -> int:
        """How many of its changes wait for a second person."""
        return self.proposals.get(ProposalState.OPEN, 0)
