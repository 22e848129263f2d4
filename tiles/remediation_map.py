"""The remediation map: units by treatment rate, sites by status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from geo import clock
from geo.cities import City, Level
from geo.figures import rates_of
from geo.history import SiteState
from geo.ledger import states
from geo.rates import CityRate, GroupBy, RateQuery
from geo.sites import Site
from geo.status import Status
from geo.store import Connection, Store, cities, history
from geo.words import Lang, label
from tiles import marks
from tiles.folium_map import map_html
from tiles.legend import rate_legend, status_legend
from tiles.links import SERVED, AssetLinks
from tiles.map_model import Figure, MapPage, Mark
from tiles.marks import percent, say
from tiles.outlines import Bounds, padded
from tiles.shown_sites import PADDING, WORLD, ShownSites, basemap_notes, site_page, site_spans, sites_under


def remediation_html(
    store: Store,
    *,
    city: str | None = None,
    as_of: date | None = None,
    lang: Lang = "zh",
    today: date | None = None,
    links: AssetLinks = SERVED,
    basemap_url: str = "",
) -> str:
    """The remediation map: units by treatment rate, sites by status, as of a day (default today).

    `city` is the code of any unit. Raises `UnknownCity`.
    """
    now = today or clock.today()
    day = as_of or now
    query, total = _total(store, day, city, now)
    by_city = {rate.key: rate for rate in rates_of(store, query, GroupBy.CITY, adcode=city, today=now)}
    with store.read() as conn:
        shown = sites_under(conn, city, lang)
        past = None if day >= now else states(list(history.rows(conn)), as_of=day, known_at=clock.now_utc())
        here = tuple(site for site in shown.found if past is None or site.site_id in past)
        bounds = padded(shown.bounds or WORLD, PADDING)
        units = _unit_layer(conn, by_city, here, shown.units, bounds, city, lang)
    drawn = _status_marks(here, past, shown, bounds, lang, links)
    return map_html(
        MapPage(
            lang=lang,
            title=say("remediation_title", lang),
            subtitle=shown.scope(city, lang),
            bounds=bounds,
            banner=shown.banner,
            empty="" if here else say("no_sites_yet", lang),
            figures=(_headline(total, day, lang),),
            legends=(
                status_legend(_status_counts(here, past), lang, note=_proposal_note(shown, here, lang)),
                *([rate_legend(lang)] if units else []),
            ),
            notes=(
                say("on_the_map", lang, count=f"{len(here):,}"),
                *marks.points_notes(drawn, lang),
                *_overlap_note(total, lang),
                *shown.notes(lang),
                *basemap_notes(basemap_url, lang),
            ),
            attribution=shown.attribution(lang),
            units=tuple(units),
            sites=drawn,
            sites_are_points=marks.are_points(drawn),
            basemap_url=basemap_url,
        ),
        links=links,
    )


def _total(store: Store, day: date, city: str | None, today: date) -> tuple[RateQuery, CityRate]:
    """The rate of all sites: of the legacy ones, or of all where none of them is known to be legacy."""
    query = RateQuery(as_of=day)
    total = rates_of(store, query, GroupBy.ALL, adcode=city, today=today)[0]
    if total.n_sites == 0:
        query = RateQuery(as_of=day, responsible="all")
        total = rates_of(store, query, GroupBy.ALL, adcode=city, today=today)[0]
    return query, total


def _headline(total: CityRate, day: date, lang: Lang) -> Figure:
    counted = "legacy_counted" if total.responsible == "legacy" else "all_counted"
    detail = f"{say(counted, lang, count=f'{total.n_sites:,}')} · {say('as_of', lang, date=day.isoformat())}"
    if total.rate is None:
        detail = f"{say('rate_none', lang, reason=label('reasons', total.reason, lang))} · {detail}"
    else:
        part, whole = f"{total.numerator_ha or 0:,.1f}", f"{total.denominator_ha or 0:,.1f}"
        detail = f"{say('of_ha', lang, part=part, whole=whole)} · {detail}"
    value = "–" if total.rate is None else percent(total.rate, lang)
    definition = "rate_definition" if total.responsible == "legacy" else "rate_definition_all"
    return Figure(value, say("rate_headline", lang), detail, say(definition, lang))


def _overlap_note(total: CityRate, lang: Lang) -> tuple[str, ...]:
    return (say("overlap_note", lang, value=f"{total.overlap_ha:,.2f}"),) if total.overlap_ha > 0 else ()


def _proposal_note(shown: ShownSites, here: Sequence[Site], lang: Lang) -> str:
    return say("proposed", lang) if any(site.site_id in shown.proposed for site in here) else ""


def _status_of(site: Site, past: Mapping[int, SiteState] | None) -> Status:
    return site.status if past is None else past[site.site_id].status


def _status_counts(here: Sequence[Site], past: Mapping[int, SiteState] | None) -> Counter[Status]:
    return Counter(_status_of(site, past) for site in here)


def _status_marks(
    here: Sequence[Site],
    past: Mapping[int, SiteState] | None,
    shown: ShownSites,
    bounds: Bounds,
    lang: Lang,
    links: AssetLinks,
) -> tuple[Mark, ...]:
    made = []
    for site, geometry in zip(here, marks.site_geometries(here, bounds), strict=True):
        proposed = site.site_id in shown.proposed
        status = _status_of(site, past)
        state = None if past is None else past[site.site_id]
        made.append(
            Mark(
                str(site.site_id),
                geometry,
                marks.status_style(status, proposed),
                marks.site_title(site, proposed),
                marks.site_rows(site, state, shown.units, lang, proposed=proposed),
                group=status,
                href=site_page(site, links),
            )
        )
    return marks.settled(made)


def _unit_layer(
    conn: Connection,
    rates: Mapping[str, CityRate],
    here: Sequence[Site],
    units: Mapping[str, City],
    bounds: Bounds,
    city: str | None,
    lang: Lang,
) -> list[Mark]:
    """The choropleth of the units that have a rate, amid the prefectures around them."""
    if not units or not here:
        return []
    spans = site_spans(here, units)
    wanted = {code for code, rate in rates.items() if rate.n_sites} | ({city} if city else set())
    rated = cities.outlines(conn, adcodes=wanted)
    around = cities.outlines(conn, level=Level.PREFECTURE)
    return marks.unit_marks(rated, around, rates, spans, bounds, lang)
