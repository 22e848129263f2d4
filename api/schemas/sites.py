"""Sites on the wire: GeoJSON features, the changes asked of them, their history and proposals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Literal, Self

import shapely
from pydantic import Field, model_validator
from shapely import MultiPolygon, Polygon

from api.schemas.common import Code, Day, Given, Hectares, Json, Link, Text, Title, Wire
from geo.areas import ha_from_units, units_from_ha
from geo.canonical import parse_json
from geo.cities import City
from geo.errors import InvalidInput
from geo.evidence.verdict import Verdict
from geo.history import Fact, HistoryRow
from geo.sites import Approach, Kind, Ponding, Responsible, Settlement, Site, Target
from geo.status import Status

GEOJSON = "application/geo+json"
_FEATURE_MEMBERS = frozenset({"type", "id", "bbox", "properties", "geometry"})


class BadPolygon(InvalidInput):
    """The boundary that was sent cannot be taken."""

    template = "geometry: the polygon {problem}"


class SiteProperties(Wire):
    """The properties of a site's feature, as of today.

    `version` is the ETag; `unit_shares` the share of the area in each county; `proposals` the open proposals,
    which count nowhere yet. Null is: not known.
    """

    site_code: str
    name: str
    version: int
    status: Status
    status_since: date
    kind: Kind
    target_use: Target
    responsible: Responsible
    approach: Approach | None
    area_ha: float
    damaged_ha: float | None
    restored_ha: float | None
    damage_year: int | None
    treatment_start: date | None
    treatment_end: date | None
    settlement: Settlement | None
    ponding: Ponding | None
    adcode: str | None
    city_name: str | None
    outline_edition: str | None
    unit_shares: dict[str, float]
    entered_on: date
    left_on: date | None
    source_crs: str
    updated_at: str
    attributes: Json
    extra: Json
    proposals: list[int]


class Geometry(Wire):
    """A GeoJSON MultiPolygon in longitude and latitude (degrees)."""

    type: Literal["MultiPolygon"]
    coordinates: list[list[list[list[float]]]]


class SiteFeature(Wire):
    """One site as a GeoJSON feature."""

    type: Literal["Feature"] = "Feature"
    id: int
    geometry: Geometry | None
    properties: SiteProperties

    @classmethod
    def of(
        cls,
        site: Site,
        *,
        city: City | None,
        lang: str,
        proposals: Iterable[int] = (),
        with_geometry: bool = True,
    ) -> Self:
        """The feature of a site; `city` is the unit that it was found in."""
        names = {name: getattr(site, name) for name in SiteProperties.model_fields if hasattr(site, name)}
        city_name = None if city is None else (city.name_zh if lang == "zh" else city.name_en or city.name_zh)
        properties = SiteProperties.model_validate(
            {**names, "city_name": city_name, "proposals": list(proposals)}
        )
        drawn = Geometry.model_validate_json(shapely.to_geojson(site.geometry)) if with_geometry else None
        return cls(id=site.site_id, geometry=drawn, properties=properties)


class ListedProperties(SiteProperties):
    """The properties of a site in a list; `verdict` is that of the current edition, null: not judged."""

    verdict: Verdict | None


class ListedFeature(SiteFeature):
    """One site of a list as a GeoJSON feature; `geometry` is null where it was not asked for."""

    properties: ListedProperties

    @classmethod
    def with_verdict(cls, feature: SiteFeature, verdict: Verdict | None) -> ListedFeature:
        """The feature with what the land cover says of its site."""
        known = {name: getattr(feature.properties, name) for name in SiteProperties.model_fields}
        properties = ListedProperties.model_construct(**known, verdict=verdict)
        return cls.model_construct(id=feature.id, geometry=feature.geometry, properties=properties)


class SiteCollection(Wire):
    """Sites as a GeoJSON FeatureCollection; the link `next` leads to the rest.

    `facets` counts, where asked for, the sites of each choice: {facet: {choice: sites}}, each facet among the
    sites that match by all the others; `none` as verdict is: not judged.
    """

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[ListedFeature]
    links: list[Link]
    facets: dict[str, dict[str, int]] | None = None


class PolygonIn(Given):
    """A GeoJSON Polygon or MultiPolygon in longitude and latitude (degrees)."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: list[object] = Field(min_length=1)

    def polygon(self) -> MultiPolygon:
        """The polygon. Raises `BadPolygon` where it is none on the globe, or crosses itself."""
        try:
            read = shapely.from_geojson(json.dumps({"type": self.type, "coordinates": self.coordinates}))
        except shapely.errors.GEOSException as error:
            raise BadPolygon(problem="is not a GeoJSON polygon of closed rings") from error
        flat = shapely.force_2d(read)
        if not isinstance(flat, Polygon | MultiPolygon) or flat.is_empty:
            raise BadPolygon(problem="is empty")
        west, south, east, north = flat.bounds
        if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
            raise BadPolygon(problem="has coordinates that are no longitude and latitude in degrees")
        if not flat.is_valid:
            raise BadPolygon(problem=f"is not valid: {shapely.is_valid_reason(flat)}")
        return flat if isinstance(flat, MultiPolygon) else MultiPolygon([flat])


class StatusChangeIn(Given):
    """A new status: what, since when, why, and what shows it.

    `restored_ha` may be stated with it; a relapse asks for it anew (null where not known). `evidence` holds
    words, and attachments of the site by their content (`sha256:` and 64 digits).
    """

    status: Status
    effective_on: Day | None = Field(None, description="The day on the ground; today by default.")
    reason: Text = ""
    evidence: list[Text] = Field(default_factory=list, max_length=50)
    restored_ha: Hectares | None = None

    def facts(self) -> dict[Fact, object]:
        """The facts that the change states."""
        facts: dict[Fact, object] = {Fact.STATUS: self.status.value}
        if "restored_ha" in self.model_fields_set:
            facts[Fact.RESTORED] = units_fact(self.restored_ha)
        return facts

    def full_reason(self, evidence: Sequence[str]) -> str:
        """The reason, with the evidence named at its end: words, and attachments by their content."""
        return f"{self.reason} [{'; '.join(evidence)}]".strip() if evidence else self.reason


class SiteFactsIn(Given):
    """Facts of a site; a member that is not there stays as it is.

    A GeoJSON feature is taken, too: its properties are the members, its geometry the boundary.
    """

    name: Title | None = None
    kind: Kind | None = None
    target_use: Target | None = None
    responsible: Responsible | None = None
    approach: Approach | None = None
    damaged_ha: Hectares | None = None
    restored_ha: Hectares | None = None
    damage_year: int | None = Field(None, ge=1800, le=2200)
    treatment_start: Day | None = None
    treatment_end: Day | None = None
    settlement: Settlement | None = None
    ponding: Ponding | None = None
    attributes: Json | None = None

    @model_validator(mode="before")
    @classmethod
    def _feature(cls, given: object) -> object:
        if not isinstance(given, dict) or given.get("type") != "Feature":
            return given
        properties = given.get("properties") or {}
        if not isinstance(properties, dict):
            raise ValueError("the properties of a feature must be an object")
        rest = {name: value for name, value in given.items() if name not in _FEATURE_MEMBERS}
        geometry = {} if given.get("geometry") is None else {"geometry": given["geometry"]}
        return {**rest, **properties, **geometry}

    def facts(self) -> dict[Fact, object]:
        """The facts that were sent, null included."""
        return {
            fact: self._value(name) for name, fact in FACT_OF_FIELD.items() if name in self.model_fields_set
        }

    def _value(self, name: str) -> object:
        value = getattr(self, name)
        if name in {"damaged_ha", "restored_ha"}:
            return units_fact(value)
        return value.isoformat() if isinstance(value, date) else value


FACT_OF_FIELD: Mapping[str, Fact] = {
    "name": Fact.NAME,
    "kind": Fact.KIND,
    "target_use": Fact.TARGET_USE,
    "responsible": Fact.RESPONSIBLE,
    "approach": Fact.APPROACH,
    "damaged_ha": Fact.DAMAGED,
    "restored_ha": Fact.RESTORED,
    "damage_year": Fact.DAMAGE_YEAR,
    "treatment_start": Fact.TREATMENT_START,
    "treatment_end": Fact.TREATMENT_END,
    "settlement": Fact.SETTLEMENT,
    "ponding": Fact.PONDING,
    "attributes": Fact.ATTRIBUTES,
}
"""Member of a site on the wire -> the fact that its history states."""


class SitePatchIn(SiteFactsIn):
    """A change of facts or of the boundary; `voids_seq` names a history row that was wrong."""

    effective_on: Day | None = Field(None, description="The day on the ground; today by default.")
    reason: Text = ""
    geometry: PolygonIn | None = None
    voids_seq: int | None = Field(None, ge=1, le=2**53)


class NewSiteIn(SiteFactsIn):
    """A site that enters the inventory."""

    site_code: Code
    geometry: PolygonIn
    status: Status = Status.UNTREATED
    entered_on: Day | None = Field(None, description="The day it enters; today by default.")


def units_fact(hectares: float | None) -> dict[str, int | None]:
    """The value of an area fact: hectares as whole units of 1e-4 m2, null where not known."""
    return {"units": None if hectares is None else units_from_ha(hectares)}


def fact_on_wire(value: object) -> object:
    """A fact's value as the wire says it: areas in hectares, the rest as it is."""
    if isinstance(value, Mapping):
        for name in ("units", "area_units"):
            if set(value) == {name}:
                return None if value[name] is None else ha_from_units(value[name])
    return value


class HistoryItem(Wire):
    """One row of a site's history; `value` is in hectares where `fact` is an area."""

    seq: int
    site_id: int
    fact: Fact
    value: object
    effective_on: date
    recorded_at: str
    proposed_at: str
    actor: str
    approved_by: str | None
    voids_seq: int | None
    reason: str
    source: str
    previous_hash: str
    hash: str

    @classmethod
    def of(cls, row: HistoryRow) -> Self:
        """The item of a stored row."""
        names = {name: getattr(row, name) for name in cls.model_fields}
        return cls.model_validate({**names, "value": fact_on_wire(parse_json(row.value))})


class HistoryList(Wire):
    """Rows in the order in which they were recorded."""

    items: list[HistoryItem]
    next: str | None
