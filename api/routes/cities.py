"""Administrative units and their rates."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request

from api import deps
from api.auth.rights import require
from api.paging import next_url, page_of
from api.schemas.cities import CityDetail, CityItem, CityList
from api.schemas.rates import CityRate, RateSeries
from api.strict_json import StrictRoute
from geo import figures
from geo.accounts.rights import Action
from geo.cities import CityIndex, CityType, Level
from geo.store import cities, sites

router = APIRouter(
    prefix="/api/cities", tags=["cities"], route_class=StrictRoute, dependencies=[require(Action.READ)]
)

AsOf = Annotated[date | None, Query(description="The day on which `city_type` holds; today by default.")]
AfterCode = Annotated[str | None, Query(max_length=32, description="Only units after this code.")]


@router.get("")
def list_cities(
    request: Request,
    store: deps.StoreDep,
    today: deps.TodayDep,
    city_type: Annotated[CityType | None, Query(description="Only units of this type themselves.")] = None,
    level: Annotated[Level | None, Query(description="Only units of this level.")] = None,
    parent: deps.Unit = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of a code or name.")] = None,
    as_of: AsOf = None,
    limit: deps.Limit = 1000,
    after: AfterCode = None,
) -> CityList:
    """The units in the order of their codes, with their type and their memberships in the list."""
    day, needle = as_of or today, (q or "").casefold()
    with store.read() as conn:
        known, listings = cities.all(conn), cities.listings(conn)
    own = {
        code: [listing for listing in listings if listing.adcode == code]
        for code in {x.adcode for x in listings}
    }
    found = [
        item
        for code, city in sorted(known.items())
        if (after is None or code > after)
        and (level is None or city.level is level)
        and (parent is None or city.parent == parent)
        and needle in f"{code} {city.name_zh} {city.name_en}".casefold()
        and (item := CityItem.of(city, own.get(code, ()), as_of=day)).city_type
        is (city_type or item.city_type)
    ]
    page, last = page_of(found, limit)
    return CityList(items=page, next=next_url(request, None if last is None else last.adcode))


@router.get("/{adcode}")
def get_city(
    adcode: deps.Adcode, store: deps.StoreDep, today: deps.TodayDep, as_of: AsOf = None
) -> CityDetail:
    """One unit, its memberships, and the units above and below it."""
    with store.read() as conn:
        city, index = cities.get(conn, adcode), CityIndex(cities.all(conn))
        item = CityItem.of(city, cities.listings(conn), as_of=as_of or today)
        n_sites = sites.count(conn, sites.SiteFilter(adcodes=frozenset({adcode})))
    return CityDetail(
        **item.model_dump(),
        lineage=list(index.lineage(adcode)[1:]),
        children=list(index.children(adcode)),
        n_sites=n_sites,
        bbox=None if city.outline is None else list(city.outline.bounds),
    )


@router.get("/{adcode}/rate")
def get_rate(
    adcode: deps.Adcode, store: deps.StoreDep, query: deps.RateQueryDep, today: deps.TodayDep
) -> CityRate:
    """One rate of all sites under a unit; null with its reason where there is no denominator."""
    return CityRate.of(figures.rate_of(store, adcode, query, today))


@router.get("/{adcode}/rate/series")
def get_rate_series(
    adcode: deps.Adcode, store: deps.StoreDep, query: deps.SeriesQueryDep, today: deps.TodayDep
) -> RateSeries:
    """One rate a year, as of 31 December, as of today for the current year.

    `from` and `to` are the first and the last year of the series; the years of the land cover are chosen by
    each day.
    """
    rates = figures.rate_series(store, adcode, query.rate, query.first, query.last, today)
    return RateSeries(items=[CityRate.of(rate) for rate in rates], next=None)
