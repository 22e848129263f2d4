"""What every suite shares: where the real data lies, and a skip that never hides in CI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from playwright.sync_api import Browser, sync_playwright
from rasterio.transform import from_origin

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def missing() -> Callable[[str], None]:
    """Skips the test for the given reason; fails it under REVERDURE_CI=1, where nothing may be missing."""

    def tell(reason: str) -> None:
        if os.environ.get("REVERDURE_CI") == "1":
            pytest.fail(f"REVERDURE_CI=1, yet {reason}")
        pytest.skip(reason)

    return tell


@pytest.fixture(scope="session")
def real_data(missing: Callable[[str], None]) -> Path:
    """The folder of real data that REVERDURE_REAL_DATA names."""
    named = os.environ.get("REVERDURE_REAL_DATA", "")
    if not named:
        missing("REVERDURE_REAL_DATA is not set")
    folder = Path(named)
    if not folder.is_dir():
        missing(f"REVERDURE_REAL_DATA={named} is not a folder")
    return folder


@pytest.fixture(scope="session")
def browser(missing: Callable[[str], None]) -> Iterator[Browser]:
    """The machine's Chromium, one for all browser tests of a process."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        missing("Chromium is not installed")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def write_raster(tmp_path: Path) -> Callable[..., Path]:
    """Writes a GeoTIFF of the given values, (rows, columns) or (bands, rows, columns), and gives its path."""

    def write(
        values: npt.ArrayLike,
        *,
        name: str = "scene_2020.tif",
        crs: str | None = "EPSG:32650",
        origin: tuple[float, float] = (500_000.0, 4_000_000.0),
        cell: tuple[float, float] = (30.0, 30.0),
        nodata: float | None = None,
        transform: rasterio.Affine | None = None,
        **profile: object,
    ) -> Path:
        stack = np.atleast_3d(np.asarray(values).T).T
        path = tmp_path / name
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            count=stack.shape[0],
            height=stack.shape[1],
            width=stack.shape[2],
            dtype=stack.dtype,
            crs=crs,
            transform=from_origin(*origin, *cell) if transform is None else transform,
            nodata=nodata,
            **profile,
        ) as dataset:
            dataset.write(stack)
        return path

    return write
