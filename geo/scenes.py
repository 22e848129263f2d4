"""Scenes: dated rasters (or one band of one), as registered; land cover among them is inspected here."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import product as every
from pathlib import Path
from typing import Final

import numpy as np
from rasterio.io import DatasetReader

from geo.errors import Conflict, InvalidInput
from geo.grid import BLOCK, Grid
from geo.rasters import (
    MISSING_U16,
    NotWholeNumbers,
    block_window,
    declared_nodata,
    has_mask,
    missing_of,
    open_raster,
    raster_grid,
    read_window,
)
from geo.remote import identity, url_of

_YEAR: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_USUAL_NODATA: Final = frozenset({0, 255, 65535, -1, -99, -999, -9999, -32768, 32767, -99999})


class YearUnknown(InvalidInput):
    """Which year a raster shows is not known."""

    template = (
        "{path}: {problem}; say which year it shows (--year 2020, or --bands 1985:2022 for one band a year)"
    )


class BandsUnknown(InvalidInput):
    """A raster's bands and the years given do not match."""

    template = "{path} has {bands} bands, but {problem}; give the first and the last year (--bands 1985:2022)"


class SameYearTwice(InvalidInput):
    """Two rasters of one edition show the same year, or the same part of one."""

    template = "{path_a} and {path_b} both show {year}"


class GridsDiffer(InvalidInput):
    """Two scenes that must share a grid do not."""

    template = "{scene_a} and {scene_b} have different grids: {difference}; warp one to the other first"


class NodataUndeclared(InvalidInput):
    """A raster holds a value that looks like 'no data' but does not say so."""

    template = (
        "{path} band {band}: {cells} cells have the value {value}, which the legend of {product} does not "
        "hold and the file does not declare as nodata; declare it (--nodata {value}) if it means no data"
    )


class UnknownClass(InvalidInput):
    """A raster holds a class that its product's legend does not."""

    template = "{scene}: the legend of {product} has no class {code}, which {cells} cells have{more}"


class SceneChanged(Conflict):
    """A registered raster is no longer what it was."""

    template = "{path} has changed since it was registered: {difference}"


class SceneKind(StrEnum):
    """What the cells of a scene hold (`data/reference/scene_kinds.csv`)."""

    LANDCOVER = "landcover"
    SPECTRAL = "spectral"
    DISPLACEMENT = "displacement"


@dataclass(frozen=True, slots=True)
class Scene:
    """One dated raster, or a band of one, unique by product, edition and period.

    `path` is as the store finds it (relative to the store's folder where it lies below it); `sha256` is of
    the whole file when it was registered. `nodata` is the declared value, None where the legend's own
    no-data classes say it all. `scene_id` is 0 before registration.

    Land cover has its class codes in `band`. A spectral composite has several bands: `bands` gives the number
    of each by its name (`nir`), and reflectance is value x `scale` + `offset`. A displacement has the bands
    `displacement` and maybe `sigma`, in `unit` (`mm` moved from period_start to period_end, or `mm_per_year`
    over that span) after the same scaling.
    """

    scene_id: int
    product: str
    edition: str
    period_start: date
    period_end: date
    path: str
    band: int
    grid: Grid
    nodata: int | None
    sha256: str
    kind: SceneKind = SceneKind.LANDCOVER
    bands: Mapping[str, int] = field(default_factory=dict, hash=False)
    scale: float = 1.0
    offset: float = 0.0
    unit: str = ""

    @property
    def year(self) -> int:
        """The year of an annual scene: that of the end of its period."""
        return self.period_end.year

    @property
    def is_annual(self) -> bool:
        """Whether the period is one whole calendar year."""
        return (self.period_start, self.period_end) == whole_year(self.year)


def whole_year(year: int) -> tuple[date, date]:
    """The first and the last day of a year."""
    return date(year, 1, 1), date(year, 12, 31)


def inspect_scenes(
    paths: Sequence[Path],
    *,
    product: str,
    edition: str,
    legend_codes: Collection[int],
    year: int | None = None,
    bands: tuple[int, int] | None = None,
    period: tuple[date, date] | None = None,
    nodata: int | None = None,
) -> list[Scene]:
    """The land-cover scenes that the rasters at `paths` hold, checked cell by cell, ready to be registered.

    The year is `year`, or the only group of four digits from 1900 to 2099 in the file's name; `bands` gives
    the first and the last year of a raster with one band a year; `period` the first and last day of one
    raster that shows part of a year. `nodata` adds to what the file declares. All must share one grid.

    Raises NotARaster, NoCrs, RotatedGrid, YearUnknown, BandsUnknown, SameYearTwice, NotWholeNumbers,
    NodataUndeclared, UnknownClass and GridsDiffer, each with the file it is about.
    """
    refuse_one_date_for_many(paths, year, period)
    codes = frozenset(legend_codes)
    scenes: list[Scene] = []
    for path in paths:
        with open_raster(path) as dataset:
            grid = raster_grid(dataset, path)
            found = _years(path, dataset.count, year if period is None else period[1].year, bands)
            digest = file_sha256(path)
            cells = _count_values(dataset, path, nodata)
            for band, shown in found:
                _check_band(dataset, path, band, product, codes, nodata, cells[band])
                first, last = period or whole_year(shown)
                scenes.append(
                    Scene(
                        scene_id=0,
                        product=product,
                        edition=edition,
                        period_start=first,
                        period_end=last,
                        path=str(path),
                        band=band,
                        grid=grid,
                        nodata=whole_nodata(dataset, band) if nodata is None else nodata,
                        sha256=digest,
                    )
                )
    refuse_same_period(scenes)
    check_same_grid(scenes)
    return scenes


def refuse_one_date_for_many(paths: Sequence[Path], year: int | None, period: object) -> None:
    """Raises YearUnknown where one year, or one period, is given for several files."""
    given = period if year is None else year
    if given is not None and len(paths) > 1:
        raise YearUnknown(path=paths[1], problem=f"one date was given for {len(paths)} files")


def check_same_grid(scenes: Sequence[Scene]) -> None:
    """Nothing where all scenes share one grid; raises GridsDiffer, which names two that do not and how."""
    for scene in scenes[1:]:
        difference = scenes[0].grid.difference(scene.grid)
        if difference is not None:
            raise GridsDiffer(scene_a=scenes[0].path, scene_b=scene.path, difference=difference)


def check_one_lattice(scenes: Sequence[Scene]) -> None:
    """Nothing where all scenes are windows of one lattice of cells; raises GridsDiffer else."""
    for scene in scenes[1:]:
        if scene.grid.place_in(scenes[0].grid) is None:
            difference = scenes[0].grid.difference(scene.grid) or "the cells do not lie on one lattice"
            raise GridsDiffer(scene_a=scenes[0].path, scene_b=scene.path, difference=difference)


def _years(path: Path, count: int, year: int | None, bands: tuple[int, int] | None) -> list[tuple[int, int]]:
    """The bands of a raster with their years."""
    if bands is not None:
        first, last = bands
        if last - first + 1 != count:
            raise BandsUnknown(path=path, bands=count, problem=f"{first}:{last} are {last - first + 1} years")
        return [(band, first + band - 1) for band in range(1, count + 1)]
    if count != 1:
        raise BandsUnknown(path=path, bands=count, problem="a scene has one band")
    return [(1, year if year is not None else year_in_name(path))]


def year_in_name(path: Path) -> int:
    """The only group of four digits from 1900 to 2099 in a file's name; raises YearUnknown."""
    groups = _YEAR.findall(path.stem)
    if len(groups) != 1:
        problem = f"its name holds the years {' and '.join(groups)}" if groups else "its name holds no year"
        raise YearUnknown(path=path, problem=problem)
    return int(groups[0])


def refuse_replaced(scene: Scene, path: Path) -> None:
    """Raises SceneChanged where a remote raster is not the one that was registered; a file is not read."""
    if url_of(path) is not None and file_sha256(path) != scene.sha256:
        raise SceneChanged(path=scene.path, difference="another file lies at its address")


def file_sha256(path: Path) -> str:
    """SHA-256 (hex) of the whole file; of what stands for its content, where it is remote."""
    url = url_of(path)
    if url is not None:
        return identity(url)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refuse_same_period(scenes: Sequence[Scene]) -> None:
    """Raises SameYearTwice where two scenes show the same period."""
    seen: dict[tuple[date, date], Scene] = {}
    for scene in scenes:
        other = seen.setdefault((scene.period_start, scene.period_end), scene)
        if other is not scene:
            shown = scene.year if scene.is_annual else f"{scene.period_start} to {scene.period_end}"
            raise SameYearTwice(path_a=other.path, path_b=scene.path, year=shown)


def whole_nodata(dataset: DatasetReader, band: int) -> int | None:
    """The declared nodata value where it is a whole number of 32 bits; any other is left to the file."""
    value = declared_nodata(dataset, band)
    if value is None or not value.is_integer() or abs(value) >= 1 << 32:
        return None
    return int(value)


def _check_band(
    dataset: DatasetReader,
    path: Path,
    band: int,
    product: str,
    codes: frozenset[int],
    nodata: int | None,
    cells: Mapping[int, int],
) -> None:
    """Refuse a band with a value that is neither a class of the legend nor declared as no data."""
    strange = sorted(code for code in cells if code not in codes or not 0 <= code < MISSING_U16)
    if not strange:
        return
    undeclared = nodata is None and declared_nodata(dataset, band) is None and not has_mask(dataset, band)
    for code in strange:
        if undeclared and code in _USUAL_NODATA:
            raise NodataUndeclared(path=path, band=band, value=code, cells=cells[code], product=product)
    more = "".join(f"; nor {code} ({cells[code]} cells)" for code in strange[1:6])
    scene = f"{path} band {band}"
    raise UnknownClass(code=strange[0], product=product, scene=scene, cells=cells[strange[0]], more=more)


def _count_values(dataset: DatasetReader, path: Path, nodata: int | None) -> dict[int, Counter[int]]:
    """Cells by value over the whole of each band, those without data left out.

    Bands are read side by side, since many files interleave them.
    """
    bands = range(1, dataset.count + 1)
    cells: dict[int, Counter[int]] = {band: Counter() for band in bands}
    for row, col in every(range(-(-dataset.height // BLOCK)), range(-(-dataset.width // BLOCK))):
        window = block_window(dataset, row, col)
        for band, values in zip(bands, read_window(dataset, window), strict=True):
            missing = missing_of(values, dataset, band, window, nodata=nodata)
            codes, counts = np.unique(values[~missing], return_counts=True)
            broken = codes[(codes != np.rint(codes)) | (np.abs(codes.astype(np.float64)) > MISSING_U16)]
            if len(broken):
                raise NotWholeNumbers(path=path, band=band, value=broken[0].item())
            cells[band].update(dict(zip(map(int, codes), map(int, counts), strict=True)))
    return cells
