"""The whole demo, built beside the store and taken over in one step."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from geo.band_scenes import Scaling
from geo.cities import City, listed_cities
from geo.clock import time_text
from geo.demo import composites, displacement
from geo.demo.checking import check_sample
from geo.demo.composites import write_composites
from geo.demo.desk import LAST_DAY, steps
from geo.demo.displacement import write_displacement
from geo.demo.histories import Story, write_stories
from geo.demo.journal import Act, journal
from geo.demo.office import Office
from geo.demo.rasters import EDITION, YEARS, write_rasters
from geo.demo.region import plan_sites
from geo.demo.works import record_works
from geo.outlines import CHINA_EDITION, china_units
from geo.recover.run import RecoverParams, recover
from geo.registration import RasterRequest, inspect
from geo.scenes import SceneKind
from geo.spectral.params import SpectralParams
from geo.spectral.recovery import ReferenceKind, TargetKind
from geo.spectral.run import spectral_recovery
from geo.store import Store, cities, proposals, scenes, set_setting
from geo.store.takeover import refuse_sites, take_over
from geo.subsidence.plan import SubsidenceParams
from geo.subsidence.run import find_subsidence

SEED: Final = 20130101
PRODUCT: Final = "clcd"
COMPOSITES: Final = "demo_composite"
INSAR: Final = "demo_insar"
SCENES_ADDED_AT: Final = time_text(datetime(2025, 3, 17, 1, 30, tzinfo=UTC))
"""When the demo's scenes count as registered; fixed, as all its days are."""

Progress = Callable[[int, int], None]

_STEPS: Final = 100
_COVERED: Final = 30
_DRAWN: Final = 45
_RECORDED: Final = 60
_RECOVERED: Final = 85
_SEEN: Final = 96


@dataclass(frozen=True, slots=True)
class DemoRasters:
    """The rasters of the demo on disk: land cover and composites a file a year, displacement one in all."""

    covers: list[Path]
    composites: list[Path]
    displacements: list[Path]

    def every(self) -> list[Path]:
        """All files."""
        return [*self.covers, *self.composites, *self.displacements]

    def requests(self) -> list[tuple[list[Path], RasterRequest]]:
        """What each group of files is registered as."""
        seen = RasterRequest(COMPOSITES, EDITION, SceneKind.SPECTRAL, scaling=Scaling(composites.SCALE))
        moved = RasterRequest(
            INSAR,
            EDITION,
            SceneKind.DISPLACEMENT,
            zero=displacement.ZERO,
            days=displacement.EPOCHS,
            scaling=Scaling(displacement.SCALE),
        )
        covers = RasterRequest(PRODUCT, EDITION)
        return [(self.covers, covers), (self.composites, seen), (self.displacements, moved)]


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What the demo put into the store. `verdicts` counts sites by verdict, `raster_mb` is in 10^6 bytes."""

    sites: int
    changes: int
    proposals_open: int
    scenes: int
    raster_mb: float
    folder: str
    verdicts: Mapping[str, int]


def build_demo(
    store: Store, folder: Path, *, seed: int = SEED, n_sites: int = 400, progress: Progress | None = None
) -> DemoSummary:
    """Fill the empty `store` with the demo region, its rasters below `folder`, and say what came of it.

    Everything is built in a store of its own beside `store`, which takes it over at the end, so that a build
    that is killed leaves the store empty. The same `seed` and `n_sites` give the same content.
    Raises `StoreNotEmpty`.
    """
    refuse_sites(store)
    report = progress or _silent
    report(0, _STEPS)
    units = china_units()
    stories = write_stories(plan_sites(units, seed=seed, n_sites=n_sites), seed=seed)
    acts = journal(stories, steps(stories), seed=seed)
    drawn = _rasters(store, folder, stories, seed=seed, report=report)
    beside = store.folder / f".{store.path.stem}.demo-building.gpkg"
    _remove(beside)
    try:
        building = Store.open(beside, create=True)
        try:
            summary = _fill(building, units, stories, acts, drawn=drawn, seed=seed, report=report)
            take_over(store, building)
        finally:
            building.close()
    finally:
        _remove(beside)
    report(_STEPS, _STEPS)
    return summary


def _fill(
    store: Store,
    units: Sequence[City],
    stories: Sequence[Story],
    acts: Sequence[Act],
    *,
    drawn: DemoRasters,
    seed: int,
    report: Progress,
) -> DemoSummary:
    found = [scene for paths, request in drawn.requests() for scene in inspect(paths, request)]
    with store.write() as conn:
        set_setting(conn, "synthetic", "yes")
        set_setting(conn, "cities_edition", CHINA_EDITION)
        cities.put(conn, units, listed_cities())
        office = Office(conn, stories)
        office.work(acts, progress=_part(report, _DRAWN, _RECORDED))
        record_works(conn, units)
        located = [replace(scene, path=store.relative(Path(scene.path))) for scene in found]
        scenes.add(conn, located, now=SCENES_ADDED_AT)
        waiting = len(proposals.find(conn, state="open"))
    report(_RECORDED, _STEPS)
    params = RecoverParams(product=PRODUCT, edition=EDITION, from_year=YEARS[0], to_year=YEARS[-1])
    result = recover(store, params, progress=_part(report, _RECORDED, _RECOVERED))
    seen = SpectralParams(
        product=COMPOSITES,
        edition=EDITION,
        index="ndvi",
        target=TargetKind.REFERENCE,
        reference=ReferenceKind.RING,
    )
    spectral_recovery(store, seen, progress=_part(report, _RECOVERED, _SEEN))
    check_sample(store, seed=seed, today=LAST_DAY)
    moved = SubsidenceParams(product=INSAR, edition=EDITION)
    find_subsidence(store, moved, progress=_part(report, _SEEN, _STEPS))
    return DemoSummary(
        sites=len(office.site_ids),
        changes=office.reports,
        proposals_open=waiting,
        scenes=len(found),
        raster_mb=round(sum(path.stat().st_size for path in drawn.every()) / 1e6, 1),
        folder=str(drawn.covers[0].parent.parent),
        verdicts=dict(Counter(str(one.verdict) for one in result.evidence if one.verdict is not None)),
    )


def _rasters(
    store: Store, folder: Path, stories: Sequence[Story], *, seed: int, report: Progress
) -> DemoRasters:
    """The rasters in their place below `folder`: drawn beside it, then moved there whole."""
    beside = folder / f".{store.path.stem}.demo-rasters"
    shutil.rmtree(beside, ignore_errors=True)
    try:
        covers = write_rasters(stories, beside / "landcover", seed=seed, progress=_part(report, 0, _COVERED))
        sites = [story.site.metres for story in stories]
        composites = write_composites(covers, sites, beside / "composites", seed=seed)
        moved = write_displacement(stories, beside / "displacement" / "displacement_demo.tif", seed=seed)
        report(_DRAWN, _STEPS)
        home = folder / _home(store)
        return DemoRasters(_settle(covers, home), _settle(composites, home), _settle([moved], home))
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _settle(paths: Sequence[Path], home: Path) -> list[Path]:
    """The files, moved into the folder of the same name below `home`."""
    place = home / paths[0].parent.name
    place.mkdir(parents=True, exist_ok=True)
    return [path.replace(place / path.name) for path in paths]


def _home(store: Store) -> str:
    """The name of the demo's folder: `demo`, or one of its own where another store lies beside this one."""
    others = [path for path in store.folder.glob("*.gpkg") if path != store.path and path.name[0] != "."]
    return f"demo-{store.path.stem}" if others else "demo"


def _part(report: Progress, first: int, last: int) -> Progress:
    """A progress whose whole is the steps from `first` to `last` of the demo's."""

    def step(done: int, total: int) -> None:
        report(first + (last - first) * done // max(1, total), _STEPS)

    return step


def _silent(_done: int, _total: int) -> None:
    return None


def _remove(path: Path) -> None:
    """Remove a store's file and what its journal left."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
