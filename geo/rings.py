"""Rings around sites: the land near a site that no site claims, to tell a drought from a relapse."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.errors import InvalidInput

_LONLAT = "EPSG:4326"


class BadRing(InvalidInput):
    """The distances of a ring do not make one."""

    template = "a ring from {inner_m:g} m to {outer_m:g} m is none; the outer distance must be the larger"


def check_ring(inner_m: float, outer_m: float) -> None:
    """Nothing, where the distances make a ring; raises BadRing."""
    if not 0 <= inner_m < outer_m <= 100_000:
        raise BadRing(inner_m=inner_m, outer_m=outer_m)


def ring_around(
    site: MultiPolygon, *, inner_m: float, outer_m: float, others: Iterable[BaseGeometry]
) -> MultiPolygon:
    """What lies between two distances from the site, less `others`; longitude and latitude throughout.

    Distances are metres on a map true around the middle of the site (azimuthal equidistant). It is empty
    where the others leave nothing. Others that do not reach the ring change no bit of it, so that it is the
    same however widely they were looked for. Raises BadRing.

    >>> from shapely import box
    >>> ring = ring_around(MultiPolygon([box(9, 50, 9.01, 50.01)]), inner_m=60, outer_m=600, others=[])
    >>> len(ring.geoms), len(ring.geoms[0].interiors)
    (1, 1)
    """
    check_ring(inner_m, outer_m)
    there, back = _plane_around(site)
    plane = _moved(site, there)
    found = plane.buffer(outer_m).difference(plane.buffer(inner_m))
    for other in others:
        taken = _moved(other, there).buffer(0)
        if found.intersects(taken):
            found = found.difference(taken)
    return _polygons(_moved(found, back))


def grown(site: MultiPolygon, distance_m: float) -> MultiPolygon:
    """The site with all land up to a distance from it, on the same map as a ring."""
    there, back = _plane_around(site)
    return _polygons(_moved(_moved(site, there).buffer(distance_m), back))


def reach(boxes: npt.NDArray[np.float64], outer_m: float) -> npt.NDArray[np.float64]:
    """Boxes in degrees (west, south, east, north by rows) that surely hold the rings of sites with these."""
    tall = outer_m / 110_000
    highest = np.minimum(89.0, np.abs(boxes[:, [1, 3]]).max(axis=1) + tall)
    wide = tall / np.maximum(0.01, np.cos(np.radians(highest)))
    margins = np.column_stack([-wide, np.full_like(wide, -tall), wide, np.full_like(wide, tall)])
    found: npt.NDArray[np.float64] = boxes + margins
    return found


def _plane_around(site: MultiPolygon) -> tuple[Transformer, Transformer]:
    """To a map in metres true around the middle of the site, and back to longitude and latitude."""
    middle = site.centroid
    crs = f"+proj=aeqd +lat_0={middle.y!r} +lon_0={middle.x!r} +datum=WGS84 +units=m"
    return tuple(Transformer.from_crs(*pair, always_xy=True) for pair in ((_LONLAT, crs), (crs, _LONLAT)))  # type: ignore[return-value]  # two of them


def _moved(geometry: BaseGeometry, transformer: Transformer) -> BaseGeometry:
    def move(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    return shapely.transform(geometry, move)


def _polygons(geometry: BaseGeometry) -> MultiPolygon:
    parts = [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon) and not part.is_empty]
    return MultiPolygon(parts)
