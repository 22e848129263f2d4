"""The search for candidates: from two land-cover scenes of a store to what is new and nobody's."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Final

import shapely
from shapely import MultiPolygon

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
from geo.recover.params import BadRunParams
from geo.recover.plan import BadYears
from geo.rings import reach
from geo.runs.run import Run
from geo.runs.work import Progress, at_work
from geo.scenes import GridsDiffer, Scene
from geo.store import Connection, Store, candidates, cities, runs, scenes, site_boxes, sites
from geo.subsidence.rules import SubsidenceRules, subsidence_rules
from geo.wkb import wkb_of

KIND: Final = "candidates"

_AMPLE: Final = 1.1
"""By how much more than the distance sites are looked for, since margins of sites are drawn in degrees."""


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

    def told(self) -> dict[str, object]:
        """The search as its run keeps it: all but the candidates themselves, which are counted."""
        names = (field.name for field in fields(self) if field.name != "found")
        return {name: getattr(self, name) for name in names} | {"n_found": len(self.found)}


@dataclass(frozen=True, slots=True)
class CandidatePlan:
    """What a search does: the two scenes with their legend, and the numbers that decide."""

    before: Scene
    after: Scene
    legend: Product
    rules: SubsidenceRules
    least_ha: float
    buffer_m: float

    @property
    def place(self) -> tuple[str, str, int, int]:
        """Product, edition and the two years, under which candidates are kept."""
        return (self.legend.slug, self.before.edition, self.before.year, self.after.year)


def plan_candidates(store: Store, query: CandidateQuery) -> CandidatePlan:
    """The plan of a search. Raises as `find_candidates` does, before any raster is read."""
    rules = subsidence_rules()
    legend = product(query.product)
    with store.read() as conn:
        before, after = _pair(conn, query, legend)
    difference = before.grid.difference(after.grid)
    if difference is not None:
        raise GridsDiffer(scene_a=before.path, scene_b=after.path, difference=difference)
    return CandidatePlan(
        before=before,
        after=after,
        legend=legend,
        rules=rules,
        least_ha=rules.candidate_min_ha if query.least_ha is None else query.least_ha,
        buffer_m=rules.candidate_buffer_m if query.buffer_m is None else query.buffer_m,
    )


def find_candidates(
    store: Store, query: CandidateQuery, *, run_id: int | None = None, progress: Progress | None = None
) -> CandidateSearch:
    """New water outside all sites, kept in place of the open candidates of the same edition and years.

    A patch that mostly lies in a dismissed candidate of the product stays dismissed. `progress(blocks done,
    blocks)` may raise to stop. Without `run_id` a run is made and ended here. Raises `UnknownProduct`,
    `UnknownScene`, `BadYears`, `ScenesNotComparable`, `GridsDiffer`, `SceneChanged`.
    """
    plan = plan_candidates(store, query)
    with at_work(store, KIND, candidate_run_params(query), run_id=run_id, progress=progress) as work:
        patches = new_water_patches(
            plan.before,
            plan.after,
            water_codes=plan.legend.codes_of(Role.WATER),
            blind_codes=plan.legend.codes_of(Role.NO_DATA),
            locate=store.locate,
            progress=work,
        )
        return _keep(store, plan, work.run_id, patches)


def _keep(store: Store, plan: CandidatePlan, run_id: int, patches: Sequence[Patch]) -> CandidateSearch:
    with store.read() as conn:
        outlines = _outlines_near(conn, patches, plan.buffer_m)
        dismissed = candidates.find(conn, state=CandidateState.DISMISSED, product=plan.legend.slug)
    slug, edition, first, last = plan.place
    outside = outside_sites(patches, outlines, buffer_m=plan.buffer_m)
    large = candidates_of(outside, product=slug, edition=edition, years=(first, last), least_ha=plan.least_ha)
    new = [
        replace(one, content_key=_key(one, plan.before, plan.after))
        for one in large
        if like_dismissed(one, dismissed, least_share=plan.rules.dismissed_share) is None
    ]
    with store.write() as conn:
        candidates.replace_open(conn, new, plan.place)
        kept = candidates.find(conn, product=slug, edition=edition)
        search = CandidateSearch(
            *plan.place,
            found=[one for one in kept if (one.from_year, one.to_year) == (first, last)],
            n_patches=len(patches),
            n_of_sites=len(patches) - len(outside),
            n_small=len(outside) - len(large),
            n_dismissed=len(large) - len(new),
        )
        runs.finish(conn, run_id, search.told())
    return search


def _outlines_near(conn: Connection, patches: Sequence[Patch], distance_m: float) -> list[MultiPolygon]:
    """The polygons of the sites whose boxes lie near enough to a patch to hold or to touch it."""
    boxes = shapely.bounds([patch.geometry for patch in patches]).reshape(-1, 4)
    near = {
        site_id for found in site_boxes.near(conn, reach(boxes, _AMPLE * distance_m)) for site_id in found
    }
    return [site.geometry for site in sites.many(conn, near) if site.left_on is None]


def candidate_run_params(query: CandidateQuery) -> dict[str, object]:
    """The query as a run keeps it: JSON values by name, those not given left out."""
    return {name: value for name, value in asdict(query).items() if value is not None}


def candidate_query_of(run: Run) -> CandidateQuery:
    """The query that `candidate_run_params` made a run of. Raises `BadRunParams`."""
    try:
        return CandidateQuery(**run.params)  # type: ignore[arg-type]  # a wrong name is caught below
    except TypeError as error:
        raise BadRunParams(params=dict(run.params), problem=str(error)) from error


def open_candidates(
    store: Store, *, state: CandidateState | None = CandidateState.OPEN, product: str | None = None
) -> list[Candidate]:
    """The candidates as they are kept, open ones left out that a site has come to hold since."""
    with store.read() as conn:
        found = candidates.find(conn, state=state, product=product)
        if not found:
            return []
        patches = [Patch(one.geometry, one.touches_water) for one in found]
        outlines = _outlines_near(conn, patches, 0.0)
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
