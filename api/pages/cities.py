"""The pages of cities: those that hold sites, and one unit with its rates and what lies below it."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.auth.rights import require
from api.deps import Adcode, RateQueryDep
from api.pages import figures
from api.pages.population import population
from api.pages.tables import doubts, rate_lines
from api.pages.uncertainty import short_interval
from api.pages.view import Page, PageDep, PageRoute, query_of
from geo.accounts.rights import Action
from geo.cities import CityIndex, Listing
from geo.figures import rate_of, rates_of, worklist
from geo.rates import Basis, GroupBy
from geo.store import cities, scenes

router = APIRouter(route_class=PageRoute, dependencies=[require(Action.READ)])


@router.get("/cities", response_class=HTMLResponse, include_in_schema=False)
def list_cities(page: PageDep, query: RateQueryDep) -> HTMLResponse:
    """The provinces, cities and city types that hold sites, each with its rate."""
    counted = population(page, query)
    query = counted.query
    with page.store.read() as conn:
        units = cities.all(conn)
    groups = {
        group.value: rate_lines(rates_of(page.store, query, group, today=page.today), units)
        for group in (GroupBy.CITY, GroupBy.PROVINCE, GroupBy.CITY_TYPE, GroupBy.KIND)
    }
    asked = figures.rate_parameters(query)
    return page.render(
        "cities.html",
        active="cities",
        population=counted,
        city_names={code: page.name(unit) for code, unit in units.items()},
        query=query,
        choices=figures.choices(page),
        caption=figures.caption(page, query),
        groups=groups,
        by_area=query.basis is Basis.AREA,
        restoration_of=figures.restoration_of,
        short_interval=short_interval,
        files_of=lambda group: page.exports("rates", group_by=group, **asked),
        permalink=page.url("/cities", lang=None),
    )


@router.get("/cities/{adcode}", response_class=HTMLResponse, include_in_schema=False)
def show_city(page: PageDep, adcode: Adcode, query: RateQueryDep) -> HTMLResponse:
    """One unit: its place, its list membership, its rates and those of the units below it."""
    with page.store.read() as conn:
        unit = cities.get(conn, adcode)
        units = cities.all(conn)
        listed = [listing for listing in cities.listings(conn) if listing.adcode == adcode]
        has_scenes = bool(scenes.find(conn))
    index = CityIndex(units)
    counted = population(page, query, adcode=adcode)
    query = counted.query
    found = figures.cards(page, query, adcode=adcode)
    below = [rate_of(page.store, code, query, page.today) for code in index.children(adcode)]
    asked = figures.rate_parameters(query)
    return page.render(
        "city.html",
        active="cities",
        population=counted,
        unit=unit,
        above=[units[code] for code in index.lineage(adcode)[1:]],
        listed=[listing_words(page, listing, query.as_of or page.today) for listing in listed],
        query=query,
        choices=figures.choices(page),
        cards=found,
        by_status=found[0].rate.by_status,
        below=rate_lines(below, units),
        by_area=query.basis is Basis.AREA,
        restoration_of=figures.restoration_of,
        short_interval=short_interval,
        series=figures.trend(page, query, adcode=adcode),
        series_files=page.exports("series", city=adcode, **asked),
        doubts=doubts(page, worklist(page.store, adcode=adcode, limit=20)),
        city_names={code: page.name(other) for code, other in units.items()},
        as_of=found[0].rate.as_of,
        known_at=found[0].rate.known_at,
        seq=found[0].rate.seq,
        head=found[0].rate.head,
        permalink=page.url(f"/cities/{adcode}", lang=None),
        map_url=f"/maps/remediation?{query_of(city=adcode, as_of=query.as_of, lang=page.lang)}",
        recovery_url=f"/maps/recovery?{query_of(city=adcode, lang=page.lang)}" if has_scenes else None,
    )


def listing_words(page: Page, listing: Listing, day: date) -> str:
    """A list membership in words, with how well it is known; a past one says until when it held."""
    said = page.say(
        "listing_since", type=page.word("city_types", listing.city_type), entered=listing.entered_on
    )
    if not listing.holds_on(day) and listing.left_on is not None:
        said += f" – {listing.left_on}"
    return f"{said} ({page.say(f'standing_{listing.standing}')})"
