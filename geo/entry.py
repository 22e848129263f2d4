"""Entry: a new site, checked and turned into the first rows of its history. Pure, as `geo.changes` is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from geo.areas import ha_from_units
from geo.canonical import parse_json
from geo.changes import FutureDate, NewSite, PlannedRow, RestoredOverDamaged
from geo.errors import Refused
from geo.facts import DEFAULTS, fact_value, says_nothing, units_in
from geo.history import Fact
from geo.status import Status, status_table
from geo.timeline import check_treatment, timeline
from geo.wkb import wkb_of

_STATED_APART = frozenset({Fact.MEMBERSHIP, Fact.STATUS, Fact.GEOMETRY})


class SecondPersonNeeded(Refused):
    """A new site cannot enter with a status that needs a second person."""

    template = "site {site_code!r} cannot enter as {status} without a second person"


def first_rows(site: NewSite, *, approved: bool, today: date | None = None) -> tuple[PlannedRow, ...]:
    """The rows with which a site enters the inventory.

    Past statuses that need a second person come only `approved`, as the first import of a site may carry
    them. Raises `SecondPersonNeeded`, `RestoredOverDamaged`, `TreatmentReversed`, `BadValue`,
    and `FutureDate` where `today` is given.
    """
    statuses = _statuses(site)
    _check_days([site.entered_on, *(since for _, since in statuses)], today)
    if not approved:
        _check_statuses(site, statuses)
    facts = {**DEFAULTS, **site.facts}
    texts = {fact: fact_value(fact, value) for fact, value in facts.items() if fact not in _STATED_APART}
    _check_restored(site, texts)
    area = fact_value(Fact.GEOMETRY, {"area_units": site.area_units})
    rows = (
        PlannedRow(Fact.MEMBERSHIP, '"entered"', site.entered_on),
        *(PlannedRow(Fact.STATUS, f'"{status.value}"', since) for status, since in statuses),
        PlannedRow(Fact.GEOMETRY, area, site.entered_on, wkb=wkb_of(site.geometry)),
        *(PlannedRow(fact, text, site.entered_on) for fact, text in texts.items() if not says_nothing(text)),
    )
    check_treatment(timeline((), rows), rows)
    return rows


def _statuses(site: NewSite) -> list[tuple[Status, date]]:
    """The statuses of a new site by day; untreated until the first where that is later than its entry."""
    given = sorted(site.status_rows, key=lambda pair: pair[1])
    if not given:
        stated = fact_value(Fact.STATUS, site.facts.get(Fact.STATUS, Status.UNTREATED))
        given = [(Status(str(parse_json(stated))), site.entered_on)]
    return given if given[0][1] <= site.entered_on else [(Status.UNTREATED, site.entered_on), *given]


def _check_days(days: list[date], today: date | None) -> None:
    if today is not None and max(days) > today:
        raise FutureDate(effective_on=max(days), today=today)


def _check_statuses(site: NewSite, statuses: list[tuple[Status, date]]) -> None:
    for status, _ in statuses:
        if status_table()[status].second_person:
            raise SecondPersonNeeded(site_code=site.site_code, status=status)


def _check_restored(site: NewSite, texts: Mapping[Fact, str]) -> None:
    if Fact.DAMAGED not in texts or Fact.RESTORED not in texts:
        return
    damaged, restored = (units_in(texts[fact]) for fact in (Fact.DAMAGED, Fact.RESTORED))
    if damaged is not None and restored is not None and restored > damaged:
        raise RestoredOverDamaged(
            restored_ha=ha_from_units(restored),
            damaged_ha=ha_from_units(damaged),
            effective_on=site.entered_on,
        )
