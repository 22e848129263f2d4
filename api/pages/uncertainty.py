"""How sure an observed rate is, in words: its interval, and the range that other editions span."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.pages.view import Page, percent
from geo.agreement.edition_range import EditionRange, edition_range, site_ranges
from geo.rates import GroupBy, ObservedRate, RateQuery
from geo.readings import ledger_of
from geo.recovery import Recovery
from geo.samples.population import population_of


@dataclass(frozen=True, slots=True)
class IntervalLine:
    """An interval in words; `kind` is design, transferred (drawn dashed) or none."""

    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class RangeLines:
    """What several editions say of one site between two years: rows of words, and the range."""

    title: str
    rows: tuple[tuple[str, float, float, float | None], ...]
    words: str


def interval_lines(page: Page, observed: ObservedRate) -> tuple[IntervalLine, ...]:
    """The interval of a rate, or why there is none and what one elsewhere would say; () without a rate."""
    if observed.rate is None:
        return ()
    if observed.low is not None and observed.high is not None:
        return (_design(page, observed), *_remark(page, observed))
    slug = observed.interval_reason
    reason = page.say("no_interval") if slug in {None, "no_sample"} else page.word("reasons", slug)
    lines = [IntervalLine("none", reason)]
    hint = observed.indicative or {}
    if hint.get("interval_kind") == "transferred":
        lines.append(IntervalLine("transferred", _span(page, "interval_transferred", hint)))
    nearest = hint.get("nearest_group")
    if isinstance(nearest, Mapping) and nearest.get("low") is not None:
        lines.append(IntervalLine("none", _span(page, "interval_nearest", nearest)))
    return tuple(lines)


def _design(page: Page, observed: ObservedRate) -> IntervalLine:
    words = page.say(
        "interval_design",
        low=percent(observed.low),
        high=percent(observed.high),
        estimate=percent(observed.estimate),
        count=observed.n_checked,
    )
    return IntervalLine("design", words)


def _remark(page: Page, observed: ObservedRate) -> tuple[IntervalLine, ...]:
    """What must be known of an interval: that it is cut, or has no width."""
    if observed.interval_reason is None:
        return ()
    return (IntervalLine("none", page.word("reasons", observed.interval_reason)),)


def _span(page: Page, slug: str, hint: Mapping[str, object]) -> str:
    name = hint.get("name") if page.lang == "zh" else hint.get("name_en") or hint.get("name")
    low, high = _bounds(hint)
    return page.say(slug, name=name, low=percent(low), high=percent(high))


def short_interval(observed: ObservedRate) -> str:
    """The interval for a cell of a table: `low–high`, after ≈ where it is carried over; '' without one."""
    if observed.low is not None and observed.high is not None:
        return f"{percent(observed.low)}–{percent(observed.high)}"
    low, high = _bounds(observed.indicative or {})
    return "" if low is None else f"≈ {percent(low)}–{percent(high)}"


def _bounds(hint: Mapping[str, object]) -> tuple[float | None, float | None]:
    """Low and high of a hint, None where it has none."""
    low, high = (hint.get(bound) for bound in ("low", "high"))
    return (low, high) if isinstance(low, float) and isinstance(high, float) else (None, None)


def range_note(page: Page, query: RateQuery, observed: ObservedRate, adcode: str | None) -> tuple[str, ...]:
    """The range that the editions span over the same sites and years; () with one edition alone."""
    if observed.from_year is None or observed.to_year is None:
        return ()
    group = (GroupBy.ALL, "all") if adcode is None else (GroupBy.CITY, adcode)
    population = population_of(page.store, query, *group, today=page.today)
    with page.store.read() as conn:
        found = edition_range(
            conn,
            ledger_of(page.store, conn),
            population.sites.tolist(),
            from_year=observed.from_year,
            to_year=observed.to_year,
        )
    return () if found is None else (range_words(page, found),)


def range_words(page: Page, found: EditionRange) -> str:
    """How far the editions are apart, in one sentence."""
    return page.say(
        "edition_range",
        count=found.n_sites,
        from_year=found.from_year,
        to_year=found.to_year,
        low=percent(found.low),
        high=percent(found.high),
    )


def site_range_lines(page: Page, found: Sequence[Recovery]) -> tuple[RangeLines, ...]:
    """The editions of one site side by side, one block a pair of years that several cover."""
    return tuple(
        RangeLines(
            title=f"{one.from_year}–{one.to_year}",
            rows=tuple(
                (
                    f"{page.word('products', share.product)} · {share.edition}",
                    share.disturbed_baseline_ha,
                    share.recovered_ha,
                    share.share,
                )
                for share in one.shares
            ),
            words=page.say("site_range", low=percent(one.low), high=percent(one.high)),
        )
        for one in site_ranges(found)
    )
