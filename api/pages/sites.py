"""The pages of sites: the list with its filters, and one site with its facts, evidence and history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from api.auth.rights import require
from api.deps import LARGEST_ID, Id, etag
from api.pages.evidence import evidence_lines
from api.pages.history import history_lines, moves_of, other_fields
from api.pages.landcover import recovery_items
from api.pages.reviews import reviews_of
from api.pages.spectral import spectral_lines
from api.pages.subsidence import ground_view
from api.pages.uncertainty import site_range_lines
from api.pages.units import unit_options
from api.pages.view import Page, PageDep, PageRoute, query_of
from api.pages.workflow import site_work
from api.paging import page_of
from api.schemas.proposals import ProposalItem
from api.site_query import PlainFilterDep, VerdictChoice, facets_of
from geo.accounts.rights import Action
from geo.candidate_search import candidates_in
from geo.evidence.items import told_evidence
from geo.evidence.standing import CHOICES, NOT_JUDGED, standing_evidence, verdict_of, with_verdict
from geo.history import Fact
from geo.reference import reference_rows
from geo.site_results import site_recoveries
from geo.sites import Responsible, Site
from geo.spectral.results import site_spectral
from geo.store import cities, history, proposals, sites

router = APIRouter(route_class=PageRoute, dependencies=[require(Action.READ)])

PAGE_ROWS: Final = 100
MOST_CANDIDATES: Final = 20
CHOSEN: Final = ("q", "city", "status", "kind", "responsible", "verdict", "bbox")
ORDER_WORDS: Final = {
    sites.SiteOrder.ID: "order_entered",
    sites.SiteOrder.CODE: "site_code",
    sites.SiteOrder.NAME: "site_name",
    sites.SiteOrder.UNIT: "county",
    sites.SiteOrder.KIND: "kind",
    sites.SiteOrder.STATUS: "status",
    sites.SiteOrder.SINCE: "status_since",
    sites.SiteOrder.AREA: "area_ha",
}


COLUMNS: Final = tuple(order for order in sites.SiteOrder if order is not sites.SiteOrder.ID)
"""The columns of the list, each an order of its own."""


ROW_OF_FACT: Final = {
    Fact.KIND: "kind",
    Fact.RESPONSIBLE: "responsible",
    Fact.UNIT: "county",
    Fact.GEOMETRY: "area_ha",
    Fact.DAMAGED: "damaged_ha",
    Fact.RESTORED: "restored_ha",
    Fact.TARGET_USE: "target_use",
    Fact.APPROACH: "approach",
    Fact.DAMAGE_YEAR: "damage_year",
    Fact.TREATMENT_START: "treatment",
    Fact.TREATMENT_END: "treatment",
    Fact.SETTLEMENT: "settlement",
    Fact.PONDING: "ponding",
}
"""Fact -> the row of the table of facts that shows it."""


@router.get("/sites", response_class=HTMLResponse, include_in_schema=False)
def list_sites(page: PageDep, plain: PlainFilterDep, verdict: VerdictChoice = None) -> HTMLResponse:
    """The sites that match in the order asked for, a page of them at a time; each choice with its count."""
    city = next(iter(plain.adcodes or ()), None)
    with page.store.read() as conn:
        units = cities.all(conn)
        if city is not None:
            cities.get(conn, city)
        standing = standing_evidence(page.store, conn)
        wanted = plain if verdict is None else with_verdict(plain, standing, verdict)
        wanted = replace(wanted, limit=PAGE_ROWS + 1)
        shown, last = page_of(sites.find(conn, wanted), PAGE_ROWS)
        total = sites.count(conn)
        matching = sites.count(conn, replace(wanted, after=None))
        facets = facets_of(conn, wanted, standing)
        may_create = bool(page.rights.may(conn, Action.CREATE_SITE))
        may_dismiss = bool(page.rights.may(conn, Action.CHECK))
    parameters = {name: page.given(name) for name in CHOSEN}
    first = plain.after is None and not any(value for name, value in parameters.items() if name != "city")
    return page.render(
        "sites.html",
        active="sites",
        files=page.exports("sites", **parameters, sort=page.given("sort")),
        matching=matching,
        sort=page.given("sort") or sites.SiteOrder.ID.value,
        orders=sort_choices(page),
        heads=[(order.value, page.say(words)) for order, words in ORDER_WORDS.items() if order in COLUMNS],
        sites=shown,
        verdicts={site.site_id: verdict_of(standing, site.site_id) for site in shown},
        total=total,
        may_create=may_create,
        chosen=parameters,
        status_choices=_counted(page, "status", facets["status"], page.say("any_status")),
        kinds=_counted(page, "kinds", facets["kind"], page.say("kind_all")),
        responsibles=_counted(page, "responsible", facets["responsible"], page.say("responsible_all")),
        verdict_choices=_verdict_choices(page, facets["verdict"]),
        cities=unit_options(page, units, city),
        names={code: page.name(unit) for code, unit in units.items()},
        next_url=page.url("/sites", after=last.site_id) if last else None,
        first_url=page.url("/sites", after=None) if plain.after else None,
        candidates=candidates_in(page.store, city) if first else [],
        most_candidates=MOST_CANDIDATES,
        may_dismiss=may_dismiss,
        responsible_choices=[(one.value, page.word("responsible", one)) for one in Responsible],
        map_url=f"/maps/remediation?{query_of(city=city, lang=page.lang)}",
    )


def _verdict_choices(page: Page, facet: Mapping[str, int]) -> list[tuple[str, str]]:
    """The verdicts, and that there is none, with how many of the matching sites have each."""
    words = {**{slug: page.word("verdicts", slug) for slug in CHOICES}, NOT_JUDGED: page.say("not_judged")}
    counted = [(slug, f"{words[slug]} ({facet.get(slug, 0)})") for slug in CHOICES]
    return [("", page.say("any_verdict")), *counted]


def _counted(page: Page, table: str, facet: Mapping[str, int], every: str) -> list[tuple[str, str]]:
    """The slugs of a table with how many of the matching sites have each."""
    slugs = [row["slug"] for row in reference_rows(table)]
    return [("", every), *((slug, f"{page.word(table, slug)} ({facet.get(slug, 0)})") for slug in slugs)]


def sort_choices(page: Page) -> list[tuple[str, str]]:
    """Every order of the list, rising and falling."""
    return [
        (f"{sign}{order}", f"{page.say(ORDER_WORDS[order])} {arrow}")
        for order in sites.SiteOrder
        for sign, arrow in (("", "↑"), ("-", "↓"))
    ]


@router.get("/sites/{site_id}", response_class=HTMLResponse, include_in_schema=False)
def show_site(
    page: PageDep, site_id: Id, inspection: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None
) -> HTMLResponse:
    """One site: map, facts, the form for its next status, land cover, history.

    `inspection` is one of the site's that is to be edited.
    """
    with page.store.read() as conn:
        site = sites.get(conn, site_id)
        rows = history.rows(conn, site_id=site_id)
        names = {code: page.name(unit) for code, unit in cities.all(conn).items()}
        waiting = reviews_of(page, conn, proposals.find(conn, state="open", site_id=site_id), names)
        chain = history.verify_site(conn, site_id)
        work = site_work(page, conn, site, inspection)
    found = site_recoveries(page.store, site_id)
    return page.render(
        "site.html",
        active="sites",
        site=site,
        others=other_fields(page, {**site.attributes, **site.extra}),
        facts=site_facts(page, site, names, facts_waiting([review.item for review in waiting])),
        etag=etag(site.version),
        moves=moves_of(site, rows),
        proposals=waiting,
        evidence=evidence_lines(page, told_evidence(page.store, site_id)),
        items=recovery_items(page, found),
        spectral=spectral_lines(page, site_spectral(page.store, site_id)),
        ranges=site_range_lines(page, found),
        ground=ground_view(page, site_id),
        history=history_lines(page, rows, names),
        map_url=f"/maps/sites/{site_id}?{query_of(lang=page.lang)}",
        map_title=page.say("map_site" if found else "map_outline"),
        chain=chain,
        **work,
    )


def facts_waiting(waiting: Iterable[ProposalItem]) -> frozenset[str]:
    """The rows of the table of facts that open proposals would change."""
    facts = {fact for item in waiting for fact in item.change.facts}
    if any(item.change.geometry_changes for item in waiting):
        facts.add(Fact.GEOMETRY.value)
    return frozenset(row for fact, row in ROW_OF_FACT.items() if fact.value in facts)


def site_facts(
    page: Page, site: Site, names: Mapping[str, str], waiting: frozenset[str] = frozenset()
) -> list[tuple[str, str, bool]]:
    """The facts of a site in words, and whether a change waits; what is not known is an en dash."""
    units = [names[code] for code in _lineage(site.adcode, names)]
    period = "–".join(day.isoformat() if day else "…" for day in (site.treatment_start, site.treatment_end))
    known = site.treatment_start or site.treatment_end
    pairs: list[tuple[str, object]] = [
        ("kind", page.word("kinds", site.kind)),
        ("responsible", page.word("responsible", site.responsible)),
        ("county", " · ".join(units) or site.adcode),
        ("area_ha", f"{site.area_ha:,.2f}"),
        ("damaged_ha", None if site.damaged_ha is None else f"{site.damaged_ha:,.2f}"),
        ("restored_ha", None if site.restored_ha is None else f"{site.restored_ha:,.2f}"),
        ("target_use", page.word("targets", site.target_use)),
        ("approach", page.word("approaches", site.approach)),
        ("damage_year", site.damage_year),
        ("treatment", period if known else None),
        ("settlement", page.word("settlements", site.settlement)),
        ("ponding", page.word("pondings", site.ponding)),
        ("entered_on", site.entered_on),
        ("source_crs", site.source_crs),
        ("version", site.version),
    ]
    return [
        (page.say(slug), "–" if value is None or value == "" else str(value), slug in waiting)
        for slug, value in pairs
    ]


def _lineage(adcode: str | None, names: Iterable[str]) -> list[str]:
    """The codes of the site's county and prefecture as far as they are known, the county last."""
    if adcode is None:
        return []
    known = set(names)
    return [code for code in dict.fromkeys((f"{adcode[:4]}00", adcode)) if code in known]
