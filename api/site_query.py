"""Which sites are asked for, and in which order, by the list and by the tables made of it."""

from __future__ import annotations

import math
from typing import Annotated, Final, Literal

from fastapi import Depends, Query

from api import deps
from geo.errors import BadValue
from geo.evidence.standing import Standing, standing_evidence, verdict_counts, with_verdict
from geo.evidence.verdict import Verdict
from geo.sites import Kind, Responsible
from geo.status import Status
from geo.store import Connection, sites

SortBy = Annotated[
    str,
    Query(
        pattern=f"^-?({'|'.join(sites.SiteOrder)})$",
        description="By what the sites are put in order; a minus before it turns the order round.",
        examples=["-area_ha"],
    ),
]

VerdictChoice = Annotated[
    Verdict | Literal["none"] | None,
    Query(description="Only sites of which the land cover says this; `none`: not judged."),
]
FACETS: Final[tuple[Literal["status", "kind", "responsible"], ...]] = ("status", "kind", "responsible")


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


def plain_filter(
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
    """Which sites are asked for by what stands on paper, and in which order."""
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


def facets_of(conn: Connection, wanted: sites.SiteFilter, standing: Standing) -> dict[str, dict[str, int]]:
    """{facet: {choice: how many sites}}, each facet of the sites that match by all the others."""
    found: dict[str, dict[str, int]] = {name: sites.facet(conn, wanted, name) for name in FACETS}
    return {**found, "verdict": verdict_counts(conn, wanted, standing)}


PlainFilterDep = Annotated[sites.SiteFilter, Depends(plain_filter)]


def site_filter(
    store: deps.StoreDep, plain: PlainFilterDep, verdict: VerdictChoice = None
) -> sites.SiteFilter:
    """Which sites are asked for, by their evidence too."""
    if verdict is None:
        return plain
    with store.read() as conn:
        return with_verdict(plain, standing_evidence(store, conn), verdict)


FilterDep = Annotated[sites.SiteFilter, Depends(site_filter)]
