"""Workbooks as downloads, and status lists out of the store."""

from __future__ import annotations

import io
from datetime import date
from typing import BinaryIO
from urllib.parse import quote

from fastapi import Response

from geo.status_workbook import write_status_list
from geo.store import Connection, Store, cities, proposals, sites
from geo.words import Lang
from geo.workbooks import XLSX


def write_list(conn: Connection, target: BinaryIO, *, city: str | None, today: date, lang: Lang) -> int:
    """Write the list of a unit (None: of all) to `target`; how many sites it has. Raises `UnknownCity`."""
    known = cities.all(conn)
    codes = None if city is None else frozenset({cities.get(conn, city).adcode})
    found = sites.find(conn, sites.SiteFilter(adcodes=codes, limit=None))
    first, second = ("name_zh", "name_en") if lang == "zh" else ("name_en", "name_zh")
    names = {code: str(getattr(one, first) or getattr(one, second)) for code, one in known.items()}
    write_status_list(
        target,
        found,
        names,
        proposals.open_ids(conn),
        city=names.get(city or "", "–"),
        today=today,
        lang=lang,
    )
    return len(found)


def workbook(target: io.BytesIO, name: str) -> Response:
    """The workbook as a download under its name."""
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    return Response(target.getvalue(), media_type=XLSX, headers=headers)


def status_list(store: Store, *, city: str | None, today: date, lang: Lang) -> Response:
    """The status list of a unit (None: of all) as a download. Raises `UnknownCity`."""
    target = io.BytesIO()
    with store.read() as conn:
        write_list(conn, target, city=city, today=today, lang=lang)
    return workbook(target, f"status-{city or 'all'}-{today.isoformat()}.xlsx")
