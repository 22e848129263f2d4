"""Overlap: how much of a sum of areas is counted more than once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.areas import geodesic_area_units

Int64s = npt.NDArray[np.int64]


def overlap_units(geometries: Sequence[MultiPolygon]) -> int:
    """Sum of the polygons' areas less the area of their union, in units of 1e-4 m2 on the ellipsoid.

    Coordinates are longitude and latitude in degrees. Polygons that only touch do not overlap; none, or one,
    gives 0. Only polygons that really intersect are ever united.

    >>> from shapely import box
    >>> overlap_units([MultiPolygon([box(0, 0, 1, 1)]), MultiPolygon([box(1, 0, 2, 1)])])
    0
    """
    return Overlaps(geometries).units(np.arange(len(geometries)))


class Overlaps:
    """Which polygons of one list overlap, found once and asked for any part of the list."""

    def __init__(self, geometries: Sequence[MultiPolygon]) -> None:
        self._geometries = np.array(geometries, dtype=object)
        self._left, self._right = _overlapping_pairs(self._geometries)
        self._known: dict[tuple[int, ...], int] = {}

    def pieces(self) -> dict[int, MultiPolygon]:
        """What earlier polygons leave of each that overlaps one of them, by its position.

        With these pieces in place of the polygons themselves no land is counted twice.
        """
        earlier: dict[int, list[int]] = {}
        for left, right in zip(self._left.tolist(), self._right.tolist(), strict=True):
            earlier.setdefault(right, []).append(left)
        return {
            position: _polygons_of(
                shapely.difference(self._geometries[position], shapely.union_all(self._geometries[before]))
            )
            for position, before in sorted(earlier.items())
        }

    def units(self, members: Int64s) -> int:
        """The overlap within the polygons at the positions `members`, in units of 1e-4 m2."""
        inside = np.zeros(len(self._geometries), dtype=bool)
        inside[members] = True
        both = inside[self._left] & inside[self._right]
        clusters = clusters_of(zip(self._left[both].tolist(), self._right[both].tolist(), strict=True))
        return sum(self._cluster_units(cluster) for cluster in clusters)

    def _cluster_units(self, cluster: tuple[int, ...]) -> int:
        if cluster not in self._known:
            parts = [cast("MultiPolygon", part) for part in self._geometries[list(cluster)]]
            self._known[cluster] = claimed_twice(parts)
        return self._known[cluster]


def claimed_twice(geometries: Sequence[MultiPolygon]) -> int:
    """The sum of the areas of polygons less that of their union, in units of 1e-4 m2."""
    united = _polygons_of(shapely.union_all(list(geometries)))
    return max(0, sum(map(geodesic_area_units, geometries)) - geodesic_area_units(united))


def overlapping(
    geometries: Mapping[int, MultiPolygon], candidates: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Those of the candidate pairs of ids whose polygons share more than a boundary, in their order."""
    if not candidates:
        return []
    left = np.array([geometries[first] for first, _ in candidates], dtype=object)
    right = np.array([geometries[second] for _, second in candidates], dtype=object)
    meet = shapely.intersects(left, right)
    meet[meet] = ~shapely.touches(left[meet], right[meet])
    return [pair for pair, holds in zip(candidates, meet.tolist(), strict=True) if holds]


def without(geometry: MultiPolygon, others: Sequence[MultiPolygon]) -> MultiPolygon:
    """What the others leave of a polygon."""
    return _polygons_of(shapely.difference(geometry, shapely.union_all(others)))


def _overlapping_pairs(geometries: npt.NDArray[np.object_]) -> tuple[Int64s, Int64s]:
    if len(geometries) < 2:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    left, right = shapely.STRtree(geometries).query(geometries, predicate="intersects")
    once = left < right
    left, right = left[once], right[once]
    touches = shapely.touches(geometries[left], geometries[right])
    return left[~touches], right[~touches]


def clusters_of(pairs: Iterable[tuple[int, int]]) -> list[tuple[int, ...]]:
    """What hangs together by overlaps, each cluster in rising order."""
    parent: dict[int, int] = {}

    def root(node: int) -> int:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for left, right in pairs:
        parent[root(left)] = root(right)
    members: dict[int, list[int]] = {}
    for node in sorted(parent):
        members.setdefault(root(node), []).append(node)
    return list(map(tuple, members.values()))


def _polygons_of(geometry: BaseGeometry) -> MultiPolygon:
    parts = shapely.get_parts(geometry)
    return MultiPolygon([part for part in parts if isinstance(part, Polygon) and not part.is_empty])
