"""How a site sinks, where it stands under water and what its new cover takes up, in words and charts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from api.pages.view import NULL, Page, hectares, percent
from geo.areas import ha_from_units
from geo.carbon.factors import CarbonFactor
from geo.carbon.items import ASSUMPTIONS
from geo.carbon.totals import site_carbons
from geo.carbon.uptake import KG_PER_T, KgRange, SiteCarbon
from geo.landcover import products
from geo.sites import Kind, Settlement
from geo.subsidence.displacement import DAYS_PER_YEAR
from geo.subsidence.items import PondingSeries, site_subsidence
from geo.subsidence.site import Subsidence, settlement_disagreement, subsidence_reasons
from tiles.charts import Axes, Bar, Line, bar_chart, line_chart

WATER: Final = "#4575b4"
SEASONAL: Final = "#abd9e9"
ANNUAL: Final = "#5f8fc4"


@dataclass(frozen=True, slots=True)
class Figure:
    """One result: title, facts, chart ('' for none) with its rows, and what must be said beside it."""

    title: str
    facts: tuple[tuple[str, str], ...]
    chart: Markup
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    disagreement: str | None = None


@dataclass(frozen=True, slots=True)
class GroundView:
    """Displacement, water and carbon of a site; `reasons` go beside its verdicts."""

    displacements: tuple[Figure, ...]
    pondings: tuple[Figure, ...]
    carbon: tuple[Figure, ...]
    reasons: tuple[str, ...]


def ground_view(page: Page, site_id: int) -> GroundView:
    """The sections of one site, empty where nothing is known. Raises `UnknownSite`.

    On a site of another kind than subsidence only what the radar saw and what was ever wet is shown.
    """
    found = site_subsidence(page.store, site_id)
    sinks = found.site.kind is Kind.SUBSIDENCE
    return GroundView(
        tuple(
            _displacement(page, one, found.site.settlement)
            for one in found.displacements
            if sinks or one.valid_units
        ),
        tuple(_ponding(page, one) for one in found.pondings if sinks or _was_wet(one)),
        tuple(_carbon(page, one) for one in site_carbons(page.store, site_id)),
        tuple(_reason(page, one) for one in found.displacements),
    )


def _reason(page: Page, one: Subsidence) -> str:
    """What displacement says, with its product, for a place beside a verdict of land cover."""
    words = [page.word("reasons", slug) for slug in subsidence_reasons(one)]
    return f"{page.word('products', one.product)} · {one.edition} · {one.period_end.year}: {'; '.join(words)}"


def _displacement(page: Page, one: Subsidence, recorded: Settlement | None) -> Figure:
    wrong = settlement_disagreement(recorded, one.settlement)
    told = (page.word("settlements", one.settlement), page.word("reasons", one.reason))
    settled = "; ".join(word for word in told if word)
    facts = (
        (page.say("ground_mean"), _mm(one.mean)),
        (page.say("ground_p95"), _mm(one.p95)),
        (page.say("ground_p95_abs"), _mm(one.p95_abs, sign="")),
        (page.say("ground_sigma"), _mm(one.sigma, sign="")),
        (page.say("ground_moving", threshold=f"{one.threshold:g}"), percent(one.moving_share)),
        (page.say("valid_share"), percent(one.valid_share)),
        (page.say("ground_settlement", epochs=one.last_epochs, since=one.last_from), settled),
    )
    return Figure(
        title=page.say(
            "ground_title",
            product=page.word("products", one.product),
            edition=one.edition,
            first=one.period_start,
            last=one.period_end,
        ),
        facts=facts,
        chart=Markup(_displacement_chart(page, one)),  # noqa: S704 - every word in it passed `safe_text`
        columns=(page.say("ground_epoch"), page.say("ground_mm"), page.say("ground_valid_ha")),
        rows=tuple(
            (
                epoch.on.isoformat(),
                NULL if epoch.mean_mm is None else f"{epoch.mean_mm:.2f}",
                hectares(ha_from_units(epoch.valid_units), 2),
            )
            for epoch in one.epochs
        ),
        notes=(page.say("ground_direction"), *_outdated(page, outdated=one.outdated)),
        disagreement=None if one.outdated or wrong is None else page.word("reasons", wrong),
    )


def _displacement_chart(page: Page, one: Subsidence) -> str:
    """The mean displacement by epoch, in years since the zero epoch; '' for a rate raster."""
    years = {epoch: (epoch.on - one.period_start).days / DAYS_PER_YEAR for epoch in one.epochs}
    line = Line(page.say("ground_mm"), {years[epoch]: epoch.mean_mm for epoch in one.epochs})
    axes = Axes(
        x_title=page.say("ground_epoch"),
        y_title="mm",
        x_words={years[epoch]: epoch.on.isoformat() for epoch in one.epochs},
    )
    return line_chart(page.say("ground_chart"), [line], axes=axes)


def _ponding(page: Page, one: PondingSeries) -> Figure:
    """Water by year: perennial and seasonal where seasons are known, else that of the whole year."""
    latest = one.latest
    state = page.word("pondings", one.found) if one.found else page.word("reasons", one.reason)
    facts = (
        (page.say("water_latest", year=NULL if latest is None else latest.year), state),
        (page.say("water_ha"), NULL if latest is None else hectares(ha_from_units(latest.water_units), 2)),
        (page.say("valid_share"), percent(None if latest is None else latest.valid_share)),
    )
    bars = [
        Bar(page.word("pondings", "perennial"), _by_year(one, "perennial_units"), WATER),
        Bar(page.word("pondings", "seasonal"), _by_year(one, "seasonal_units"), SEASONAL),
        Bar(page.say("water_annual"), _annual_alone(one), ANNUAL),
    ]
    shown = [bar for bar in bars if bar.values]
    axes = Axes(x_title=page.say("year"), y_title=page.say("unit_ha"))
    names = ("year", "water_annual", "water_perennial", "water_seasonal", "valid_share")
    return Figure(
        title=f"{page.word('products', one.product)} · {one.edition}",
        facts=facts,
        chart=Markup(bar_chart(page.say("water_chart"), shown, axes=axes)),  # noqa: S704 - as above
        columns=tuple(page.say(name) for name in names),
        rows=tuple(
            (
                str(line.year),
                *(_ha(units) for units in (line.annual_units, line.perennial_units, line.seasonal_units)),
                percent(line.valid_share),
            )
            for line in one.years
        ),
        notes=_outdated(page, outdated=any(line.outdated for line in one.years)),
        disagreement=None if one.disagreement is None else page.word("reasons", one.disagreement),
    )


def _was_wet(one: PondingSeries) -> bool:
    return any(line.water_units for line in one.years)


def _by_year(one: PondingSeries, name: str) -> dict[float, float | None]:
    known = ((line.year, getattr(line, name)) for line in one.years)
    return {year: ha_from_units(units) for year, units in known if units is not None}


def _annual_alone(one: PondingSeries) -> dict[float, float | None]:
    """Water of years of which no seasons are known."""
    return {
        line.year: ha_from_units(line.annual_units)
        for line in one.years
        if line.annual_units is not None and line.perennial_units is None
    }


def _carbon(page: Page, one: SiteCarbon) -> Figure:
    """The uptake of the new cover as ranges, by class."""
    reason = "" if one.reason is None else page.word("reasons", one.reason)
    facts = (
        (page.say("carbon_cover"), hectares(ha_from_units(one.recovered_units), 2)),
        (page.say("carbon_a_year"), _tonnes(one.a_year) or reason),
        (page.say("carbon_so_far", year=one.from_year), _tonnes(one.so_far) or reason),
    )
    legend = products()[one.product].legend if one.product in products() else {}
    words = {code: row.zh if page.lang == "zh" else row.en for code, row in legend.items()}
    names = ("class_areas", "unit_ha", "carbon_factor", "carbon_a_year", "carbon_source")
    unverified = (page.say("carbon_unverified"),) if one.unverified_units else ()
    return Figure(
        title=page.say(
            "observed_years",
            product=page.word("products", one.product),
            edition=one.edition,
            from_year=one.from_year,
            to_year=one.year,
        ),
        facts=facts,
        chart=Markup(""),
        columns=tuple(page.say(name) for name in names),
        rows=tuple(
            (
                words.get(part.class_code or 0, str(part.class_code)),
                _ha(part.units),
                page.word("reasons", "no_factor") if part.factor is None else _factor(page, part.factor),
                _tonnes(part.a_year) or NULL,
                NULL if part.factor is None else part.factor.source,
            )
            for part in one.parts
        ),
        notes=(
            *unverified,
            *(page.word("reasons", slug) for slug in ASSUMPTIONS),
            *_outdated(page, outdated=one.outdated),
        ),
    )


def _factor(page: Page, factor: CarbonFactor) -> str:
    return f"{page.word('carbon_factors', factor.slug)} {float(factor.low):g}–{float(factor.high):g}"


def _outdated(page: Page, *, outdated: bool) -> tuple[str, ...]:
    return (page.word("reasons", "results_outdated"),) if outdated else ()


def _ha(units: int | None) -> str:
    return hectares(None if units is None else ha_from_units(units), 2)


def _mm(value: float | None, *, sign: str = "+") -> str:
    return NULL if value is None else f"{value:{sign}.1f}".replace("-", "\N{MINUS SIGN}")


def _tonnes(one: KgRange | None) -> str:
    """A range of tonnes, '' where there is none."""
    return "" if one is None else f"{one.low / KG_PER_T:,.1f}–{one.high / KG_PER_T:,.1f}"
