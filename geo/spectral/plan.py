"""The plan of a spectral run: which sites, under which terms, and what of it is known already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from shapely import MultiPolygon

from geo.errors import InvalidInput, UnknownScene, UnknownSite
from geo.reference import reference_sha256
from geo.references import NoReferences, ReferencePolygon
from geo.rings import check_ring, reach, ring_around
from geo.runs.shards import Shard, shards_of
from geo.scenes import Scene, SceneKind
from geo.sites import Site
from geo.spectral.indices import index_of
from geo.spectral.loops import Floats, Int64s
from geo.spectral.params import SpectralParams, params_key, sha256_of, stored_params
from geo.spectral.recovery import ReferenceKind, TargetKind
from geo.spectral.series import composite_grid
from geo.spectral.terms import ENGINE_VERSION, SpectralSubject, SpectralTerms
from geo.store import Connection, Store, history, references, scenes, site_boxes, sites

MOST_VALUES: Final = 40_000_000
"""Values of pixels by year that one shard holds at most, but for a site that has more by itself."""


class RestorationBeforeDisturbance(InvalidInput):
    """The years of a site cannot be."""

    template = (
        "site {site_code}: restoration in {restoration_year} lies before the disturbance in "
        "{disturbance_year}; correct the site's dates, or give --restoration-year and --disturbance-year"
    )


class BadWindow(InvalidInput):
    """The years of a target are not those before the disturbance."""

    template = "{whose}the target window {first}:{last} {problem}"


@dataclass(frozen=True, slots=True)
class SpectralPlan:
    """What a run does, whatever its sites: small, however many they are. `facts` are in every content key."""

    terms: SpectralTerms
    references: Sequence[ReferencePolygon]
    facts: Mapping[str, object]

    @property
    def params(self) -> SpectralParams:
        """What was asked for."""
        return self.terms.params

    @property
    def params_key(self) -> str:
        """The text under which results of these parameters are kept."""
        return params_key(stored_params(self.params, self.terms.edition))

    @property
    def scene_seq(self) -> int:
        """How far scenes and reference polygons were registered when the run was planned."""
        last_reference = max((one.reference_id for one in self.references), default=0)
        return max(scene.scene_id for scene in self.terms.scenes) + last_reference

    def boxes(self, conn: Connection) -> tuple[Int64s, Floats]:
        """The ids of the sites asked for, rising, and the boxes of what is read of them (degrees)."""
        asked = self.params.site_ids
        chosen = None if asked is None else np.unique(np.array(asked, dtype=np.int64))
        ids, found = site_boxes.boxes(conn, chosen)
        if self.terms.reference_kind is ReferenceKind.RING:
            found = reach(found, self.params.ring()[1])
        return ids, found

    def shards(self, store: Store, most_sites: int) -> list[Shard]:
        """The sites as they are now, parted by space and by how many values of pixels they have."""
        with store.read() as conn:
            ids, found = self.boxes(conn)
        terms = self.terms
        most_cells = max(1, MOST_VALUES // len(terms.scenes))
        return shards_of(terms.grid, ids, found, most_sites=most_sites, most_cells=most_cells)


def plan_spectral(conn: Connection, params: SpectralParams) -> SpectralPlan:
    """The plan of a run, checked; no raster is read, and of sites no more than their years.

    Raises UnknownIndex, BadFormula, UnknownBand, UnknownScene, GridsDiffer, UnknownSite, BadWindow, BadRing,
    BadSpectralParams, NoReferences and RestorationBeforeDisturbance.
    """
    index = index_of(params.index, formula=params.formula, direction=params.direction)
    rules = params.rules(index)
    params.focal()
    edition, found = _scenes(conn, params)
    for scene in found:
        index.formula.check_bands(scene.bands)
    kind, polygons = _references(conn, params)
    if kind is ReferenceKind.RING:
        check_ring(*params.ring())
    _check_sites(conn, params, found[0].year)
    facts = {
        "version": ENGINE_VERSION,
        "formula": index.formula.text,
        "rules": [rules.k_years, rules.target_share, rules.direction],
        "params": stored_params(params, edition),
        "tables": [reference_sha256("spectral_settings"), reference_sha256("spectral_confidence")],
        "scenes": [_scene_terms(scene, index.formula.bands) for scene in found],
        "references": [polygon.geometry.wkb_hex for polygon in polygons],
    }
    terms = SpectralTerms(params, index, edition, rules, found, composite_grid(found), kind)
    return SpectralPlan(terms, polygons, facts)


@dataclass(frozen=True, slots=True)
class Subjects:
    """Sites of a run by id, and the last history row that each of them rests on."""

    by_id: Mapping[int, SpectralSubject]
    site_seq: Mapping[int, int]


def subjects_of(conn: Connection, plan: SpectralPlan, site_ids: Sequence[int]) -> Subjects:
    """The sites with these ids as they are now, those that left not among them, with rings where wanted."""
    chosen = [site for site in sites.many(conn, site_ids) if site.left_on is None]
    around: list[list[int]] = [[site.site_id] for site in chosen]
    rings: dict[int, MultiPolygon] = {}
    if plan.terms.reference_kind is ReferenceKind.RING:
        boxes = shapely.bounds([site.geometry for site in chosen]).reshape(-1, 4)
        around = site_boxes.near(conn, reach(boxes, plan.params.ring()[1]))
        rings = _rings(conn, plan.params, chosen, around)
    seqs = history.last_seqs(conn, sorted({one for near in around for one in near}))
    return Subjects(
        {site.site_id: _subject(site, plan, rings.get(site.site_id)) for site in chosen},
        {
            site.site_id: max(seqs[one] for one in {site.site_id, *near})
            for site, near in zip(chosen, around, strict=True)
        },
    )


def _scenes(conn: Connection, params: SpectralParams) -> tuple[str, list[Scene]]:
    edition = params.edition or scenes.current_edition(conn, params.product)
    registered = []
    if edition is not None:
        registered = scenes.find(conn, product=params.product, edition=edition, kind=SceneKind.SPECTRAL)
    found = [
        scene
        for scene in registered
        if (params.from_year or 0) <= scene.year <= (params.to_year or scene.year)
    ]
    if edition is None or not found:
        known = ", ".join(str(scene.year) for scene in registered) or "none"
        year = params.from_year or params.to_year or "any year"
        raise UnknownScene(product=params.product, edition=edition or "any", year=year, known=known)
    return edition, found


def _references(conn: Connection, params: SpectralParams) -> tuple[ReferenceKind, list[ReferencePolygon]]:
    """What the sites are compared with, and the polygons where it is these or the target asks for them."""
    by_ring = params.reference is ReferenceKind.RING and params.references is None
    needed = params.reference is ReferenceKind.POLYGONS or (
        params.target is TargetKind.REFERENCE and not by_ring
    )
    if params.reference in {ReferenceKind.NONE, ReferenceKind.RING} and not needed:
        return params.reference or ReferenceKind.NONE, []
    polygons = references.find(conn, set_name=params.references)
    if not polygons and (needed or params.references is not None):
        which = f"are called {params.references!r}" if params.references else "are in the store"
        raise NoReferences(which=which)
    if params.reference is not None:
        return params.reference, polygons
    wanted_ring = params.ring_m is not None or not polygons
    return (ReferenceKind.RING if wanted_ring else ReferenceKind.POLYGONS), (
        polygons if needed or not wanted_ring else []
    )


def _check_sites(conn: Connection, params: SpectralParams, first_year: int) -> None:
    wanted = None if params.site_ids is None else sorted(set(params.site_ids))
    known = set() if wanted is None else sites.known_ids(conn, wanted)
    for site_id in wanted or ():
        if site_id not in known:
            raise UnknownSite(site_id=site_id)
    _check_window(params)
    for code, damaged, started in sites.treated_years(conn, wanted):
        _window(code, params, first_year, _years(code, params, damaged, started))


def _rings(
    conn: Connection, params: SpectralParams, chosen: Sequence[Site], around: Sequence[Sequence[int]]
) -> dict[int, MultiPolygon]:
    """The ring of each site, the other sites near it cut out."""
    inner_m, outer_m = params.ring()
    everyone = {one.site_id: one for one in sites.many(conn, {other for near in around for other in near})}
    return {
        site.site_id: ring_around(
            site.geometry,
            inner_m=inner_m,
            outer_m=outer_m,
            others=[
                everyone[other].geometry
                for other in near
                if other != site.site_id and everyone[other].left_on is None
            ],
        )
        for site, near in zip(chosen, around, strict=True)
    }


def _subject(site: Site, plan: SpectralPlan, ring: MultiPolygon | None) -> SpectralSubject:
    started = None if site.treatment_start is None else site.treatment_start.year
    years = _years(site.site_code, plan.params, site.damage_year, started)
    window = _window(site.site_code, plan.params, plan.terms.scenes[0].year, years)
    key = {
        "terms": plan.facts,
        "site": site.geometry.wkb_hex,
        "area": site.area_units,
        "years": list(years),
        "window": window,
        "ring": None if ring is None else ring.wkb_hex,
    }
    return SpectralSubject(
        site_id=site.site_id,
        site_code=site.site_code,
        geometry=site.geometry,
        area_units=site.area_units,
        disturbance_year=years[0],
        restoration_year=years[1],
        window=window,
        ring=ring,
        content_key=sha256_of(key),
    )


def _years(
    site_code: str, params: SpectralParams, damaged: int | None, started: int | None
) -> tuple[int | None, int | None]:
    """The years of disturbance and restoration: those asked for, else those of the site."""
    disturbed = damaged if params.disturbance_year is None else params.disturbance_year
    restored = started if params.restoration_year is None else params.restoration_year
    if disturbed is not None and restored is not None and restored < disturbed:
        raise RestorationBeforeDisturbance(
            site_code=site_code, restoration_year=restored, disturbance_year=disturbed
        )
    return disturbed, restored


def _check_window(params: SpectralParams) -> None:
    if params.window is not None and params.window[0] > params.window[1]:
        first, last = params.window
        raise BadWindow(whose="", first=first, last=last, problem="ends before it begins")


def _window(
    site_code: str, params: SpectralParams, first_year: int, years: tuple[int | None, int | None]
) -> tuple[int, int] | None:
    """The years of the historic target; by itself those before the disturbance, which may be none."""
    disturbed, restored = years
    if params.window is None:
        return None if disturbed is None or disturbed <= first_year else (first_year, disturbed - 1)
    first, last = params.window
    if params.target is TargetKind.HISTORIC:
        whose = f"site {site_code}: "
        if disturbed is not None and last > disturbed:
            problem = f"goes beyond the disturbance in {disturbed}"
            raise BadWindow(whose=whose, first=first, last=last, problem=problem)
        if restored is not None and last >= restored:
            problem = f"goes beyond the restoration in {restored}"
            raise BadWindow(whose=whose, first=first, last=last, problem=problem)
    return first, last


def _scene_terms(scene: Scene, bands: Sequence[str]) -> list[object]:
    return [
        scene.period_start.isoformat(),
        scene.period_end.isoformat(),
        scene.sha256,
        [scene.bands[name] for name in bands],
        scene.scale,
        scene.offset,
        scene.nodata,
    ]
