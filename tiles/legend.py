"""Legends: what stands beside a map, from the same tables as its colours."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from geo.evidence.verdict import Verdict
from geo.landcover import Product, Role
from geo.status import Status, status_table
from geo.words import Lang, label, sentence
from tiles.style import rate_classes, status_colour, verdict_colour, verdict_dash

Swatch = Literal["fill", "line"]


@dataclass(frozen=True, slots=True)
class LegendItem:
    """One line of a legend. `group` is what it shows or hides on the map, '' for nothing."""

    text: str
    colour: str
    note: str = ""
    group: str = ""
    dash: str = ""


@dataclass(frozen=True, slots=True)
class Legend:
    """A titled list of colours; `swatch` says whether they fill or outline."""

    title: str
    items: tuple[LegendItem, ...]
    swatch: Swatch = "fill"
    note: str = ""


def status_legend(counts: Mapping[Status, int], lang: Lang, *, note: str = "") -> Legend:
    """The statuses that occur among the sites, in the table's order, with their number of sites."""
    items = tuple(
        LegendItem(label("status", status, lang), status_colour(status), f"{counts[status]:,}", status)
        for status in status_table()
        if counts.get(status)
    )
    return Legend(sentence("words_maps", "sites_by_status", lang), items, note=note)


def verdict_legend(counts: Mapping[Verdict | None, int], lang: Lang) -> Legend:
    """The verdicts that occur among the sites, with their number of sites; sites not judged come last."""
    items = [
        LegendItem(
            label("verdicts", verdict, lang),
            verdict_colour(verdict),
            f"{counts[verdict]:,}",
            verdict,
            verdict_dash(verdict),
        )
        for verdict in Verdict
        if counts.get(verdict)
    ]
    if counts.get(None):
        text = sentence("words_maps", "not_judged", lang)
        items.append(LegendItem(text, verdict_colour(None), f"{counts[None]:,}", "none"))
    return Legend(sentence("words_maps", "sites_by_verdict", lang), tuple(items), "line")


def rate_legend(lang: Lang) -> Legend:
    """The steps of the rate ramp with their bounds, 'no sites' last."""
    items = tuple(LegendItem(step.label(lang), step.colour) for step in rate_classes())
    return Legend(
        sentence("words_maps", "rate_by_city", lang), items, note=sentence("words_maps", "click_city", lang)
    )


def land_cover_legend(product: Product, codes: Collection[int], lang: Lang) -> Legend:
    """The classes of `product` that occur (`codes`), in its legend's order; no-data classes are left out."""
    items = tuple(
        LegendItem(row.zh if lang == "zh" else row.en, row.colour)
        for code, row in product.legend.items()
        if code in codes and row.role is not Role.NO_DATA
    )
    return Legend(sentence("words_maps", "land_cover", lang), items)
