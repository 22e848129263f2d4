"""The plan of a spectral run: which sites, under which terms, and what of it is known already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shapely import MultiPolygon

from geo.errors import InvalidInput, UnknownScene
from geo.reference import reference_sha256
from geo.references import NoReferences, ReferencePolygon
from geo.rings import check_ring, near, reach, ring_around
from geo.scenes import Scene, SceneKind
from geo.sites import Site
from geo.spectral.indices import index_of
from geo.spectral.params import SpectralParams, params_key, sha256_of, stored_params
from geo.spectral.recovery import ReferenceKind, TargetKind
from geo.spectral.series import composite_grid
from geo.spectral.terms import ENGINE_VERSION, SpectralSubject, SpectralTerms
from geo.store import Connection, references, scenes, sites, spectral
from geo.store.sites import SiteFilter

_FEW_SITES = 20


class RestorationBeforeDisturbance(InvalidInput):
    """The years of a site cannot be."""

    template = (
        "site {site_code}: restoration in {restoration_year} lies before the disturbance in "
        "{disturbance_year}; correct the site's dates, or give --restoration-year and --disturbance-year"
    )


class BadWindow(InvalidInput):
    """The years of a target are not those before the disturbance."""

    template = "{whose}the target window {first}:{last} {problem}"


@dataclass(frozen=True)
class SpectralPlan:
    """All that a run needs; `changed` are the ids of which no stored result holds."""

    terms: SpectralTerms
    references: list[ReferencePolygon]
    subjects: Mapping[int, SpectralSubject]
    changed: list[int]

    @property
    def params(self) -> SpectralParams:
        """What was asked for."""
        return self.terms.params


def plan_spectral(conn: Connection, params: SpectralParams) -> SpectralPlan:
    """The plan of a run, checked; no raster is read.

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
    chosen = _sites(conn, params)
    rings = _rings(conn, params, chosen) if kind is ReferenceKind.RING else {}
    terms = {
        "version": ENGINE_VERSION,
        "formula": index.formula.text,
        "rules": [rules.k_years, rules.target_share, rules.direction],
        "params": stored_params(params, edition),
        "tables": [reference_sha256("spectral_settings"), reference_sha256("spectral_confidence")],
        "scenes": [_scene_terms(scene, index.formula.bands) for scene in found],
        "references": [polygon.geometry.wkb_hex for polygon in polygons],
    }
    subjects = {
        site.site_id: _subject(site, params, found, rings.get(site.site_id), terms) for site in chosen
    }
    known = spectral.keys(conn, params_key(stored_params(params, edition)))
    return SpectralPlan(
        terms=SpectralTerms(params, index, edition, rules, found, composite_grid(found), kind),
        references=polygons,
        subjects=subjects,
        changed=[site_id for site_id, one in subjects.items() if known.get(site_id) != one.content_key],
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


def _sites(conn: Connection, params: SpectralParams) -> list[Site]:
    if params.site_ids is not None:
        found = [sites.get(conn, site_id) for site_id in sorted(set(params.site_ids))]
        return [site for site in found if site.left_on is None]
    return sites.find(conn, SiteFilter(limit=None))


def _rings(conn: Connection, params: SpectralParams, chosen: Sequence[Site]) -> dict[int, MultiPolygon]:
    """The ring of each site, the other sites cut out."""
    inner_m, outer_m = params.ring()
    check_ring(inner_m, outer_m)
    if len(chosen) <= _FEW_SITES:
        around = [
            sites.find(conn, SiteFilter(bbox=reach(site.geometry, outer_m), limit=None)) for site in chosen
        ]
    else:
        everyone = sites.find(conn, SiteFilter(limit=None))
        places = near(
            [site.geometry for site in chosen], [site.geometry for site in everyone], outer_m=outer_m
        )
        around = [[everyone[at] for at in found] for found in places]
    return {
        site.site_id: ring_around(
            site.geometry,
            inner_m=inner_m,
            outer_m=outer_m,
            others=[
                other.geometry
                for other in sorted(others, key=lambda one: one.site_id)
                if other.site_id != site.site_id
            ],
        )
        for site, others in zip(chosen, around, strict=True)
    }


def _subject(
    site: Site,
    params: SpectralParams,
    found: Sequence[Scene],
    ring: MultiPolygon | None,
    terms: Mapping[str, object],
) -> SpectralSubject:
    disturbed = site.damage_year if params.disturbance_year is None else params.disturbance_year
    started = None if site.treatment_start is None else site.treatment_start.year
    restored = started if params.restoration_year is None else params.restoration_year
    if disturbed is not None and restored is not None and restored < disturbed:
        raise RestorationBeforeDisturbance(
            site_code=site.site_code, restoration_year=restored, disturbance_year=disturbed
        )
    window = _window(site, params, found[0].year, disturbed, restored)
    key = {
        "terms": terms,
        "site": site.geometry.wkb_hex,
        "area": site.area_units,
        "years": [disturbed, restored],
        "window": window,
        "ring": None if ring is None else ring.wkb_hex,
    }
    return SpectralSubject(
        site_id=site.site_id,
        site_code=site.site_code,
        geometry=site.geometry,
        area_units=site.area_units,
        disturbance_year=disturbed,
        restoration_year=restored,
        window=window,
        ring=ring,
        content_key=sha256_of(key),
    )


def _window(
    site: Site, params: SpectralParams, first_year: int, disturbed: int | None, restored: int | None
) -> tuple[int, int] | None:
    """The years of the historic target; by itself those before the disturbance, which may be none."""
    if params.window is None:
        return None if disturbed is None or disturbed <= first_year else (first_year, disturbed - 1)
    first, last = params.window
    if first > last:
        raise BadWindow(whose="", first=first, last=last, problem="ends before it begins")
    if params.target is TargetKind.HISTORIC:
        whose = f"site {site.site_code}: "
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
