"""Smooth integer noise that is a function of the absolute cell alone.

Everything is integer arithmetic on hashed lattices, so that a block can be drawn on its own, its neighbours
fit without a seam, and the same seed gives the same values on every machine.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

LEVELS: Final = 1 << 15
"""Noise values lie in [0, LEVELS)."""

_ONE_BITS: Final = 13
_ONE: Final = 1 << _ONE_BITS

IntArray = npt.NDArray[np.int32]


def hashed(rows: npt.NDArray[np.int64], cols: npt.NDArray[np.int64], *, seed: int, layer: int) -> IntArray:
    """Independent values in [0, LEVELS) at every pair of `rows` and `cols`, shape (rows, cols), int32."""
    key = np.array([seed * 1_000_003 + layer], dtype=np.uint64)
    x = _mix(key) + rows.astype(np.uint64)[:, None] * np.uint64(0x9E3779B97F4A7C15)
    x = _mix(x) + cols.astype(np.uint64)[None, :] * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed: IntArray = (_mix(x) >> np.uint64(49)).astype(np.int32)
    return mixed


def smooth(row0: int, col0: int, shape: tuple[int, int], *, spacing: int, seed: int, layer: int) -> IntArray:
    """Value noise in [0, LEVELS), int32 of `shape`, with a lattice node every `spacing` cells.

    `row0` and `col0` are the absolute cell of the upper left corner.
    """
    row, row_weight = _position(row0, shape[0], spacing)
    col, col_weight = _position(col0, shape[1], spacing)
    nodes = hashed(
        np.arange(row[0], row[-1] + 2, dtype=np.int64),
        np.arange(col[0], col[-1] + 2, dtype=np.int64),
        seed=seed,
        layer=layer,
    )
    r, c = row - row[0], col - col[0]
    down = nodes[r] * (_ONE - row_weight)[:, None] + nodes[r + 1] * row_weight[:, None]
    down >>= _ONE_BITS
    across: IntArray = down[:, c] * (_ONE - col_weight)[None, :] + down[:, c + 1] * col_weight[None, :]
    across >>= _ONE_BITS
    return across


def fractal(row0: int, col0: int, shape: tuple[int, int], *, spacing: int, seed: int, layer: int) -> IntArray:
    """Two octaves of `smooth`, the finer with a quarter of the weight."""
    coarse = smooth(row0, col0, shape, spacing=spacing, seed=seed, layer=layer)
    fine = smooth(row0, col0, shape, spacing=max(2, spacing // 3), seed=seed, layer=layer + 5000)
    blended: IntArray = (coarse * 3 + fine) >> 2
    return blended


@cache
def smooth_level(share_permille: int, spacing: int) -> int:
    """The level below which `share_permille` thousandths of `smooth` noise of this spacing lie."""
    return _level(smooth(0, 0, (512, 512), spacing=spacing, seed=1, layer=1), share_permille)


@cache
def fractal_level(share_permille: int, spacing: int) -> int:
    """The level below which `share_permille` thousandths of `fractal` noise of this spacing lie."""
    return _level(fractal(0, 0, (1024, 1024), spacing=spacing, seed=1, layer=1), share_permille)


def ranked(values: IntArray) -> npt.NDArray[np.float64]:
    """The rank of every value as a share in [0, 1), ties in order of place; shape as given (1-d)."""
    order = np.argsort(values, kind="stable")
    ranks = np.empty(values.size, dtype=np.float64)
    ranks[order] = np.arange(values.size) / max(1, values.size)
    return ranks


def _level(values: IntArray, share_permille: int) -> int:
    flat = np.sort(values, axis=None)
    return int(flat[min(flat.size - 1, flat.size * share_permille // 1000)])


def _position(start: int, count: int, spacing: int) -> tuple[npt.NDArray[np.int64], IntArray]:
    """The lattice node before each cell, and the eased weight (of `_ONE`) of the node after it."""
    cells = np.arange(start, start + count, dtype=np.int64)
    node, offset = np.divmod(cells, spacing)
    eased = offset * offset * (3 * spacing - 2 * offset) * _ONE // spacing**3
    return node, eased.astype(np.int32)


def _mix(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of splitmix64."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
