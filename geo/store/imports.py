"""Receipts of imports in the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from sqlalchemy import Connection, RowMapping, insert, select

from geo.canonical import canonical_json, parse_json
from geo.errors import UnknownImport
from geo.imports.receipts import Finding, Receipt, ReceiptRow, RowResult, Severity
from geo.store.tables import IMPORT_ROWS, IMPORTS
from geo.store.types import new_key


def put(conn: Connection, receipt: Receipt) -> int:
    """The id of the receipt, kept with all its rows."""
    key = conn.execute(insert(IMPORTS).values(**_columns(receipt))).inserted_primary_key
    import_id = new_key(key)
    if receipt.rows:
        conn.execute(insert(IMPORT_ROWS), [_row_columns(import_id, row) for row in receipt.rows])
    return import_id


def next_id(conn: Connection) -> int:
    """The id that the next receipt will have, for the source of the rows that it brings in."""
    last = conn.execute(select(IMPORTS.c.import_id).order_by(IMPORTS.c.import_id.desc()).limit(1)).scalar()
    return (last or 0) + 1


def get(conn: Connection, import_id: int) -> Receipt:
    """The receipt with this id and its rows; raises `UnknownImport`."""
    head = get_head(conn, import_id)
    query = select(IMPORT_ROWS).where(IMPORT_ROWS.c.import_id == import_id).order_by(IMPORT_ROWS.c.row)
    rows = tuple(_receipt_row(row) for row in conn.execute(query).mappings())
    return replace(head, rows=rows)


def get_head(conn: Connection, import_id: int) -> Receipt:
    """The receipt without its rows; raises `UnknownImport`."""
    stored = conn.execute(select(IMPORTS).where(IMPORTS.c.import_id == import_id)).mappings().first()
    if stored is None:
        raise UnknownImport(import_id=import_id)
    return _receipt(stored)


def find(conn: Connection, limit: int | None = None, after: int | None = None) -> list[Receipt]:
    """The receipts, newest first, without their rows; `after` is the last id of the page before."""
    query = select(IMPORTS).order_by(IMPORTS.c.import_id.desc()).limit(limit)
    if after is not None:
        query = query.where(IMPORTS.c.import_id < after)
    return [_receipt(row) for row in conn.execute(query).mappings()]


def _columns(receipt: Receipt) -> dict[str, object]:
    return {
        "file_name": receipt.file_name,
        "sha256": receipt.sha256,
        "layer": receipt.layer,
        "source_crs": receipt.source_crs,
        "encoding": receipt.encoding,
        "rows_in": receipt.rows_in,
        "counts": canonical_json({result.value: n for result, n in receipt.counts.items()}),
        "defaults_used": canonical_json(receipt.defaults_used),
        "mapping": canonical_json(receipt.mapping),
        "overlap_units": receipt.overlap_units,
        "dry_run": int(receipt.dry_run),
        "committed_at": receipt.committed_at,
        "actor": receipt.actor,
        "seq": receipt.seq,
        "head": receipt.head,
    }


def _row_columns(import_id: int, row: ReceiptRow) -> dict[str, object]:
    return {
        "import_id": import_id,
        "row": row.row,
        "site_code": row.site_code,
        "site_id": row.site_id,
        "result": row.result.value,
        "findings": canonical_json([_finding_json(finding) for finding in row.findings]),
        "area_before_units": row.area_before_units,
        "area_units": row.area_units,
        "proposal_ids": canonical_json(row.proposal_ids),
        "line": row.line,
    }


def _finding_json(finding: Finding) -> dict[str, object]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "column": finding.column,
        "value": finding.value,
        "problem": finding.problem,
        "suggestion": finding.suggestion,
    }


def _finding(value: Mapping[str, str]) -> Finding:
    return Finding(
        code=value["code"],
        severity=Severity(value["severity"]),
        column=value["column"],
        value=value["value"],
        problem=value["problem"],
        suggestion=value["suggestion"],
    )


def _receipt_row(row: RowMapping) -> ReceiptRow:
    findings = cast("list[Mapping[str, str]]", parse_json(row["findings"]))
    return ReceiptRow(
        row=row["row"],
        site_code=row["site_code"],
        site_id=row["site_id"],
        result=RowResult(row["result"]),
        findings=tuple(map(_finding, findings)),
        area_before_units=row["area_before_units"],
        area_units=row["area_units"],
        proposal_ids=tuple(cast("list[int]", parse_json(row["proposal_ids"]))),
        line=row["line"],
    )


def _receipt(row: RowMapping) -> Receipt:
    counts = cast("Mapping[str, int]", parse_json(row["counts"]))
    return Receipt(
        import_id=row["import_id"],
        file_name=row["file_name"],
        sha256=row["sha256"],
        layer=row["layer"],
        source_crs=row["source_crs"],
        encoding=row["encoding"],
        rows_in=row["rows_in"],
        counts={RowResult(result): n for result, n in counts.items()},
        defaults_used=cast("Mapping[str, int]", parse_json(row["defaults_used"])),
        mapping=cast("Mapping[str, str]", parse_json(row["mapping"])),
        rows=(),
        overlap_units=row["overlap_units"],
        dry_run=bool(row["dry_run"]),
        committed_at=row["committed_at"],
        actor=row["actor"],
        seq=row["seq"],
        head=row["head"],
    )
