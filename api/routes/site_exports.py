"""The list of sites as a table: every site that the filter of the list lets through, in its order."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter, Response

from api import deps
from api.auth.rights import require
from api.csv_cells import csv_cell
from api.site_query import FilterDep
from api.status_lists import workbook
from api.strict_json import StrictRoute
from geo.accounts.rights import Action
from geo.cities import City
from geo.sites import Site
from geo.store import Store, cities, sites
from geo.store.sites import SiteFilter
from geo.words import Lang, label, sentence
from geo.workbooks import XLSX, new_book, put_row

router = APIRouter(
    prefix="/api/exports", tags=["sites"], route_class=StrictRoute, dependencies=[require(Action.EXPORT)]
)

COLUMNS: Final = {
    "site_id": "site_id",
    "site_code": "site_code",
    "name": "site_name",
    "adcode": "unit_code",
    "unit_name": "county",
    "kind": "kind",
    "responsible": "responsible",
    "status": "status",
    "status_since": "status_since",
    "area_ha": "area_ha",
    "damaged_ha": "damaged_ha",
    "restored_ha": "restored_ha",
    "entered_on": "entered_on",
    "version": "version",
}
"""Column of the table -> its word on the pages, or in other workbooks."""
_OF_WORKBOOKS: Final = frozenset({"site_id", "unit_code"})
_TABLES: Final = {"kind": "kinds", "responsible": "responsible", "status": "status"}
_TEXT_CSV: Final = "text/csv; charset=utf-8"
SHEET: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {XLSX: {}}}}
TABLE: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"text/csv": {}}}}


@router.get("/sites.csv", responses=TABLE, response_class=Response)
def sites_csv(store: deps.StoreDep, wanted: FilterDep, lang: deps.LangDep, today: deps.TodayDep) -> Response:
    """The sites that match, all of them whatever `limit` and `after` say, as CSV with slugs for words."""
    found, units = _found(store, wanted)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for site in found:
        writer.writerow([csv_cell(value) for value in _cells(site, units, lang).values()])
    headers = {"Content-Disposition": f'attachment; filename="sites-{today}.csv"'}
    return Response("\ufeff" + out.getvalue(), media_type=_TEXT_CSV, headers=headers)


@router.get("/sites.xlsx", responses=SHEET, response_class=Response)
def sites_xlsx(store: deps.StoreDep, wanted: FilterDep, lang: deps.LangDep, today: deps.TodayDep) -> Response:
    """The same in a workbook, in words of the language asked for; text stays text, never a formula."""
    found, units = _found(store, wanted)
    target = io.BytesIO()
    with new_book(target) as (book, looks):
        sheet = book.add_worksheet(_say("nav_sites", lang))
        put_row(sheet, 0, [_say(slug, lang) for slug in COLUMNS.values()], looks.head)
        sheet.freeze_panes(1, 2)
        sheet.set_column(0, len(COLUMNS) - 1, 14)
        for row, site in enumerate(found, 1):
            cells = _cells(site, units, lang)
            words = {name: label(table, str(cells[name]), lang) for name, table in _TABLES.items()}
            put_row(sheet, row, list({**cells, **words}.values()))
        sheet.autofilter(0, 0, len(found), len(COLUMNS) - 1)
    return workbook(target, f"sites-{today.isoformat()}.xlsx")


def _found(store: Store, wanted: SiteFilter) -> tuple[Sequence[Site], dict[str, City]]:
    with store.read() as conn:
        for adcode in wanted.adcodes or ():
            cities.get(conn, adcode)
        return sites.find(conn, replace(wanted, limit=None, after=None)), cities.all(conn)


def _cells(site: Site, units: dict[str, City], lang: Lang) -> dict[str, object]:
    unit = units.get(site.adcode or "")
    names = ("", "") if unit is None else (unit.name_zh, unit.name_en)
    first, second = names if lang == "zh" else reversed(names)
    return {name: first or second if name == "unit_name" else _plain(getattr(site, name)) for name in COLUMNS}


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, int | float) else str(value)


def _say(slug: str, lang: Lang) -> str:
    return sentence("words_workbooks" if slug in _OF_WORKBOOKS else "words_pages", slug, lang)
