"""An import that is ready: what its caller asked for, and what each of its rows will do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, Literal

from geo.changes import Change, NewSite
from geo.imports.receipts import Finding, Receipt, ReceiptRow, RowResult
from geo.vector_io import RawLayer
from geo.words import Lang

ImportKind = Literal["sites", "status"]
SOURCES: Final[Mapping[ImportKind, str]] = {"sites": "import", "status": "status"}
"""What stands before the number of an import in the source of its history rows.

An acceptance in a status list rests on an inspection or says its reason, as anywhere else; one in a file of
sites rests on that file.
"""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the caller says about a file.

    `field_map` {field: column}, `status_map` {word: status}, `constants` {field: value for every row}.
    `as_of` is the day on which an undated inventory holds (default today). `layer`, `encoding` and
    `source_crs` overrule what the file says. Nothing is repaired, no axes are swapped and no row is left
    behind unless asked for (`repair`, `swap_axes`, `only_valid`). `reason` stands in the history of changed
    sites. `area_units` {column: unit of its areas}; `remembered_at` is when a mapping was remembered that
    fills what the caller left open, '' where none was. `kind` says whether the file holds sites or is a
    status list that comes back; `ignored` columns are taken for no field, whatever their names.
    """

    field_map: Mapping[str, str] = field(default_factory=dict)
    status_map: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    as_of: date | None = None
    layer: str | None = None
    encoding: str | None = None
    source_crs: str | None = None
    repair: bool = False
    only_valid: bool = False
    lang: Lang = "en"
    swap_axes: bool = False
    reason: str = ""
    area_units: Mapping[str, str] = field(default_factory=dict)
    remembered_at: str = ""
    kind: ImportKind = "sites"
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PreparedRow:
    """What one input row will do: a new site, changes of a known one, nothing, or why it is refused.

    `base_version` is the version of the known site that the changes start from. `proposal_ids` are proposals
    that wait already and ask for what the row says; `line` is where the row stands in its file.
    """

    row: int
    site_code: str | None
    result: RowResult
    findings: tuple[Finding, ...]
    new: NewSite | None = None
    changes: tuple[Change, ...] = ()
    site_id: int | None = None
    base_version: int | None = None
    area_before_units: int | None = None
    area_units: int | None = None
    defaults: tuple[str, ...] = ()
    proposal_ids: tuple[int, ...] = ()
    line: int | None = None

    def receipt_row(self) -> ReceiptRow:
        """The row's line in the receipt."""
        return ReceiptRow(
            row=self.row,
            site_code=self.site_code,
            site_id=self.site_id,
            result=self.result,
            findings=self.findings,
            area_before_units=self.area_before_units,
            area_units=self.area_units,
            proposal_ids=self.proposal_ids,
            line=self.line,
        )


@dataclass(frozen=True, slots=True)
class PreparedImport:
    """An import that is ready to be written, or to be shown as a dry run."""

    file_name: str
    sha256: str
    layer: str
    source_crs: str
    encoding: str
    mapping: Mapping[str, str]
    options: ImportOptions
    rows: tuple[PreparedRow, ...]
    overlap_units: int
    units_assumed: Mapping[str, int] = field(default_factory=dict)

    @property
    def rejected(self) -> tuple[PreparedRow, ...]:
        """The rows that are refused."""
        return tuple(row for row in self.rows if row.result is RowResult.REJECTED)

    def receipt(self, dry: bool = True, *, actor: str = "") -> Receipt:  # noqa: FBT001, FBT002, RUF100
        """The receipt as it stands before anything is written."""
        return make_receipt(self, tuple(row.receipt_row() for row in self.rows), dry=dry, actor=actor)


def placed(layer: RawLayer, rows: Iterable[PreparedRow]) -> tuple[PreparedRow, ...]:
    """The rows, each with the line of its file where that has lines."""
    return tuple(
        row if raw.line is None else replace(row, line=raw.line)
        for raw, row in zip(layer.rows, rows, strict=True)
    )


def make_receipt(prepared: PreparedImport, rows: tuple[ReceiptRow, ...], *, dry: bool, actor: str) -> Receipt:
    """The receipt of an import whose rows came out as `rows`, in the order of the file."""
    found = Counter(row.result for row in rows)
    new = {row.row for row in rows if row.result is RowResult.NEW}
    defaults = Counter(name for row in prepared.rows if row.row in new for name in row.defaults)
    return Receipt(
        import_id=0,
        file_name=prepared.file_name,
        sha256=prepared.sha256,
        layer=prepared.layer,
        source_crs=prepared.source_crs,
        encoding=prepared.encoding,
        rows_in=len(rows),
        counts={result: found[result] for result in RowResult},
        defaults_used=dict(sorted({**defaults, **prepared.units_assumed}.items())),
        mapping=dict(prepared.mapping),
        rows=rows,
        overlap_units=prepared.overlap_units,
        dry_run=dry,
        committed_at=None,
        actor=actor,
        seq=None,
        head=None,
    )
