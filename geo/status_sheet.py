"""A status list that comes back: what was changed in it becomes changes, what is stale a conflict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from geo.areas import ha_from_units
from geo.changes import Change
from geo.errors import InvalidInput
from geo.history import Fact
from geo.imports.changes import refusals_of
from geo.imports.fields import known_words
from geo.imports.findings import finding
from geo.imports.plan import ImportOptions, PreparedImport, PreparedRow, placed
from geo.imports.receipts import Finding, RowResult
from geo.imports.stated import Stated
from geo.readers.client import RawRow
from geo.sites import Site
from geo.status import Status
from geo.status_workbook import COLUMNS, TOLD, heading
from geo.values import Unreadable, folded, is_missing, read_area_units, read_date, read_text
from geo.vector_io import RawLayer
from geo.words import label


class NotAStatusList(InvalidInput):
    """The file is no status list that was exported here."""

    template = (
        "{file_name} is no status list: it has no column {column}; export the list anew and change that"
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """What a row says of its site; None where a cell is empty or cannot be read."""

    status: Status | None
    restored: int | None
    effective_on: date | None
    reason: str


def prepare_status(
    layer: RawLayer, options: ImportOptions, *, existing: Mapping[str, Site], today: date
) -> PreparedImport:
    """What each row of the list will do.

    A row that is as it was exported does nothing, whatever has happened to its site meanwhile. One that was
    changed counts only against the version that it was exported from: where somebody else has changed the
    site since, it is a conflict, shown with the old, the present and the wanted value and refused. Raises
    NotAStatusList.
    """
    columns = _columns(layer)
    by_id = {site.site_id: site for site in existing.values()}
    judge = _Judge(columns, options, by_id, existing, today)
    return PreparedImport(
        file_name=layer.file_name,
        sha256=layer.sha256,
        layer=layer.layer,
        source_crs="",
        encoding=layer.encoding,
        mapping={name: columns[name] for name in ("site_code", "status", "restored_ha", "effective_on")},
        options=options,
        rows=placed(layer, map(judge.row, layer.rows)),
        overlap_units=0,
    )


def _columns(layer: RawLayer) -> dict[str, str]:
    """{column of the list: name in the file}, in whichever language it was exported."""
    found = {}
    present = {folded(name): name for name in layer.columns}
    for column in COLUMNS:
        names = [folded(heading(column, lang)) for lang in ("zh", "en")]
        known = next((present[name] for name in names if name in present), None)
        if known is not None:
            found[column] = known
        elif column not in TOLD:
            raise NotAStatusList(file_name=layer.file_name, column=heading(column, "en"))
    return found


class _Judge:
    """Turns rows into changes; remembers the sites that it has met."""

    def __init__(
        self,
        columns: Mapping[str, str],
        options: ImportOptions,
        by_id: Mapping[int, Site],
        by_code: Mapping[str, Site],
        today: date,
    ) -> None:
        self._columns = columns
        self._options = options
        self._by_id = by_id
        self._by_code = by_code
        self._today = today
        self._met: Counter[int] = Counter()

    def row(self, raw: RawRow) -> PreparedRow:
        """What the row will do."""
        found: list[Finding] = []
        site = self._site(raw, found)
        code = None if is_missing(self._cell(raw, "site_code")) else str(self._cell(raw, "site_code"))
        if site is None:
            return PreparedRow(raw.row, code, RowResult.REJECTED, tuple(found))
        said, before = self._said(raw, found), self._exported(raw)
        facts = self._differences(said, before)
        found += [self._found(slug, column, value) for slug, column, value in raw.notes]
        if not facts and not any(one.severity.value == "error" for one in found):
            return PreparedRow(
                raw.row, site.site_code, RowResult.UNCHANGED, tuple(found), site_id=site.site_id
            )
        changes = self._changes(site, facts, said, found)
        if self._is_stale(raw, site) and changes:
            found.insert(0, self._conflict(site, said, before))
        if any(one.severity.value == "error" for one in found):
            return PreparedRow(
                raw.row, site.site_code, RowResult.REJECTED, tuple(found), site_id=site.site_id
            )
        return PreparedRow(
            row=raw.row,
            site_code=site.site_code,
            result=RowResult.CHANGED if changes else RowResult.UNCHANGED,
            findings=tuple(found),
            changes=changes,
            site_id=site.site_id,
            base_version=site.version,
        )

    def _cell(self, raw: RawRow, column: str) -> Any:
        return raw.values.get(self._columns[column])

    def _found(self, slug: str, column: str | None = None, value: object = None, **more: object) -> Finding:
        return finding(slug, lang=self._options.lang, column=column, value=value, **more)

    def _site(self, raw: RawRow, found: list[Finding]) -> Site | None:
        """The site of the row; its id and its code have to name the same one."""
        number, code = self._cell(raw, "site_id"), self._cell(raw, "site_code")
        site = self._by_id.get(number) if isinstance(number, int) else None
        if site is None or folded(str(code)) != folded(site.site_code):
            found.append(self._found("not_the_exported_site", self._columns["site_id"], number, code=code))
            return None
        self._met[site.site_id] += 1
        if self._met[site.site_id] > 1:
            found.append(self._found("site_twice", self._columns["site_code"], code))
            return None
        return site

    def _said(self, raw: RawRow, found: list[Finding]) -> _Said:
        status = self._status(self._cell(raw, "status"), found)
        restored = self._area(self._cell(raw, "restored_ha"), found)
        when = self._date(self._cell(raw, "effective_on"), found)
        cell = self._cell(raw, "reason")
        try:
            reason = "" if is_missing(cell) else read_text(cell)
        except Unreadable as error:
            column = self._columns["reason"]
            found.append(self._found("unreadable_value", column, cell, wanted=str(error)))
            reason = ""
        return _Said(status, restored, when, reason)

    def _exported(self, raw: RawRow) -> tuple[Status | None, int | None]:
        """The status and the restored area that the row was exported with."""
        unheard: list[Finding] = []
        status = self._status(self._cell(raw, "exported_status"), unheard)
        return status, self._area(self._cell(raw, "exported_restored"), unheard)

    def _status(self, cell: object, found: list[Finding]) -> Status | None:
        if is_missing(cell):
            return None
        slug = known_words("status").get(folded(str(cell)))
        if slug is None:
            column, lang = self._columns["status"], self._options.lang
            known = ", ".join(label("status", one, lang) for one in Status)
            found.append(self._found("unknown_word", column, cell, field="status", known=known))
            return None
        return Status(slug)

    def _area(self, cell: object, found: list[Finding]) -> int | None:
        if is_missing(cell):
            return None
        try:
            return read_area_units(cell, "ha")
        except Unreadable as error:
            column = self._columns["restored_ha"]
            found.append(self._found("unreadable_value", column, cell, wanted=str(error)))
            return None

    def _date(self, cell: object, found: list[Finding]) -> date | None:
        if is_missing(cell):
            return None
        column = self._columns["effective_on"]
        try:
            when = read_date(cell)
        except Unreadable as error:
            found.append(self._found("unreadable_value", column, cell, wanted=str(error)))
            return None
        if when > self._today:
            found.append(self._found("future_date", column, when, today=self._today))
        return when

    def _differences(self, said: _Said, before: tuple[Status | None, int | None]) -> dict[Fact, object]:
        """What the officer has changed in the list; an emptied status says nothing."""
        facts: dict[Fact, object] = {}
        if said.status is not None and said.status is not before[0]:
            facts[Fact.STATUS] = said.status.value
        if said.restored != before[1]:
            facts[Fact.RESTORED] = {"units": said.restored}
        return facts

    def _changes(
        self, site: Site, facts: dict[Fact, object], said: _Said, found: list[Finding]
    ) -> tuple[Change, ...]:
        """One change of what is not so already; a status that needs a second person takes all with it."""
        is_so = {Fact.STATUS: site.status.value, Fact.RESTORED: {"units": site.restored_units}}
        wanted = {fact: value for fact, value in facts.items() if is_so[fact] != value}
        if not wanted:
            return ()
        if wanted.get(Fact.STATUS) == Status.RELAPSED:
            wanted[Fact.RESTORED] = {"units": said.restored}
        restored, damaged = said.restored, site.damaged_units
        if Fact.RESTORED in wanted and restored is not None and damaged is not None and restored > damaged:
            areas = {"restored_ha": ha_from_units(restored), "damaged_ha": ha_from_units(damaged)}
            found.append(self._found("restored_over_damaged", self._columns["restored_ha"], **areas))
        column = self._columns["status"]
        found += refusals_of(site, Stated(facts=wanted), column=column, lang=self._options.lang)
        reason = said.reason or self._options.reason
        if wanted.get(Fact.STATUS) == Status.ACCEPTED and not reason:
            found.append(self._found("acceptance_reason", self._columns["reason"]))
        when = said.effective_on or self._options.as_of or self._today
        return (Change(wanted, when, reason),)

    def _is_stale(self, raw: RawRow, site: Site) -> bool:
        return bool(self._cell(raw, "version") != site.version)

    def _conflict(self, site: Site, said: _Said, before: tuple[Status | None, int | None]) -> Finding:
        lang = self._options.lang
        old, now = (_shown(*pair, lang) for pair in (before, (site.status, site.restored_units)))
        yours = _shown(said.status, said.restored, lang)
        when = site.updated_at[:10]
        column = self._columns["status"]
        return self._found("stale_row", column, yours, old=old, now=now, yours=yours, when=when)


def _shown(status: Status | None, restored: int | None, lang: Any) -> str:
    words = label("status", None if status is None else status.value, lang) or "–"
    return words if restored is None else f"{words}, {ha_from_units(restored):g} ha"
