"""A site: one mine or subsidence polygon of the inventory, with its words and its facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from shapely import MultiPolygon

from geo.areas import ha_from_units
from geo.status import Status


class Kind(StrEnum):
    """What was mined or damaged (`data/reference/kinds.csv`)."""

    OPEN_PIT = "open_pit"
    WASTE_DUMP = "waste_dump"
    TAILINGS = "tailings"
    COAL_GANGUE = "coal_gangue"
    INDUSTRIAL_YARD = "industrial_yard"
    SUBSIDENCE = "subsidence"
    UNDERGROUND = "underground"
    ISOLATED_DISTRICT = "isolated_district"
    OTHER = "other"


class Target(StrEnum):
    """What the land is to become (`data/reference/targets.csv`)."""

    NONE = "none"
    FOREST = "forest"
    GRASS = "grass"
    CROPLAND = "cropland"
    WETLAND = "wetland"
    WATER = "water"
    BUILT = "built"
    HERITAGE = "heritage"


class Responsible(StrEnum):
    """Who answers for the damage (`data/reference/responsible.csv`)."""

    LEGACY = "legacy"
    LIABLE = "liable"
    UNKNOWN = "unknown"


class Approach(StrEnum):
    """How the land is brought back (`data/reference/approaches.csv`)."""

    NATURAL_RECOVERY = "natural_recovery"
    ASSISTED_REGENERATION = "assisted_regeneration"
    RECONSTRUCTION = "reconstruction"
    CONVERSION = "conversion"


class Settlement(StrEnum):
    """Whether subsidence has come to rest (`data/reference/settlements.csv`)."""

    SETTLED = "settled"
    STILL_MOVING = "still_moving"


class Ponding(StrEnum):
    """Standing water on a subsidence site (`data/reference/pondings.csv`)."""

    NONE = "none"
    SEASONAL = "seasonal"
    PERENNIAL = "perennial"


@dataclass(frozen=True, slots=True)
class Site:
    """The current state of one site, which is what its history says as of today.

    `geometry` is in longitude and latitude (degrees); `area_units`, `damaged_units` and `restored_units`
    are integers of 1e-4 m2, None where not known. `version` rises by one with every change and is the
    ETag. `unit_shares` maps each county adcode to the share of the site's area inside it; what is missing
    to 1 lies outside every unit. `attributes` holds the fields that no rate depends on, `extra` the source
    columns unknown to Reverdure; both JSON values by name.
    """

    site_id: int
    site_code: str
    name: str
    version: int
    geometry: MultiPolygon
    area_units: int
    status: Status
    kind: Kind
    target_use: Target
    responsible: Responsible
    entered_on: date
    status_since: date
    left_on: date | None = None
    approach: Approach | None = None
    damaged_units: int | None = None
    restored_units: int | None = None
    damage_year: int | None = None
    treatment_start: date | None = None
    treatment_end: date | None = None
    settlement: Settlement | None = None
    ponding: Ponding | None = None
    adcode: str | None = None
    outline_edition: str | None = None
    unit_shares: Mapping[str, float] = field(default_factory=dict)
    source_crs: str = "EPSG:4326"
    attributes: Mapping[str, object] = field(default_factory=dict)
    extra: Mapping[str, object] = field(default_factory=dict)
    updated_at: str = ""

    @property
    def area_ha(self) -> float:
        """Geodesic hectares of the polygon."""
        return ha_from_units(self.area_units)

    @property
    def damaged_ha(self) -> float | None:
        """Declared hectares ever damaged, the restored part included; None where not declared."""
        return None if self.damaged_units is None else ha_from_units(self.damaged_units)

    @property
    def restored_ha(self) -> float | None:
        """Reported hectares restored, at most damaged_ha; None where not reported."""
        return None if self.restored_units is None else ha_from_units(self.restored_units)
