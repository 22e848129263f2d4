"""Words in two languages: labels of the tables' slugs and sentences of the interface."""

from __future__ import annotations

from functools import cache
from typing import Literal

from geo.reference import reference_rows

Lang = Literal["zh", "en"]


@cache
def _table(name: str) -> dict[str, dict[str, str]]:
    return {row["slug"]: row for row in reference_rows(name)}


def label(table: str, slug: str | None, lang: Lang) -> str:
    """The label of `slug` in the reference table `table` (columns slug, zh, en); '' for None.

    >>> label("status", "treated", "en")
    'Treated'
    >>> label("status", None, "zh")
    ''
    """
    return "" if slug is None else _table(table)[slug][lang]


def sentence(table: str, slug: str, lang: Lang, **values: object) -> str:
    """The sentence `slug` of the table `table`, its `{name}` places filled from `values`."""
    return _table(table)[slug][lang].format(**values)
