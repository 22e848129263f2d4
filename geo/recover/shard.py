"""The shard of a recovery run: what it is asked, and the recoveries that it answers with.

A shard is computed from what it is given and from the rasters alone, wherever that happens; its task and its
answer travel between processes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from shapely import from_wkb

from geo.assessment import ENGINE_VERSION, Subject, assess
from geo.coverage import cover
from geo.errors import Conflict
from geo.evidence.thresholds import Thresholds
from geo.landcover import Product
from geo.recovery import Recovery, TemporalRule
from geo.runs.pools import Look
from geo.scenes import Scene
from geo.site_series import SeriesBySite
from geo.transitions import series_areas

Recoveries = Mapping[TemporalRule, Mapping[int, Recovery]]


class EngineDiffers(Conflict):
    """A worker of a cluster has another version of Reverdure than the one that gives it work."""

    template = (
        "a worker computes by version {theirs} of the engine, not {ours}; install the same version there"
    )


@dataclass(frozen=True, slots=True)
class ShardTask:
    """What one shard is asked: the recovery of `subjects`, whose polygons (WKB) stand beside them.

    A subject with a negative id is the piece of a site that no earlier site covers. The paths of `scenes`
    are those under which the files are found. `ends_unchanged` are the ids for which the three-year majority
    cannot be taken in one of their two years.
    """

    land_cover: Product
    edition: str
    scenes: tuple[Scene, ...]
    years: tuple[int, ...]
    subjects: tuple[Subject, ...]
    polygons: tuple[bytes, ...]
    ends_unchanged: frozenset[int]
    limits: Thresholds
    engine: int = ENGINE_VERSION


def assess_shard(task: ShardTask | None, look: Look) -> Recoveries:
    """The recoveries of a shard by rule and id; none for None, a shard with nothing to compute."""
    if task is None or not task.subjects:
        return {rule: {} for rule in TemporalRule}
    if task.engine != ENGINE_VERSION:
        raise EngineDiffers(theirs=ENGINE_VERSION, ours=task.engine)
    grid = next(scene.grid for scene in task.scenes if scene.year == task.years[-1])
    coverage = cover(
        grid,
        np.array([one.site_id for one in task.subjects], dtype=np.int64),
        list(from_wkb(list(task.polygons))),
    )
    found = series_areas(
        coverage,
        task.scenes,
        baseline_years=np.array([one.from_year for one in task.subjects], dtype=np.int32),
        years=task.years,
        rules=[rule.value for rule in TemporalRule],
        locate=lambda scene: Path(scene.path),
        progress=lambda _done, _total: look(),
    )
    return {
        rule: _assessed(task, SeriesBySite(found[rule.value], rule), grid.nominal_cell_ha)
        for rule in TemporalRule
    }


def _assessed(task: ShardTask, series: SeriesBySite, cell_ha: float | None) -> dict[int, Recovery]:
    return {
        one.site_id: assess(
            one,
            series.of(one.site_id, end_year_unchanged=one.site_id in task.ends_unchanged),
            land_cover=task.land_cover,
            edition=task.edition,
            cell_ha=cell_ha,
            limits=task.limits,
        )
        for one in task.subjects
    }
