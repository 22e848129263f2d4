"""Tallies: weighted counts gathered block by block and summed at the end, by site and class."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from geo.coverage import BlockCoverage, Units
from geo.rasters import MISSING_CODE
from geo.zonal_loops import count_classes, count_pairs, count_values, expand, gather

_DENSE_CELLS: Final = 1 << 23
_CODES: Final = 1 << 16

_Number = TypeVar("_Number", np.int32, np.int64)


@dataclass(frozen=True, slots=True)
class Cells:
    """The weighted cells of one block one by one, made from its edge cells and runs for as long as needed.

    Group g of the block (its site is `site[g]`) holds the cells `[groups[g], groups[g + 1])` of `at` (offset
    in the block), `weight` and `units`, see `BlockCoverage`.
    """

    site: npt.NDArray[np.int32]
    groups: npt.NDArray[np.int64]
    at: npt.NDArray[np.int32]
    weight: npt.NDArray[np.uint32]
    units: Units

    @classmethod
    def of(cls, block: BlockCoverage) -> Cells:
        """The cells of a block."""
        n = block.n_cells
        cells = cls(
            site=block.site,
            groups=np.zeros(len(block.site) + 1, dtype=np.int64),
            at=np.empty(n, dtype=np.int32),
            weight=np.empty(n, dtype=np.uint32),
            units=np.empty(n, dtype=block.edge_units.dtype),
        )
        expand(
            block.edges, block.runs, block.edge_at, block.edge_weight, block.edge_units, block.run_at,
            block.run_cells, block.ground, cells.groups, cells.at, cells.weight, cells.units,
        )  # fmt: skip
        return cells


@dataclass(slots=True)
class Slots:
    """The classes met so far, each with a small number of its own, its slot; slot 0 is no data."""

    slot_of: npt.NDArray[np.int32] = field(default_factory=lambda: np.full(_CODES, -1, dtype=np.int32))
    codes: npt.NDArray[np.int32] = field(
        default_factory=lambda: np.full(_CODES + 1, MISSING_CODE, dtype=np.int32)
    )
    used: int = 1

    def gather(
        self,
        cells: Cells,
        values: npt.NDArray[np.uint8 | np.uint16],
        missing: int,
        out: npt.NDArray[np.uint16],
    ) -> None:
        """Fill `out` with the slot of every cell."""
        self.used = gather(values, missing, cells.at, self.slot_of, self.codes, self.used, out)

    def ranks(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
        """The rank of each slot's code among the codes, and the codes in ascending order."""
        codes = self.codes[: self.used]
        order = np.argsort(codes, kind="stable")
        rank = np.empty(self.used, dtype=np.int64)
        rank[order] = np.arange(self.used)
        return rank, codes[order]


@dataclass(slots=True)
class Tally:
    """Rows of (site, key, units, cells) that grow block by block; a key is a slot or a pair of slots."""

    site: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    key: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    sums: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))
    used: int = 0
    work: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))

    def add_classes(self, cells: Cells, slots: npt.NDArray[np.uint16], n_slots: int) -> None:
        """Count the classes of one year in one block; `slots` (cells,)."""
        self._make_room(min(len(slots), len(cells.site) * n_slots), n_slots)
        self.used = count_classes(
            slots, n_slots, cells.site, cells.groups, cells.weight, cells.units, self.work, self.site,
            self.key, self.sums, self.used,
        )  # fmt: skip

    def add_values(
        self,
        block: BlockCoverage,
        slots: Slots,
        values: npt.NDArray[np.uint8 | np.uint16],
        missing: int,
    ) -> None:
        """Count the classes of one year in one block straight from its codes."""
        self._make_room(block.n_cells, _CODES + 1)
        slots.used, self.used = count_values(
            values, missing, slots.slot_of, slots.codes, slots.used, block.site, block.edges, block.runs,
            block.edge_at, block.edge_weight, block.edge_units, block.run_at, block.run_cells, block.ground,
            self.work, self.site, self.key, self.sums, self.used,
        )  # fmt: skip

    def add_pairs(
        self,
        cells: Cells,
        slots: npt.NDArray[np.uint16],
        n_slots: int,
        *,
        baseline: npt.NDArray[np.int32],
        year: int,
    ) -> None:
        """Count the pairs of class from each site's baseline row to row `year`; `slots` (years, cells)."""
        self._make_room(min(slots.shape[1], len(cells.site) * n_slots * n_slots), n_slots * n_slots)
        touched = np.empty(n_slots * n_slots, dtype=np.int32)
        used = self.used
        self.used = count_pairs(
            slots, baseline, year, n_slots, cells.site, cells.groups, cells.weight, cells.units, self.work,
            touched, self.site, self.key, self.sums, used,
        )  # fmt: skip
        low, high = np.divmod(self.key[used : self.used], n_slots)
        self.key[used : self.used] = low * _CODES + high

    def _make_room(self, rows: int, keys: int) -> None:
        if len(self.work) < keys:
            self.work = np.zeros((2 * keys, 2), dtype=np.int64)
        if self.used + rows > len(self.site):
            size = max(2 * len(self.site), self.used + rows, 4096)
            self.site = _grown(self.site, size)
            self.key = _grown(self.key, size)
            self.sums = _grown(self.sums, size)

    def by_class(
        self, sites: npt.NDArray[np.int64], slots: Slots
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Site, code, units and cells, summed and sorted by site and code."""
        rank, codes = slots.ranks()
        site, key, sums = self._merged(sites, rank[self.key[: self.used]], len(codes))
        return site, codes[key], sums[:, 0], sums[:, 1]

    def by_pair(
        self, sites: npt.NDArray[np.int64], slots: Slots
    ) -> tuple[
        npt.NDArray[np.int64],
        npt.NDArray[np.int32],
        npt.NDArray[np.int32],
        npt.NDArray[np.int64],
        npt.NDArray[np.int64],
    ]:
        """Site, from-code, to-code, units and cells, summed and sorted by the first three."""
        rank, codes = slots.ranks()
        low, high = np.divmod(self.key[: self.used], _CODES)
        site, key, sums = self._merged(sites, rank[low] * len(codes) + rank[high], len(codes) ** 2)
        low, high = np.divmod(key, len(codes))
        return site, codes[low], codes[high], sums[:, 0], sums[:, 1]

    def _merged(
        self, sites: npt.NDArray[np.int64], key: npt.NDArray[np.int64], n_keys: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Rows of equal site and key summed, sorted by site id and key."""
        order = np.argsort(sites, kind="stable")
        rank = np.empty(len(sites), dtype=np.int64)
        rank[order] = np.arange(len(sites))
        at = rank[self.site[: self.used]] * n_keys + key
        sums = self.sums[: self.used]
        if len(sites) * n_keys <= _DENSE_CELLS:
            units, cells = np.zeros((2, len(sites) * n_keys), dtype=np.int64)
            np.add.at(units, at, sums[:, 0])
            np.add.at(cells, at, sums[:, 1])
            at = np.flatnonzero(cells)
            sums = np.column_stack([units[at], cells[at]])
        else:
            by = np.argsort(at, kind="stable")
            at, start = np.unique(at[by], return_index=True)
            sums = np.add.reduceat(sums[by], start, axis=0) if len(at) else sums
        site, key = np.divmod(at, n_keys)
        return sites[order[site]], key, sums


def _grown(array: npt.NDArray[_Number], size: int) -> npt.NDArray[_Number]:
    """The array with room for `size` rows; the new ones are not set."""
    grown = np.empty((size, *array.shape[1:]), dtype=array.dtype)
    grown[: len(array)] = array
    return grown
