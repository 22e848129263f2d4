"""Findings: what an import notices in a row, in the words of `data/reference/findings.csv`."""

from __future__ import annotations

from functools import cache

from geo.imports.receipts import Finding, Severity
from geo.reference import reference_rows
from geo.words import Lang

SHOWN_CHARACTERS = 80


@cache
def finding_table() -> dict[str, dict[str, str]]:
    """The rows of the table by slug."""
    return {row["slug"]: row for row in reference_rows("findings")}


def finding(
    code: str, /, *, lang: Lang, column: str | None = None, value: object = None, **context: object
) -> Finding:
    """The finding `code`, its sentences filled from `value` and `context`."""
    row = finding_table()[code]
    shown = None if value is None else shortened(str(value))
    words = {"value": shown, **context}
    return Finding(
        code=code,
        severity=Severity(row["severity"]),
        column=column,
        value=shown,
        problem=row[lang].format(**words),
        suggestion=row[f"suggestion_{lang}"].format(**words),
    )


def shortened(text: str) -> str:
    """The text as it is shown: its beginning, without what has no form in UTF-8."""
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= SHOWN_CHARACTERS else f"{clean[: SHOWN_CHARACTERS - 1]}…"
