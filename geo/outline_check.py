"""Checks of an outline while it is drawn: its area, what is wrong with it and where, whose land it covers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from geo.areas import MU_PER_HA, geodesic_area_units, ha_from_units
from geo.redrawing import polygons_of
from geo.sites import Site
from geo.wkb import multi

LARGEST_UNITS: Final = 2**53 - 1
"""The largest area that history can hold, about 90 million hectares."""

_PLACE: Final = re.compile(r"^(?P<reason>[^\[]+)\[(?P<x>[-+.\deE]+) (?P<y>[-+.\deE]+)\]$")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an outline is no valid polygon: a slug, and the place in degrees where it has one."""

    slug: str
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True, slots=True)
class Overlap:
    """Another site and the area that it shares with the outline, in units of 1e-4 m2."""

    site: Site
    units: int


def area_mu(units: int) -> float:
    """Mu of an area in units of 1e-4 m2; 15 to the hectare.

    >>> area_mu(100_000_000)
    15.0
    """
    return ha_from_units(units) * MU_PER_HA


def problems_of(geometry: shapely.Geometry) -> list[Problem]:
    """What is wrong with the outline; empty for a valid polygon on the globe."""
    if not isinstance(geometry, Polygon | MultiPolygon) or geometry.is_empty:
        return [Problem("empty")]
    coordinates = shapely.get_coordinates(geometry)
    if not np.isfinite(coordinates).all():
        return [Problem("off_the_globe")]
    west, south, east, north = geometry.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        return [Problem("off_the_globe")]
    if shapely.is_valid(geometry):
        return [Problem("too_large")] if geodesic_area_units(geometry) > LARGEST_UNITS else []
    found = _PLACE.match(shapely.is_valid_reason(geometry))
    if found is None:
        return [Problem("invalid")]
    slug = found["reason"].strip().lower().replace("-", "_").replace(" ", "_")
    return [Problem(slug if slug in _KNOWN else "invalid", float(found["x"]), float(found["y"]))]


_KNOWN: Final = frozenset(
    {
        "self_intersection",
        "ring_self_intersection",
        "hole_lies_outside_shell",
        "holes_are_nested",
        "nested_shells",
        "interior_is_disconnected",
        "duplicate_rings",
        "too_few_points_in_geometry_component",
    }
)


def overlaps_of(geometry: Polygon | MultiPolygon, near: Sequence[Site]) -> list[Overlap]:
    """The sites of `near` that cover part of the outline (valid, in degrees), the largest overlap first."""
    found = []
    for site in near:
        units = geodesic_area_units(polygons_of(shapely.intersection(multi(geometry), site.geometry)))
        if units > 0:
            found.append(Overlap(site, units))
    return sorted(found, key=lambda overlap: (-overlap.units, overlap.site.site_id))
