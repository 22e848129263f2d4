"""The demo's works around its sites: treatment projects, annual targets, field inspections; all invented."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from geo.areas import UNITS_PER_HA
from geo.cities import City, Level, lineage
from geo.clock import time_text
from geo.demo.desk import LAST_DAY
from geo.demo.people import officer
from geo.history import Fact
from geo.planning import Finding, Inspection, Project, Target
from geo.proposals import Proposal
from geo.sites import Site
from geo.status import Status
from geo.store import Connection, inspections, projects, proposals, sites, targets
from geo.store.sites import SiteFilter

RECORDED_AT: Final = time_text(datetime(2026, 6, 29, 2, 30, tzinfo=UTC))
"""When all of it counts as written down; fixed, as the demo's days are."""

_CENTS_PER_HA: Final = 9_500_000
_CENTS_PER_MILLION: Final = 100_000_000
_YEARS: Final = (2024, 2025, 2026)
_YEARLY_SHARE: Final = 0.04
_SEEN_BEFORE: Final = timedelta(days=9)
_SEEN_SINCE: Final = date(2024, 1, 1)
_AT_WORK: Final = frozenset({Status.PLANNED, Status.IN_PROGRESS})


@dataclass(frozen=True, slots=True)
class _Term:
    """One kind of project: which sites are in it, and its days."""

    number: int
    words: str
    status: Status
    start_on: date
    end_on: date


_TERMS: Final = (
    _Term(1, "历史遗留矿山生态修复工程（一期）", Status.IN_PROGRESS, date(2024, 3, 1), date(2026, 5, 31)),
    _Term(2, "历史遗留矿山生态修复工程（二期）", Status.PLANNED, date(2026, 9, 1), date(2028, 6, 30)),
)
"""The first should have ended a month before the demo's last day: its sites are overdue."""


def record_works(conn: Connection, units: Iterable[City]) -> None:
    """Projects and targets of every prefecture with sites, and the inspections that acceptances rest on."""
    known = {unit.adcode: unit for unit in units}
    by_prefecture: dict[str, list[Site]] = defaultdict(list)
    for site in sites.find(conn, SiteFilter(limit=None)):
        prefecture = _prefecture(site.adcode, known)
        if prefecture is not None:
            by_prefecture[prefecture].append(site)
    for adcode, found in sorted(by_prefecture.items()):
        for project in _projects(known[adcode], found):
            projects.put(conn, project, actor=officer(adcode), now=RECORDED_AT)
        for target in _targets(adcode, found):
            targets.put(conn, target, actor=officer(adcode), now=RECORDED_AT)
    waiting = proposals.find(conn, state="open")
    for inspection in _inspections([site for found in by_prefecture.values() for site in found], waiting):
        actor = inspection.inspector
        inspections.put(conn, inspection, actor=actor, now=RECORDED_AT, today=LAST_DAY)


def _prefecture(adcode: str | None, known: Mapping[str, City]) -> str | None:
    codes = (code for code in lineage(adcode, known) if known[code].level is Level.PREFECTURE)
    return next(codes, None)


def _projects(unit: City, found: Sequence[Site]) -> list[Project]:
    made = []
    for term in _TERMS:
        treated = [site for site in found if site.status is term.status]
        if not treated:
            continue
        hectares = sum(site.area_units for site in treated) / UNITS_PER_HA
        budget = round(hectares * _CENTS_PER_HA / _CENTS_PER_MILLION) * _CENTS_PER_MILLION
        made.append(
            Project(
                code=f"{unit.adcode}-{term.start_on.year}-{term.number:02}",
                name=f"{unit.name_zh}{term.words}",
                adcode=unit.adcode,
                fund_source="中央财政、地方配套（演示）",
                budget_cents=budget or _CENTS_PER_MILLION,
                contractor="某某生态工程公司（演示）",
                start_on=term.start_on,
                end_on=term.end_on,
                site_ids=tuple(site.site_id for site in treated),
            )
        )
    return made


def _targets(adcode: str, found: Sequence[Site]) -> list[Target]:
    total = sum(site.area_units for site in found)
    hectares = max(1, round(total * _YEARLY_SHARE / UNITS_PER_HA))
    return [Target(adcode, year, hectares * UNITS_PER_HA) for year in _YEARS]


def _inspections(found: Sequence[Site], waiting: Sequence[Proposal]) -> list[Inspection]:
    """A passed one before each acceptance since 2024 and each that waits, one with defects at works."""
    accepted = Status.ACCEPTED.value
    proposed = {
        one.site_id: one.effective_on for one in waiting if one.change.facts.get(Fact.STATUS) == accepted
    }
    made = []
    for site in sorted(found, key=lambda site: site.site_id):
        day = proposed.get(site.site_id)
        if day is None and site.status is Status.ACCEPTED and site.status_since >= _SEEN_SINCE:
            day = site.status_since
        if day is not None:
            words = "植被成活率达标，排水沟畅通"
            made.append(_seen(site, day - _SEEN_BEFORE, Finding.PASSED, words))
    at_work = [site for site in found if site.status in _AT_WORK and site.treatment_start]
    words = "边坡覆土不足，限期整改"
    return made + [_seen(site, LAST_DAY - _SEEN_BEFORE, Finding.DEFECTS, words) for site in at_work[:3]]


def _seen(site: Site, day: date, finding: Finding, words: str) -> Inspection:
    return Inspection(site.site_id, day, officer(site.adcode), finding, words)
