"""Recovery of a site from two land-cover scenes of one product and edition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from geo.areas import ha_from_units
from geo.transitions import Transition


class Outcome(StrEnum):
    """What became of a piece of land between two dates (`data/reference/outcome_words.csv`)."""

    RECOVERED = "recovered"
    STABLE = "stable"
    STILL_DISTURBED = "still_disturbed"
    DEGRADED = "degraded"
    PONDED = "ponded"
    CONVERTED = "converted"
    NO_DATA = "no_data"


class TemporalRule(StrEnum):
    """How flicker between years is treated (`data/reference/temporal_rules.csv`)."""

    NONE = "none"
    MAJORITY3 = "majority3"


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a result was computed from, cheap to compare with what holds now (`geo.inputs`).

    `geometry_seq` is the history row that states the polygon, `last_scene_id` the last registered of the
    scenes used, `terms` a digest of everything else: those scenes, the site's facts, the legend, the tables.
    """

    geometry_seq: int = 0
    last_scene_id: int = 0
    terms: int = 0


NO_INPUTS: Final = Inputs()
"""Those of a verdict that rests on no recovery."""


@dataclass(frozen=True, slots=True)
class YearLine:
    """What a recovery from the same baseline to one later year would say. Areas in units of 1e-4 m2."""

    recovered_units: int
    disturbed_baseline_units: int
    valid_units: int
    new_damage_units: int


@dataclass(frozen=True, slots=True)
class Recovery:
    """What the land cover says of one site between two years. Areas in units of 1e-4 m2.

    disturbed_baseline = recovered + still_disturbed + ponded and converted from disturbed, over cells valid
    in both years; `ponded_units` is of disturbed land alone. `new_damage` is degraded, and ponded from not
    disturbed. `recovered_share` and
    `valid_share` are None where their denominator is 0; `reason` says why (`no_disturbed_baseline`).
    `end_year_unchanged` flags a majority3 figure whose year has no neighbour on one side.
    `class_units` is {year: {class code, or None for no data: units}}.
    `share_by_year` is {year: recovered share of the baseline, or None} for the years between, `relapse_year`
    the year a reached recovery was lost again, None where it was not. `lines` holds the figures to each later
    year up to `to_year`. `content_key` is the SHA-256 of all
    that the figures depend on. `outdated` says that `inputs` are no longer those of the site; it is found out
    on reading, never stored.
    """

    site_id: int
    product: str
    edition: str
    from_year: int
    to_year: int
    temporal_rule: TemporalRule
    area_units: int
    class_units: Mapping[int, Mapping[int | None, int]]
    transitions: tuple[Transition, ...]
    disturbed_baseline_units: int
    recovered_units: int
    still_disturbed_units: int
    converted_units: int
    ponded_units: int
    new_damage_units: int
    valid_units: int
    baseline_late: bool = False
    not_yet_crop_units: int = 0
    end_year_unchanged: bool = False
    share_by_year: Mapping[int, float | None] = field(default_factory=dict)
    lines: Mapping[int, YearLine] = field(default_factory=dict)
    relapse_year: int | None = None
    reason: str | None = None
    content_key: str = ""
    inputs: Inputs = NO_INPUTS
    outdated: bool = False

    @property
    def recovered_share(self) -> float | None:
        """Recovered share of the disturbed baseline, None where nothing was disturbed."""
        if self.disturbed_baseline_units == 0:
            return None
        return self.recovered_units / self.disturbed_baseline_units

    @property
    def valid_share(self) -> float | None:
        """Share of the site's area with valid cells in both years."""
        return None if self.area_units == 0 else min(1.0, self.valid_units / self.area_units)

    @property
    def net_recovery_ha(self) -> float:
        """Recovered less newly damaged hectares."""
        return ha_from_units(self.recovered_units - self.new_damage_units)
