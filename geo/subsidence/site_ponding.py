"""Water under the sites, season by season: from land-cover scenes to hectares, by exact coverage."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from shapely import MultiPolygon

from geo.coverage import Coverage, cover
from geo.grid import BLOCK
from geo.scenes import Scene, check_same_grid
from geo.subsidence.site_displacement import site_shards
from geo.tally import Cells
from geo.zonal import Codes, open_scene, read_ahead, read_all, refuse_changed, scene_reader

SEASONS_NEEDED: Final = 2
"""In how many seasons a cell must be seen to tell perennial water from seasonal."""

Bools = npt.NDArray[np.bool_]


@dataclass(slots=True)
class WaterUnits:
    """Water of one site in one year, in units of 1e-4 m2; None where no scene tells."""

    n_seasons: int
    valid: int = 0
    annual: int | None = None
    perennial: int | None = None
    seasonal: int | None = None


@dataclass(frozen=True, slots=True)
class YearScenes:
    """The scenes of one year: that of the whole year, or None, and those of its parts."""

    year: int
    annual: Scene | None
    seasons: tuple[Scene, ...] = field(default=())

    @property
    def used(self) -> tuple[Scene, ...]:
        """The scenes that tell something: a single season tells nothing about seasons."""
        seasons = self.seasons if len(self.seasons) >= SEASONS_NEEDED else ()
        return seasons if self.annual is None else (self.annual, *seasons)


def scenes_by_year(scenes: Sequence[Scene]) -> list[YearScenes]:
    """The scenes of one product and edition by year, those that tell nothing left out."""
    years = sorted({scene.year for scene in scenes})
    found = [
        YearScenes(
            year,
            next((scene for scene in scenes if scene.year == year and scene.is_annual), None),
            tuple(scene for scene in scenes if scene.year == year and not scene.is_annual),
        )
        for year in years
    ]
    return [one for one in found if one.used]


def site_waters(
    years: Sequence[YearScenes],
    geometries: Mapping[int, MultiPolygon],
    *,
    water_codes: Collection[int],
    blind_codes: Collection[int],
    locate: Callable[[Scene], Path],
    progress: Callable[[int, int], None] | None = None,
) -> dict[int, dict[int, WaterUnits]]:
    """{site id: {year: water}} of every site that meets the grid.

    `water_codes` are the classes that are water, `blind_codes` those that mean no data (cloud). Each block is
    read once a scene. `progress(sites done, sites)` may raise to stop the work. Raises GridsDiffer,
    SceneChanged and OffTheMap.
    """
    scenes = [scene for one in years for scene in one.used]
    if not scenes:
        return {}
    check_same_grid(scenes)
    codes = (np.array(sorted(water_codes)), np.array(sorted(blind_codes)))
    found: dict[int, dict[int, WaterUnits]] = {}
    done = 0
    with ExitStack() as stack:
        read = _reader(scenes, locate, stack)
        for ids in site_shards(scenes[0].grid, geometries):
            coverage = cover(scenes[0].grid, ids, [geometries[one] for one in ids.tolist()])
            _add_blocks(found, coverage, years, read, codes)
            done += len(ids)
            if progress is not None:
                progress(done, len(geometries))
    return found


def _reader(
    scenes: Sequence[Scene], locate: Callable[[Scene], Path], stack: ExitStack
) -> Callable[[int, int], list[Codes]]:
    """A function of block row and column that gives the codes of every scene, each file read once."""
    places: dict[Path, list[int]] = {}
    for place, scene in enumerate(scenes):
        places.setdefault(locate(scene), []).append(place)
    readers = []
    for path, of_file in places.items():
        dataset = stack.enter_context(open_scene(scenes[of_file[0]], path))
        for place in of_file:
            refuse_changed(scenes[place], dataset, path)
        readers.append(scene_reader(dataset, [scenes[place] for place in of_file]))
    read = read_all(readers)
    order = np.argsort([place for of_file in places.values() for place in of_file]).tolist()

    def in_order(row: int, col: int) -> list[Codes]:
        codes = read(row, col)
        return [codes[at] for at in order]

    return in_order


def _add_blocks(
    found: dict[int, dict[int, WaterUnits]],
    coverage: Coverage,
    years: Sequence[YearScenes],
    read: Callable[[int, int], list[Codes]],
    codes: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> None:
    water_codes, blind_codes = codes
    for block, bands in read_ahead(coverage.blocks, read):
        cells = Cells.of(block)
        row, col = np.divmod(cells.at, BLOCK)
        seen, wet = [], []
        for values, missing in bands:
            shown = values[row, col].astype(np.int64)
            seen.append((shown != missing) & ~np.isin(shown, blind_codes))
            wet.append(np.isin(shown, water_codes) & seen[-1])
        at = 0
        for one in years:
            last = at + len(one.used)
            _add_year(found, coverage, cells, one, seen[at:last], wet[at:last])
            at = last


def _add_year(
    found: dict[int, dict[int, WaterUnits]],
    coverage: Coverage,
    cells: Cells,
    year: YearScenes,
    seen: Sequence[Bools],
    wet: Sequence[Bools],
) -> None:
    has_annual = year.annual is not None
    parts: dict[str, Bools] = {}
    if has_annual:
        parts |= {"valid": seen[0], "annual": wet[0]}
    n_seasons = len(seen) - has_annual
    if n_seasons:
        valid = np.sum(seen[has_annual:], axis=0)
        water = np.sum(wet[has_annual:], axis=0)
        told = valid >= SEASONS_NEEDED
        parts |= {
            "valid": told,
            "perennial": told & (water == valid),
            "seasonal": told & (water > 0) & (water < valid),
        }
    sums = {
        name: np.add.reduceat(cells.units * mask, cells.groups[:-1], dtype=np.int64)
        for name, mask in parts.items()
    }
    for group, site in enumerate(cells.site.tolist()):
        by_year = found.setdefault(int(coverage.sites[site]), {})
        units = by_year.setdefault(year.year, WaterUnits(n_seasons))
        for name, column in sums.items():
            setattr(units, name, (getattr(units, name) or 0) + int(column[group]))
