"""Focal targets: what a pixel should reach is what its neighbours were before the disturbance.

The target of a pixel is the mean, over the N x N pixels around it, of their medians over the years of the
target; none where one of them has none, also beyond the scenes. So `historic.window` of spectral-recovery
1.0.1 has it. The neighbours may lie outside the site.
"""

from __future__ import annotations

import numpy as np
from shapely import MultiPolygon

from geo.grid import Grid, metres_per_unit
from geo.rings import grown
from geo.spectral.loops import Floats, Int64s
from geo.spectral.metrics import Rules, Years, measure_pixels
from geo.spectral.series import SiteSeries

_DEGREE_M = 111_400.0


def with_neighbours(site: MultiPolygon, grid: Grid, size: int) -> MultiPolygon:
    """The site with room for all pixels of the `size` x `size` squares around its own."""
    unit_m = _DEGREE_M if grid.is_geographic else metres_per_unit(grid.crs)
    return grown(site, (size // 2 + 1) * float(np.hypot(grid.dx, grid.dy)) * unit_m * 1.01)


def focal_targets(series: SiteSeries, around: SiteSeries, years: Years, size: int) -> Floats:
    """The target of every pixel of `series`, (entries,); `around` holds its sites with their neighbours."""
    medians = measure_pixels(around.pixels, years, Rules()).pixel_targets
    targets = np.full(len(series.cell), np.nan)
    width = series.grid.width
    steps = np.arange(-(size // 2), size // 2 + 1)
    for site in range(series.pixels.n_sites):
        begin, end = series.pixels.starts[site : site + 2]
        first, last = around.pixels.starts[site : site + 2]
        row, col = np.divmod(series.cell[begin:end], width)
        total = np.zeros(end - begin)
        for down in steps:
            for across in steps:
                inside = (col + across >= 0) & (col + across < width)
                cell = np.where(inside, (row + down) * width + col + across, -1)
                total += _looked_up(around.cell[first:last], medians[first:last], cell)
        targets[begin:end] = total / size**2
    return targets


def _looked_up(cells: Int64s, values: Floats, wanted: Int64s) -> Floats:
    """The values of the wanted cells, NaN for one that is not among `cells`, which rise."""
    if len(cells) == 0:
        return np.full(len(wanted), np.nan)
    at = np.minimum(np.searchsorted(cells, wanted), len(cells) - 1)
    return np.where(cells[at] == wanted, values[at], np.nan)
