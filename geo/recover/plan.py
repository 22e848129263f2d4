"""The plan of a recovery run: which land cover it compares, over which sites, and how they are parted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from geo.baselines import baseline_years
from geo.errors import InvalidInput, UnknownScene, UnknownSite
from geo.grid import Grid
from geo.landcover import Product, check_comparable, product
from geo.runs.shards import MOST_SITES, Shard, shards_of
from geo.scenes import Scene, check_same_grid
from geo.snapshot import UNKNOWN, Int64s
from geo.store import Connection, Store, scenes, site_boxes, sites


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


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does, whatever its sites: small, however many they are.

    `scenes` are all of the edition, in the order of their years.
    """

    params: RecoverParams
    land_cover: Product
    edition: str
    scenes: Sequence[Scene]
    to_year: int
    today: date

    @property
    def grid(self) -> Grid:
        """The grid that the scenes compared share."""
        return next(scene.grid for scene in self.scenes if scene.year == self.to_year)

    @property
    def scene_seq(self) -> int:
        """How far scenes were registered when the run was planned."""
        return max(scene.scene_id for scene in self.scenes)

    @property
    def registered(self) -> list[int]:
        """The years of the scenes, rising."""
        return sorted({scene.year for scene in self.scenes})

    def baselines(self, damage_year: Int64s) -> Int64s:
        """The baseline year of sites damaged in these years (`UNKNOWN` where not known), 0 for none."""
        if self.params.from_year is not None:
            return np.full(len(damage_year), self.params.from_year, dtype=np.int64)
        return baseline_years(damage_year, self.registered)

    def years(self, baselines: Int64s) -> list[int]:
        """The years to compare for sites with these baselines: from the first of them to the later year."""
        usable = baselines[(baselines > 0) & (baselines < self.to_year)]
        first = int(usable.min()) if len(usable) else self.to_year
        return [year for year in self.registered if first <= year <= self.to_year]

    def chosen(self) -> Int64s | None:
        """The ids of the sites asked for, rising; None for all."""
        asked = self.params.site_ids
        return None if asked is None else np.unique(np.array(asked, dtype=np.int64))

    def shards(self, store: Store, most_sites: int = MOST_SITES) -> list[Shard]:
        """The sites as they are now, parted by space."""
        with store.read() as conn:
            ids, boxes = site_boxes.boxes(conn, self.chosen())
        return shards_of(self.grid, ids, boxes, most_sites=most_sites)


def plan_recovery(store: Store, params: RecoverParams, *, today: date) -> Plan:
    """The plan of a run. Raises as `geo.recover.run.recover` does, before anything is computed."""
    land_cover = product(params.product)
    with store.read() as conn:
        edition, found = _scenes(conn, params)
        registered = sorted({scene.year for scene in found})
        to_year = params.to_year if params.to_year is not None else registered[-1]
        _check_years(params, edition, registered, to_year)
        _check_sites(conn, params.site_ids)
        plan = Plan(params, land_cover, edition, found, to_year, today)
        damage_years = sites.damage_years(conn, params.site_ids)
    years = plan.years(plan.baselines(_known(damage_years)))
    check_comparable(land_cover, edition, years)
    check_same_grid([scene for scene in found if years[0] - 1 <= scene.year <= years[-1] + 1])
    return plan


def _known(damage_years: Sequence[int | None]) -> Int64s:
    return np.array([UNKNOWN if year is None else year for year in damage_years], dtype=np.int64)


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


def _check_sites(conn: Connection, site_ids: Sequence[int] | None) -> None:
    wanted = sorted(set(site_ids or ()))
    known = sites.known_ids(conn, wanted)
    for site_id in wanted:
        if site_id not in known:
            raise UnknownSite(site_id=site_id)
