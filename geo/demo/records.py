"""The demo's stories as the inventory records them: sites as first entered, and what was reported later."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Final

from geo.changes import Change, NewSite
from geo.demo.histories import Story
from geo.demo.region import CRS
from geo.history import Fact
from geo.sites import Kind

REASON: Final = "演示数据（合成） / demo data (synthetic)"

_MINERALS: Final = {Kind.OPEN_PIT: "limestone", Kind.WASTE_DUMP: "limestone", Kind.OTHER: "clay"}
_HAZARDS: Final = {
    Kind.SUBSIDENCE: ["collapse"],
    Kind.UNDERGROUND: ["collapse"],
    Kind.OPEN_PIT: ["landslide"],
    Kind.WASTE_DUMP: ["landslide"],
    Kind.COAL_GANGUE: ["acid_drainage", "landslide"],
    Kind.TAILINGS: ["contamination"],
}


def new_site(story: Story) -> NewSite:
    """The site as it first enters, with its past statuses and what was known on that day."""
    return NewSite(
        site_code=story.site.code,
        geometry=story.site.geometry,
        area_units=story.area_units,
        facts=_first_facts(story) | _facts_by_day(story).get(story.entered_on, {}),
        entered_on=story.entered_on,
        source_crs="EPSG:4326",
        extra={"synthetic": True, "drawn_in": CRS},
        status_rows=story.statuses,
    )


def later_changes(story: Story) -> list[Change]:
    """What was reported after the site entered (treatments, restored hectares), by day."""
    by_day = _facts_by_day(story)
    return [Change(by_day[day], day, REASON) for day in sorted(by_day) if day > story.entered_on]


def _first_facts(story: Story) -> dict[Fact, object]:
    traits, unit = story.traits, story.site.unit
    return {
        Fact.NAME: story.site.name,
        Fact.KIND: traits.kind.value,
        Fact.TARGET_USE: traits.target.value,
        Fact.RESPONSIBLE: traits.responsible.value,
        Fact.APPROACH: None if story.approach is None else story.approach.value,
        Fact.DAMAGED: {"units": story.damaged_units},
        Fact.DAMAGE_YEAR: traits.damage_year,
        Fact.SETTLEMENT: None if traits.settlement is None else traits.settlement.value,
        Fact.PONDING: None if traits.ponding is None else traits.ponding.value,
        Fact.UNIT: {
            "adcode": unit.adcode,
            "edition": unit.edition,
            "shares": {code: f"{share:.6f}" for code, share in unit.shares.items()},
        },
        Fact.ATTRIBUTES: {
            "synthetic": True,
            "name_en": story.site.name_en,
            "township": story.site.town,
            "minerals": _MINERALS.get(traits.kind, "coal"),
            "hazards": _HAZARDS.get(traits.kind, []),
        },
    }


def _facts_by_day(story: Story) -> dict[date, dict[Fact, object]]:
    """What each day adds to the facts; what lies before the entry counts from the entry on."""
    days: defaultdict[date, dict[Fact, object]] = defaultdict(dict)
    for treatment in story.treatments:
        if treatment.start is not None:
            days[max(treatment.start, story.entered_on)] |= {
                Fact.TREATMENT_START: treatment.start.isoformat(),
                Fact.TREATMENT_END: None,
            }
        if treatment.end is not None:
            days[max(treatment.end, story.entered_on)][Fact.TREATMENT_END] = treatment.end.isoformat()
    for report in story.restored:
        days[report.effective_on][Fact.RESTORED] = {"units": report.units}
    return dict(days)
