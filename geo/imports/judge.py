"""The rows of a layer, judged one after the other: new, changed, unchanged or refused, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

import numpy as np
import shapely
from shapely import MultiPolygon

from geo.changes import Change, NewSite
from geo.cities import City
from geo.history import Fact
from geo.imports.changes import changes_of, leaves, never_counted, refusals_of, waiting_same
from geo.imports.column_map import ColumnMap
from geo.imports.fields import DEFAULT_WORDS, FIELDS
from geo.imports.findings import finding
from geo.imports.plan import ImportOptions, PreparedRow, placed
from geo.imports.receipts import Finding, RowResult
from geo.imports.rows import RowReader
from geo.imports.stated import Stated
from geo.imports.unit_names import UnitNames
from geo.outlines import UnitAssignment
from geo.proposals import Proposal
from geo.readers.client import RawRow
from geo.readers.vector_formats import TABLES
from geo.shapes import Judged
from geo.sites import Site
from geo.status import Status
from geo.values import same_looking
from geo.vector_io import RawLayer

LONGEST_NUMBER: Final = 10**15
"""From here on a spreadsheet does not keep every digit of a number."""


class RowJudge:
    """Turns the rows of one layer into prepared rows; remembers codes and polygons that it has met."""

    def __init__(
        self,
        mapping: ColumnMap,
        options: ImportOptions,
        *,
        crs: str,
        existing: Mapping[str, Site],
        waiting: Mapping[int, Sequence[Proposal]],
        units: Mapping[str, City],
        today: date,
    ) -> None:
        self._mapping = mapping
        self._reader = RowReader(mapping, today=today, lang=options.lang)
        self._options = options
        self._crs = crs
        self._existing = existing
        self._waiting = waiting
        self._unit_names = UnitNames(mapping.extra, units, lang=options.lang)
        self._as_of = options.as_of or today
        self._codes: dict[str, int] = {}
        self._shapes: dict[bytes, int] = {}
        self._looks = {same_looking(code): code for code in existing}
        self._by_digits = {code.lstrip("0"): code for code in existing if code.startswith("0")}

    def rows(
        self, layer: RawLayer, judged: Sequence[Judged], assigned: Mapping[int, UnitAssignment]
    ) -> tuple[PreparedRow, ...]:
        """What each row will do, in file order; `assigned` holds the unit of each accepted polygon."""
        numbers = layer.format in TABLES
        outlines = shapely.to_wkb(np.array([one.polygon for one in judged], dtype=object)).tolist()
        rows = (
            self._row(raw, self._stated(raw, from_table=numbers), shape, assigned.get(place), outlines[place])
            for place, (raw, shape) in enumerate(zip(layer.rows, judged, strict=True))
        )
        return placed(layer, rows)

    def _stated(self, raw: RawRow, *, from_table: bool) -> Stated:
        """What the row states; `from_table` says that a spreadsheet may have eaten digits of its code."""
        lang = self._options.lang
        stated = self._reader.read(raw.values, row=raw.row)
        stated.findings[:0] = [
            finding(code, lang=lang, column=column, value=value) for code, column, value in raw.notes
        ]
        stated.without_shape = from_table and raw.geometry is None and raw.problem is None
        source = self._mapping.sources.get("site_code")
        cell = None if source is None else raw.values.get(source.column)
        if source is not None and from_table and isinstance(cell, int | float):
            stated.findings.extend(self._eaten(source.column, cell))
        return stated

    def _eaten(self, column: str, cell: float) -> Iterator[Finding]:
        lang = self._options.lang
        if abs(cell) >= LONGEST_NUMBER:
            yield finding("digits_lost", lang=lang, column=column, value=cell)
        other = self._by_digits.get(str(cell))
        if other is not None and str(cell) not in self._existing:
            yield finding("zeros_lost", lang=lang, column=column, value=cell, other=other)

    def _row(
        self,
        raw: RawRow,
        stated: Stated,
        shape: Judged,
        assignment: UnitAssignment | None,
        outline: bytes | None,
    ) -> PreparedRow:
        row, site = raw.row, self._existing.get(stated.site_code or "")
        keeps_shape = stated.without_shape and site is not None
        stated.findings[:0] = () if keeps_shape else shape.findings
        self._check_repeats(raw.place, stated, outline)
        if assignment is not None:
            self._check_unit(stated, assignment, shape)
            if assignment.adcode is not None:
                stated.findings.extend(self._unit_names.differences(assignment.adcode, raw.values))
        unit = None if assignment is None else unit_fact(assignment)
        if keeps_shape and site is not None and not stated.refused:
            self._reader.compare_area(stated, site.area_units)
            return self._known(row, stated, shape, unit, site)
        if shape.polygon is None or shape.area_units is None or stated.site_code is None or stated.refused:
            return self._rejected(row, stated, shape)
        self._reader.compare_area(stated, shape.area_units)
        if site is not None:
            return self._known(row, stated, shape, unit, site)
        new, defaults = self._new(stated, stated.site_code, shape.polygon, shape.area_units, unit)
        return PreparedRow(
            row=row,
            site_code=stated.site_code,
            result=RowResult.NEW,
            findings=tuple(stated.findings),
            new=new,
            area_before_units=shape.area_before_units,
            area_units=shape.area_units,
            defaults=tuple(defaults),
        )

    def _check_repeats(self, place: int, stated: Stated, outline: bytes | None) -> None:
        lang, code = self._options.lang, stated.site_code
        if code is not None:
            first = self._codes.setdefault(code, place)
            if first != place:
                stated.findings.append(finding("duplicate_code", lang=lang, code=code, first=first))
            other = self._looks.setdefault(same_looking(code), code)
            if other != code and code not in self._existing:
                stated.findings.append(finding("similar_code", lang=lang, value=code, other=other))
        if outline is not None:
            first = self._shapes.setdefault(outline, place)
            if first != place:
                stated.findings.append(finding("same_polygon", lang=lang, first=first))

    def _check_unit(self, stated: Stated, assignment: UnitAssignment, shape: Judged) -> None:
        lang = self._options.lang
        if "swapped_axes" in assignment.flags and shape.polygon is not None:
            x, y, *_ = shape.polygon.bounds
            stated.findings.append(finding("swapped_axes", lang=lang, x=f"{x:.10g}", y=f"{y:.10g}"))
        elif assignment.adcode is None:
            stated.findings.append(finding("outside_every_unit", lang=lang))
        elif "near_border" in assignment.flags:
            percent = f"{assignment.shares[assignment.adcode] * 100:.0f}"
            stated.findings.append(
                finding("near_border", lang=lang, percent=percent, adcode=assignment.adcode)
            )

    def _rejected(self, row: int, stated: Stated, shape: Judged) -> PreparedRow:
        return PreparedRow(
            row=row,
            site_code=stated.site_code,
            result=RowResult.REJECTED,
            findings=tuple(stated.findings),
            area_before_units=shape.area_before_units,
            area_units=shape.area_units,
        )

    def _new(
        self,
        stated: Stated,
        site_code: str,
        polygon: MultiPolygon,
        area_units: int,
        unit: Mapping[str, object] | None,
    ) -> tuple[NewSite, list[str]]:
        """The new site, and which defaults it took."""
        facts = dict(stated.facts)
        defaults = [
            f"{name}={word}" for name, word in DEFAULT_WORDS.items() if FIELDS[name].fact not in facts
        ]
        if Fact.NAME not in facts:
            facts[Fact.NAME] = site_code
            defaults.append("name=site_code")
        entered_on = stated.values.get("entered_on")
        if entered_on is None and self._options.as_of is None:
            defaults.append(f"as_of={self._as_of}")
        if unit is not None:
            facts[Fact.UNIT] = unit
        if stated.attributes:
            facts[Fact.ATTRIBUTES] = dict(stated.attributes)
        since = stated.values.get("status_since")
        status = Status(str(facts.get(Fact.STATUS, Status.UNTREATED)))
        new = NewSite(
            site_code=site_code,
            geometry=polygon,
            area_units=area_units,
            facts=facts,
            entered_on=entered_on or self._as_of,
            source_crs=self._crs,
            extra=dict(stated.extra),
            status_rows=() if since is None else ((status, since),),
        )
        return new, defaults

    def _known(
        self, row: int, stated: Stated, shape: Judged, unit: Mapping[str, object] | None, site: Site
    ) -> PreparedRow:
        source = self._mapping.sources.get("status")
        column = "status" if source is None else source.column
        stated.findings.extend(refusals_of(site, stated, column=column, lang=self._options.lang))
        if stated.refused:
            return replace(self._rejected(row, stated, shape), site_id=site.site_id)
        changes = changes_of(
            site, stated, shape.polygon, unit=unit, as_of=self._as_of, reason=self._options.reason
        )
        moved = any(change.geometry is not None for change in changes)
        changes, same = self._not_proposed(stated, site, changes)
        return PreparedRow(
            row=row,
            site_code=site.site_code,
            result=RowResult.CHANGED if changes else RowResult.UNCHANGED,
            findings=tuple(stated.findings),
            changes=changes,
            proposal_ids=same,
            site_id=site.site_id,
            base_version=site.version,
            area_before_units=site.area_units if moved else shape.area_before_units,
            area_units=shape.area_units,
        )

    def _not_proposed(
        self, stated: Stated, site: Site, changes: tuple[Change, ...]
    ) -> tuple[tuple[Change, ...], tuple[int, ...]]:
        """The changes that nobody has proposed yet, and the proposals that ask for the others.

        Says so, and says too where the site comes back or is about to leave.
        """
        lang, waiting = self._options.lang, self._waiting.get(site.site_id, ())
        if changes and never_counted(site):
            left, back = site.left_on, changes[0].effective_on
            stated.findings.append(finding("comes_back", lang=lang, left_on=left, entered_on=back))
        leaving = next((one for one in waiting if leaves(one)), None)
        if leaving is not None:
            stated.findings.append(
                finding("leaving_waits", lang=lang, number=leaving.proposal_id, by=leaving.proposed_by)
            )
        found = [(change, waiting_same(change, waiting)) for change in changes]
        same = tuple(proposal.proposal_id for _, proposal in found if proposal is not None)
        if same:
            stated.findings.append(finding("already_proposed", lang=lang))
        return tuple(change for change, proposal in found if proposal is None), same


def unit_fact(assignment: UnitAssignment) -> dict[str, object]:
    """The JSON value of the unit fact; shares as decimal text, so that they stay the same everywhere."""
    return {
        "adcode": assignment.adcode,
        "edition": assignment.edition,
        "shares": {code: f"{share:.6f}" for code, share in sorted(assignment.shares.items())},
    }
