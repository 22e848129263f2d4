"""The sites over which two editions are compared."""

from __future__ import annotations

from geo.errors import NotFound
from geo.sites import Site
from geo.status import Status
from geo.store import Connection, cities, sites
from geo.store.sites import SiteFilter


class UnknownSiteCode(NotFound):
    """No site has this code."""

    template = "no site has the code {site_code!r}"


def compared_sites(
    conn: Connection, *, adcode: str | None = None, site_code: str | None = None, responsible: str = "all"
) -> list[Site]:
    """The sites of the inventory that a rate counts: under one unit, or one by its code, or all.

    Raises `UnknownCity`, `UnknownSiteCode`.
    """
    if site_code is not None:
        found = sites.by_code(conn, site_code)
        if found is None:
            raise UnknownSiteCode(site_code=site_code)
        return [found]
    if adcode is not None:
        cities.get(conn, adcode)
    wanted = SiteFilter(
        adcodes=None if adcode is None else frozenset({adcode}),
        responsible=None if responsible == "all" else responsible,
        limit=None,
    )
    return [one for one in sites.find(conn, wanted) if one.status is not Status.EXCLUDED]
