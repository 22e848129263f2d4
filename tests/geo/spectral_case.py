"""Composites with known values, for tests of spectral runs. The index `value` is the band `value` itself."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin

from geo.band_scenes import inspect_composites
from geo.spectral.params import SpectralParams
from geo.store import scenes
from tests.geo.recovery_case import CELL, X0, Y0

PARAMS = SpectralParams("composite", "value", formula="value")


def write_composite(path, bands, *, row=0, col=0):
    """A GeoTIFF of named bands whose first cell is (row, col) of the common grid."""
    first = next(iter(bands.values()))
    profile = {
        "driver": "GTiff",
        "height": first.shape[0],
        "width": first.shape[1],
        "count": len(bands),
        "dtype": "float64",
        "crs": "EPSG:32650",
        "transform": from_origin(X0 + col * CELL, Y0 - row * CELL, CELL, CELL),
        "nodata": float("nan"),
    }
    with rasterio.open(path, "w", **profile) as dataset:
        for number, (name, values) in enumerate(bands.items(), start=1):
            dataset.write(values, number)
            dataset.set_band_description(number, name)
    return path


def add_composites(store, by_time, *, edition="1", row=0, col=0):
    """Registers one composite for each year, or day, with the given values of the band `value`."""
    found = []
    for when, values in by_time.items():
        bands = values if isinstance(values, dict) else {"value": values, "other": np.full(values.shape, 0.1)}
        path = write_composite(store.folder / f"c{edition}_{when}.tif", bands, row=row, col=col)
        period = (when, when) if isinstance(when, date) else None
        year = None if period else when
        found += inspect_composites([path], product="composite", edition=edition, period=period, year=year)
    with store.write() as conn:
        scenes.add(conn, [replace(scene, path=store.relative(Path(scene.path))) for scene in found])


def field(value, *, shape=(60, 60), patch=None, rows=slice(0, 10), cols=slice(0, 10)):
    """The same value everywhere but in one patch."""
    values = np.full(shape, float(value))
    if patch is not None:
        values[rows, cols] = patch
    return values
