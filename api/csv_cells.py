"""Cells of CSV tables that a spreadsheet opens."""

from __future__ import annotations


def csv_cell(value: object) -> object:
    """A cell that no spreadsheet reads as a formula; '' for None.

    >>> csv_cell("=1+1"), csv_cell(-1.5), csv_cell(None)
    ("'=1+1", -1.5, '')
    """
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{value}"
    return "" if value is None else value
