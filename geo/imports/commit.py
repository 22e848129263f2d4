"""Writing an import: all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import Connection

from geo.cities import City, Listing
from geo.clock import local_date
from geo.errors import Refused, ReverdureError
from geo.imports.changes import waiting_same
from geo.imports.findings import finding, shortened
from geo.imports.plan import SOURCES, PreparedImport, PreparedRow, make_receipt
from geo.imports.receipts import Receipt, ReceiptRow, RowResult, Severity
from geo.store import Store
from geo.store import changes as change_store
from geo.store import cities as city_store
from geo.store import history as history_store
from geo.store import imports as import_store
from geo.store import proposals as proposal_store
from geo.store import sites as site_store


class ImportRefused(Refused):
    """Some rows are refused, so nothing was imported; `receipt` says why, row by row."""

    template = (
        "{rejected} of {rows_in} rows of {file_name} are refused, so nothing was imported; correct them, or "
        "ask for the others alone (--only-valid). First, row {row}{place}: {problem}. "
        "What helps: {suggestion}"
    )

    def __init__(self, receipt: Receipt) -> None:
        self.receipt = receipt
        first = next(row for row in receipt.rows if row.result is RowResult.REJECTED)
        fault = next(one for one in first.findings if one.severity is Severity.ERROR)
        place = (
            None if first.site_code is None else f"site {shortened(first.site_code)}",
            None if fault.column is None else f"column {shortened(fault.column)}",
        )
        super().__init__(
            file_name=receipt.file_name,
            rows_in=receipt.rows_in,
            rejected=receipt.counts[RowResult.REJECTED],
            row=first.place,
            place=f" ({', '.join(filter(None, place))})" if any(place) else "",
            problem=fault.problem,
            suggestion=fault.suggestion,
        )


def commit_import(
    store: Store,
    prepared: PreparedImport,
    *,
    actor: str,
    now: str,
    cities: Sequence[City] = (),
    listings: Sequence[Listing] = (),
    today: date | None = None,
) -> Receipt:
    """The receipt of the import, as stored with its rows.

    New sites may carry past statuses, approved by this receipt; a change of a known site obeys the rule of
    the second person. `cities` and `listings`, the units that the sites were placed in, are stored with
    them. `today` is the day of `now` unless given. Raises ImportRefused, and writes nothing, where a row is
    refused and the options do not ask for the valid rows alone.
    """
    if prepared.rejected and not prepared.options.only_valid:
        raise ImportRefused(prepared.receipt(actor=actor))
    with store.write() as conn:
        if cities or listings:
            city_store.put(conn, cities, listings)
        writer = _Writer(conn, prepared, actor=actor, now=now, today=today or local_date(now))
        receipt = make_receipt(prepared, writer.rows(), dry=False, actor=actor)
        if receipt.counts[RowResult.REJECTED] and not prepared.options.only_valid:
            raise ImportRefused(receipt)
        seq, head = history_store.head(conn)
        receipt = replace(receipt, committed_at=now, seq=seq, head=head)
        return replace(receipt, import_id=import_store.put(conn, receipt))


class _Writer:
    """Writes prepared rows through one connection."""

    def __init__(
        self, conn: Connection, prepared: PreparedImport, *, actor: str, now: str, today: date
    ) -> None:
        self._conn = conn
        self._prepared = prepared
        self._actor = actor
        self._now = now
        self._today = today
        self._source = f"{SOURCES[prepared.options.kind]}:{import_store.next_id(conn)}"
        self._open = proposal_store.open_by_site(conn)

    def rows(self) -> tuple[ReceiptRow, ...]:
        """What became of each row, in file order."""
        created = self._create()
        return tuple(self._row(row, created) for row in self._prepared.rows)

    def _create(self) -> Mapping[str, int]:
        """The new sites' ids by code; a code that was taken since the file was read is left out."""
        taken = site_store.code_index(self._conn)
        new = [
            row.new for row in self._prepared.rows if row.new is not None and row.new.site_code not in taken
        ]
        ids = change_store.create_sites(
            self._conn, new, actor=self._actor, source=self._source, now=self._now, approved=True
        )
        return {site.site_code: site_id for site, site_id in zip(new, ids, strict=True)}

    def _row(self, row: PreparedRow, created: Mapping[str, int]) -> ReceiptRow:
        line = row.receipt_row()
        if row.new is not None:
            site_id = created.get(row.new.site_code)
            return (
                self._refused(line, "changed_meanwhile")
                if site_id is None
                else replace(line, site_id=site_id)
            )
        if row.changes and row.site_id is not None:
            return self._change(row, row.site_id, line)
        return line

    def _change(self, row: PreparedRow, site_id: int, line: ReceiptRow) -> ReceiptRow:
        """The row's changes, applied all or none; one that waits as a proposal is not proposed again."""
        proposals, version, waiting = list(row.proposal_ids), row.base_version, 0
        try:
            with self._conn.begin_nested():
                for change in row.changes:
                    same = waiting_same(change, self._open.get(site_id, ()))
                    if same is not None:
                        proposals.append(same.proposal_id)
                        waiting += 1
                        continue
                    applied = change_store.apply_change(
                        self._conn,
                        site_id,
                        change,
                        actor=self._actor,
                        source=self._source,
                        now=self._now,
                        if_version=version,
                        today=self._today,
                    )
                    version = applied.site.version
                    if applied.proposal is not None:
                        proposals.append(applied.proposal.proposal_id)
        except change_store.StaleVersion:
            return self._refused(line, "changed_meanwhile")
        except ReverdureError as error:
            return self._refused(line, "not_applied", problem=str(error))
        if waiting:
            note = finding("already_proposed", lang=self._prepared.options.lang)
            line = replace(line, findings=(*line.findings, note))
        result = RowResult.UNCHANGED if waiting == len(row.changes) else RowResult.CHANGED
        return replace(line, result=result, proposal_ids=tuple(proposals))

    def _refused(self, line: ReceiptRow, code: str, problem: str = "") -> ReceiptRow:
        why = finding(code, lang=self._prepared.options.lang, problem=problem)
        return replace(line, result=RowResult.REJECTED, findings=(*line.findings, why))
