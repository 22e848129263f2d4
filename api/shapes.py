"""How stored things become answers: the reads that several routes need to name units and open proposals."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from fastapi import Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api import deps
from api.schemas.proposals import ChangedSite, ProposalItem
from api.schemas.sites import GEOJSON, SiteFeature
from geo.cities import City
from geo.errors import UnknownCity
from geo.proposals import Proposal, ProposalState
from geo.sites import Site
from geo.store import Connection, comments, proposals, sites
from geo.store import cities as city_store
from geo.store.changes import Applied
from geo.words import Lang

FEW: Final = 50


class GeoJSONResponse(JSONResponse):
    """GeoJSON (RFC 7946)."""

    media_type = GEOJSON


def json_answer(
    model: BaseModel,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    media: str = "application/json",
) -> Response:
    """The model as JSON, NaN as null."""
    return Response(model.model_dump_json(), status_code=status, headers=headers, media_type=media)


def features(
    conn: Connection, found: Sequence[Site], lang: Lang, *, with_geometry: bool = True
) -> list[SiteFeature]:
    """The features of sites, each with the name of its unit and its open proposals."""
    units = _units(conn, {site.adcode for site in found if site.adcode is not None})
    waiting = proposals.open_ids(conn)
    return [
        SiteFeature.of(
            site,
            city=units.get(site.adcode or ""),
            lang=lang,
            proposals=waiting.get(site.site_id, ()),
            with_geometry=with_geometry,
        )
        for site in found
    ]


def feature(conn: Connection, site: Site, lang: Lang) -> SiteFeature:
    """The feature of one site."""
    return features(conn, [site], lang)[0]


def _units(conn: Connection, codes: Collection[str]) -> dict[str, City]:
    """The units of these codes: one by one where few, since reading all takes far longer."""
    if len(codes) > FEW:
        return {code: city for code, city in city_store.all(conn).items() if code in codes}
    return {code: city for code in codes if (city := _unit(conn, code)) is not None}


def _unit(conn: Connection, code: str) -> City | None:
    try:
        return city_store.get(conn, code)
    except UnknownCity:
        return None


def proposal_items(conn: Connection, found: Sequence[Proposal]) -> list[ProposalItem]:
    """The items of proposals, each with what its site says now and its comments."""
    known = {site.site_id: site for site in sites.many(conn, (each.site_id for each in found))}
    said = comments.of(conn, (each.proposal_id for each in found))
    return [ProposalItem.of(each, known[each.site_id], said.get(each.proposal_id, ())) for each in found]


def changed_answer(conn: Connection, applied: Applied, lang: Lang, *, created: bool = False) -> Response:
    """200 (201 where `created`) with the site, or 202 with the proposal that waits for a second person."""
    waits = applied.proposal is not None and applied.proposal.state is ProposalState.OPEN
    proposal = None if applied.proposal is None else proposal_items(conn, [applied.proposal])[0]
    headers = {"ETag": deps.etag(applied.site.version)}
    if waits and applied.proposal is not None:
        headers["Location"] = f"/api/proposals/{applied.proposal.proposal_id}"
    elif created:
        headers["Location"] = f"/api/sites/{applied.site.site_id}"
    site = feature(conn, applied.site, lang)
    body = ChangedSite(site=site, seqs=list(applied.seqs), proposal=proposal, entered=list(applied.entered))
    return json_answer(body, status=202 if waits else 201 if created else 200, headers=headers)
