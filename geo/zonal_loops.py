"""The inner loops of zonal counting: cells of one block to weighted sums by site and class."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.compiled import compiled
from geo.coverage_loops import FULL
from geo.grid import BLOCK

_COLUMN: npt.NDArray[np.float64] = (2.0 * np.arange(BLOCK) + 1.0) / BLOCK - 1.0


@compiled
def full_units(row: npt.NDArray[np.float64], col: int, cells: int, work: npt.NDArray[np.float64]) -> None:
    """Fill `work` with the ground area in 1e-4 m2, whole, of full cells from `col` of one ground row.

    The same arithmetic as `cell_area_m2`, cell by cell, in the order that vector units like.
    """
    n = row.shape[0]
    if np.isnan(row[0]):
        for i in range(cells):
            work[i] = np.rint(row[1 + col + i] * 1e4)
        return
    for i in range(cells):
        work[i] = row[n - 1]
    for k in range(n - 2, -1, -1):
        for i in range(cells):
            work[i] = work[i] * _COLUMN[col + i] + row[k]
    for i in range(cells):
        work[i] = np.rint(work[i] * 1e4)


@compiled
def expand(
    edges: npt.NDArray[np.int32],
    runs: npt.NDArray[np.int32],
    edge_at: npt.NDArray[np.int32],
    edge_weight: npt.NDArray[np.uint32],
    edge_units: npt.NDArray[np.uint32 | np.int64],
    run_at: npt.NDArray[np.int32],
    run_cells: npt.NDArray[np.int32],
    ground: npt.NDArray[np.float64],
    groups: npt.NDArray[np.int64],
    at: npt.NDArray[np.int32],
    weight: npt.NDArray[np.uint32],
    units: npt.NDArray[np.uint32 | np.int64],
) -> None:
    """Fill `groups` to `units` of `Cells`: the edge cells of a group, then those of its runs."""
    work = np.empty(BLOCK)
    used = 0
    for g in range(len(edges) - 1):
        for e in range(edges[g], edges[g + 1]):
            at[used] = edge_at[e]
            weight[used] = edge_weight[e]
            units[used] = edge_units[e]
            used += 1
        for k in range(runs[g], runs[g + 1]):
            cells = run_cells[k]
            full_units(ground[run_at[k] // BLOCK], run_at[k] % BLOCK, cells, work)
            for i in range(cells):
                at[used] = run_at[k] + i
                weight[used] = FULL
                units[used] = int(work[i])
                used += 1
        groups[g + 1] = used


@compiled
def gather(
    values: npt.NDArray[np.uint8 | np.uint16],
    missing: int,
    at: npt.NDArray[np.int32],
    slot_of: npt.NDArray[np.int32],
    codes: npt.NDArray[np.int32],
    n_slots: int,
    out: npt.NDArray[np.uint16],
) -> int:
    """Fill `out` with the class slot of every cell; the number of slots in use.

    Slot 0 is no data (`values == missing`); a class gets the next slot when it is first met, its code is
    noted in `codes` and its slot in `slot_of`.
    """
    for e in range(len(at)):
        value = values[at[e] // BLOCK, at[e] % BLOCK]
        if value == missing:
            out[e] = 0
            continue
        slot = slot_of[value]
        if slot < 0:
            slot = n_slots
            slot_of[value] = slot
            codes[slot] = value
            n_slots += 1
        out[e] = slot
    return n_slots


@compiled
def smooth(
    before: npt.NDArray[np.uint16],
    now: npt.NDArray[np.uint16],
    after: npt.NDArray[np.uint16],
    out: npt.NDArray[np.uint16],
) -> None:
    """Fill `out` with `now`, and with the neighbours' class where both years beside it agree on one."""
    for e in range(len(now)):
        out[e] = before[e] if before[e] == after[e] and before[e] != 0 else now[e]


@compiled
def count_classes(
    slots: npt.NDArray[np.uint16],
    n_slots: int,
    site: npt.NDArray[np.int32],
    groups: npt.NDArray[np.int64],
    weight: npt.NDArray[np.uint32],
    units: npt.NDArray[np.uint32 | np.int64],
    sums: npt.NDArray[np.int64],
    row_site: npt.NDArray[np.int32],
    row_key: npt.NDArray[np.int64],
    row_sums: npt.NDArray[np.int64],
    used: int,
) -> int:
    """Append one row (site, slot, units, cells) for every group and class of a block; rows in use.

    `sums` (n_slots, 2) is work space of zeros and is left as zeros.
    """
    for g in range(len(site)):
        for e in range(groups[g], groups[g + 1]):
            slot = slots[e]
            sums[slot, 0] += np.int64(units[e])
            sums[slot, 1] += np.int64(weight[e])
        for slot in range(n_slots):
            if sums[slot, 1] > 0:
                row_site[used] = site[g]
                row_key[used] = slot
                row_sums[used, 0] = sums[slot, 0]
                row_sums[used, 1] = sums[slot, 1]
                sums[slot, 0] = 0
                sums[slot, 1] = 0
                used += 1
    return used


@compiled
def count_pairs(
    slots: npt.NDArray[np.uint16],
    baseline: npt.NDArray[np.int32],
    year: int,
    wide: int,
    site: npt.NDArray[np.int32],
    groups: npt.NDArray[np.int64],
    weight: npt.NDArray[np.uint32],
    units: npt.NDArray[np.uint32 | np.int64],
    sums: npt.NDArray[np.int64],
    touched: npt.NDArray[np.int32],
    row_site: npt.NDArray[np.int32],
    row_key: npt.NDArray[np.int64],
    row_sums: npt.NDArray[np.int64],
    used: int,
) -> int:
    """Append one row (site, from-slot x wide + to-slot, units, cells) for every group and pair; rows in use.

    `slots` (years, entries); `baseline` gives each site's row of it, -1 for none; groups whose baseline row
    comes after `year` are left out. `sums` (wide x wide, 2) is work space of zeros and is left as zeros,
    `touched` (wide x wide) work space.
    """
    for g in range(len(site)):
        base = baseline[site[g]]
        if base < 0 or base > year:
            continue
        n_touched = 0
        for e in range(groups[g], groups[g + 1]):
            pair = np.int64(slots[base, e]) * wide + np.int64(slots[year, e])
            if sums[pair, 1] == 0:
                touched[n_touched] = pair
                n_touched += 1
            sums[pair, 0] += np.int64(units[e])
            sums[pair, 1] += np.int64(weight[e])
        for i in range(n_touched):
            pair = np.int64(touched[i])
            row_site[used] = site[g]
            row_key[used] = pair
            row_sums[used, 0] = sums[pair, 0]
            row_sums[used, 1] = sums[pair, 1]
            sums[pair, 0] = 0
            sums[pair, 1] = 0
            used += 1
    return used


@compiled
def count_values(
    values: npt.NDArray[np.uint8 | np.uint16],
    missing: int,
    slot_of: npt.NDArray[np.int32],
    codes: npt.NDArray[np.int32],
    n_slots: int,
    site: npt.NDArray[np.int32],
    edges: npt.NDArray[np.int32],
    runs: npt.NDArray[np.int32],
    edge_at: npt.NDArray[np.int32],
    edge_weight: npt.NDArray[np.uint32],
    edge_units: npt.NDArray[np.uint32 | np.int64],
    run_at: npt.NDArray[np.int32],
    run_cells: npt.NDArray[np.int32],
    ground: npt.NDArray[np.float64],
    sums: npt.NDArray[np.int64],
    row_site: npt.NDArray[np.int32],
    row_key: npt.NDArray[np.int64],
    row_sums: npt.NDArray[np.int64],
    used: int,
) -> tuple[int, int]:
    """The classes of one year straight from edge cells and runs of a block; slots and rows in use.

    `sums` (codes, 2) is indexed by the code itself; it is work space of zeros and is left as zeros.
    """
    flat = values.reshape(-1)
    width = np.uint64(values.shape[1])
    work = np.empty(BLOCK)
    for g in range(len(site)):
        # Unsigned, so that no index is tested for being negative.
        for e in range(np.uint64(edges[g]), np.uint64(edges[g + 1])):
            offset = np.uint64(edge_at[e])
            value = flat[(offset // np.uint64(BLOCK)) * width + offset % np.uint64(BLOCK)]
            if slot_of[value] < 0:
                slot_of[value] = n_slots
                codes[n_slots] = value
                n_slots += 1
            sums[value, 0] += np.int64(edge_units[e])
            sums[value, 1] += np.int64(edge_weight[e])
        for k in range(runs[g], runs[g + 1]):
            offset = np.uint64(run_at[k])
            start = (offset // np.uint64(BLOCK)) * width + offset % np.uint64(BLOCK)
            full_units(ground[run_at[k] // BLOCK], run_at[k] % BLOCK, run_cells[k], work)
            for i in range(np.uint64(run_cells[k])):
                value = flat[start + i]
                if slot_of[value] < 0:
                    slot_of[value] = n_slots
                    codes[n_slots] = value
                    n_slots += 1
                sums[value, 0] += np.int64(work[i])
                sums[value, 1] += FULL
        if missing >= 0:
            used = take(sums, missing, site[g], 0, row_site, row_key, row_sums, used)
        for slot in range(1, n_slots):
            used = take(sums, codes[slot], site[g], slot, row_site, row_key, row_sums, used)
    return n_slots, used


@compiled
def take(
    sums: npt.NDArray[np.int64],
    at: int,
    site: int,
    key: int,
    row_site: npt.NDArray[np.int32],
    row_key: npt.NDArray[np.int64],
    row_sums: npt.NDArray[np.int64],
    used: int,
) -> int:
    """Move the sums of one place to a row of their own, if there are any; rows in use."""
    if sums[at, 1] > 0:
        row_site[used] = site
        row_key[used] = key
        row_sums[used, 0] = sums[at, 0]
        row_sums[used, 1] = sums[at, 1]
        sums[at, 0] = 0
        sums[at, 1] = 0
        used += 1
    return used
