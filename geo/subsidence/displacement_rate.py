"""The linear rate of a whole displacement series as a raster, and how it compares with another one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product as every
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin

from geo.errors import InvalidInput
from geo.grid import BLOCK
from geo.rasters import missing_of, open_raster, raster_grid
from geo.scenes import GridsDiffer, Scene
from geo.store import Store
from geo.subsidence.displacement import Floats
from geo.subsidence.displacement_series import DisplacementSeries, SeriesReader


class OverwritesScene(InvalidInput):
    """The raster to write is one that is registered."""

    template = "{path} is a registered scene; write the rate elsewhere"


@dataclass(frozen=True, slots=True)
class RateRaster:
    """Rate and its standard error (mm a year, NaN where unknown) and the epochs used, (rows, columns)."""

    rate: Floats
    error: Floats
    epochs: Floats

    @property
    def n_cells(self) -> int:
        """Cells with a rate."""
        return int(np.isfinite(self.rate).sum())

    @property
    def least(self) -> float | None:
        """The least rate, None where no cell has one."""
        return float(np.nanmin(self.rate)) if self.n_cells else None

    @property
    def greatest(self) -> float | None:
        """The greatest rate, None where no cell has one."""
        return float(np.nanmax(self.rate)) if self.n_cells else None

    def cells_by_epochs(self) -> dict[int, int]:
        """How many cells have a rate from so many epochs."""
        numbers, cells = np.unique(self.epochs[np.isfinite(self.epochs)], return_counts=True)
        return dict(zip(numbers.astype(int).tolist(), cells.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two rate rasters: cells with a value in both, in one alone, and the largest difference in mm a year."""

    both: int
    only_ours: int
    only_theirs: int
    largest: float | None


def rate_raster(series: DisplacementSeries, locate: Callable[[Scene], Path]) -> RateRaster:
    """The rate of every cell of the series' grid; a rate raster is given back as it is stored."""
    grid = series.grid
    rate = np.full((grid.height, grid.width), np.nan)
    error, epochs = rate.copy(), rate.copy()
    with ExitStack() as stack:
        reader = SeriesReader(series, locate, stack)
        for row, col in every(range(grid.n_block_rows), range(grid.n_block_cols)):
            rows, cols = grid.block_shape(row, col)
            window = np.s_[row * BLOCK : row * BLOCK + rows, col * BLOCK : col * BLOCK + cols]
            values, sigmas = reader.read(row, col)
            if series.is_cumulative:
                fit = series.fit(values)
                rate[window], error[window], epochs[window] = fit.rate, fit.error, fit.epochs
            else:
                rate[window] = values[0]
                error[window] = np.nan if sigmas is None else sigmas[0]
                epochs[window] = np.where(np.isfinite(values[0]), 1, np.nan)
    epochs[np.isnan(rate)] = np.nan
    return RateRaster(rate, error, epochs)


def compare(raster: RateRaster, series: DisplacementSeries, path: Path) -> Comparison:
    """The rates beside those of the first band of the GeoTIFF at `path`; raises GridsDiffer, NotARaster."""
    with open_raster(path) as dataset:
        difference = series.grid.difference(raster_grid(dataset, path))
        if difference is not None:
            raise GridsDiffer(scene_a=series.scenes[0].path, scene_b=path, difference=difference)
        theirs = dataset.read(1).astype(np.float64)
        theirs[missing_of(theirs, dataset, 1, None)] = np.nan
    ours_known, theirs_known = np.isfinite(raster.rate), np.isfinite(theirs)
    both = ours_known & theirs_known
    return Comparison(
        both=int(both.sum()),
        only_ours=int((ours_known & ~theirs_known).sum()),
        only_theirs=int((~ours_known & theirs_known).sum()),
        largest=float(np.abs(raster.rate - theirs)[both].max()) if both.any() else None,
    )


def write_rate(raster: RateRaster, series: DisplacementSeries, store: Store, path: Path) -> None:
    """Write rate, error and epochs as the three bands of a GeoTIFF; raises OverwritesScene."""
    if path.resolve() in {store.locate(scene).resolve() for scene in series.scenes}:
        raise OverwritesScene(path=path)
    grid = series.grid
    bands = {"rate": raster.rate, "standard_error": raster.error, "epochs": raster.epochs}
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=grid.width,
        height=grid.height,
        count=len(bands),
        dtype="float32",
        crs=grid.crs,
        transform=from_origin(grid.x0, grid.y0, grid.dx, grid.dy),
        nodata=float("nan"),
        compress="deflate",
    ) as dataset:
        for number, (name, values) in enumerate(bands.items(), start=1):
            dataset.write(values.astype(np.float32), number)
            dataset.set_band_description(number, name)
        span = series.span
        dataset.update_tags(
            product=span.product,
            edition=span.edition,
            period=f"{span.period_start} to {span.period_end}",
            unit="mm per year in the line of sight, positive away from the satellite",
        )
