"""The receipt of an import as a page: what became of its rows, of its proposals and of its undo."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fastapi.responses import HTMLResponse

from api.error_words import error_sentence
from api.errors import status_of
from api.import_rights import check_seen, may_see
from api.import_words import receipt_said, said
from api.pages.view import Page
from api.spool import Spool
from geo.errors import ReverdureError
from geo.imports.fields import FIELDS
from geo.imports.prepare import Receipt, ReceiptRow, RowResult
from geo.imports.receipts import ImportStanding, Undo, UndoResult
from geo.reference import reference_rows
from geo.store import import_undos, imports

SHOWN_ROWS: Final = 500


def receipt_page(page: Page, import_id: int, error: ReverdureError | None = None) -> HTMLResponse:
    """The receipt row by row, with commit or undo. Raises `UnknownImport`."""
    with page.store.read() as conn:
        receipt = receipt_said(imports.get(conn, import_id), "page", page.lang)
        if receipt.dry_run:
            check_seen(conn, page.rights, receipt)
        may_mark = may_see(conn, page.rights, receipt)
        since = import_undos.standing(conn, [import_id])[import_id]
    rows = sorted(receipt.rows, key=_rank)
    return page.render(
        "import_receipt.html",
        active="imports",
        json_url=f"/api/imports/{import_id}",
        receipt=receipt,
        rows=rows[:SHOWN_ROWS],
        mapping=[(_field(page, name), column) for name, column in receipt.mapping.items()],
        defaults=[(_default(page, name), count) for name, count in receipt.defaults_used.items()],
        good=_good(receipt),
        places={row.row: row.place for row in receipt.rows},
        has_columns=_has_columns(page, receipt),
        since=since,
        may_mark=may_mark,
        decisions=_decisions(page, since),
        **_undone(page, since.undo),
        SHOWN_ROWS=SHOWN_ROWS,
        problem=problem_words(page, error),
        status_code=200 if error is None else status_of(error),
    )


def problem_words(page: Page, error: ReverdureError | None) -> str | None:
    """What went wrong, as the page says it; None where nothing did."""
    return None if error is None else said(error_sentence(error, page.lang), "page", page.lang)


def _rank(row: ReceiptRow) -> tuple[bool, bool, bool, int]:
    """What asks to be looked at comes first: refusals, findings, changes, and last what stays as it is."""
    refused, same = row.result is RowResult.REJECTED, row.result is RowResult.UNCHANGED
    return not refused, not row.findings, same, row.row


def _field(page: Page, name: str) -> str:
    """The label of a field as the mapping form names it."""
    labels = {row["slug"]: row[page.lang] for row in reference_rows("import_fields")}
    labels["effective_on"] = page.say("effective_on")
    return labels.get(name, name)


def _default(page: Page, used: str) -> str:
    """A default that was used, such as kind=other, in words; the unit that was assumed of a column stays."""
    name, sign, value = used.partition("=")
    if not sign:
        return used
    shown = page.say("import_as_of") if name == "as_of" else _field(page, name)
    table = FIELDS[name].table if name in FIELDS else ""
    return f"{shown} = {page.word(table, value) if table else _field(page, value)}"


def _has_columns(page: Page, receipt: Receipt) -> bool:
    """Whether the file of a dry run is kept and has columns that can be chosen anew."""
    spool = Spool(page.store)
    if not receipt.dry_run or not spool.has(receipt.sha256, receipt.import_id):
        return False
    return spool.recall(receipt.sha256, receipt.import_id)[1].kind == "sites"


def _good(receipt: Receipt) -> int:
    return receipt.rows_in - receipt.counts[RowResult.REJECTED]


def _undone(page: Page, undo: Undo | None) -> dict[str, object]:
    """What the receipt says of an undo: its counts, and the rows that it left, turned down or refused."""
    rows = () if undo is None else undo.rows
    left = [row for row in rows if row.result in {UndoResult.REFUSED, UndoResult.TURNED_DOWN}]
    return {
        "undone": undo,
        "undone_counts": "" if undo is None else undone_counts(page, undo),
        "undone_waiting": 0 if undo is None else undo.count(UndoResult.PROPOSED),
        "not_undone": left,
    }


def undone_counts(page: Page, undo: Undo) -> str:
    """How many rows of an undo came out how, in words."""
    counts = ((result, undo.count(result)) for result in UndoResult)
    return _counted((page.word("undo_results", result), count) for result, count in counts)


def _decisions(page: Page, since: ImportStanding) -> str:
    return _counted((page.word("proposal_states", state), count) for state, count in since.proposals.items())


def _counted(pairs: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{words} {count}" for words, count in pairs if count)
