"""A row about a site that is known already: what it changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from shapely import MultiPolygon

from geo.changes import Change
from geo.history import Fact
from geo.imports.findings import finding
from geo.imports.receipts import Finding
from geo.imports.stated import Stated
from geo.proposals import Proposal
from geo.sites import Approach, Site
from geo.status import Status, next_statuses
from geo.undoing import NOTHING_SAID
from geo.wkb import wkb_of
from geo.words import Lang, label

_AREAS: Final = frozenset({Fact.DAMAGED, Fact.RESTORED})


def refusals_of(site: Site, stated: Stated, *, column: str, lang: Lang) -> list[Finding]:
    """Why the row cannot change the site, and what of it is not taken over; empty where all can.

    `column` is that of the status.
    """
    found = []
    if site.left_on is not None and not never_counted(site):
        found.append(finding("site_has_left", lang=lang, entered_on=site.entered_on, left_on=site.left_on))
    status = stated.facts.get(Fact.STATUS)
    if never_counted(site):
        return found
    if isinstance(status, str) and Status(status) is not site.status and site.status is not Status.EXCLUDED:
        approach = stated.facts.get(Fact.APPROACH, site.approach)
        allowed = next_statuses(
            site.status, natural_recovery=approach == Approach.NATURAL_RECOVERY, earlier=None
        )
        if Status(status) not in allowed:
            found.append(
                finding(
                    "illegal_move",
                    lang=lang,
                    column=column,
                    value=label("status", status, lang),
                    now=label("status", site.status, lang),
                    allowed=", ".join(label("status", one, lang) for one in Status if one in allowed),
                )
            )
    if any(site.extra.get(name) != value for name, value in stated.extra.items()):
        changed = sorted(name for name, value in stated.extra.items() if site.extra.get(name) != value)
        found.append(finding("extra_not_updated", lang=lang, columns=", ".join(changed)))
    return found


def changes_of(
    site: Site,
    stated: Stated,
    polygon: MultiPolygon | None,
    *,
    unit: Mapping[str, object] | None,
    as_of: date,
    reason: str,
) -> tuple[Change, ...]:
    """The changes that bring the site to what the row states; empty where it is so already.

    What needs a second person stands apart from what does not, so that the rest can be recorded at once:
    the status (on its own day), plain facts, declared areas, the boundary. Facts of which the row is silent
    stay as they are.
    """
    facts = {fact: value for fact, value in stated.facts.items() if value != fact_of(site, fact)}
    if never_counted(site):
        return (_entry(site, stated, polygon, facts, unit=unit, as_of=as_of, reason=reason),)
    if any(site.attributes.get(name) != value for name, value in stated.attributes.items()):
        facts[Fact.ATTRIBUTES] = {**site.attributes, **stated.attributes}
    changes = []
    if Fact.STATUS in facts:
        status: dict[Fact, object] = {Fact.STATUS: facts.pop(Fact.STATUS)}
        if status[Fact.STATUS] == Status.RELAPSED:
            facts.pop(Fact.RESTORED, None)
            status[Fact.RESTORED] = stated.facts.get(Fact.RESTORED, {"units": None})
        changes.append(Change(status, stated.values.get("status_since") or as_of, reason))
    areas = {fact: value for fact, value in facts.items() if fact in _AREAS and Fact.DAMAGED in facts}
    plain = {fact: value for fact, value in facts.items() if fact not in areas}
    if plain:
        changes.append(Change(plain, as_of, reason))
    if areas:
        changes.append(Change(areas, as_of, reason))
    if polygon is not None and wkb_of(polygon) != wkb_of(site.geometry):
        changes.append(Change(_placed(site, unit), as_of, reason, geometry=polygon))
    return tuple(changes)


def waiting_same(change: Change, waiting: Iterable[Proposal]) -> Proposal | None:
    """The open proposal that asks for the same facts and boundary, on whichever day; None where none does."""
    return next((one for one in waiting if _signature(one.change) == _signature(change)), None)


def _signature(change: Change) -> tuple[dict[Fact, object], bytes | None]:
    return dict(change.facts), None if change.geometry is None else wkb_of(change.geometry)


def leaves(proposal: Proposal) -> bool:
    """Whether the site leaves the inventory once the proposal is approved."""
    return proposal.redrawing is not None or proposal.change.facts.get(Fact.MEMBERSHIP) == "left"


def never_counted(site: Site) -> bool:
    """Whether the site left on the day it entered, as one does whose import was undone."""
    return site.left_on is not None and site.left_on == site.entered_on


def _entry(
    site: Site,
    stated: Stated,
    polygon: MultiPolygon | None,
    facts: Mapping[Fact, object],
    *,
    unit: Mapping[str, object] | None,
    as_of: date,
    reason: str,
) -> Change:
    """The one change by which a site that never counted enters after all, as the row states it."""
    entered = stated.values.get("entered_on") or as_of
    whole: dict[Fact, object] = {Fact.MEMBERSHIP: "entered", **facts}
    same = polygon is None or wkb_of(polygon) == wkb_of(site.geometry)
    if unit is not None or not same:
        whole |= _placed(site, unit)
    if stated.attributes:
        whole[Fact.ATTRIBUTES] = {**site.attributes, **stated.attributes}
    return Change(whole, entered, reason, geometry=None if same else polygon)


def _placed(site: Site, unit: Mapping[str, object] | None) -> dict[Fact, object]:
    """The unit of a new outline; none where it was not looked up, since the one before may be another's."""
    if unit is None and site.adcode is None:
        return {}
    return {Fact.UNIT: NOTHING_SAID[Fact.UNIT] if unit is None else unit}


def fact_of(site: Site, fact: Fact) -> object:
    """The JSON value of a fact as the site has it now."""
    values: dict[Fact, object] = {
        Fact.STATUS: site.status.value,
        Fact.KIND: site.kind.value,
        Fact.TARGET_USE: site.target_use.value,
        Fact.RESPONSIBLE: site.responsible.value,
        Fact.APPROACH: None if site.approach is None else site.approach.value,
        Fact.SETTLEMENT: None if site.settlement is None else site.settlement.value,
        Fact.PONDING: None if site.ponding is None else site.ponding.value,
        Fact.DAMAGED: {"units": site.damaged_units},
        Fact.RESTORED: {"units": site.restored_units},
        Fact.DAMAGE_YEAR: site.damage_year,
        Fact.TREATMENT_START: None if site.treatment_start is None else site.treatment_start.isoformat(),
        Fact.TREATMENT_END: None if site.treatment_end is None else site.treatment_end.isoformat(),
        Fact.NAME: site.name,
    }
    return values[fact]
