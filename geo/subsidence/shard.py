"""The shard of a subsidence run: what it is asked, and the displacement or the water that it answers with.

A shard is computed from what it is given and from the rasters alone, wherever that happens; its task and its
answer travel between processes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shapely import MultiPolygon, from_wkb

from geo.recover.shard import EngineDiffers
from geo.recovery import Inputs
from geo.runs.pools import Look
from geo.scenes import Scene
from geo.subsidence.displacement_series import DisplacementSeries
from geo.subsidence.inputs import ENGINE_VERSION
from geo.subsidence.site import Subsidence, subsidence
from geo.subsidence.site_displacement import site_displacements
from geo.subsidence.site_ponding import WaterUnits, YearScenes, site_waters


@dataclass(frozen=True, slots=True)
class SubsidenceSubject:
    """One site: its polygon as WKB, its area in 1e-4 m2, and what a displacement of it rests on."""

    site_id: int
    polygon: bytes
    area_units: int
    content_key: str
    inputs: Inputs


@dataclass(frozen=True, slots=True)
class SubsidenceTask:
    """What one shard is asked: the displacement of its subjects by a series, or their water in some years.

    `files` gives for each scene's path where its raster is found; `water_codes` and `blind_codes` are the
    classes that are water, and that mean no data.
    """

    subjects: tuple[SubsidenceSubject, ...]
    files: Mapping[str, Path]
    series: DisplacementSeries | None = None
    years: tuple[YearScenes, ...] = ()
    water_codes: frozenset[int] = frozenset()
    blind_codes: frozenset[int] = frozenset()
    engine: int = ENGINE_VERSION

    def outlines(self) -> dict[int, MultiPolygon]:
        """The polygons by site."""
        polygons = from_wkb([one.polygon for one in self.subjects])
        return dict(zip((one.site_id for one in self.subjects), polygons, strict=True))

    def locate(self, scene: Scene) -> Path:
        """Where the raster of a scene is found."""
        return self.files[scene.path]


@dataclass(frozen=True, slots=True)
class Told:
    """What the rasters tell of a shard: displacement, or {site id: {year: water}}; no site beyond them."""

    subsidences: list[Subsidence] = field(default_factory=list)
    waters: Mapping[int, Mapping[int, WaterUnits]] = field(default_factory=dict)


def tell_subsidence(task: SubsidenceTask | None, look: Look) -> Told:
    """What the rasters tell of a shard; nothing for None, where nothing is to be computed."""
    if task is None or not task.subjects:
        return Told()
    if task.engine != ENGINE_VERSION:
        raise EngineDiffers(theirs=ENGINE_VERSION, ours=task.engine)

    def progress(_done: int, _total: int) -> None:
        look()

    if task.series is not None:
        return Told(subsidences=_displacements(task, task.series, progress))
    waters = site_waters(
        task.years,
        task.outlines(),
        water_codes=task.water_codes,
        blind_codes=task.blind_codes,
        locate=task.locate,
        progress=progress,
    )
    return Told(waters=waters)


def _displacements(
    task: SubsidenceTask, series: DisplacementSeries, progress: Callable[[int, int], None]
) -> list[Subsidence]:
    by_id = {one.site_id: one for one in task.subjects}
    found = site_displacements(series, task.outlines(), locate=task.locate, progress=progress)
    return [
        subsidence(
            site_id,
            by_id[site_id].area_units,
            cells,
            span=series.span,
            rules=series.rules,
            epochs=epochs,
            content_key=by_id[site_id].content_key,
            inputs=by_id[site_id].inputs,
        )
        for site_id, (cells, epochs) in found
    ]
