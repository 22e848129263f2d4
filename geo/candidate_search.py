"""The search for candidates: from two land-cover scenes of a store to what is new and nobody's."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import shapely

from geo.candidates import (
    Candidate,
    CandidateState,
    Patch,
    candidates_of,
    like_dismissed,
    new_water_patches,
    outside_sites,
)
from geo.errors import UnknownScene
from geo.landcover import Product, Role, check_comparable, product
from geo.recover.plan import BadYears
from geo.scenes import Scene
from geo.store import Connection, Store, candidates, cities, scenes, sites
from geo.store.sites import SiteFilter
from geo.subsidence.rules import subsidence_rules
from geo.wkb import wkb_of


@dataclass(frozen=True, slots=True)
class CandidateQuery:
    """What is searched for; None stands for the current edition, the first and last year, the rules."""

    product: str
    edition: str | None = None
    from_year: int | None = None
    to_year: int | None = None
    least_ha: float | None = None
    buffer_m: float | None = None


@dataclass(frozen=True, slots=True)
class CandidateSearch:
    """What a search found: the open candidates, and how many patches are not among them and why."""

    product: str
    edition: str
    from_year: int
    to_year: int
    found: list[Candidate]
    n_patches: int
    n_of_sites: int
    n_small: int
    n_dismissed: int


def find_candidates(
    store: Store, query: CandidateQuery, *, progress: Callable[[int, int], None] | None = None
) -> CandidateSearch:
    """New water outside all sites, kept in place of the open candidates of the same edition and years.

    A patch that mostly lies in a dismissed candidate of the product stays dismissed. `progress(blocks done,
    blocks)` may raise to stop. Raises `UnknownProduct`, `UnknownScene`, `BadYears`, `ScenesNotComparable`,
    `GridsDiffer`, `SceneChanged`.
    """
    rules = subsidence_rules()
    least_ha = rules.candidate_min_ha if query.least_ha is None else query.least_ha
    buffer_m = rules.candidate_buffer_m if query.buffer_m is None else query.buffer_m
    legend = product(query.product)
    with store.read() as conn:
        before, after = _pair(conn, query, legend)
        outlines = [site.geometry for site in sites.find(conn, SiteFilter(limit=None))]
        dismissed = candidates.find(conn, state=CandidateState.DISMISSED, product=query.product)
    patches = new_water_patches(
        before,
        after,
        water_codes=legend.codes_of(Role.WATER),
        blind_codes=legend.codes_of(Role.NO_DATA),
        locate=store.locate,
        progress=progress,
    )
    outside = outside_sites(patches, outlines, buffer_m=buffer_m)
    large = candidates_of(
        outside,
        product=query.product,
        edition=before.edition,
        years=(before.year, after.year),
        least_ha=least_ha,
    )
    new = [
        replace(one, content_key=_key(one, before, after))
        for one in large
        if like_dismissed(one, dismissed, least_share=rules.dismissed_share) is None
    ]
    place = (query.product, before.edition, before.year, after.year)
    with store.write() as conn:
        candidates.replace_open(conn, new, place)
        kept = candidates.find(conn, product=query.product, edition=before.edition)
    return CandidateSearch(
        *place,
        found=[one for one in kept if (one.from_year, one.to_year) == place[2:]],
        n_patches=len(patches),
        n_of_sites=len(patches) - len(outside),
        n_small=len(outside) - len(large),
        n_dismissed=len(large) - len(new),
    )


def open_candidates(
    store: Store, *, state: CandidateState | None = CandidateState.OPEN, product: str | None = None
) -> list[Candidate]:
    """The candidates as they are kept, open ones left out that a site has come to hold since."""
    with store.read() as conn:
        found = candidates.find(conn, state=state, product=product)
        if not found:
            return []
        outlines = [site.geometry for site in sites.find(conn, SiteFilter(limit=None))]
    patches = [Patch(one.geometry, one.touches_water) for one in found]
    free = {id(patch) for patch in outside_sites(patches, outlines, buffer_m=0.0)}
    return [
        one
        for one, patch in zip(found, patches, strict=True)
        if id(patch) in free or one.state is not CandidateState.OPEN
    ]


def candidates_in(
    store: Store,
    adcode: str | None,
    *,
    state: CandidateState | None = CandidateState.OPEN,
    product: str | None = None,
) -> list[Candidate]:
    """The candidates whose inner point lies in the unit (None: anywhere), as `open_candidates` gives them.

    Raises `UnknownCity`.
    """
    found = open_candidates(store, state=state, product=product)
    if adcode is None or not found:
        return found
    with store.read() as conn:
        outline = cities.get(conn, adcode).outline
    if outline is None:
        return []
    shapely.prepare(outline)
    return [one for one in found if outline.intersects(one.geometry.representative_point())]


def _pair(conn: Connection, query: CandidateQuery, legend: Product) -> tuple[Scene, Scene]:
    edition = query.edition or scenes.current_edition(conn, query.product)
    found: Sequence[Scene] = (
        [] if edition is None else scenes.find(conn, product=query.product, edition=edition)
    )
    by_year = {scene.year: scene for scene in found}
    known = ", ".join(map(str, sorted(by_year))) or "none"
    first = query.from_year if query.from_year is not None else min(by_year, default=None)
    last = query.to_year if query.to_year is not None else max(by_year, default=None)
    for year in (first, last):
        if year is None or year not in by_year:
            raise UnknownScene(
                product=query.product, edition=edition or "any", year=year or "any year", known=known
            )
    if first is None or last is None or first >= last:
        raise BadYears(from_year=first, to_year=last)
    check_comparable(legend, by_year[first].edition, (first, last))
    return by_year[first], by_year[last]


def _key(one: Candidate, before: Scene, after: Scene) -> str:
    """SHA-256 (hex) of the patch and the two scenes in which it was found."""
    facts = f"{before.sha256} {before.band} {after.sha256} {after.band} ".encode()
    return hashlib.sha256(facts + wkb_of(one.geometry)).hexdigest()
