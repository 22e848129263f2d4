"""The review queue: proposals that wait for a second person, what they change, what was said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from api.auth.rights import Rights, require, units_of_proposal
from api.deps import LARGEST_ID, After, Unit
from api.pages.batches import batch_of, sources_to_choose
from api.pages.history import fact_words
from api.pages.view import Page, PageDep, PageRoute
from api.reviewing import Source, own_units
from api.schemas.proposals import ProposalItem
from api.shapes import proposal_items
from geo.accounts.rights import Action
from geo.cities import City
from geo.history import Fact
from geo.proposals import Proposal, ProposalState
from geo.sites import Kind
from geo.store import Connection, cities, proposal_search, proposals, sites
from geo.store.proposal_search import ProposalFilter

router = APIRouter(route_class=PageRoute, dependencies=[require(Action.READ)])

PAGE_ROWS: Final = 50
ALL: Final = "all"
"""The value of `city` that shows every unit to somebody who has units of their own."""


@dataclass(frozen=True, slots=True)
class FactLine:
    """One fact that a proposal changes, as it is and as it would be."""

    fact: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Review:
    """One proposal of the queue, and what whoever looks at it may do."""

    item: ProposalItem
    lines: tuple[FactLine, ...]
    own: bool
    may_decide: bool
    may_comment: bool


@router.get("/reviews", response_class=HTMLResponse, include_in_schema=False)
def show_reviews(
    page: PageDep,
    city: Unit = None,
    kind: Kind | None = None,
    proposed_by: Annotated[str | None, Query(max_length=200)] = None,
    source: Source = None,
    proposal: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    after: After = None,
) -> HTMLResponse:
    """The open proposals of one's own units, or of the unit asked for; one alone, decided or not."""
    with page.store.read() as conn:
        if city not in {None, ALL}:
            cities.get(conn, str(city))
        wanted = ProposalFilter(
            adcodes=units_shown(page.rights, city),
            kind=kind,
            proposed_by=proposed_by,
            source=source,
            limit=PAGE_ROWS + 1,
        )
        if proposal is None:
            found = proposal_search.find(conn, replace(wanted, after=after))
        else:
            found = [proposals.get(conn, proposal)]
        total = proposal_search.count(conn, wanted)
        units = cities.all(conn)
        shown = reviews_of(
            page, conn, found[:PAGE_ROWS], {code: page.name(one) for code, one in units.items()}
        )
        proposers = proposal_search.proposers(conn)
        batch = batch_of(page, conn, source, shown)
        sources = sources_to_choose(page, conn)
    asked = {
        "city": None if city == ALL else city,
        "kind": kind,
        "proposed_by": proposed_by,
        "source": source,
    }
    mine = city is None and own_units(page.rights.user) is not None
    return page.render(
        "reviews.html",
        active="reviews",
        files=page.exports("proposals", **asked, mine="true" if mine else None),
        reviews=shown,
        total=total,
        one=proposal,
        chosen={"city": city, "kind": kind, "proposed_by": proposed_by, "source": source},
        batch=batch,
        sources=sources,
        cities=_units_to_choose(page, units),
        kinds=[("", page.say("kind_all")), *((slug.value, page.word("kinds", slug)) for slug in Kind)],
        proposers=[("", page.work("anybody")), *((name, name) for name in proposers)],
        own=page.unit_names if mine else "",
        next_url=page.url("/reviews", after=shown[-1].item.proposal_id) if len(found) > PAGE_ROWS else None,
        first_url=page.url("/reviews", after=None) if after else None,
    )


def units_shown(rights: Rights, city: str | None) -> frozenset[str] | None:
    """The units that a page shows: the one asked for, else one's own; None for all."""
    if city == ALL:
        return None
    return own_units(rights.user) if city is None else frozenset({city})


def reviews_of(page: Page, conn: Connection, found: list[Proposal], names: Mapping[str, str]) -> list[Review]:
    """The proposals in words; `names` are those of units by code."""
    return [
        _review(page, conn, one, item, names)
        for one, item in zip(found, proposal_items(conn, found), strict=True)
    ]


def _review(
    page: Page, conn: Connection, one: Proposal, item: ProposalItem, names: Mapping[str, str]
) -> Review:
    site = sites.get(conn, one.site_id)
    units = units_of_proposal(conn, one, site)
    rights, is_open = page.rights, one.state is ProposalState.OPEN
    own = one.proposed_by == rights.name
    alone = own and not rights.who.is_local
    return Review(
        item=item,
        lines=tuple(_fact_line(page, fact, item, names) for fact in item.before),
        own=own,
        may_decide=is_open and not alone and bool(rights.may(conn, Action.DECIDE, units)),
        may_comment=bool(rights.may_comment(conn, one, site)),
    )


def _fact_line(page: Page, slug: str, item: ProposalItem, names: Mapping[str, str]) -> FactLine:
    fact = Fact(slug)
    after = item.change.area_ha if fact is Fact.GEOMETRY else item.change.facts[slug]
    return FactLine(
        fact=page.say(f"fact_{slug}"),
        before=fact_words(page, fact, item.before[slug], names),
        after=fact_words(page, fact, after, names),
    )


def _units_to_choose(page: Page, units: Mapping[str, City]) -> list[tuple[str, str]]:
    """One's own units together, all, then every unit by its code."""
    each = [(code, f"{page.name(unit)} {code}") for code, unit in sorted(units.items())]
    if own_units(page.rights.user) is None:
        return [("", page.say("any_city")), *each]
    return [("", page.work("own_units")), (ALL, page.say("any_city")), *each]
