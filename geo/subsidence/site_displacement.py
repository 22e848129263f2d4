"""Displacement under the sites: the cells of every site with their rates, by exact coverage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiPolygon

from geo.coverage import Coverage, cover
from geo.grid import BLOCK, Grid
from geo.runs.shards import shards_of
from geo.scenes import Scene
from geo.subsidence.displacement import Floats
from geo.subsidence.displacement_loops import add_epochs
from geo.subsidence.displacement_series import CellLines, DisplacementSeries, SeriesReader
from geo.subsidence.site import CellRates, EpochMean, epoch_means
from geo.tally import Cells
from geo.zonal import read_ahead

QUANTUM_MM: Final = 1e-3
"""Displacements are rounded to whole micrometres before they are summed, so that no order changes a digit."""

SITES_AT_ONCE: Final = 2_000

Found = tuple[CellRates, tuple[EpochMean, ...]]


@dataclass(slots=True)
class _Sums:
    """Whole-number sums of the sites' displacements, (sites, epochs); see `displacement_loops.add_epochs`."""

    high: npt.NDArray[np.int64]
    low: npt.NDArray[np.int64]
    covered: npt.NDArray[np.int64]

    @classmethod
    def of(cls, n_sites: int, n_epochs: int) -> _Sums:
        return cls(*(np.zeros((n_sites, n_epochs), dtype=np.int64) for _ in range(3)))

    def add(self, cells: Cells, values: Floats) -> None:
        add_epochs(
            np.ascontiguousarray(values), QUANTUM_MM, cells.site, cells.groups, cells.units, self.high,
            self.low, self.covered,
        )  # fmt: skip


def site_displacements(
    series: DisplacementSeries,
    geometries: Mapping[int, MultiPolygon],
    *,
    locate: Callable[[Scene], Path],
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[tuple[int, Found]]:
    """By site that meets the grid its id, its cells with a rate, and its mean displacement by epoch.

    Sites without a cell on the grid are left out. Cells are read shard by shard, as the sites are asked for,
    so that no more than those of one shard are held. `progress(sites done, sites)` may raise to stop the
    work. Raises SceneChanged, OffTheMap and ImplausibleDisplacement.
    """
    shards = site_shards(series.grid, geometries)
    done = 0
    with ExitStack() as stack:
        reader = SeriesReader(series, locate, stack)
        for ids in shards:
            coverage = cover(series.grid, ids, [geometries[one] for one in ids.tolist()])
            yield from _covered(series, coverage, reader).items()
            done += len(ids)
            if progress is not None:
                progress(done, len(geometries))


def site_shards(grid: Grid, geometries: Mapping[int, MultiPolygon]) -> list[npt.NDArray[np.int64]]:
    """The ids of the sites in parts that lie near each other, so that few blocks are read twice."""
    ids = np.fromiter(geometries, dtype=np.int64)
    boxes = shapely.bounds(np.array(list(geometries.values()), dtype=object)).reshape(-1, 4)
    return [shard.site_ids for shard in shards_of(grid, ids, boxes, most_sites=SITES_AT_ONCE)]


def _covered(series: DisplacementSeries, coverage: Coverage, reader: SeriesReader) -> dict[int, Found]:
    parts: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]] = []
    n_epochs = len(series.days) if series.is_cumulative else 0
    sums = _Sums.of(len(coverage.sites), n_epochs)
    for block, (epochs, sigmas) in read_ahead(coverage.blocks, reader.read):
        cells = Cells.of(block)
        row, col = np.divmod(cells.at, BLOCK)
        lines = series.lines(epochs[:, row, col], None if sigmas is None else sigmas[:, row, col])
        if n_epochs:
            sums.add(cells, lines.values)
        parts.append(_columns(cells, lines))
    if not parts:
        return {}
    sites, areas, lines_of = zip(*parts, strict=True)
    order = np.argsort(np.concatenate(sites), kind="stable")
    site, units = np.concatenate(sites)[order], np.concatenate(areas)[order]
    rates = np.concatenate(lines_of, axis=1)[:, order]
    return {
        int(coverage.sites[one]): (
            _rates(units[first:last], rates[:, first:last]),
            epoch_means(
                series.days if n_epochs else (),
                high=sums.high[one],
                low=sums.low[one],
                covered=sums.covered[one],
                quantum=QUANTUM_MM,
            ),
        )
        for one, first, last in _runs(site)
    }


def _columns(cells: Cells, lines: CellLines) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    """Site, units and the four rates (4, cells) of every cell of a block, those without a rate among them."""
    site = np.repeat(cells.site.astype(np.int64), np.diff(cells.groups))
    rates = np.stack([lines.rate, lines.sigma, lines.last_rate, lines.last_noise])
    return site, cells.units.astype(np.int64), rates


def _rates(units: npt.NDArray[np.int64], rates: Floats) -> CellRates:
    known = np.isfinite(rates[0])
    return CellRates(units[known], *rates[:, known])


def _runs(site: npt.NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """Each site of a sorted column with its first row and the row after its last."""
    sites, first = np.unique(site, return_index=True)
    return list(zip(sites.tolist(), first.tolist(), [*first[1:].tolist(), len(site)], strict=True))
