"""Findings tell to say options on the command line, fields in the interface, controls on a page.

Their sentences name the option; where they are shown elsewhere, the table `import_controls.csv` says what
stands for it there.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import Final, Literal

from geo.imports.receipts import Finding, Receipt
from geo.reference import reference_rows
from geo.words import Lang, sentence

Where = Literal["page", "wire"]
_CAPITALS: Final = re.compile(r"\b[A-Z]{4,}\b")
_OPTION: Final = re.compile(r"--[a-z]")


def said(text: str, where: Where, lang: Lang = "en") -> str:
    """The text as it is said on a page or by the interface.

    >>> said("say --crs EPSG:4490, or --swap-axes", "wire")
    'say crs=EPSG:4490, or swap_axes=true'
    >>> said("say --crs EPSG:4490", "page")
    'say “Reference system” EPSG:4490'
    """
    if not _OPTION.search(text):
        return text
    for pattern, words in _patterns(where, lang):
        text = pattern.sub(words, text)
    return text


def receipt_said(receipt: Receipt, where: Where, lang: Lang = "en") -> Receipt:
    """The receipt with its findings as they are said there."""
    rows = tuple(
        replace(row, findings=tuple(_finding(one, where, lang) for one in row.findings))
        if row.findings
        else row
        for row in receipt.rows
    )
    return replace(receipt, rows=rows)


def _finding(one: Finding, where: Where, lang: Lang) -> Finding:
    problem, suggestion = (said(text, where, lang) for text in (one.problem, one.suggestion))
    return replace(one, problem=problem, suggestion=suggestion)


@cache
def _patterns(where: Where, lang: Lang) -> tuple[tuple[re.Pattern[str], str], ...]:
    """What to look for, in order, and what to put in its place; the capitals are groups in both."""
    found = []
    for row in reference_rows("import_controls"):
        looked_for = _CAPITALS.sub(r"(?P<\g<0>>[^\\s,，;；、。)）]+)", row["option"])
        words = row["api"] if where == "wire" else _on_page(row, lang)
        put = _CAPITALS.sub(r"\\g<\g<0>>", words)
        found.append((re.compile(rf"(?<![\w-]){looked_for}(?![\w-])"), put))
    return tuple(found)


def _on_page(row: dict[str, str], lang: Lang) -> str:
    labels = {name: sentence("words_pages", row[name], lang) for name in ("control", "choice") if row[name]}
    return row[lang].format(**labels)
