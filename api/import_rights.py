"""The rights that an import asks for: rows in units of one's own, past approvals by administrators alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from api.auth.rights import Rights
from geo.accounts.rights import YES, Action, Decision, refusal
from geo.changes import NewSite
from geo.errors import Refused
from geo.history import Fact
from geo.imports.plan import PreparedImport, PreparedRow
from geo.imports.receipts import Receipt, RowResult
from geo.proposals import concerned_units
from geo.sites import Site
from geo.status import Status, status_table
from geo.store import Connection, sites


class HistoryNeedsAdministrator(Refused):
    """Somebody else than an administrator brings in a status that a second person has to approve."""

    template = (
        "row {row}: a site that enters as {status} would pass for approved, and only an administrator may"
        " import that; bring it in with an earlier status, then propose {status}"
    )


def check_import(conn: Connection, rights: Rights, prepared: PreparedImport) -> None:
    """Raise `NotAllowed` where a row lies outside the units of whoever imports.

    Raises `HistoryNeedsAdministrator` where a new site carries a status that needs a second person.
    """
    if rights.is_administrator:
        return
    rows = [row for row in prepared.rows if row.result is not RowResult.REJECTED]
    known = {site.site_id: site for site in sites.find(conn, sites.SiteFilter(limit=None, with_left=True))}
    rights.check(conn, Action.IMPORT, *{code for row in rows for code in row_units(row, known)})
    for row in rows:
        if row.new is not None:
            check_statuses(row.line or row.row, row.new)


def check_statuses(row: int, new: NewSite) -> None:
    """Raise `HistoryNeedsAdministrator` where a status of a new site needs a second person."""
    stated = [new.facts.get(Fact.STATUS), *(status for status, _ in new.status_rows)]
    for status in stated:
        if status is not None and status_table()[Status(str(status))].second_person:
            raise HistoryNeedsAdministrator(row=row, status=str(status))


def check_seen(conn: Connection, rights: Rights, receipt: Receipt) -> None:
    """Raise `NotAllowed` unless they may see the cells of the file that was sent."""
    decision = may_see(conn, rights, receipt)
    if not decision:
        raise refusal(rights.user, Action.IMPORT, decision)


def may_see(conn: Connection, rights: Rights, receipt: Receipt) -> Decision:
    """Whether they may see the cells of the file that was sent.

    That is who sent it, and whoever may import in the units of all of its rows; a row of no known site lies
    in none yet.
    """
    if rights.name == receipt.actor or rights.is_administrator:
        return YES
    ids = {row.site_id for row in receipt.rows}
    known = {site.site_id: site.adcode for site in sites.many(conn, {one for one in ids if one is not None})}
    return rights.may(conn, Action.IMPORT, {None if one is None else known.get(one) for one in ids})


def row_units(row: PreparedRow, known: Mapping[int, Site]) -> Iterator[str | None]:
    """The units that a row concerns: a new site's, a known site's, and the one that it would move to."""
    if row.new is not None:
        unit = row.new.facts.get(Fact.UNIT)
        yield unit.get("adcode") if isinstance(unit, Mapping) else None
    if row.site_id is not None and row.site_id in known:
        for change in row.changes:
            yield from concerned_units(known[row.site_id], change)
