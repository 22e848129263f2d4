"""Splits, merges, corrections, undos and checks of outlines on the wire."""

from __future__ import annotations

import json
from typing import Literal

import shapely
from pydantic import Field
from shapely import LineString

from api.schemas.common import Code, Day, Given, Hectares, Text, Wire
from api.schemas.sites import BadPolygon, PolygonIn, SiteFactsIn, units_fact
from geo.history import Fact
from geo.redrawing import Part
from geo.sites import Kind, Responsible, Target
from geo.status import Status


class LineIn(Given):
    """A GeoJSON LineString in longitude and latitude (degrees)."""

    type: Literal["LineString"]
    coordinates: list[object] = Field(min_length=2, max_length=10_000)

    def line(self) -> LineString:
        """The line. Raises `BadPolygon` where it is none on the globe."""
        try:
            read = shapely.from_geojson(json.dumps({"type": self.type, "coordinates": self.coordinates}))
        except shapely.errors.GEOSException as error:
            raise BadPolygon(problem="cannot be cut: the line is no GeoJSON line") from error
        flat = shapely.force_2d(read)
        if not isinstance(flat, LineString) or flat.is_empty:
            raise BadPolygon(problem="cannot be cut: the line is empty")
        return flat


class PartIn(Given):
    """One of the sites that a split makes; what it does not state is that of the site before."""

    site_code: Code
    geometry: PolygonIn
    name: Text | None = None
    damaged_ha: Hectares | None = None
    restored_ha: Hectares | None = None

    def part(self) -> Part:
        """The part with the facts that were sent, null included. Raises `BadPolygon`."""
        facts: dict[Fact, object] = {}
        if self.name is not None:
            facts[Fact.NAME] = self.name
        for name, fact in (("damaged_ha", Fact.DAMAGED), ("restored_ha", Fact.RESTORED)):
            if name in self.model_fields_set:
                facts[fact] = units_fact(getattr(self, name))
        return Part(self.site_code, self.geometry.polygon(), facts)


class SplitIn(Given):
    """The parts that enter in place of the site; declared areas that no part states are divided by area."""

    parts: list[PartIn] = Field(min_length=2, max_length=50)
    effective_on: Day | None = Field(None, description="The first day of the new sites; today by default.")
    reason: Text = ""


class MergeIn(Given):
    """The sites that leave, each with the version that was read, and the one that enters.

    Facts that a rate depends on must agree, or be stated here. `version` may be left out under `If-Match: *`.
    """

    class Leaving(Given):
        """One of the sites that leave."""

        site_id: int = Field(ge=1, le=2**53 - 1)
        version: int | None = Field(None, ge=1, le=2**53 - 1)

    sites: list[Leaving] = Field(min_length=2, max_length=50)
    site_code: Code
    name: Text | None = None
    kind: Kind | None = None
    target_use: Target | None = None
    responsible: Responsible | None = None
    effective_on: Day | None = Field(None, description="The first day of the new site; today by default.")
    reason: Text = ""

    def facts(self) -> dict[Fact, object]:
        """The facts that were stated for the merged site."""
        stated = {
            Fact.NAME: self.name,
            Fact.KIND: self.kind,
            Fact.TARGET_USE: self.target_use,
            Fact.RESPONSIBLE: self.responsible,
        }
        return {fact: str(value) for fact, value in stated.items() if value is not None}


class CorrectionIn(SiteFactsIn):
    """What is right in place of the row `voids_seq`, which was wrong; nothing else means: it never was so."""

    voids_seq: int = Field(ge=1, le=2**53)
    status: Status | None = None
    geometry: PolygonIn | None = None
    effective_on: Day | None = Field(None, description="The right day; that of the wrong row by default.")
    reason: Text = Field(min_length=1)

    def facts(self) -> dict[Fact, object]:
        """The facts that were sent, null included."""
        status: dict[Fact, object] = {} if self.status is None else {Fact.STATUS: self.status.value}
        return {**status, **SiteFactsIn.facts(self)}


class UndoIn(Given):
    """Why an event is taken back."""

    reason: Text = ""


class OutlineIn(Given):
    """An outline to be checked; `site_id` is the site that it would replace."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: list[object] = Field(min_length=1)


class OutlineCheckIn(Given):
    """An outline that is being drawn; it may be wrong, the answer says where."""

    geometry: OutlineIn
    site_ids: list[int] = Field(
        default_factory=list,
        max_length=50,
        description="The sites that it is drawn for: no overlap with them.",
    )


class OutlineProblem(Wire):
    """What is wrong with an outline, and where (degrees); no place where it has none."""

    problem: str
    words: str
    lon: float | None
    lat: float | None


class OutlineOverlap(Wire):
    """Another site that covers part of the outline."""

    site_id: int
    site_code: str
    overlap_ha: float


class OutlineCheck(Wire):
    """An outline's hectares and mu (geodesic), its overlaps with other sites, and what lies outside its unit.

    `outside_share` is the share of the area outside the unit that it is placed in. All null where the outline
    is no valid polygon.
    """

    area_ha: float | None
    area_mu: float | None
    valid: bool
    problems: list[OutlineProblem]
    overlaps: list[OutlineOverlap]
    overlap_ha: float | None
    adcode: str | None
    city_name: str | None
    outside_share: float | None


class CutIn(Given):
    """A polygon and a line across it."""

    geometry: PolygonIn
    line: LineIn


class Piece(Wire):
    """One piece of a cut polygon."""

    geometry: dict[str, object]
    area_ha: float
    area_mu: float


class Cut(Wire):
    """The pieces, the largest first."""

    pieces: list[Piece]
