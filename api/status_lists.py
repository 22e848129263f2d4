"""Status lists out of the store, for the interface and the command line."""

from __future__ import annotations

from datetime import date
from typing import BinaryIO

from geo.status_workbook import write_status_list
from geo.store import Connection, cities, sites
from geo.words import Lang


def write_list(conn: Connection, target: BinaryIO, *, city: str | None, today: date, lang: Lang) -> int:
    """Write the list of a unit (None: of all) to `target`; how many sites it has. Raises `UnknownCity`."""
    known = cities.all(conn)
    codes = None if city is None else frozenset({cities.get(conn, city).adcode})
    found = sites.find(conn, sites.SiteFilter(adcodes=codes, limit=None))
    first, second = ("name_zh", "name_en") if lang == "zh" else ("name_en", "name_zh")
    names = {code: str(getattr(one, first) or getattr(one, second)) for code, one in known.items()}
    write_status_list(target, found, names, city=names.get(city or "", "–"), today=today, lang=lang)
    return len(found)
