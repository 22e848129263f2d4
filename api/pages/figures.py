"""The figures that pages share: headline cards, the trend, the choices of the filter form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from api.pages.uncertainty import IntervalLine, interval_lines, range_note
from api.pages.view import Page, hectares, percent, query_of
from geo.figures import rate_of, rate_series, rates_of
from geo.rates import Alternative, Basis, CityRate, GroupBy, ObservedRate, RateDefinition, RateQuery
from geo.reference import reference_rows
from geo.store import recoveries

TREND_YEARS: Final = 13
NOTABLE_SHARE: Final = 0.001
"""Overlap and border areas above this share of the total are said on the page."""
AREA_ONLY: Final = frozenset({RateDefinition.RESTORATION, RateDefinition.OBSERVED})
HEADLINES: Final = (
    RateDefinition.TREATMENT,
    RateDefinition.ACCEPTANCE,
    RateDefinition.RESTORATION,
    RateDefinition.OBSERVED,
)


@dataclass(frozen=True, slots=True)
class Card:
    """One headline figure: the rate, what it is of, its change since `before`, what must be said with it."""

    rate: CityRate
    defined: str
    amount: str
    change: float | None
    before: date
    json_url: str
    alternatives: tuple[Alternative, ...]
    notes: tuple[str, ...]
    intervals: tuple[IntervalLine, ...] = ()


def one_rate(page: Page, query: RateQuery, adcode: str | None) -> CityRate:
    """The rate of all sites, or of those under one unit."""
    if adcode is not None:
        return rate_of(page.store, adcode, query, page.today)
    return rates_of(page.store, query, GroupBy.ALL, today=page.today)[0]


def cards(page: Page, query: RateQuery, *, adcode: str | None = None) -> list[Card]:
    """The four headline figures, the one asked for first; those of hectares alone stay by area."""
    order = sorted(HEADLINES, key=lambda definition: definition is not query.definition)
    rates = [one_rate(page, _by_area_at_need(replace(query, definition=one)), adcode) for one in order]
    before = year_before(rates[0].as_of)
    earlier = one_rate(page, replace(query, as_of=before), adcode)
    made = [_card(page, rate, earlier, json_url=_json_of(query, rate, adcode)) for rate in rates]
    others = _other_editions(page, query, adcode)
    return [
        replace(card, notes=others + card.notes) if card.rate.definition is RateDefinition.OBSERVED else card
        for card in made
    ]


def _other_editions(page: Page, query: RateQuery, adcode: str | None) -> tuple[str, ...]:
    """The same sites as other products and editions see them: what disagrees stands side by side."""
    asked = replace(query, definition=RateDefinition.OBSERVED, basis=Basis.AREA)
    shown = one_rate(page, asked, adcode).observed
    with page.store.read() as conn:
        known = {(product, edition) for product, edition, *_ in recoveries.pairs(conn)}
    said = []
    for product, edition in sorted(known - {(shown.product or "", shown.edition or "")}):
        other = replace(asked, product=product, edition=edition, from_year=None, to_year=None)
        observed = one_rate(page, other, adcode).observed
        if observed.rate is not None:
            years = _observed_years(page, observed)
            said.append(page.say("observed_other", scenes=years, rate=percent(observed.rate)))
    return (*range_note(page, asked, shown, adcode), *said)


def _json_of(query: RateQuery, rate: CityRate, adcode: str | None) -> str:
    asked = rate_parameters(replace(query, definition=rate.definition, basis=rate.basis))
    if adcode is not None:
        return f"/api/cities/{adcode}/rate?{query_of(**asked)}"
    return f"/api/rates?{query_of(group_by=GroupBy.ALL, **asked)}"


def _by_area_at_need(query: RateQuery) -> RateQuery:
    return replace(query, basis=Basis.AREA) if query.definition in AREA_ONLY else query


def _card(page: Page, rate: CityRate, earlier: CityRate, *, json_url: str) -> Card:
    then = value_of(earlier, rate.definition, rate.basis)
    comparable = rate.definition is not RateDefinition.OBSERVED and rate.rate is not None and then is not None
    return Card(
        rate=rate,
        defined=defined(page, rate.definition),
        amount=amount(page, rate),
        change=(rate.rate or 0.0) - (then or 0.0) if comparable else None,
        before=earlier.as_of,
        json_url=json_url,
        alternatives=tuple(
            other
            for other in rate.alternatives
            if other.definition is rate.definition and other.basis != rate.basis and other.rate is not None
        ),
        notes=notes(page, rate),
        intervals=interval_lines(page, rate.observed) if rate.definition is RateDefinition.OBSERVED else (),
    )


def value_of(rate: CityRate, definition: RateDefinition, basis: Basis) -> float | None:
    """The same sites' rate by another definition, from the alternatives that stand beside `rate`."""
    if (rate.definition, rate.basis) == (definition, basis):
        return rate.rate
    found = (one.rate for one in rate.alternatives if (one.definition, one.basis) == (definition, basis))
    return next(found, None)


def year_before(day: date) -> date:
    """The same day a year before; 28 February for a leap day; nothing lies before the year 1.

    >>> year_before(date(2024, 2, 29))
    datetime.date(2023, 2, 28)
    """
    return day.replace(year=max(day.year - 1, 1), day=min(day.day, 28) if day.month == 2 else day.day)


def defined(page: Page, definition: RateDefinition) -> str:
    """The definition of a rate in words, as its table has it."""
    row = next(row for row in reference_rows("rates") if row["slug"] == definition)
    return page.say(
        "defined", numerator=row[f"numerator_{page.lang}"], denominator=row[f"denominator_{page.lang}"]
    )


def amount(page: Page, rate: CityRate) -> str:
    """What the rate is of, with its unit; '' where there is no denominator."""
    if rate.basis is Basis.COUNT:
        known = rate.numerator_count is not None and rate.denominator_count is not None
        return (
            page.say("of_count", numerator=rate.numerator_count, denominator=rate.denominator_count)
            if known
            else ""
        )
    if rate.numerator_ha is None or not rate.denominator_ha:
        return ""
    return page.say("of_ha", numerator=hectares(rate.numerator_ha), denominator=hectares(rate.denominator_ha))


def notes(page: Page, rate: CityRate) -> tuple[str, ...]:
    """What must be said beside a figure: what is missing, proposed, counted twice or outside its unit."""
    if rate.definition is RateDefinition.OBSERVED:
        return _observed_notes(page, rate)
    said = []
    if rate.n_missing:
        said.append(page.say("missing", count=rate.n_missing, ha=hectares(rate.missing_ha)))
    if rate.definition is RateDefinition.TREATMENT:
        if rate.n_proposed:
            said.append(page.say("proposed", count=rate.n_proposed))
        total = sum(share.area_ha for share in rate.by_status)
        for slug, area in (("overlap", rate.overlap_ha), ("border", rate.border_ha)):
            if total and area / total > NOTABLE_SHARE:
                said.append(page.say(slug, ha=hectares(area), share=percent(area / total)))
    return tuple(said)


def _observed_notes(page: Page, rate: CityRate) -> tuple[str, ...]:
    observed = rate.observed
    if observed.product is None:
        return ()
    years = _observed_years(page, observed)
    sites = page.say("observed_sites", count=observed.n_sites, valid=percent(observed.valid_share))
    due = (page.say("run_due", count=observed.n_outdated),) if observed.n_outdated else ()
    return (years, sites, *due)


def _observed_years(page: Page, observed: ObservedRate) -> str:
    return page.say(
        "observed_years",
        product=page.word("products", observed.product),
        edition=observed.edition,
        from_year=observed.from_year or "…",
        to_year=observed.to_year or "…",
    )


def trend(page: Page, query: RateQuery, *, adcode: str | None = None) -> dict[str, object]:
    """The rates by year for the chart and its table, the observed one where known: `years`, `lines`."""
    last = (query.as_of or page.today).year
    first = max(last - TREND_YEARS + 1, 1)
    series = rate_series(page.store, adcode, query, first, last, page.today)
    definitions = [definition for definition in HEADLINES if definition is not RateDefinition.OBSERVED]
    definitions.sort(key=lambda definition: definition is not query.definition)
    lines = []
    for definition in definitions:
        basis = Basis.AREA if definition in AREA_ONLY else query.basis
        values = [value_of(rate, definition, basis) for rate in series]
        lines.append({"name": page.word("rates", definition), "values": values})
    years = list(range(first, last + 1))
    seen = [_seen_in(rate.observed, year) for rate, year in zip(series, years, strict=True)]
    if any(value is not None for value in seen):
        lines.append({"name": page.word("rates", RateDefinition.OBSERVED), "values": seen})
    return {"years": years, "lines": lines}


def _seen_in(observed: ObservedRate, year: int) -> float | None:
    """The observed rate where land cover of that very year is known; an older one looks like a standstill."""
    return observed.rate if observed.to_year == year else None


def choices(page: Page) -> dict[str, list[tuple[str, str]]]:
    """The options of the filter form, value and label."""
    responsibles = [(slug, page.word("responsible", slug)) for slug in ("legacy", "liable")]
    return {
        "definitions": [(row["slug"], row[page.lang]) for row in reference_rows("rates")],
        "bases": [(basis.value, page.word("bases", basis)) for basis in Basis],
        "responsibles": [*responsibles, ("all", page.say("responsible_all"))],
        "kinds": [
            ("", page.say("kind_all")),
            *((row["slug"], row[page.lang]) for row in reference_rows("kinds")),
        ],
    }


def rate_parameters(query: RateQuery) -> dict[str, object]:
    """The query's parameters that differ from the defaults, as the addresses of the API take them."""
    plain = RateQuery()
    names = ("definition", "basis", "as_of", "known_at", "responsible", "kind", "product", "edition")
    given = {name: getattr(query, name) for name in names if getattr(query, name) != getattr(plain, name)}
    return {**given, "from": query.from_year, "to": query.to_year}


def caption(page: Page, query: RateQuery) -> str:
    """Which rate a table shows, in words."""
    whose = (
        page.say("responsible_all")
        if query.responsible == "all"
        else page.word("responsible", query.responsible)
    )
    return page.say(
        "rates_caption",
        definition=page.word("rates", query.definition),
        basis=page.word("bases", query.basis),
        responsible=whose,
    )


def restoration_of(rate: CityRate) -> float | None:
    """The restoration rate of a group."""
    return value_of(rate, RateDefinition.RESTORATION, Basis.AREA)
