"""Drift of an edition: one class by year, what was lost and gained, and swings too large for land.

A class that loses much of its area and has it back some years later has more often changed its classifier
than its land. Such a swing is shown as drift of the edition, never as recovery. The temporal rule majority3
removes flicker of single years; a drift over several years stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from geo.areas import UNITS_PER_HA, ha_from_units
from geo.errors import InvalidInput, UnknownScene
from geo.landcover import product
from geo.rasters import CodeReader
from geo.recovery import TemporalRule
from geo.reference import reference_rows
from geo.scenes import Scene, check_same_grid
from geo.store import Store, scenes
from geo.tally import Cells, Slots
from geo.zonal import open_scene, read_ahead, read_all, refuse_changed, scene_reader, whole_blocks
from geo.zonal_loops import smooth

Shared = npt.NDArray[np.int64]
"""(years, years): what two years have in common; a year with itself is its own area."""


class NoSuchClass(InvalidInput):
    """The legend of the product has no class of this code."""

    template = "{product} has no class {code}; its classes are {known}"


@dataclass(frozen=True, slots=True)
class DriftRules:
    """From when a swing counts as drift. What each number decides is said in the table."""

    fall_share: float
    fall_years: float
    regain_share: float
    regain_years: float


@cache
def drift_rules() -> DriftRules:
    """The rules of `data/reference/drift_rules.csv`."""
    values = {row["slug"]: float(row["value"]) for row in reference_rows("drift_rules")}
    return DriftRules(**{field.name: values[field.name] for field in fields(DriftRules)})


@dataclass(frozen=True, slots=True)
class Flow:
    """What a class lost and gained between two years; `*_grid` counts cells, None on a geographic grid.

    Land without data in a year does not belong to the class then.
    """

    from_year: int
    to_year: int
    lost_ha: float
    gained_ha: float
    lost_ha_grid: float | None
    gained_ha_grid: float | None


@dataclass(frozen=True, slots=True)
class ClassYear:
    """The area of a class in one year; `unchanged` says that the rule could not be applied to that year."""

    year: int
    ha: float
    ha_grid: float | None
    unchanged: bool


@dataclass(frozen=True, slots=True)
class Swing:
    """A fall of a class from a peak to a trough and its regain, with the flows of both legs."""

    peak_year: int
    trough_year: int
    regain_year: int
    fall_share: float
    regain_share: float
    fall: Flow
    regain: Flow


@dataclass(frozen=True, slots=True)
class Series:
    """A class of a whole scene through the years under one temporal rule.

    `steps` are the flows from each year to the next, `swings` those beyond the rules of drift.
    """

    temporal_rule: TemporalRule
    years: tuple[ClassYear, ...]
    steps: tuple[Flow, ...]
    swings: tuple[Swing, ...]
    between: Flow | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """One class of one edition, raw and smoothed."""

    product: str
    edition: str
    class_code: int
    rules: DriftRules
    series: Mapping[TemporalRule, Series]


def class_drift(
    store: Store, slug: str, edition: str, class_code: int, *, between: tuple[int, int] | None = None
) -> Drift:
    """The class of the whole scene in every registered year, raw and under majority3.

    `between` adds the flow between two years. Raises `UnknownProduct`, `NoSuchClass`, `UnknownScene`,
    `GridsDiffer`, `SceneChanged`.
    """
    land_cover = product(slug)
    if class_code not in land_cover.legend:
        known = ", ".join(map(str, land_cover.legend))
        raise NoSuchClass(product=slug, code=class_code, known=known)
    with store.read() as conn:
        found = {scene.year: scene for scene in scenes.find(conn, product=slug, edition=edition)}
    for year in between or (None,):
        if not found or (year is not None and year not in found):
            known = ", ".join(map(str, found)) or "none"
            raise UnknownScene(product=slug, edition=edition, year=year or "any year", known=known)
    years = sorted(found)
    check_same_grid([found[year] for year in years])
    cell_ha = found[years[0]].grid.nominal_cell_ha
    shared = _shared(store, [found[year] for year in years], class_code)
    series = {
        rule: _series(rule, years, *shared[rule], cell_ha=cell_ha, between=between) for rule in TemporalRule
    }
    return Drift(slug, edition, class_code, drift_rules(), series)


def _shared(
    store: Store, found: Sequence[Scene], class_code: int
) -> dict[TemporalRule, tuple[Shared, Shared]]:
    """Units and cells that each two years share, by rule.

    A product of two 0-1 matrices: every sum is one of whole numbers below 2**53, so floats hold it exactly.
    """
    n = len(found)
    sums = {
        rule: (np.zeros((n, n), dtype=np.int64), np.zeros((n, n), dtype=np.int64)) for rule in TemporalRule
    }
    slots = Slots()
    neighbours = _neighbours([scene.year for scene in found])
    by_path: dict[Path, list[int]] = {}
    for row, scene in enumerate(found):
        by_path.setdefault(store.locate(scene), []).append(row)
    order = [row for rows in by_path.values() for row in rows]
    with ExitStack() as stack:
        readers = [_reader(stack, [found[row] for row in rows], path) for path, rows in by_path.items()]
        for block, codes in read_ahead(whole_blocks(found[0].grid), read_all(readers)):
            cells = Cells.of(block)
            raw = np.empty((n, len(cells.at)), dtype=np.uint16)
            for row, (values, missing) in zip(order, codes, strict=True):
                slots.gather(cells, values, missing, raw[row])
            ruled = raw.copy()
            for before, now, after in neighbours:
                smooth(raw[before], raw[now], raw[after], ruled[now])
            slot = int(slots.slot_of[class_code])
            if slot <= 0:
                continue
            ever = np.flatnonzero((raw == slot).any(axis=0))
            units = cells.units[ever].astype(np.float64)
            for rule, slotted in ((TemporalRule.NONE, raw), (TemporalRule.MAJORITY3, ruled)):
                is_class = (slotted[:, ever] == slot).astype(np.float64)
                sums[rule][0][...] += np.rint((is_class * units) @ is_class.T).astype(np.int64)
                sums[rule][1][...] += np.rint(is_class @ is_class.T).astype(np.int64)
    return sums


def _reader(stack: ExitStack, of_file: Sequence[Scene], path: Path) -> CodeReader:
    """A reader of the scenes that are bands of one raster, open as long as `stack`."""
    dataset = stack.enter_context(open_scene(of_file[0], path))
    for scene in of_file:
        refuse_changed(scene, dataset, path)
    return scene_reader(dataset, of_file)


def _neighbours(years: Sequence[int]) -> list[tuple[int, int, int]]:
    """Rows (before, now, after) of the years that have a scene in both neighbouring years."""
    at = {year: row for row, year in enumerate(years)}
    return [(at[y - 1], at[y], at[y + 1]) for y in years if y - 1 in at and y + 1 in at]


def _series(
    rule: TemporalRule,
    years: Sequence[int],
    units: Shared,
    cells: Shared,
    *,
    cell_ha: float | None,
    between: tuple[int, int] | None,
) -> Series:
    def flow(first: int, last: int) -> Flow:
        kept = units[first, last], cells[first, last]
        lost = int(units[first, first] - kept[0]), int(cells[first, first] - kept[1])
        gained = int(units[last, last] - kept[0]), int(cells[last, last] - kept[1])
        return Flow(
            from_year=years[first],
            to_year=years[last],
            lost_ha=ha_from_units(lost[0]),
            gained_ha=ha_from_units(gained[0]),
            lost_ha_grid=None if cell_ha is None else lost[1] * cell_ha,
            gained_ha_grid=None if cell_ha is None else gained[1] * cell_ha,
        )

    smoothed = {years[now] for _, now, _ in _neighbours(years)}
    areas = np.diag(units)
    return Series(
        temporal_rule=rule,
        years=tuple(
            ClassYear(
                year,
                ha_from_units(int(areas[row])),
                None if cell_ha is None else int(cells[row, row]) * cell_ha,
                unchanged=rule is not TemporalRule.NONE and year not in smoothed,
            )
            for row, year in enumerate(years)
        ),
        steps=tuple(flow(row, row + 1) for row in range(len(years) - 1)),
        swings=tuple(
            Swing(
                peak_year=years[peak],
                trough_year=years[trough],
                regain_year=years[regain],
                fall_share=float((areas[peak] - areas[trough]) / areas[peak]),
                regain_share=float((areas[regain] - areas[trough]) / (areas[peak] - areas[trough])),
                fall=flow(peak, trough),
                regain=flow(trough, regain),
            )
            for peak, trough, regain in swings(years, areas / UNITS_PER_HA, drift_rules())
        ),
        between=None if between is None else flow(years.index(between[0]), years.index(between[1])),
    )


def swings(
    years: Sequence[int], areas: npt.NDArray[np.float64], rules: DriftRules
) -> list[tuple[int, int, int]]:
    """Places (peak, trough, regain) of the swings beyond the rules, in order and not overlapping.

    The deepest fall within `fall_years` is taken first; the regain is the largest area within `regain_years`
    after its trough.

    >>> rules = DriftRules(0.4, 10, 0.3, 15)
    >>> swings([2000, 2001, 2002], np.array([10.0, 5.0, 9.0]), rules)
    [(0, 1, 2)]
    >>> swings([2000, 2001, 2002], np.array([10.0, 5.0, 5.5]), rules)
    []
    """
    found: list[tuple[int, int, int]] = []
    candidates = [
        (float(areas[peak] - areas[trough]), peak, trough)
        for peak in range(len(years))
        for trough in range(peak + 1, len(years))
        if years[trough] - years[peak] <= rules.fall_years
        and areas[peak] > 0
        and areas[peak] - areas[trough] >= rules.fall_share * areas[peak]
    ]
    for fall, peak, trough in sorted(candidates, key=lambda one: (-one[0], one[1], one[2])):
        later = [
            row for row in range(trough + 1, len(years)) if years[row] - years[trough] <= rules.regain_years
        ]
        if not later:
            continue
        regain = max(later, key=lambda row: (areas[row], -row))
        regained = float(areas[regain] - areas[trough]) >= rules.regain_share * fall
        if regained and all(regain <= one[0] or one[2] <= peak for one in found):
            found.append((peak, trough, regain))
    return sorted(found)
