"""Scenes: dated land-cover rasters (or one band of one), as registered."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
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
    """Two rasters of one edition show the same year."""

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


@dataclass(frozen=True, slots=True)
class Scene:
    """One band of a raster, unique by product, edition and period.

    `path` is as the store finds it (relative to the store's folder where it lies below it); `sha256` is of
    the whole file when it was registered. `nodata` is the declared value, None where the legend's own
    no-data classes say it all. `scene_id` is 0 before registration.
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

    @property
    def year(self) -> int:
        """The year of an annual scene: that of the end of its period."""
        return self.period_end.year


def inspect_scenes(
    paths: Sequence[Path],
    *,
    product: str,
    edition: str,
    legend_codes: Collection[int],
    year: int | None = None,
    bands: tuple[int, int] | None = None,
    nodata: int | None = None,
) -> list[Scene]:
    """The scenes that the rasters at `paths` hold, checked cell by cell and ready to be registered.

    The year is `year`, or the only group of four digits from 1900 to 2099 in the file's name; `bands` gives
    the first and the last year of a raster with one band a year. `nodata` adds to what the file declares.
    All must share one grid.

    Raises NotARaster, NoCrs, RotatedGrid, YearUnknown, BandsUnknown, SameYearTwice, NotWholeNumbers,
    NodataUndeclared, UnknownClass and GridsDiffer, each with the file it is about.
    """
    if year is not None and len(paths) > 1:
        raise YearUnknown(path=paths[1], problem=f"{year} was given for {len(paths)} files")
    codes = frozenset(legend_codes)
    scenes: list[Scene] = []
    for path in paths:
        with open_raster(path) as dataset:
            grid = raster_grid(dataset, path)
            found = _years(path, dataset.count, year, bands)
            digest = _sha256(path)
            cells = _count_values(dataset, path, nodata)
            for band, shown in found:
                _check_band(dataset, path, band, product, codes, nodata, cells[band])
                scenes.append(
                    Scene(
                        scene_id=0,
                        product=product,
                        edition=edition,
                        period_start=date(shown, 1, 1),
                        period_end=date(shown, 12, 31),
                        path=str(path),
                        band=band,
                        grid=grid,
                        nodata=_whole_nodata(dataset, band) if nodata is None else nodata,
                        sha256=digest,
                    )
                )
    _check_years(scenes)
    check_same_grid(scenes)
    return scenes


def check_same_grid(scenes: Sequence[Scene]) -> None:
    """Nothing where all scenes share one grid; raises GridsDiffer, which names two that do not and how."""
    for scene in scenes[1:]:
        difference = scenes[0].grid.difference(scene.grid)
        if difference is not None:
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
    if year is not None:
        return [(1, year)]
    groups = _YEAR.findall(path.stem)
    if len(groups) != 1:
        problem = f"its name holds the years {' and '.join(groups)}" if groups else "its name holds no year"
        raise YearUnknown(path=path, problem=problem)
    return [(1, int(groups[0]))]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_years(scenes: Sequence[Scene]) -> None:
    seen: dict[int, Scene] = {}
    for scene in scenes:
        other = seen.setdefault(scene.year, scene)
        if other is not scene:
            raise SameYearTwice(path_a=other.path, path_b=scene.path, year=scene.year)


def _whole_nodata(dataset: DatasetReader, band: int) -> int | None:
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
