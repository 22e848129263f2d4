"""What the land cover says of a site, in words and bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.pages.view import Page, percent
from geo.areas import ha_from_units
from geo.evidence import Evidence, Verdict
from geo.landcover import products
from geo.recovery import Recovery, TemporalRule


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One verdict with its sentence and its reasons in words."""

    verdict: Verdict | None
    sentence: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClassBar:
    """One class's part of a bar; `start` and `length` in percent of the site's area."""

    words: str
    colour: str
    start: float
    length: float
    ha: float


@dataclass(frozen=True, slots=True)
class RecoveryItem:
    """One recovery with a bar of classes a year."""

    recovery: Recovery
    title: str
    rule: str
    bars: tuple[tuple[int, tuple[ClassBar, ...]], ...]
    legend: tuple[tuple[str, str], ...]


def evidence_lines(page: Page, judged: Sequence[Evidence]) -> list[EvidenceLine]:
    """The verdicts, the latest years first."""
    ordered = sorted(judged, key=lambda one: (-one.to_year, one.product, one.edition, one.from_year))
    return [_line(page, one) for one in ordered]


def _line(page: Page, one: Evidence) -> EvidenceLine:
    sentence = page.say(
        "evidence_sentence",
        product=page.word("products", one.product),
        edition=one.edition,
        from_year=one.from_year,
        to_year=one.to_year,
        status=page.word("status", one.status),
        share=percent(one.recovered_share),
        raw=percent(one.raw_recovered_share),
        valid=percent(one.valid_share),
    )
    reasons = (*one.reasons, *("results_outdated",) * one.outdated)
    return EvidenceLine(one.verdict, sentence, tuple(page.word("reasons", reason) for reason in reasons))


def recovery_items(page: Page, found: Sequence[Recovery]) -> list[RecoveryItem]:
    """The recoveries by product, edition and years, the raw figure before the smoothed one."""
    ordered = sorted(
        found,
        key=lambda one: (
            one.product,
            one.edition,
            -one.to_year,
            one.from_year,
            one.temporal_rule != TemporalRule.NONE,
        ),
    )
    return [_item(page, one) for one in ordered]


def _item(page: Page, one: Recovery) -> RecoveryItem:
    bars = tuple((year, _bars(page, one, year)) for year in sorted(one.class_units))
    legend = {bar.words: bar.colour for _, parts in bars for bar in parts}
    return RecoveryItem(
        recovery=one,
        title=page.say(
            "observed_years",
            product=page.word("products", one.product),
            edition=one.edition,
            from_year=one.from_year,
            to_year=one.to_year,
        ),
        rule=" · ".join(
            [page.word("temporal_rules", one.temporal_rule)]
            + [page.word("reasons", "results_outdated")] * one.outdated
        ),
        bars=bars,
        legend=tuple(legend.items()),
    )


def _bars(page: Page, one: Recovery, year: int) -> tuple[ClassBar, ...]:
    legend = products()[one.product].legend if one.product in products() else {}
    areas = one.class_units[year]
    total = max(one.area_units, sum(areas.values()), 1)
    bars, start = [], 0.0
    for code, units in sorted(areas.items(), key=lambda pair: (pair[0] is None, pair[0] or 0)):
        known = None if code is None else legend.get(code)
        words = page.word("outcome_words", "no_data") if code is None else str(code)
        if known is not None:
            words = known.zh if page.lang == "zh" else known.en
        length = 100 * units / total
        colour = known.colour if known is not None else "#bdbdbd"
        bars.append(ClassBar(words, colour, round(start, 3), round(length, 3), ha_from_units(units)))
        start += length
    return tuple(bars)
