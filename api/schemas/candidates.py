"""Candidates on the wire: GeoJSON features of new water outside known sites."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Self

import shapely
from pydantic import AliasChoices, Field

from api.schemas.common import Code, Day, Given, Link, Name, Wire
from api.schemas.landcover import SceneYear, Word
from api.schemas.sites import Geometry
from geo.candidate_search import CandidateQuery
from geo.candidates import Candidate, CandidateState
from geo.sites import Kind, Responsible


class CandidateRunIn(Given):
    """Work to queue: the search for new water outside known sites between two years of one product.

    What is left out: the current edition, the first and the last year at hand, the numbers of the rules.
    """

    kind: Literal["candidates"]
    product: Word
    edition: Word | None = None
    from_year: SceneYear | None = Field(None, validation_alias=AliasChoices("from_year", "from"))
    to_year: SceneYear | None = Field(None, validation_alias=AliasChoices("to_year", "to"))
    least_ha: float | None = Field(None, ge=0, le=1e6, allow_inf_nan=False)
    buffer_m: float | None = Field(None, ge=0, le=1e5, allow_inf_nan=False)

    def query(self) -> CandidateQuery:
        """What is searched for."""
        return CandidateQuery(**self.model_dump(exclude={"kind"}))


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


class CandidatePage(CandidateCollection):
    """A page of candidates; the link `next` leads to the rest."""

    links: list[Link]


class DismissalIn(Given):
    """Why a candidate is no subsidence."""

    reason: Name


class AcceptIn(Given):
    """The site that a candidate becomes; its outline and damage year are the candidate's."""

    site_code: Code
    name: Name
    kind: Kind = Kind.SUBSIDENCE
    responsible: Responsible = Responsible.UNKNOWN
    entered_on: Day | None = Field(None, description="The day it enters; today by default.")
