"""Keyset paging: one item more than asked for is read, and where it is there the page has a next one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from fastapi import Request

T = TypeVar("T")


def page_of(found: Sequence[T], limit: int) -> tuple[list[T], T | None]:
    """The page, and its last item where more follows (None where none does).

    >>> page_of([1, 2, 3], 2), page_of([1, 2], 2)
    (([1, 2], 2), ([1, 2], None))
    """
    page = list(found[:limit])
    return page, page[-1] if len(found) > limit else None


def next_url(request: Request, after: object | None) -> str | None:
    """The address of the page that goes on after `after`; None where there is none."""
    return None if after is None else str(request.url.include_query_params(after=after))
