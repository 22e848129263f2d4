"""Joint class areas through the years: the hectares of every site that went from class to class."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rasterio.io import DatasetReader

from geo.coverage import Coverage
from geo.errors import InvalidInput, UnknownScene
from geo.rasters import MISSING_CODE
from geo.scenes import Scene
from geo.tally import Cells, Slots, Tally
from geo.zonal import (
    ClassAreas,
    JointAreas,
    open_scene,
    read_ahead,
    read_all,
    refuse_changed,
    refuse_other_grid,
    scene_reader,
)
from geo.zonal_loops import smooth

__all__ = ["MISSING_CODE", "JointAreas", "SeriesAreas", "Transition", "series_areas"]


class MixedScenes(InvalidInput):
    """The scenes of a series are not one edition of one product, one a year."""

    template = "a series needs one scene a year of one edition of one product: {problem}"


@dataclass(frozen=True, slots=True)
class Transition:
    """Area of one site, or scene, that went from one class to another.

    `ha` is true ground area; `ha_grid` cells x nominal cell area, None on a geographic grid. Codes are None
    where the cell holds no data.
    """

    from_code: int | None
    to_code: int | None
    outcome: str
    units: int
    ha: float
    ha_grid: float | None


@dataclass(frozen=True, slots=True)
class SeriesAreas:
    """Class areas by year, and joint areas from each site's baseline year to each year, under one rule.

    `rule` is `none` or `majority3`. `joint[year]` has rows only of sites whose baseline is not after `year`.
    """

    rule: str
    classes: Mapping[int, ClassAreas]
    joint: Mapping[int, JointAreas]


def series_areas(
    coverage: Coverage,
    scenes: Sequence[Scene],
    *,
    baseline_years: npt.NDArray[np.int32],
    years: Sequence[int],
    rules: Sequence[str],
    locate: Callable[[Scene], Path],
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, SeriesAreas]:
    """Class and joint areas of every site for each of `years`, by temporal rule.

    `scenes` are all of one edition of one product, one a year, the neighbours of `years` among them.
    `baseline_years` holds one year for each site of the coverage, 0 for a site without a baseline. Under
    `majority3` the class of a year becomes that of the year before where the years before and after agree on
    one; a year without a scene in both neighbouring years stays as it is, and no data replaces nothing. Each
    block of each year is read once. `progress(blocks done, blocks)` may raise to stop the work.

    Raises UnknownScene for a year without a scene, MixedScenes, GridsDiffer and SceneChanged.
    """
    by_year = _one_a_year(scenes)
    baselines = np.asarray(baseline_years, dtype=np.int32)
    needed = _needed_years(by_year, {*years, *baselines[baselines > 0].tolist()}, rules)
    row_of = {year: row for row, year in enumerate(needed)}
    baseline = np.array([row_of.get(year, -1) for year in baselines.tolist()], dtype=np.int32)
    rows = {rule: _neighbours(needed, rule) for rule in rules}
    slots = Slots()
    classes = {(rule, year): Tally() for rule in rules for year in years}
    pairs = {(rule, year): Tally() for rule in rules for year in years}
    with ExitStack() as stack:
        for year in needed:
            refuse_other_grid(coverage, by_year[year])
        files = _open_all(stack, [by_year[year] for year in needed], locate)
        order = [row_of[scene.year] for _, bands in files for scene in bands]
        read = read_all([scene_reader(dataset, bands) for dataset, bands in files])
        for done, (block, codes) in enumerate(read_ahead(coverage.blocks, read)):
            cells = Cells.of(block)
            raw = np.empty((len(needed), len(cells.at)), dtype=np.uint16)
            for row, (values, missing) in zip(order, codes, strict=True):
                slots.gather(cells, values, missing, raw[row])
            for rule in rules:
                ruled = _smoothed(raw, rows[rule])
                for year in years:
                    row = row_of[year]
                    classes[rule, year].add_classes(cells, ruled[row], slots.used)
                    pairs[rule, year].add_pairs(cells, ruled, slots.used, baseline=baseline, year=row)
            if progress is not None:
                progress(done + 1, len(coverage.blocks))
    return {
        rule: SeriesAreas(
            rule=rule,
            classes={
                year: ClassAreas(*classes.pop((rule, year)).by_class(coverage.sites, slots)) for year in years
            },
            joint={
                year: JointAreas(*pairs.pop((rule, year)).by_pair(coverage.sites, slots)) for year in years
            },
        )
        for rule in rules
    }


def _open_all(
    stack: ExitStack, scenes: Sequence[Scene], locate: Callable[[Scene], Path]
) -> list[tuple[DatasetReader, list[Scene]]]:
    """Every raster that holds one of the scenes, open, with the scenes that are its bands."""
    files: dict[Path, tuple[DatasetReader, list[Scene]]] = {}
    for scene in scenes:
        path = locate(scene)
        if path not in files:
            files[path] = (stack.enter_context(open_scene(scene, path)), [])
        refuse_changed(scene, files[path][0], path)
        files[path][1].append(scene)
    return list(files.values())


def _neighbours(needed: Sequence[int], rule: str) -> list[tuple[int, int, int]]:
    """Rows (before, now, after) that the rule smooths: those whose neighbouring years are both there."""
    if rule == "none":
        return []
    if rule != "majority3":
        raise ValueError(f"no temporal rule is called {rule!r}")
    at = {year: row for row, year in enumerate(needed)}
    return [(at[y - 1], at[y], at[y + 1]) for y in needed if y - 1 in at and y + 1 in at]


def _smoothed(raw: npt.NDArray[np.uint16], rows: Sequence[tuple[int, int, int]]) -> npt.NDArray[np.uint16]:
    if not rows:
        return raw
    ruled = raw.copy()
    for before, now, after in rows:
        smooth(raw[before], raw[now], raw[after], ruled[now])
    return ruled


def _one_a_year(scenes: Sequence[Scene]) -> dict[int, Scene]:
    by_year: dict[int, Scene] = {}
    for scene in scenes:
        if (scene.product, scene.edition) != (scenes[0].product, scenes[0].edition):
            raise MixedScenes(
                problem=f"{scenes[0].product} {scenes[0].edition} and {scene.product} {scene.edition}"
            )
        if scene.year in by_year:
            raise MixedScenes(problem=f"two scenes of {scene.year}")
        by_year[scene.year] = scene
    return by_year


def _needed_years(by_year: Mapping[int, Scene], asked: Collection[int], rules: Sequence[str]) -> list[int]:
    """The years to read, ascending: those asked for and, for majority3, neighbours where both are there."""
    for year in sorted(asked):
        if year not in by_year:
            some = next(iter(by_year.values()), None)
            raise UnknownScene(
                product=some.product if some else "any product",
                edition=some.edition if some else "any",
                year=year,
                known=", ".join(map(str, sorted(by_year))) or "none",
            )
    needed = set(asked)
    if "majority3" in rules:
        for year in asked:
            if year - 1 in by_year and year + 1 in by_year:
                needed |= {year - 1, year + 1}
    return sorted(needed)
