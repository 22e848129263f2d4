"""Candidates on the wire: GeoJSON features of new water outside known sites."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Self

import shapely

from api.schemas.common import Wire
from api.schemas.sites import Geometry
from geo.candidates import Candidate, CandidateState


class CandidateProperties(Wire):
    """What is known of a candidate; `touches_water` marks the growth of water that was there before.

    `lon` and `lat` are a point inside it, in degrees.
    """

    product: str
    edition: str
    from_year: int
    to_year: int
    area_ha: float
    touches_water: bool
    state: CandidateState
    reason: str | None
    decided_by: str | None
    decided_at: str | None
    found_at: str
    lon: float
    lat: float


class CandidateFeature(Wire):
    """One candidate as a GeoJSON feature."""

    type: Literal["Feature"] = "Feature"
    id: int
    geometry: Geometry
    properties: CandidateProperties

    @classmethod
    def of(cls, one: Candidate) -> Self:
        """The feature of a candidate."""
        at = one.geometry.representative_point()
        names = {name: getattr(one, name) for name in CandidateProperties.model_fields if hasattr(one, name)}
        place = {"lon": round(at.x, 6), "lat": round(at.y, 6)}
        return cls(
            id=one.candidate_id,
            geometry=Geometry.model_validate_json(shapely.to_geojson(one.geometry)),
            properties=CandidateProperties.model_validate({**names, **place}),
        )


class CandidateCollection(Wire):
    """Candidates as a GeoJSON FeatureCollection, the largest first."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[CandidateFeature]

    @classmethod
    def of(cls, found: Iterable[Candidate]) -> Self:
        """The collection of the candidates, in their order."""
        return cls(features=[CandidateFeature.of(one) for one in found])
