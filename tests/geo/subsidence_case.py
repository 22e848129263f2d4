"""Displacement and seasonal scenes with a known answer, for tests of subsidence runs."""

from datetime import date, timedelta

import numpy as np
import rasterio
from rasterio.transform import from_origin

from geo.band_scenes import AS_STORED
from geo.registration import RasterRequest, register_scenes
from geo.scenes import SceneKind
from geo.subsidence.displacement import years_since
from tests.geo.recovery_case import CELL, X0, Y0

ZERO = date(2020, 1, 1)
DAYS = tuple(ZERO + timedelta(days=48 * step) for step in range(1, 11))


def write_bands(path, stack, *, nodata=None):
    stack = np.asarray(stack)
    profile = {
        "driver": "GTiff",
        "height": stack.shape[1],
        "width": stack.shape[2],
        "count": stack.shape[0],
        "dtype": stack.dtype,
        "crs": "EPSG:32650",
        "transform": from_origin(X0, Y0, CELL, CELL),
        "nodata": nodata,
    }
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(stack)
    return path


def rates(fill=0.0, *, top=None, rows=10, size=(40, 40)):
    """A field of rates in mm a year; the first rows at `top`."""
    field = np.full(size, fill)
    if top is not None:
        field[:rows] = top
    return field


def add_series(store, field, *, days=DAYS, noise=0.0, edition="e", scaling=AS_STORED, seed=1, constant=0.0):
    """Register the cumulative series that moves at `field` mm a year from the zero epoch on."""
    years = years_since(ZERO, days)
    stack = years[:, None, None] * field
    stack = stack + np.random.default_rng(seed).normal(0, 1, stack.shape) * noise + constant
    path = write_bands(store.folder / f"series_{edition}.tif", stack.astype(np.float32), nodata=np.nan)
    request = RasterRequest(
        "insar", edition, kind=SceneKind.DISPLACEMENT, unit="mm", zero=ZERO, days=days, scaling=scaling
    )
    return register_scenes(store, [path], request)


def add_rate(store, field, sigma=None, *, edition="r"):
    """Register one rate raster, with a sigma band where one is given."""
    bands = [field] if sigma is None else [field, sigma]
    path = write_bands(
        store.folder / f"rate_{edition}.tif", np.stack(bands).astype(np.float32), nodata=np.nan
    )
    request = RasterRequest(
        "insar",
        edition,
        kind=SceneKind.DISPLACEMENT,
        unit="mm_per_year",
        zero=ZERO,
        days=DAYS[-1:],
        sigma_band=None if sigma is None else 2,
    )
    return register_scenes(store, [path], request)


def add_season(store, name, first, last, cells, *, edition="v1"):
    path = write_bands(store.folder / f"{name}.tif", cells[None], nodata=255)
    request = RasterRequest("clcd", edition, period=(first, last))
    return register_scenes(store, [path], request)
