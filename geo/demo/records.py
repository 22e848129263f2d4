"""What the inventory holds of the demo's stories: sites as first entered, and what was reported later."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Final

from geo.changes import Change, NewSite
from geo.demo.histories import Story
from geo.demo.region import CRS
from geo.history import Fact
from geo.sites import Approach, Kind
from geo.status import Status

_REASONS: Final = {
    Status.UNTREATED: "项目取消",
    Status.PLANNED: "列入年度治理计划",
    Status.IN_PROGRESS: "工程开工",
    Status.TREATED: "工程完工",
    Status.ACCEPTED: "竣工验收通过",
    Status.CLOSED: "管护期满，申请销号",
    Status.RELAPSED: "复垦失效，需重新治理",
    Status.EXCLUDED: "与在产矿权重叠，核减",
}
_BACK: Final = "核查后恢复入库"
_GREEN: Final = "自然恢复达标"

_MINERALS: Final = {Kind.OPEN_PIT: "limestone", Kind.WASTE_DUMP: "limestone", Kind.OTHER: "clay"}
_HAZARDS: Final = {
    Kind.SUBSIDENCE: ["collapse"],
    Kind.UNDERGROUND: ["collapse"],
    Kind.OPEN_PIT: ["landslide"],
    Kind.WASTE_DUMP: ["landslide"],
    Kind.COAL_GANGUE: ["acid_drainage", "landslide"],
    Kind.TAILINGS: ["contamination"],
}


def new_site(story: Story, *, damaged_units: int | None) -> NewSite:
    """The site as it first enters, with its status of that day and what was known on it.

    `damaged_units` is the damaged area as first measured, which a later survey may correct.
    """
    return NewSite(
        site_code=story.site.code,
        geometry=story.site.geometry,
        area_units=story.area_units,
        facts=_first_facts(story)
        | _facts_by_day(story).get(story.entered_on, {})
        | {Fact.DAMAGED: {"units": damaged_units}},
        entered_on=story.entered_on,
        source_crs="EPSG:4326",
        extra={"synthetic": True, "drawn_in": CRS},
        status_rows=story.statuses[:1],
    )


def later_changes(story: Story) -> list[Change]:
    """What happened after the site entered, by day: a status with what goes with it."""
    by_day = _facts_by_day(story)
    since = {day: (status, story.statuses[k][0]) for k, (status, day) in enumerate(story.statuses[1:])}
    changes = []
    for day in sorted(since.keys() | by_day.keys()):
        if day <= story.entered_on:
            continue
        status, before = since.get(day, (None, None))
        facts = by_day.get(day, {}) if status is None else {Fact.STATUS: status.value, **by_day.get(day, {})}
        if status is Status.RELAPSED:
            facts.setdefault(Fact.RESTORED, {"units": None})
        changes.append(Change(facts, day, _reason(status, before)))
    return changes


def _reason(status: Status | None, before: Status | None) -> str:
    if status is None:
        return "补充治理信息"
    if status is Status.UNTREATED and before is Status.EXCLUDED:
        return _BACK
    if status is Status.TREATED and before in {Status.UNTREATED, Status.RELAPSED}:
        return _GREEN
    return _REASONS[status]


def _first_facts(story: Story) -> dict[Fact, object]:
    traits, unit = story.traits, story.site.unit
    return {
        Fact.NAME: story.site.name,
        Fact.KIND: traits.kind.value,
        Fact.TARGET_USE: traits.target.value,
        Fact.RESPONSIBLE: traits.responsible.value,
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
    for number, treatment in enumerate(story.treatments):
        approach = _approach(story, number).value
        first = treatment.start or treatment.end or story.entered_on
        days[max(first, story.entered_on)][Fact.APPROACH] = approach
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


def _approach(story: Story, number: int) -> Approach:
    """The approach of the treatment `number` of a story; without a start it is natural recovery."""
    if story.treatments[number].start is None:
        return Approach.NATURAL_RECOVERY
    last = number == len(story.treatments) - 1
    return story.approach if last and story.approach is not None else story.traits.approach
