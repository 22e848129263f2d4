"""The land cover of a site and its recovery, in figures and bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from api.pages.trajectory import CourseChart, CourseLines, course_chart, course_lines
from api.pages.view import Page
from geo.areas import ha_from_units
from geo.landcover import products
from geo.recovery import Recovery, TemporalRule


@dataclass(frozen=True, slots=True)
class ClassBar:
    """One class's part of a bar; `start` and `length` in percent of the site's area."""

    words: str
    colour: str
    start: float
    length: float
    ha: float


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """The figures under one temporal rule, or under several that give the same, with its bars of classes."""

    recovery: Recovery
    rule: str
    bars: tuple[tuple[int, tuple[ClassBar, ...]], ...]


@dataclass(frozen=True, slots=True)
class RecoveryItem:
    """The recoveries between two years of one product and edition."""

    title: str
    rules: tuple[RuleFigures, ...]
    legend: tuple[tuple[str, str], ...]
    courses: tuple[CourseLines, ...]
    course_chart: CourseChart


def recovery_items(page: Page, found: Sequence[Recovery]) -> list[RecoveryItem]:
    """The recoveries by product, edition and years, the raw figure before the smoothed one."""

    def place(one: Recovery) -> tuple[str, str, int, int]:
        return (one.product, one.edition, -one.to_year, one.from_year)

    ordered = sorted(found, key=lambda one: (place(one), one.temporal_rule != TemporalRule.NONE))
    return [_item(page, tuple(group)) for _, group in groupby(ordered, key=place)]


def _item(page: Page, group: Sequence[Recovery]) -> RecoveryItem:
    one = group[0]
    rules = tuple(_rule(page, same) for same in _told_apart(group))
    legend = {bar.words: bar.colour for rule in rules for _, parts in rule.bars for bar in parts}
    title = page.say(
        "observed_years",
        product=page.word("products", one.product),
        edition=one.edition,
        from_year=one.from_year,
        to_year=one.to_year,
    )
    return RecoveryItem(
        title, rules, tuple(legend.items()), course_lines(page, group), course_chart(page, group)
    )


def _rule(page: Page, same: Sequence[Recovery]) -> RuleFigures:
    words = [page.word("temporal_rules", one.temporal_rule) for one in same]
    rule = page.say("same_figures", first=words[0], second=words[1]) if len(same) > 1 else words[0]
    if same[0].outdated:
        rule = f"{rule} · {page.word('reasons', 'results_outdated')}"
    if same[0].outdated:
        rule = f"{rule} · {page.word('reasons', 'results_outdated')}"
    return RuleFigures(
        same[0], rule, tuple((year, _bars(page, same[0], year)) for year in sorted(same[0].class_units))
    )


def _told_apart(group: Sequence[Recovery]) -> list[tuple[Recovery, ...]]:
    """The recoveries of two years, those with the same figures together."""
    same: dict[tuple[object, ...], list[Recovery]] = {}
    for one in group:
        figures = (
            one.disturbed_baseline_units,
            one.recovered_units,
            one.still_disturbed_units,
            one.new_damage_units,
            one.valid_units,
            one.reason,
            one.outdated,
        )
        same.setdefault(figures, []).append(one)
    return [tuple(recoveries) for recoveries in same.values()]


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
