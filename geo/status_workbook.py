"""The status list: the sites of a city in a workbook, to change their status in and send back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import BinaryIO, Final

from geo.imports.fields import FIELDS
from geo.imports.template_workbook import Lists
from geo.reference import reference_rows
from geo.sites import Site
from geo.words import Lang, label
from geo.workbooks import new_book, put, put_row, say

COLUMNS: Final = (
    "site_code",
    "name",
    "county",
    "area_ha",
    "status_since",
    "status",
    "restored_ha",
    "effective_on",
    "reason",
    "site_id",
    "version",
    "exported_status",
    "exported_restored",
    "proposals",
)
"""The columns in order; those of `EDITABLE` are for the officer, the others for checking."""
EDITABLE: Final = frozenset({"status", "restored_ha", "effective_on", "reason"})
TOLD: Final = frozenset({"proposals"})
"""Columns for the eye alone: a list without them is read as one with them."""
HEAD_ROW: Final = 2
_WIDTHS: Final = {"name": 24, "reason": 36, "status": 14}


def heading(column: str, lang: Lang) -> str:
    """The name of a column of the list."""
    if column in FIELDS:
        return next(row[lang] for row in reference_rows("import_fields") if row["slug"] == column)
    return say(column, lang)


def write_status_list(
    target: BinaryIO,
    sites: Sequence[Site],
    counties: Mapping[str, str],
    waiting: Mapping[int, Sequence[int]],
    *,
    city: str,
    today: date,
    lang: Lang,
) -> None:
    """Write the list to `target`; `counties` are the names of units by code.

    `waiting` are the open proposals of sites, which are counted nowhere.
    """
    with new_book(target) as (book, looks):
        sheet = book.add_worksheet(say("sheet_status", lang))
        lists = Lists(book, lang)
        put(
            sheet,
            0,
            0,
            say("exported_note", lang, city=city, day=today.isoformat(), count=len(sites)),
            looks.title,
        )
        put(sheet, 1, 0, say("status_help", lang))
        put_row(sheet, HEAD_ROW, [heading(column, lang) for column in COLUMNS], looks.head)
        sheet.freeze_panes(HEAD_ROW + 1, 1)
        for place, column in enumerate(COLUMNS):
            sheet.set_column(place, place, _WIDTHS.get(column, 12))
        lists.validate(sheet, COLUMNS.index("status"), "status", first_row=HEAD_ROW + 1)
        for row, site in enumerate(sites, HEAD_ROW + 1):
            cells = _cells(site, counties, waiting.get(site.site_id, ()), lang)
            for place, column in enumerate(COLUMNS):
                put(sheet, row, place, cells[column], looks.text if column in EDITABLE else looks.locked)
        lists.hide()
        sheet.autofilter(HEAD_ROW, 0, HEAD_ROW + len(sites), len(COLUMNS) - 1)
        # without a password: it keeps a hand from slipping, the versions keep the data safe
        sheet.protect("", {"autofilter": True, "sort": True, "format_columns": True})


def _cells(site: Site, counties: Mapping[str, str], waiting: Sequence[int], lang: Lang) -> dict[str, object]:
    status = label("status", site.status.value, lang)
    return {
        "site_code": site.site_code,
        "name": site.name,
        "county": counties.get(site.adcode or "", ""),
        "area_ha": round(site.area_ha, 4),
        "status_since": site.status_since.isoformat(),
        "proposals": ", ".join(f"*{number}" for number in waiting) or None,
        "status": status,
        "restored_ha": site.restored_ha,
        "effective_on": None,
        "reason": None,
        "site_id": site.site_id,
        "version": site.version,
        "exported_status": status,
        "exported_restored": site.restored_ha,
    }
