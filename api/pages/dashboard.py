"""The dashboard: headline rates, the rates of all cities, the trend, the map, the worklist, the scenes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.auth.rights import require
from api.deps import RateQueryDep, Unit
from api.pages import figures
from api.pages.population import population
from api.pages.samples import sample_lines
from api.pages.tables import RateLine, doubts, rate_lines
from api.pages.todo import todo_view, unit_choices, unit_shown
from api.pages.uncertainty import short_interval
from api.pages.view import Exports, Page, PageDep, PageRoute, query_of
from geo.accounts.rights import Action
from geo.cities import City
from geo.figures import rates_of, worklist
from geo.rates import Basis, GroupBy, RateQuery
from geo.scenes import Scene
from geo.store import cities, scenes

router = APIRouter(route_class=PageRoute, dependencies=[require(Action.READ)])

WORKLIST_ROWS: Final = 8


@dataclass(frozen=True, slots=True)
class EditionSpan:
    """The registered scenes of one edition of a product."""

    product: str
    edition: str
    first: int
    last: int
    count: int
    current: bool


@dataclass(frozen=True, slots=True)
class RatesShown:
    """The table of rates, by what it is grouped, and how many sites lie in none of its groups."""

    lines: tuple[RateLine, ...]
    by: GroupBy
    files: Exports
    unplaced: int


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
def dashboard(page: PageDep, query: RateQueryDep, city: Unit = None) -> HTMLResponse:
    """The dashboard: of one's own unit unless another or `all` is asked for; the table of rates of all.

    Raises `UnknownCity`.
    """
    chosen = unit_shown(page, city)
    counted = population(page, query, adcode=chosen)
    query = counted.query
    found = figures.cards(page, query, adcode=chosen)
    with page.store.read() as conn:
        registered = scenes.find(conn)
        products = {scene.product for scene in registered}
        spans = edition_spans(registered, {slug: scenes.current_edition(conn, slug) for slug in products})
        units = cities.all(conn)
    first = found[0].rate
    every = first if chosen is None else figures.one_rate(page, query, None)
    shown = rates_shown(page, query, units, every.n_sites)
    return page.render(
        "dashboard.html",
        active="dashboard",
        population=counted,
        query=query,
        todo=todo_view(page, units),
        chosen=chosen,
        unit_choices=unit_choices(page, units, chosen),
        choices=figures.choices(page),
        empty=counted.n_sites == 0,
        cards=found,
        caption=figures.caption(page, query),
        by_area=query.basis is Basis.AREA,
        rates=shown.lines,
        rates_by=shown.by.value,
        rates_files=shown.files,
        unplaced=shown.unplaced,
        restoration_of=figures.restoration_of,
        short_interval=short_interval,
        permalink=page.url("/", lang=None),
        map_url=f"/maps/remediation?{query_of(city=chosen, as_of=query.as_of, lang=page.lang)}",
        recovery_url=f"/maps/recovery?{query_of(city=chosen, lang=page.lang)}",
        series=figures.trend(page, query, adcode=chosen),
        doubts=doubts(page, worklist(page.store, adcode=chosen, limit=WORKLIST_ROWS)),
        worklist_url=f"/worklist?{query_of(city=chosen)}" if chosen else "/worklist",
        city_names={code: page.name(unit) for code, unit in units.items()},
        scenes=spans,
        samples=sample_lines(page),
        as_of=first.as_of,
        known_at=first.known_at,
        seq=first.seq,
        head=first.head,
    )


def rates_shown(page: Page, query: RateQuery, units: Mapping[str, City], total: int) -> RatesShown:
    """The table of rates: by city, or by kind where no site lies in a city; with how many lie in none."""
    by, lines = GroupBy.CITY, rate_lines(rates_of(page.store, query, GroupBy.CITY, today=page.today), units)
    placed = sum(line.rate.n_sites for line in lines if line.inside is None)
    if not lines:
        by = GroupBy.KIND
        groups = (GroupBy.KIND, GroupBy.ALL)
        rates = [rate for group in groups for rate in rates_of(page.store, query, group, today=page.today)]
        lines = [line for rate in rates for line in rate_lines([rate], units)]
    files = page.exports("rates", group_by=by, **figures.rate_parameters(query))
    return RatesShown(tuple(lines), by, files, total - placed)


def edition_spans(registered: Iterable[Scene], current: Mapping[str, str | None]) -> list[EditionSpan]:
    """The scenes, in the order of product and edition, as one line an edition."""
    spans = []
    for (product, edition), group in groupby(registered, key=lambda scene: (scene.product, scene.edition)):
        years = [scene.year for scene in group]
        is_current = current.get(product) == edition
        spans.append(EditionSpan(product, edition, min(years), max(years), len(years), is_current))
    return spans
