"""The demo's land cover: a background of fields, villages, hills and water, and the course of every site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.demo.ground import Ground
from geo.demo.noise import fractal, fractal_level, ranked, smooth, smooth_level
from geo.sites import Kind, Target

Codes = npt.NDArray[np.uint8]

CROP, FOREST, SHRUB, GRASS, WATER, BARREN, BUILT, WETLAND = 1, 2, 3, 4, 5, 7, 8, 9
CODES: Final = frozenset({CROP, FOREST, SHRUB, GRASS, WATER, BARREN, BUILT, WETLAND})
"""The codes of the annual China land-cover dataset that the demo uses."""

FIRST_YEAR: Final = 2013

UNKNOWN: Final = 0
"""The declared nodata value; in a site's patch, a cell that shows the background."""

_CONFUSED: Final = np.array([0, GRASS, SHRUB, FOREST, CROP, WETLAND, 6, BUILT, BARREN, WATER], dtype=np.uint8)
"""The class that a class is mistaken for in a year of flicker, by code."""

_DAMAGED: Final[Mapping[Kind, tuple[int, int, float]]] = {
    Kind.OPEN_PIT: (BARREN, BUILT, 0.85),
    Kind.WASTE_DUMP: (BARREN, BUILT, 0.93),
    Kind.TAILINGS: (BARREN, WATER, 0.75),
    Kind.COAL_GANGUE: (BARREN, BUILT, 0.8),
    Kind.INDUSTRIAL_YARD: (BUILT, BARREN, 0.7),
    Kind.SUBSIDENCE: (BARREN, BUILT, 0.8),
    Kind.UNDERGROUND: (BARREN, BUILT, 0.6),
    Kind.ISOLATED_DISTRICT: (BUILT, BARREN, 0.65),
    Kind.OTHER: (BARREN, BUILT, 0.85),
}
"""What damaged land looks like from above: a class, another, and the share of the first."""

_REGROWN: Final[Mapping[Target, tuple[int, int, int]]] = {
    Target.NONE: (GRASS, GRASS, SHRUB),
    Target.FOREST: (GRASS, FOREST, GRASS),
    Target.GRASS: (GRASS, GRASS, SHRUB),
    Target.CROPLAND: (GRASS, CROP, CROP),
    Target.WETLAND: (WETLAND, WETLAND, WATER),
    Target.WATER: (WATER, WATER, WATER),
    Target.BUILT: (BUILT, BUILT, BUILT),
    Target.HERITAGE: (BUILT, BUILT, BUILT),
}
"""What recovered land looks like: in its first two years, later, and later on a fifth of it."""


@dataclass(frozen=True, slots=True)
class Patch:
    """The cells of one site: `codes` (years, rows, cols) uint8, `UNKNOWN` where the background shows.

    `row` and `col` are the absolute cell of its upper left corner.
    """

    row: int
    col: int
    codes: Codes


def background(row: int, col: int, shape: tuple[int, int], *, years: Sequence[int], seed: int) -> Codes:
    """Codes (years, rows, cols) of the land without mines, with its clumped flicker from year to year.

    Villages grow a little every year; all else stays. `row` and `col` are the absolute cell of the upper
    left corner, so that neighbouring windows fit.
    """
    base = _base(row, col, shape, seed)
    villages = fractal(row, col, shape, spacing=13, seed=seed, layer=3)
    villages += smooth(row, col, shape, spacing=140, seed=seed, layer=4) >> 2
    edge = fractal_level(875, 13) + (1 << 12)
    codes = np.repeat(base[None], len(years), axis=0)
    for index, year in enumerate(years):
        built = (villages > edge - 45 * (year - FIRST_YEAR)) & (base != WATER) & (base != FOREST)
        codes[index][built] = BUILT
    return codes


def flicker(codes: Codes, row: int, col: int, *, years: Sequence[int], seed: int) -> Codes:
    """`codes` (years, rows, cols) with clumps of cells taken for another class, most in one year alone."""
    seen = codes.copy()
    shape = codes.shape[1], codes.shape[2]
    level, lasting_level = smooth_level(978, 5), smooth_level(995, 7)
    for index, year in enumerate(years):
        wrong = smooth(row, col, shape, spacing=5, seed=seed, layer=100 + year) > level
        wrong |= smooth(row, col, shape, spacing=7, seed=seed, layer=3000 + year // 3) > lasting_level
        seen[index][wrong] = _CONFUSED[codes[index][wrong]]
    return seen


def site_patch(
    ground: Ground, inside: npt.NDArray[np.bool_], *, row: int, col: int, years: Sequence[int], seed: int
) -> Patch:
    """The course of one site's cells.

    `inside` (rows, cols) tells its cells; `row` and `col` are the absolute cell of its upper left corner.
    Which of them are damaged, drowned, healed and lost again follows smooth noise, so all comes in clumps;
    before its damage year a site is a field.
    """
    cells = _Cells(inside, row, col, seed)
    codes = np.full((len(years), *inside.shape), UNKNOWN, dtype=np.uint8)
    damaged_at = _damage_years(ground, cells)
    healed_at, lost_at = _healing_years(ground, cells)
    first, second, share = _DAMAGED[ground.kind]
    if ground.target is Target.BUILT:
        first, second, share = BARREN, BUILT, 0.6
    bare = np.where(cells.share(7, spacing=7) < share, first, second).astype(np.uint8)
    pond = _pond_rank(cells) if ground.pond_share > 0 else np.ones(cells.count)
    varied = cells.share(8, spacing=6)
    for index, year in enumerate(years):
        now = np.full(cells.count, CROP if year < ground.damage_year else UNKNOWN, dtype=np.uint8)
        damaged = year >= damaged_at
        now[damaged] = bare[damaged]
        now[pond < _pond_share(ground, year)] = WATER
        healed = (year >= healed_at) & (year < lost_at) & (now != UNKNOWN)
        now[healed] = _regrown(ground.target, year - healed_at[healed], varied[healed])
        codes[index][inside] = now
    return Patch(row, col, codes)


class _Cells:
    """The cells inside one site, in row-major order, and noise ranked among them."""

    def __init__(self, inside: npt.NDArray[np.bool_], row: int, col: int, seed: int) -> None:
        self.inside, self.row, self.col, self.seed = inside, row, col, seed
        self.count = int(inside.sum())

    def noise(self, layer: int, *, spacing: int) -> npt.NDArray[np.int32]:
        """Fractal noise at the cells, (count,)."""
        window = fractal(self.row, self.col, self.inside.shape, spacing=spacing, seed=self.seed, layer=layer)
        return window[self.inside]

    def share(self, layer: int, *, spacing: int) -> npt.NDArray[np.float64]:
        """The rank of fractal noise among the cells as a share in [0, 1), (count,)."""
        return ranked(self.noise(layer, spacing=spacing))


def _base(row: int, col: int, shape: tuple[int, int], seed: int) -> Codes:
    """Fields, hills and water, uint8 of `shape`."""
    hills = fractal(row, col, shape, spacing=210, seed=seed, layer=1)
    river = fractal(row, col, shape, spacing=330, seed=seed, layer=2)
    ponds = smooth(row, col, shape, spacing=11, seed=seed, layer=5)
    codes = np.full(shape, CROP, dtype=np.uint8)
    codes[hills > fractal_level(900, 210)] = GRASS
    codes[hills > fractal_level(915, 210)] = FOREST
    codes[ponds > smooth_level(994, 11)] = WATER
    codes[np.abs(river - fractal_level(500, 330)) < 55] = WATER
    return codes


def _damage_years(ground: Ground, cells: _Cells) -> npt.NDArray[np.int32]:
    """The year from which each cell is damaged, 9999 for never."""
    rank = cells.share(11, spacing=14)
    years = np.full(cells.count, 9999, dtype=np.int32)
    years[rank < ground.damage_share] = ground.damage_year
    if ground.spread_year is not None:
        spread = (rank >= ground.damage_share) & (rank < ground.damage_share + ground.spread_share)
        years[spread] = ground.spread_year
    return years


def _healing_years(ground: Ground, cells: _Cells) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The year from which each cell has recovered and the year in which it is lost again, 9999 for never."""
    healed = np.full(cells.count, 9999, dtype=np.int32)
    lost = np.full(cells.count, 9999, dtype=np.int32)
    if ground.recover_from is None:
        return healed, lost
    works = cells.share(12, spacing=9) < ground.success
    order = cells.share(13, spacing=8)
    healed[works] = ground.recover_from + (order[works] * (ground.recover_years + 1)).astype(np.int32)
    if ground.lose_year is not None:
        lost[cells.share(14, spacing=10) < ground.lose_share] = ground.lose_year
    return healed, lost


def _pond_rank(cells: _Cells) -> npt.NDArray[np.float64]:
    """The order in which cells go under water: the middle first, along smooth lines."""
    rows, cols = np.nonzero(cells.inside)
    height, width = cells.inside.shape
    off_centre = (2 * rows - height) ** 2 * width**2 + (2 * cols - width) ** 2 * height**2
    scaled = off_centre * 12_000 // max(1, (height * width) ** 2)
    return ranked((scaled + cells.noise(15, spacing=18)).astype(np.int32))


def _pond_share(ground: Ground, year: int) -> float:
    if year < ground.damage_year:
        return 0.0
    return min(0.75, ground.pond_share + ground.pond_growth * (year - FIRST_YEAR))


def _regrown(target: Target, age: npt.NDArray[np.int32], varied: npt.NDArray[np.float64]) -> Codes:
    """The classes of cells recovered `age` years ago; `varied` in [0, 1) picks the fifth that differs."""
    young, grown, other = _REGROWN[target]
    return np.where(age < 2, young, np.where(varied < 0.2, other, grown)).astype(np.uint8)
