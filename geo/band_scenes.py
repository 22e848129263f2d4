"""Scenes of measured values: spectral composites with named bands, and ground displacements."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product as every
from pathlib import Path
from typing import Final

import numpy as np
from rasterio.io import DatasetReader

from geo.errors import InvalidInput
from geo.grid import BLOCK
from geo.rasters import block_window, missing_of, open_raster, raster_grid, read_window
from geo.scenes import (
    Scene,
    SceneKind,
    YearUnknown,
    check_one_lattice,
    check_same_grid,
    file_sha256,
    refuse_one_date_for_many,
    refuse_same_period,
    whole_nodata,
    whole_year,
    year_in_name,
)

DISPLACEMENT: Final = "displacement"
SIGMA: Final = "sigma"
UNITS: Final = ("mm", "mm_per_year")
"""Units of displacement after scaling: moved over the period, or a rate over it."""

_BAND_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_DAY: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)")
_REFLECTANCE: Final = (-0.5, 2.0)


class BandNamesUnknown(InvalidInput):
    """The bands of a composite are not all named, or not by names that a formula can hold."""

    template = "{path} has {bands} bands, but {problem}; name them in order (--band-names blue,green,red,nir)"


class StretchedComposite(InvalidInput):
    """Every band of a composite runs exactly from 0 to 1 (or 0 to 255): a picture, not reflectance."""

    template = (
        "{path}: every band runs exactly from {low:g} to {high:g}, so it was stretched band by band for "
        "display and no index of it means anything; register the unstretched reflectance"
    )


class NotReflectance(InvalidInput):
    """The scaled values of a composite are none that a surface can have."""

    template = (
        "{path} band {band}: values from {low:g} to {high:g} are no reflectance; say how to get it "
        "(--scale 0.0000275 --offset -0.2 for Landsat Collection 2, --scale 0.0001 for reflectance x 10,000)"
    )


class EmptyBand(InvalidInput):
    """A band of a raster holds no value at all."""

    template = "{path} band {band}: no cell holds a value"


class EpochsUnknown(InvalidInput):
    """The days of a displacement series are not known or not possible."""

    template = "{path}: {problem}; give the first day (--zero 2006-06-19) and the day of each band (--dates)"


@dataclass(frozen=True, slots=True)
class Scaling:
    """How a stored value becomes a physical one: value x scale + offset, `nodata` being no value."""

    scale: float = 1.0
    offset: float = 0.0
    nodata: int | None = None


AS_STORED: Final = Scaling()
"""Values that are physical as they stand."""


def inspect_composites(
    paths: Sequence[Path],
    *,
    product: str,
    edition: str,
    band_names: Sequence[str] | None = None,
    year: int | None = None,
    period: tuple[date, date] | None = None,
    scaling: Scaling = AS_STORED,
) -> list[Scene]:
    """The spectral scenes that the rasters at `paths` hold, each value looked at, ready to be registered.

    Bands are named by `band_names` in order, else by the file's own band descriptions. The period is given,
    or the year is, or the file's name holds a day (20190114) or a year as its only such group.

    All must be windows of one lattice of cells, each with an extent of its own (`geo.grid.union_grid`).

    Raises NotARaster, NoCrs, RotatedGrid, BandNamesUnknown, YearUnknown, EmptyBand, StretchedComposite,
    NotReflectance, SameYearTwice and GridsDiffer, each with the file it is about.
    """
    refuse_one_date_for_many(paths, year, period)
    scenes = []
    for path in paths:
        with open_raster(path) as dataset:
            grid = raster_grid(dataset, path)
            names = _band_names(dataset, path, band_names)
            _check_reflectance(dataset, path, scaling)
            nodata = whole_nodata(dataset, 1) if scaling.nodata is None else scaling.nodata
        first, last = period or (whole_year(year) if year is not None else _period_in_name(path))
        scenes.append(
            Scene(
                scene_id=0,
                product=product,
                edition=edition,
                period_start=first,
                period_end=last,
                path=str(path),
                band=1,
                grid=grid,
                nodata=nodata,
                sha256=file_sha256(path),
                kind=SceneKind.SPECTRAL,
                bands=names,
                scale=scaling.scale,
                offset=scaling.offset,
                unit="reflectance",
            )
        )
    refuse_same_period(scenes)
    check_one_lattice(scenes)
    return scenes


def inspect_displacements(
    paths: Sequence[Path],
    *,
    product: str,
    edition: str,
    unit: str,
    zero: date | None,
    days: Sequence[date],
    sigma_band: int | None = None,
    scaling: Scaling = AS_STORED,
) -> list[Scene]:
    """The displacement scenes of `paths`: one a file, or one a band of a single file, ready to be registered.

    `days` gives the last day of each file, or of each band; `zero` the day from which they are reckoned.
    `sigma_band` names the band with the standard deviation, where each file is one scene.

    Raises NotARaster, NoCrs, RotatedGrid, EpochsUnknown, EmptyBand, SameYearTwice and GridsDiffer.
    """
    if unit not in UNITS:
        raise EpochsUnknown(path=paths[0], problem=f"the unit {unit!r} is none of {', '.join(UNITS)}")
    scenes = []
    bands_of = {path: _bands_of(path, len(paths), len(days), sigma_band) for path in paths}
    places = [(path, band) for path in paths for band in bands_of[path]]
    if zero is None or len(places) != len(days):
        problem = f"{len(days)} days are given for {len(places)} bands" if zero else "no first day is given"
        raise EpochsUnknown(path=paths[0], problem=problem)
    hashes = {path: file_sha256(path) for path in paths}
    for (path, band), day in zip(places, days, strict=True):
        if day <= zero:
            raise EpochsUnknown(path=path, problem=f"{day} does not follow the first day {zero}")
        with open_raster(path) as dataset:
            grid = raster_grid(dataset, path)
            _range(dataset, path, band, scaling)
            nodata = whole_nodata(dataset, band) if scaling.nodata is None else scaling.nodata
        scenes.append(
            Scene(
                scene_id=0,
                product=product,
                edition=edition,
                period_start=zero,
                period_end=day,
                path=str(path),
                band=band,
                grid=grid,
                nodata=nodata,
                sha256=hashes[path],
                kind=SceneKind.DISPLACEMENT,
                bands={DISPLACEMENT: band} | ({} if sigma_band is None else {SIGMA: sigma_band}),
                scale=scaling.scale,
                offset=scaling.offset,
                unit=unit,
            )
        )
    refuse_same_period(scenes)
    check_same_grid(scenes)
    return scenes


def _band_names(dataset: DatasetReader, path: Path, given: Sequence[str] | None) -> Mapping[str, int]:
    """The number of each band by its name."""
    names = list(given) if given is not None else [text or "" for text in dataset.descriptions]
    if given is None:
        names = [name.strip().lower() for name in names]
    problem = None
    if len(names) != dataset.count:
        problem = f"{len(names)} names are given"
    elif not all(names):
        problem = "the file does not name them all"
    elif strange := [name for name in names if not _BAND_NAME.fullmatch(name)]:
        problem = f"{strange[0]!r} is no name of lower-case letters, digits and _"
    elif len(set(names)) < len(names):
        problem = "a name comes twice"
    if problem is not None:
        raise BandNamesUnknown(path=path, bands=dataset.count, problem=problem)
    return {name: band for band, name in enumerate(names, start=1)}


def _period_in_name(path: Path) -> tuple[date, date]:
    """The only day in a file's name, else the only year."""
    days = _DAY.findall(path.stem)
    if len(days) == 1:
        try:
            day = date.fromisoformat(days[0])
        except ValueError as error:
            raise YearUnknown(path=path, problem=f"its name holds {days[0]}, which is no day") from error
        return day, day
    return whole_year(year_in_name(path))


def _check_reflectance(dataset: DatasetReader, path: Path, scaling: Scaling) -> None:
    """Refuse a composite of which every band is stretched, and one whose values are no reflectance."""
    ranges = [_range(dataset, path, band, scaling) for band in range(1, dataset.count + 1)]
    for low, high in ((0.0, 1.0), (0.0, 255.0)):
        stretched = all((first, last) == (low, high) for first, last in ranges)
        if stretched and dataset.count > 1:
            raise StretchedComposite(path=path, low=low, high=high)
    for band, (low, high) in enumerate(ranges, start=1):
        first, last = (value * scaling.scale + scaling.offset for value in (low, high))
        if first < _REFLECTANCE[0] or last > _REFLECTANCE[1]:
            raise NotReflectance(path=path, band=band, low=first, high=last)


def _range(dataset: DatasetReader, path: Path, band: int, scaling: Scaling) -> tuple[float, float]:
    """The least and the greatest stored value of a band; raises EmptyBand."""
    low, high = np.inf, -np.inf
    for row, col in every(range(-(-dataset.height // BLOCK)), range(-(-dataset.width // BLOCK))):
        window = block_window(dataset, row, col)
        values = read_window(dataset, window, band)
        held = values[~missing_of(values, dataset, band, window, nodata=scaling.nodata)]
        held = held[np.isfinite(held)]
        if len(held):
            low, high = min(low, float(held.min())), max(high, float(held.max()))
    if low > high:
        raise EmptyBand(path=path, band=band)
    return low, high


def _bands_of(path: Path, n_files: int, n_days: int, sigma_band: int | None) -> list[int]:
    """The bands of a displacement raster that are scenes of their own."""
    with open_raster(path) as dataset:
        count = dataset.count
    if sigma_band is not None:
        if not 1 <= sigma_band <= count or count != 2:
            problem = f"sigma is band {sigma_band} of {count}: a raster with sigma has two bands"
            raise EpochsUnknown(path=path, problem=problem)
        return [3 - sigma_band]
    if count > 1 and (n_files > 1 or n_days != count):
        raise EpochsUnknown(path=path, problem=f"{count} bands and {n_days} days")
    return list(range(1, count + 1))
