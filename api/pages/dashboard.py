"""The dashboard: headline rates, the rates of all cities, the trend, the map, the worklist, the scenes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.deps import RateQueryDep, Unit
from api.pages import figures
from api.pages.view import PageDep, PageRoute, query_of
from geo.figures import rates_of, worklist
from geo.rates import Basis, GroupBy
from geo.scenes import Scene
from geo.store import cities, scenes

router = APIRouter(route_class=PageRoute)

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


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
def dashboard(page: PageDep, query: RateQueryDep, city: Unit = None) -> HTMLResponse:
    """The dashboard: all sites, whichever city the map shows."""
    found = figures.cards(page, query)
    rates = [rate for rate in rates_of(page.store, query, GroupBy.CITY, today=page.today) if rate.n_sites]
    with page.store.read() as conn:
        registered = scenes.find(conn)
        products = {scene.product for scene in registered}
        spans = edition_spans(registered, {slug: scenes.current_edition(conn, slug) for slug in products})
        names = {code: page.name(unit) for code, unit in cities.all(conn).items()}
    asked, first = figures.rate_parameters(query), found[0].rate
    return page.render(
        "dashboard.html",
        active="dashboard",
        json_url=f"/api/rates?{query_of(group_by='all', **asked)}",
        query=query,
        choices=figures.choices(page),
        empty=first.n_sites == 0,
        cards=found,
        caption=figures.caption(page, query),
        by_area=query.basis is Basis.AREA,
        rates=rates,
        restoration_of=figures.restoration_of,
        rates_json=f"/api/rates?{query_of(group_by='city', **asked)}",
        permalink=page.url("/", lang=None),
        map_url=f"/maps/remediation?{query_of(city=city, as_of=query.as_of, lang=page.lang)}",
        recovery_url=f"/maps/recovery?{query_of(city=city, lang=page.lang)}",
        series=figures.trend(page, query),
        worklist=worklist(page.store, limit=WORKLIST_ROWS),
        city_names=names,
        scenes=spans,
        as_of=first.as_of,
        known_at=first.known_at,
        seq=first.seq,
        head=first.head,
    )


def edition_spans(registered: Iterable[Scene], current: Mapping[str, str | None]) -> list[EditionSpan]:
    """The scenes, in the order of product and edition, as one line an edition."""
    spans = []
    for (product, edition), group in groupby(registered, key=lambda scene: (scene.product, scene.edition)):
        years = [scene.year for scene in group]
        is_current = current.get(product) == edition
        spans.append(EditionSpan(product, edition, min(years), max(years), len(years), is_current))
    return spans
