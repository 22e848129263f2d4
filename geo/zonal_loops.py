"""The inner loops of zonal counting: cells of one block to weighted sums by site and class."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.compiled import compiled
from geo.grid import BLOCK


@compiled
def gather(
    values: npt.NDArray[np.uint8 | np.uint16],
    missing: int,
    first: npt.NDArray[np.int32],
    entries: npt.NDArray[np.int32],
    slot_of: npt.NDArray[np.int32],
    codes: npt.NDArray[np.int32],
    n_slots: int,
    out: npt.NDArray[np.uint16],
) -> int:
    """Fill `out` with the class slot of every entry; the number of slots in use.

    Slot 0 is no data (`values == missing`); a class gets the next slot when it is first met, its code is
    noted in `codes` and its slot in `slot_of`.
    """
    for k in range(len(first)):
        row, col = divmod(first[k], BLOCK)
        for e in range(entries[k], entries[k + 1]):
            value = values[row, col]
            col += 1
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
    spans: npt.NDArray[np.int32],
    entries: npt.NDArray[np.int32],
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
        for e in range(entries[spans[g]], entries[spans[g + 1]]):
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
    spans: npt.NDArray[np.int32],
    entries: npt.NDArray[np.int32],
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
        for e in range(entries[spans[g]], entries[spans[g + 1]]):
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
    spans: npt.NDArray[np.int32],
    first: npt.NDArray[np.int32],
    entries: npt.NDArray[np.int32],
    weight: npt.NDArray[np.uint32],
    units: npt.NDArray[np.uint32 | np.int64],
    sums: npt.NDArray[np.int64],
    row_site: npt.NDArray[np.int32],
    row_key: npt.NDArray[np.int64],
    row_sums: npt.NDArray[np.int64],
    used: int,
) -> tuple[int, int]:
    """`gather` and `count_classes` in one pass over the cells of one year; slots and rows in use.

    Runs of one value are summed before they are added to `sums`, which has room for every code.
    """
    for g in range(len(site)):
        for k in range(spans[g], spans[g + 1]):
            line = values[first[k] // BLOCK, first[k] % BLOCK :]
            start, stop = entries[k], entries[k + 1]
            e = start
            while e < stop:
                value = line[e - start]
                run_units = np.int64(0)
                run_cells = np.int64(0)
                while e < stop and line[e - start] == value:
                    run_units += np.int64(units[e])
                    run_cells += np.int64(weight[e])
                    e += 1
                known = 0 if value == missing else int(slot_of[value])
                if known < 0:
                    known = n_slots
                    slot_of[value] = known
                    codes[known] = value
                    n_slots += 1
                sums[known, 0] += run_units
                sums[known, 1] += run_cells
        for slot in range(n_slots):
            if sums[slot, 1] > 0:
                row_site[used] = site[g]
                row_key[used] = slot
                row_sums[used, 0] = sums[slot, 0]
                row_sums[used, 1] = sums[slot, 1]
                sums[slot, 0] = 0
                sums[slot, 1] = 0
                used += 1
    return n_slots, used
