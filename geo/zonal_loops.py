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

    `sums` (codes, 2) is indexed by the code itself; it is work space of zeros and is left as zeros.
    """
    flat = values.reshape(-1)
    width = np.uint64(values.shape[1])
    for g in range(len(site)):
        for k in range(spans[g], spans[g + 1]):
            # Unsigned, so that no index is tested for being negative.
            offset = np.uint64(first[k])
            at = (offset // np.uint64(BLOCK)) * width + offset % np.uint64(BLOCK)
            for e in range(np.uint64(entries[k]), np.uint64(entries[k + 1])):
                value = flat[at]
                at += np.uint64(1)
                if slot_of[value] < 0:
                    slot_of[value] = n_slots
                    codes[n_slots] = value
                    n_slots += 1
                sums[value, 0] += np.int64(units[e])
                sums[value, 1] += np.int64(weight[e])
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
