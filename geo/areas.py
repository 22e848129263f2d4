"""Areas: the one way from a geometry to hectares, and the integer unit in which areas are summed.

A sum of floats depends on its order; a sum of integers does not. So every area is rounded once to
`AREA_UNIT_M2` (1e-4 m2) as an int and only shown as hectares, and no shard, order or database can
change a digit.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Geod
from shapely import MultiPolygon, Polygon

AREA_UNIT_M2: Final = 1e-4
UNITS_PER_M2: Final = 10_000
UNITS_PER_HA: Final = 100_000_000
MU_PER_HA: Final = 15.0
ACRES_PER_HA: Final = 1 / 0.40468564224

_ELLIPSOID: Final = Geod(ellps="WGS84")


def ha_from_units(units: int) -> float:
    """Hectares of an area in units of 1e-4 m2.

    >>> ha_from_units(150_000_000)
    1.5
    """
    return int(units) / UNITS_PER_HA


def units_from_ha(hectares: float) -> int:
    """The area in units of 1e-4 m2 of a declared number of hectares, rounded to the nearest.

    >>> units_from_ha(1.5)
    150000000
    """
    return round(hectares * UNITS_PER_HA)


def geodesic_area_units(geometry: Polygon | MultiPolygon) -> int:
    """Area on the WGS 84 ellipsoid, in units of 1e-4 m2, of a polygon in longitude and latitude (degrees).

    Edges are geodesics. Holes are subtracted whatever their ring order. CGCS2000's ellipsoid differs from
    WGS 84 by less than 1e-10 of an area. An empty geometry has area 0.

    >>> from shapely import box
    >>> round(geodesic_area_units(box(117, 33, 117.01, 33.01)) / UNITS_PER_HA, 3)
    103.638
    """
    if geometry.is_empty:
        return 0
    oriented = shapely.orient_polygons(geometry)
    area_m2, _ = _ELLIPSOID.geometry_area_perimeter(oriented)
    return round(abs(area_m2) * UNITS_PER_M2)


def geodesic_areas_units(geometries: npt.NDArray[np.object_], *, only: npt.NDArray[np.bool_]) -> list[int]:
    """`geodesic_area_units` of each geometry, the same to the last digit; 0 but for those of `only`."""
    found = [0] * len(geometries)
    chosen = geometries.copy()
    chosen[~only] = None
    oriented = shapely.orient_polygons(chosen)
    parts, owners = shapely.get_parts(oriented, return_index=True)
    alone = np.bincount(owners, minlength=len(geometries)) == 1
    whole = alone[owners] & (shapely.get_num_interior_rings(parts) == 0) & ~shapely.is_empty(parts)
    points, rings = shapely.get_coordinates(parts[whole], return_index=True)
    ends = np.cumsum(np.bincount(rings, minlength=int(whole.sum())))
    for owner, end, start in zip(owners[whole].tolist(), ends, ends - np.diff(ends, prepend=0), strict=True):
        ring = points[start:end]
        area_m2, _ = _ELLIPSOID.polygon_area_perimeter(ring[:, 0], ring[:, 1])
        found[owner] = round(abs(area_m2) * UNITS_PER_M2)
    for owner in np.unique(owners[~whole]).tolist():
        found[owner] = geodesic_area_units(geometries[owner])
    return found


def geodesic_area_ha(geometry: Polygon | MultiPolygon) -> float:
    """Hectares on the WGS 84 ellipsoid of a polygon in longitude and latitude (degrees)."""
    return ha_from_units(geodesic_area_units(geometry))


def total_ha(units: npt.NDArray[np.int64]) -> float:
    """Hectares of a sum of areas in units of 1e-4 m2; exact up to the last division."""
    return ha_from_units(int(units.sum(dtype=np.int64)))
