"""Rows of the tables that several pages show: rates with units inside others, and sites in doubt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from api.pages.view import Page
from geo.cities import City, CityIndex
from geo.rates import Basis, CityRate
from geo.store import sites
from geo.worklist import WorklistItem


@dataclass(frozen=True, slots=True)
class RateLine:
    """One rate of a table; `inside` is the code of the shown unit that counts its sites too."""

    rate: CityRate
    inside: str | None = None


@dataclass(frozen=True, slots=True)
class DoubtLine:
    """One site of the worklist, with the reasons that not every row has."""

    item: WorklistItem
    name: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DoubtTable:
    """The rows of a worklist; `shared` are the reasons of every row, said once."""

    lines: tuple[DoubtLine, ...]
    shared: tuple[str, ...]


def rate_lines(rates: Iterable[CityRate], units: Mapping[str, City]) -> list[RateLine]:
    """The groups that hold sites, the largest denominator first, a unit under the shown one that holds it."""
    index = CityIndex(units)
    shown = sorted((rate for rate in rates if rate.n_sites), key=_size, reverse=True)
    codes = {rate.adcode for rate in shown}
    holders = {
        rate.adcode: next((code for code in index.lineage(rate.adcode)[1:] if code in codes), None)
        for rate in shown
        if rate.adcode is not None
    }
    lines: list[RateLine] = []

    def place(rate: CityRate, inside: str | None) -> None:
        lines.append(RateLine(rate, inside))
        for other in shown:
            if rate.adcode is not None and holders.get(other.adcode or "") == rate.adcode:
                place(other, rate.adcode)

    for rate in shown:
        if holders.get(rate.adcode or "") is None:
            place(rate, None)
    return lines


def _size(rate: CityRate) -> float:
    size = rate.denominator_ha if rate.basis is Basis.AREA else rate.denominator_count
    return size or 0.0


def doubts(page: Page, items: Sequence[WorklistItem]) -> DoubtTable:
    """The worklist in words; a reason that all of several rows have is taken out of them."""
    common = set.intersection(*(set(item.reasons) for item in items)) if len(items) > 1 else set()
    names = names_of(page, items)
    lines = tuple(
        DoubtLine(item, names[item.site_id], tuple(_words(page, item.reasons, without=common)))
        for item in items
    )
    shared = _words(page, items[0].reasons, only=common) if items else ()
    return DoubtTable(lines, tuple(shared))


def _words(
    page: Page, reasons: Sequence[str], *, without: Iterable[str] = (), only: Iterable[str] | None = None
) -> list[str]:
    kept = [slug for slug in reasons if slug not in set(without) and (only is None or slug in set(only))]
    return [page.word("reasons", slug) for slug in kept]


def names_of(page: Page, items: Sequence[WorklistItem]) -> dict[int, str]:
    """The sites' names in the page's language; English ones are read from the sites' other fields."""
    if page.lang != "en":
        return {item.site_id: item.name for item in items}
    with page.store.read() as conn:
        return {item.site_id: page.site_name(sites.get(conn, item.site_id)) for item in items}
