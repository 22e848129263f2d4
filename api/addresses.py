"""Which addresses are for people and which for programs."""

from __future__ import annotations

from typing import Final

FOR_PROGRAMS: Final = (
    "/api/",
    "/assets/",
    "/favicon.ico",
    "/healthz",
    "/metrics",
    "/ogc/",
    "/openapi.json",
    "/readyz",
    "/static/",
    "/tiles/",
)


def is_for_people(path: str) -> bool:
    """Whether somebody looks at what is at this path; whatever is not for programs is a page's address.

    >>> is_for_people("/sites/1"), is_for_people("/nowhere"), is_for_people("/api/sites")
    (True, True, False)
    """
    return not path.startswith(FOR_PROGRAMS)
