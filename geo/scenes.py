"""Scenes: dated land-cover rasters (or one band of one), as registered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from geo.grid import Grid


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
