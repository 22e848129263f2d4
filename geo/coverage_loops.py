"""The inner loops of exact coverage: edges onto cells, in integers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.compiled import compiled
from geo.grid import BLOCK
from geo.ground import cell_area_m2

FULL: int = 1 << 31


@compiled
def to_cells(
    x0: float,
    y0: float,
    dx: float,
    dy: float,
    height: int,
    width: int,
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    rings: npt.NDArray[np.int64],
    exterior: npt.NDArray[np.bool_],
    site_rings: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Signs of the rings and boxes of the sites; `x` and `y` are turned into cell coordinates in place."""
    for i in range(len(x)):
        x[i] = (x[i] - x0) / dx
        y[i] = (y0 - y[i]) / dy
    sign = np.zeros(len(rings) - 1, np.int64)
    box = np.empty((len(site_rings) - 1, 4), np.int64)
    for s in range(len(site_rings) - 1):
        left, right, top, bottom = np.inf, -np.inf, np.inf, -np.inf
        for ring in range(site_rings[s], site_rings[s + 1]):
            start, stop = rings[ring], rings[ring + 1]
            twice = 0.0
            for i in range(start + 1, stop - 1):
                twice += (x[i] - x[start]) * (y[i + 1] - y[start]) - (x[i + 1] - x[start]) * (y[i] - y[start])
            if not np.isfinite(twice) or twice == 0.0:
                continue
            sign[ring] = -1 if (twice > 0) == exterior[ring] else 1
            for i in range(start, stop):
                left, right = min(left, x[i]), max(right, x[i])
                top, bottom = min(top, y[i]), max(bottom, y[i])
        box[s, 0] = int(np.floor(min(max(top, 0.0), float(height))))
        box[s, 1] = int(np.ceil(min(max(bottom, 0.0), float(height)))) - 1
        box[s, 2] = int(np.floor(min(max(left, 0.0), float(width))))
        box[s, 3] = int(np.ceil(min(max(right, 0.0), float(width)))) - 1
    return sign, box


@compiled
def fault(
    lon: npt.NDArray[np.float64],
    lat: npt.NDArray[np.float64],
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    rings: npt.NDArray[np.int64],
    part_rings: npt.NDArray[np.int64],
    west: float,
    east: float,
    turn: float,
) -> tuple[int, int]:
    """The first part that `x` and `y` do not show as it is, and why; (-1, 0) where there is none.

    1: some of its vertices have no place there, others do. 2: it crosses the seam: an edge of it is torn
    (see `torn`), or on a geographic grid (`turn` > 0) a copy of it one turn on lies in the grid too.
    """
    for p in range(len(part_rings) - 1):
        start, stop = rings[part_rings[p]], rings[part_rings[p + 1]]
        lost = 0
        low, high = np.inf, -np.inf
        for i in range(start, stop):
            lost += 0 if np.isfinite(x[i] + y[i]) else 1
            low, high = min(low, x[i]), max(high, x[i])
        if lost == stop - start:
            continue
        if lost > 0:
            return p, 1
        if low < east and high > west and turn > 0 and (low + turn < east or high - turn > west):
            return p, 2
        for ring in range(part_rings[p], part_rings[p + 1]):
            for i in range(rings[ring], rings[ring + 1] - 1):
                if torn(lon, lat, x, y, i, turn):
                    return p, 2
    return -1, 0


@compiled
def torn(
    lon: npt.NDArray[np.float64],
    lat: npt.NDArray[np.float64],
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    i: int,
    turn: float,
) -> bool:
    """Whether the edge from vertex `i` runs across the whole map, its ends on both sides of the seam.

    On a geographic grid it is half a `turn` long; on a projected one over 1000 km long and over ten times as
    long as on the ground, as no projection stretches a site (feet count as metres here).
    """
    dx = abs(x[i + 1] - x[i])
    if turn > 0:
        return bool(dx > turn / 2)
    length = np.hypot(dx, y[i + 1] - y[i])
    if length < 1e6:
        return False
    a, b = np.radians(lat[i]), np.radians(lat[i + 1])
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(lon[i + 1] - lon[i]) / 2) ** 2
    return bool(length > 10 * 2 * 6_371_000.0 * np.arcsin(np.sqrt(min(half, 1.0))))


@compiled
def block_coverage(
    row0: int,
    col0: int,
    rows: int,
    cols: int,
    members: npt.NDArray[np.int64],
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    rings: npt.NDArray[np.int64],
    sign: npt.NDArray[np.int64],
    site_rings: npt.NDArray[np.int64],
    box: npt.NDArray[np.int64],
    ground: npt.NDArray[np.float64],
    sums: npt.NDArray[np.int64],
    edges: npt.NDArray[np.int32],
    runs: npt.NDArray[np.int32],
    edge_at: npt.NDArray[np.int32],
    edge_weight: npt.NDArray[np.uint32],
    edge_units: npt.NDArray[np.uint32 | np.int64],
    run_at: npt.NDArray[np.int32],
    run_cells: npt.NDArray[np.int32],
) -> tuple[int, int]:
    """Fill `edges` to `run_cells` of a `BlockCoverage` for the sites `members`; edge cells and runs used.

    `sums` is work space of zeros, (BLOCK + 1) x (BLOCK + 1) or more, and is left as zeros.
    """
    n_edges = 0
    n_runs = 0
    for m in range(len(members)):
        site = members[m]
        top, bottom = max(box[site, 0], row0), min(box[site, 1], row0 + rows - 1)
        left, right = max(box[site, 2], col0), min(box[site, 3], col0 + cols - 1)
        for ring in range(site_rings[site], site_rings[site + 1]):
            for i in range(rings[ring], rings[ring + 1] - 1):
                add_edge(sums, top, bottom, left, right, x[i], y[i], x[i + 1], y[i + 1], sign[ring])
        stride = right - left + 2
        for r in range(top, bottom + 1):
            at = (r - top) * stride
            total = 0
            inside = False
            for c in range(left, right + 1):
                total += sums[at]
                sums[at] = 0
                at += 1
                if total >= FULL:
                    if not inside:
                        run_at[n_runs] = (r - row0) * BLOCK + c - col0
                        run_cells[n_runs] = 0
                        n_runs += 1
                        inside = True
                    run_cells[n_runs - 1] += 1
                    continue
                inside = False
                if total > 0:
                    area_m2 = cell_area_m2(ground[r - row0], c - col0)
                    edge_at[n_edges] = (r - row0) * BLOCK + c - col0
                    edge_weight[n_edges] = total
                    edge_units[n_edges] = int(np.rint(total / FULL * area_m2 * 1e4))
                    n_edges += 1
            sums[at] = 0
        edges[m + 1] = n_edges
        runs[m + 1] = n_runs
    return n_edges, n_runs


@compiled
def add_edge(
    sums: npt.NDArray[np.int64],
    top: int,
    bottom: int,
    left: int,
    right: int,
    xa: float,
    ya: float,
    xb: float,
    yb: float,
    sign: int,
) -> None:
    """Add one edge of a ring to `sums`, rows `top` to `bottom` of cells `left` to `right` and one more.

    The edge is taken upwards whatever its direction, so that a shared edge cancels to the last unit.
    """
    if sign == 0 or ya == yb:
        return
    if ya > yb:
        xa, ya, xb, yb, sign = xb, yb, xa, ya, -sign
    if yb <= top or ya >= bottom + 1 or min(xa, xb) >= right + 1:
        return
    stride = right - left + 2
    slope = (xb - xa) / (yb - ya)
    low, high = min(xa, xb), max(xa, xb)
    for r in range(max(int(np.floor(ya)), top), min(int(np.ceil(yb)) - 1, bottom) + 1):
        x_from = xa if ya >= r else min(max(xa + (r - ya) * slope, low), high)
        x_to = xb if yb <= r + 1 else min(max(xa + (r + 1 - ya) * slope, low), high)
        rise = int(np.rint(min(yb, r + 1.0) * FULL)) - int(np.rint(max(ya, float(r)) * FULL))
        if rise != 0:
            add_row(sums, (r - top) * stride, left, right, min(x_from, x_to), max(x_from, x_to), rise, sign)


@compiled
def add_row(
    sums: npt.NDArray[np.int64],
    at: int,
    left: int,
    right: int,
    x_low: float,
    x_high: float,
    rise: int,
    sign: int,
) -> None:
    """Add the part of an edge inside one row, from `x_low` to `x_high`, that climbs by `rise`."""
    if x_high <= left:
        sums[at] += sign * rise
        return
    first = int(np.floor(x_low))
    if first > right:
        return
    if x_high <= first + 1:
        inside = int(np.rint(rise * (1.0 - 0.5 * ((x_low - first) + (x_high - first)))))
        sums[at + first - left] += sign * inside
        sums[at + first - left + 1] += sign * (rise - inside)
        return
    per_cell = rise / (x_high - x_low)
    climbed = 0
    if first < left:
        first = left
        climbed = int(np.rint((left - x_low) * per_cell))
        sums[at] += sign * climbed
    for c in range(first, right + 1):
        start, stop = max(x_low, float(c)), min(x_high, c + 1.0)
        reached = int(np.rint((stop - x_low) * per_cell)) if x_high > c + 1 else rise
        inside = int(np.rint((reached - climbed) * (1.0 - 0.5 * ((start - c) + (stop - c)))))
        sums[at + c - left] += sign * inside
        sums[at + c - left + 1] += sign * (reached - climbed - inside)
        climbed = reached
        if x_high <= c + 1:
            break
