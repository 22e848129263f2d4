"""Which sites are asked for, and in which order, by the list and by the tables made of it."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from fastapi import Depends, Query

from api import deps
from geo.errors import BadValue
from geo.sites import Kind, Responsible
from geo.status import Status
from geo.store import sites

SortBy = Annotated[
    str,
    Query(
        pattern=f"^-?({'|'.join(sites.SiteOrder)})$",
        description="By what the sites are put in order; a minus before it turns the order round.",
        examples=["-area_ha"],
    ),
]


def bbox_of(
    bbox: Annotated[
        str | None,
        Query(max_length=200, description="west,south,east,north in degrees.", examples=["116,33,117,34"]),
    ] = None,
) -> tuple[float, float, float, float] | None:
    """The box asked for. Raises `BadValue`."""
    if bbox is None:
        return None
    try:
        west, south, east, north = (float(part) for part in bbox.split(","))
    except ValueError as error:
        raise BadValue(field="bbox", value=bbox, problem="is not west,south,east,north") from error
    if not (math.isfinite(west + south + east + north) and west <= east and south <= north):
        raise BadValue(
            field="bbox", value=bbox, problem="is no box: west <= east and south <= north in degrees"
        )
    return west, south, east, north


def site_filter(
    bbox: Annotated[tuple[float, float, float, float] | None, Depends(bbox_of)],
    city: deps.Unit = None,
    status: Annotated[Status | None, Query(description="Only sites with this status.")] = None,
    kind: Annotated[Kind | None, Query(description="Only sites of this kind.")] = None,
    responsible: Annotated[
        Responsible | Literal["all"], Query(description="Only sites that they answer for; all by default.")
    ] = "all",
    q: Annotated[str | None, Query(max_length=200, description="Part of a site's code or name.")] = None,
    sort: SortBy = "site_id",
    limit: deps.Limit = 1000,
    after: deps.After = None,
) -> sites.SiteFilter:
    """Which sites are asked for, and in which order."""
    codes = None if city is None else frozenset({city})
    return sites.SiteFilter(
        bbox=bbox,
        adcodes=codes,
        status=status,
        kind=kind,
        responsible=None if responsible == "all" else responsible,
        q=q,
        limit=limit,
        after=after,
        order=sites.SiteOrder(sort.removeprefix("-")),
        descending=sort.startswith("-"),
    )


FilterDep = Annotated[sites.SiteFilter, Depends(site_filter)]
