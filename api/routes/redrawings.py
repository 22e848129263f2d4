"""Redrawing: check an outline, cut one, split a site, merge several."""

from __future__ import annotations

import json
from typing import Annotated

import shapely
from fastapi import APIRouter, Depends, Request, Response

from api import deps, shapes
from api.auth.rights import require, units_of_redrawing
from api.errors import MustBeConditional
from api.routes.sites import WRITES
from api.schemas.proposals import ChangedSite
from api.schemas.redrawings import (
    Cut,
    CutIn,
    MergeIn,
    OutlineCheck,
    OutlineCheckIn,
    OutlineOverlap,
    OutlineProblem,
    Piece,
    SplitIn,
)
from api.site_writing import Units, site_changed
from api.strict_json import StrictRoute
from geo import clock
from geo.accounts.rights import Action
from geo.areas import geodesic_area_units, ha_from_units
from geo.outline_check import area_mu, overlaps_of, problems_of
from geo.redrawing import Redrawing, placed, plan_merge, plan_split, split_by_line
from geo.store import Connection, changes, cities, sites
from geo.store.redrawings import known_sites
from geo.store.sites import SiteFilter
from geo.wkb import multi
from geo.words import Lang, label

router = APIRouter(tags=["redrawing"], route_class=StrictRoute, dependencies=[require(Action.READ)])
MOST_OVERLAPS = 200


@router.post("/api/geometry/check")
def check_outline(
    body: OutlineCheckIn, request: Request, store: deps.StoreDep, lang: deps.LangDep
) -> OutlineCheck:
    """An outline's hectares and mu as they would be recorded, its problems, overlaps and unit."""
    try:
        drawn = shapely.force_2d(shapely.from_geojson(json.dumps(body.geometry.model_dump())))
    except shapely.errors.GEOSException:
        drawn = shapely.Polygon()
    problems = [
        OutlineProblem(
            problem=each.slug, words=label("outline_problems", each.slug, lang), lon=each.lon, lat=each.lat
        )
        for each in problems_of(drawn)
    ]
    if problems or not isinstance(drawn, shapely.Polygon | shapely.MultiPolygon):
        return OutlineCheck(
            area_ha=None,
            area_mu=None,
            valid=False,
            problems=problems,
            overlaps=[],
            overlap_ha=None,
            adcode=None,
            city_name=None,
            outside_share=None,
        )
    with store.read() as conn:
        return _checked(conn, multi(drawn), frozenset(body.site_ids), request.app.state.units, lang)


def _checked(
    conn: Connection, polygon: shapely.MultiPolygon, own: frozenset[int], units: Units, lang: Lang
) -> OutlineCheck:
    west, south, east, north = polygon.bounds
    near = sites.find(conn, SiteFilter(bbox=(west, south, east, north), limit=MOST_OVERLAPS))
    found = overlaps_of(polygon, [site for site in near if site.site_id not in own])
    unit = units.place(conn, polygon)
    city = cities.all(conn).get(unit.adcode or "")
    area = geodesic_area_units(polygon)
    name = None if city is None else (city.name_zh if lang == "zh" else city.name_en or city.name_zh)
    return OutlineCheck(
        area_ha=ha_from_units(area),
        area_mu=area_mu(area),
        valid=True,
        problems=[],
        overlaps=[
            OutlineOverlap(
                site_id=each.site.site_id,
                site_code=each.site.site_code,
                overlap_ha=ha_from_units(each.units),
            )
            for each in found
        ],
        overlap_ha=ha_from_units(sum(each.units for each in found)),
        adcode=unit.adcode,
        city_name=name,
        outside_share=max(0.0, 1.0 - unit.shares.get(unit.adcode or "", 0.0)),
    )


@router.post("/api/geometry/cut")
def cut_outline(body: CutIn) -> Cut:
    """The pieces into which a line cuts a polygon, to be given to a split."""
    pieces = split_by_line(body.geometry.polygon(), body.line.line())
    return Cut(pieces=[_piece(piece) for piece in pieces])


def _piece(polygon: shapely.MultiPolygon) -> Piece:
    units = geodesic_area_units(polygon)
    return Piece(
        geometry=json.loads(shapely.to_geojson(polygon)),
        area_ha=ha_from_units(units),
        area_mu=area_mu(units),
    )


@router.post(
    "/api/sites/{site_id}/split",
    status_code=202,
    response_model=ChangedSite,
    responses=WRITES,
    dependencies=[require(Action.CHANGE_SITE)],
)
def split_site(
    site_id: deps.Id, body: SplitIn, request: Request, write: Annotated[deps.Write, Depends()]
) -> Response:
    """Propose that a site leaves and its parts enter on the same day; a second person has to approve."""
    with write.store.write() as conn:
        (known,) = known_sites(conn, [site_id])
        redrawing = plan_split(
            known,
            [each.part() for each in body.parts],
            effective_on=body.effective_on or write.today,
            reason=body.reason,
            today=write.today,
        )
        seen = {} if write.if_version is None else {site_id: write.if_version}
        return _proposed(conn, redrawing, request, write, seen)


@router.post(
    "/api/sites/merge",
    status_code=202,
    response_model=ChangedSite,
    responses=WRITES,
    dependencies=[require(Action.CHANGE_SITE)],
)
def merge_sites(body: MergeIn, request: Request, write: Annotated[deps.MergeWrite, Depends()]) -> Response:
    """Propose that sites leave and one enters that covers them; a second person has to approve."""
    seen = {each.site_id: each.version for each in body.sites if each.version is not None}
    if not write.any_version and len(seen) < len({each.site_id for each in body.sites}):
        raise MustBeConditional
    with write.store.write() as conn:
        redrawing = plan_merge(
            known_sites(conn, [each.site_id for each in body.sites]),
            site_code=body.site_code,
            facts=body.facts(),
            effective_on=body.effective_on or write.today,
            reason=body.reason,
            today=write.today,
        )
        return _proposed(conn, redrawing, request, write, seen)


def _proposed(
    conn: Connection,
    redrawing: Redrawing,
    request: Request,
    write: deps.Write | deps.MergeWrite,
    seen: dict[int, int],
) -> Response:
    facts = [request.app.state.units.fact(conn, site.geometry) for site in redrawing.enters]
    redrawing = placed(redrawing, facts)
    write.rights.check(conn, Action.CHANGE_SITE, *units_of_redrawing(conn, redrawing))
    try:
        applied = changes.propose_redrawing(
            conn,
            redrawing,
            actor=write.actor,
            now=clock.now_utc(),
            if_versions=seen,
            idempotency_key=write.idempotency_key,
            today=write.today,
        )
    except changes.StaleVersion as error:
        raise site_changed(conn, error, {}) from error
    return shapes.changed_answer(conn, applied, write.lang)
