"""The plan of a recovery run: which sites, between which years, and what of it is known already."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt
from shapely import MultiPolygon

from geo.assessment import Subject, content_key
from geo.baselines import baselines_of
from geo.errors import InvalidInput, UnknownScene
from geo.grid import Grid
from geo.inputs import NATURAL_BARE, InputsNow, inputs_of, terms_and_last_scene
from geo.landcover import Product, check_comparable, product
from geo.outcomes import OutcomeKey, damage_at
from geo.overlap import Overlaps
from geo.readings import known_until, ledger_of
from geo.recovery import Recovery, TemporalRule
from geo.scenes import Scene, check_same_grid
from geo.sites import Site
from geo.snapshot import Snapshot
from geo.store import Connection, Store, recoveries, scenes, sites
from geo.store.sites import SiteFilter


class BadYears(InvalidInput):
    """The later year does not follow the earlier one."""

    template = "recovery is reckoned from an earlier year to a later one, not from {from_year} to {to_year}"


@dataclass(frozen=True, slots=True)
class RecoverParams:
    """What a run is asked for; None stands for the current edition, each site's own baseline, the last year
    and all sites.
    """

    product: str
    edition: str | None = None
    from_year: int | None = None
    to_year: int | None = None
    site_ids: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Plan:
    """All that a run needs. `subjects` are the sites with a baseline, `changed` the ids to compute anew.

    `kept` holds what is stored and still holds, by rule and site. `then` is the last day of the later year
    (today, where that is to come), `now` today. A negative id stands for the piece of that site's polygon
    that no earlier site covers.
    """

    land_cover: Product
    edition: str
    scenes: list[Scene]
    years: list[int]
    to_year: int
    sites: Mapping[int, Site]
    subjects: Mapping[int, Subject]
    changed: list[int]
    kept: Mapping[TemporalRule, Mapping[int, Recovery]]
    then: Snapshot
    now: Snapshot
    overlaps: Overlaps
    total_key: str

    @property
    def grid(self) -> Grid:
        """The grid that all scenes share."""
        return self.scenes[0].grid

    def subject(self, site_id: int) -> Subject:
        """The subject of a site, or of the piece of one."""
        own = self.subjects[abs(site_id)]
        if site_id > 0:
            return own
        return replace(own, site_id=site_id)

    def from_year(self, site_id: int) -> int:
        """The baseline year of a site, the later year itself where it has none."""
        return self.subjects[site_id].from_year if site_id in self.subjects else self.to_year

    def end_year_unchanged(self, site_id: int) -> bool:
        """Whether the three-year majority cannot be taken in one of the site's two years."""
        known = {scene.year for scene in self.scenes}
        ends = (self.subject(site_id).from_year, self.to_year)
        return any(year - 1 not in known or year + 1 not in known for year in ends)

    def pieces(self) -> dict[int, MultiPolygon]:
        """By site, what earlier sites leave of its polygon, where they leave not all of it."""
        order = list(self.subjects)
        return {order[position]: piece for position, piece in self.overlaps.pieces().items()}

    def ids(self, ids: Iterable[int]) -> npt.NDArray[np.int64]:
        """The ids as an array."""
        return np.array(list(ids), dtype=np.int64)

    def baselines(self, ids: Iterable[int]) -> npt.NDArray[np.int32]:
        """The baseline year of each id."""
        return np.array([self.subject(site_id).from_year for site_id in ids], dtype=np.int32)


def plan_recovery(store: Store, params: RecoverParams, *, today: date) -> Plan:
    """The plan of a run. Raises as `geo.recover.recover` does, before anything is computed."""
    land_cover = product(params.product)
    with store.read() as conn:
        edition, found = _scenes(conn, params)
        registered = sorted({scene.year for scene in found})
        to_year = params.to_year if params.to_year is not None else registered[-1]
        _check_years(params, edition, registered, to_year)
        ledger = ledger_of(store, conn)
        known = known_until(ledger, None)
        now = ledger.snapshot(as_of=today, known_us=known)
        then = ledger.snapshot(as_of=min(today, date(to_year, 12, 31)), known_us=known)
        chosen = _sites(conn, params, now)
        baselines = baselines_of(now, registered)
        if params.from_year is not None:
            baselines = dict.fromkeys(baselines, params.from_year)
        usable = {site_id: year for site_id in chosen if 0 < (year := baselines[site_id]) < to_year}
        years = [year for year in registered if min(usable.values(), default=to_year) <= year <= to_year]
        check_comparable(land_cover, edition, years)
        used = [scene for scene in found if years[0] - 1 <= scene.year <= years[-1] + 1]
        check_same_grid(used)
        inputs = InputsNow(conn, ledger)
        subjects = {
            site_id: _subject(
                chosen[site_id], inputs.geometry_seq(site_id), land_cover, edition, used, (year, to_year)
            )
            for site_id, year in usable.items()
        }
        kept = _kept(conn, land_cover.slug, edition, subjects)
    return Plan(
        land_cover=land_cover,
        edition=edition,
        scenes=used,
        years=years,
        to_year=to_year,
        sites=chosen,
        subjects=subjects,
        changed=[site_id for site_id in subjects if site_id not in kept[TemporalRule.NONE]],
        kept=kept,
        then=then,
        now=now,
        overlaps=Overlaps([chosen[site_id].geometry for site_id in subjects]),
        total_key=_total_key(subjects),
    )


def _scenes(conn: Connection, params: RecoverParams) -> tuple[str, list[Scene]]:
    edition = params.edition or scenes.current_edition(conn, params.product)
    found = [] if edition is None else scenes.find(conn, product=params.product, edition=edition)
    if edition is None or not found:
        year = params.to_year if params.to_year is not None else "any year"
        raise UnknownScene(product=params.product, edition=edition or "any", year=year, known="none")
    return edition, found


def _check_years(params: RecoverParams, edition: str, registered: Sequence[int], to_year: int) -> None:
    for year in (params.from_year, params.to_year):
        if year is not None and year not in registered:
            known = ", ".join(map(str, registered))
            raise UnknownScene(product=params.product, edition=edition, year=year, known=known)
    if params.from_year is not None and params.from_year >= to_year:
        raise BadYears(from_year=params.from_year, to_year=to_year)


def _sites(conn: Connection, params: RecoverParams, now: Snapshot) -> dict[int, Site]:
    if params.site_ids is not None:
        found = [sites.get(conn, site_id) for site_id in sorted(set(params.site_ids))]
    else:
        found = sites.find(conn, SiteFilter(limit=None))
    return {site.site_id: site for site in found if now.state_of(site.site_id) is not None}


def _subject(
    site: Site,
    geometry_seq: int,
    land_cover: Product,
    edition: str,
    used: Sequence[Scene],
    years: tuple[int, int],
) -> Subject:
    key = OutcomeKey(
        kind=site.kind,
        target=site.target_use,
        damage=damage_at(site.kind, site.damage_year, years[0]),
        natural_bare_disturbed=site.attributes.get(NATURAL_BARE) is True,
    )
    late = site.treatment_start is not None and site.treatment_start.year < years[0]
    terms, last_scene_id = terms_and_last_scene(
        used, legend=land_cover, edition=edition, key=key, years=years, baseline_late=late
    )
    return Subject(
        site_id=site.site_id,
        key=key,
        area_units=site.area_units,
        from_year=years[0],
        to_year=years[1],
        baseline_late=late,
        content_key=content_key(terms, site.geometry),
        inputs=inputs_of(geometry_seq, terms, last_scene_id),
    )


def _kept(
    conn: Connection, land_cover: str, edition: str, subjects: Mapping[int, Subject]
) -> dict[TemporalRule, dict[int, Recovery]]:
    """The stored recoveries of the sites whose content key and inputs are unchanged, by rule."""
    pairs = {(one.from_year, one.to_year) for one in subjects.values()}
    stored = {pair: recoveries.keys(conn, land_cover, edition, *pair) for pair in pairs}
    same = {
        site_id
        for site_id, one in subjects.items()
        if stored[one.from_year, one.to_year].get(site_id) == one.content_key
    }
    kept: dict[TemporalRule, dict[int, Recovery]] = {rule: {} for rule in TemporalRule}
    if not same:
        return kept
    for from_year, to_year in pairs:
        for one in recoveries.find(
            conn, product=land_cover, edition=edition, from_year=from_year, to_year=to_year
        ):
            if one.site_id in same and subjects[one.site_id].from_year == from_year:
                kept[one.temporal_rule][one.site_id] = one
    whole = {
        site_id
        for site_id in same
        if all(
            site_id in of_rule and of_rule[site_id].inputs == subjects[site_id].inputs
            for of_rule in kept.values()
        )
    }
    return {rule: {site_id: of_rule[site_id] for site_id in sorted(whole)} for rule, of_rule in kept.items()}


def _total_key(subjects: Mapping[int, Subject]) -> str:
    keys = "".join(f"{site_id} {one.content_key}\n" for site_id, one in subjects.items())
    return hashlib.sha256(keys.encode()).hexdigest()
