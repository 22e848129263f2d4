"""Whom a page counts: the sites that the form asks for, or all of them where none is legacy."""

from __future__ import annotations

from dataclasses import dataclass, replace

from api.pages.view import Page
from geo.figures import rate_of, rates_of
from geo.rates import GroupBy, RateQuery
from geo.store import sites


@dataclass(frozen=True, slots=True)
class Population:
    """The query as the page answers it, and what must be said of it.

    `n_sites` counts the inventory today whatever the query, `mapped` says whom the maps rate.
    """

    query: RateQuery
    n_sites: int
    mapped: str
    notes: tuple[str, ...]


def population(page: Page, query: RateQuery, *, adcode: str | None = None) -> Population:
    """The sites that all figures of a page are of.

    A day to come is answered as today. Where no site is legacy on that day all are counted, as on the maps.
    """
    notes = []
    if query.as_of is not None and query.as_of > page.today:
        notes.append(page.say("in_the_future", day=query.as_of, today=page.today))
        query = replace(query, as_of=None)
    plain = RateQuery(as_of=query.as_of, known_at=query.known_at)
    legacy = _counted(page, plain, adcode)
    everyone = _counted(page, replace(plain, responsible="all"), adcode)
    none_legacy = everyone > 0 and legacy == 0
    if none_legacy and query.responsible == "legacy":
        query = replace(query, responsible="all")
        notes.append(page.say("none_legacy", count=everyone))
    elif query.responsible == "legacy" and legacy < everyone:
        notes.append(page.say("some_legacy", count=legacy, total=everyone))
    with page.store.read() as conn:
        n_sites = sites.count(conn)
    mapped = page.say("responsible_all") if none_legacy else page.word("responsible", "legacy")
    return Population(query, n_sites, mapped, tuple(notes))


def _counted(page: Page, query: RateQuery, adcode: str | None) -> int:
    if adcode is not None:
        return rate_of(page.store, adcode, query, page.today).n_sites
    return rates_of(page.store, query, GroupBy.ALL, today=page.today)[0].n_sites
