"""Coordinate systems: from what a file says to longitude and latitude in degrees, x = longitude always.

Coordinates are kept as the source gives them wherever they are already longitude and latitude on WGS 84 or on
CGCS2000 (EPSG:4490): the two are joined by a null transformation by convention. Plate motion makes the true
difference up to about a metre today, far below a pixel but not below a survey, so the source's system is kept
beside every site.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from geo.errors import InvalidInput

LONLAT: Final = "EPSG:4326"

_WGS84_LIKE: Final = frozenset({4326, 4979, 4490, 4480})
_CGCS2000: Final = frozenset({4490, 4480})
_THREE_DEGREE_ZONES: Final = range(25, 46)
_SIX_DEGREE_ZONES: Final = range(13, 24)

Bounds = tuple[float, float, float, float]


class CrsUnknown(InvalidInput):
    """The file names no coordinate system; the sentence says what its numbers look like."""

    template = "the file names no coordinate system: {suggestion}"


class CrsUnreadable(InvalidInput):
    """What the file, or the caller, names as coordinate system is none that is known."""

    template = "no coordinate system is known as {crs!r}; give a code such as EPSG:4490"


@dataclass(frozen=True, slots=True)
class CrsGuess:
    """What a file's coordinates look like: the candidate codes, the likeliest first, and why.

    `rule` names the reason for a translation, `zone` is the number that the eastings begin with.
    """

    codes: tuple[str, ...]
    reason: str
    rule: str
    zone: int | None = None


@cache
def parse_crs(text: str) -> CRS:
    """The coordinate system that an authority code, a URN, WKT or PROJ text names.

    Raises CrsUnreadable.
    """
    try:
        return CRS.from_user_input(text)
    except CRSError as error:
        raise CrsUnreadable(crs=text if len(text) < 80 else f"{text[:77]}...") from error


@cache
def crs_name(text: str) -> str:
    """The authority code of a coordinate system where it has one, else its WKT.

    >>> crs_name("urn:ogc:def:crs:OGC:1.3:CRS84")
    'OGC:CRS84'
    """
    crs = parse_crs(text)
    authority = crs.to_authority(min_confidence=70)
    return ":".join(authority) if authority else crs.to_wkt()


@cache
def is_lonlat(text: str) -> bool:
    """Whether coordinates in this system are kept as they are: WGS 84 or CGCS2000, in degrees."""
    crs = parse_crs(text)
    if not crs.is_geographic:
        return False
    authority = crs.to_authority(min_confidence=70)
    return authority == ("OGC", "CRS84") or crs.to_epsg(min_confidence=70) in _WGS84_LIKE


def to_lonlat(geometries: npt.NDArray[np.object_], crs: str) -> npt.NDArray[np.object_]:
    """The geometries in longitude and latitude; the very same objects where they already are.

    `geometries` have x = easting or longitude. A projected system is unprojected to its own geographic one,
    which is then taken as WGS 84 if it is CGCS2000, else transformed by PROJ. A coordinate that has no
    longitude and latitude becomes infinite.
    """
    if is_lonlat(crs):
        return geometries
    transformer, _ = _transformer(crs)

    def move(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

    moved: npt.NDArray[np.object_] = shapely.transform(geometries, move)
    return moved


@cache
def is_approximate(text: str) -> bool:
    """Whether no transformation from this system is known, so that positions may be off by tens of metres."""
    return not is_lonlat(text) and _transformer(text)[1]


@cache
def _transformer(text: str) -> tuple[Transformer, bool]:
    """The way to longitude and latitude, and whether it passes over a datum that PROJ cannot transform."""
    crs = parse_crs(text)
    geodetic = crs.geodetic_crs
    null = geodetic is not None and geodetic.to_epsg(min_confidence=70) in _CGCS2000
    target = geodetic if null else CRS.from_epsg(4326)
    try:
        return Transformer.from_crs(crs, target, always_xy=True, allow_ballpark=False), False
    except ProjError:
        return Transformer.from_crs(crs, target, always_xy=True), True


def area_of_use(text: str) -> Bounds | None:
    """West, south, east and north (degrees) of where the system is meant for, None where it does not say."""
    area = parse_crs(text).area_of_use
    return None if area is None else (area.west, area.south, area.east, area.north)


def guess_crs(bounds: Bounds) -> CrsGuess | None:
    """What the numbers of a file without a coordinate system look like; None where they say nothing.

    The digits before the last six of an easting are the zone of a Chinese Gauss-Krueger grid: 25 to 45 for
    zones of 3 degrees (EPSG:4513 to 4533), 13 to 23 for those of 6 (EPSG:4491 to 4501). Without them the
    central meridian cannot be known: EPSG:4534 to 4554 stand for 75 to 135 E.

    >>> guess_crs((39_480_000, 3_700_000, 39_520_000, 3_750_000)).codes
    ('EPSG:4527',)
    """
    west, south, east, north = bounds
    if -180 <= west <= east <= 180 and -90 <= south <= north <= 90:
        chinese = west >= 73 and east <= 136 and south >= 3 and north <= 54
        codes = ("EPSG:4490", LONLAT) if chinese else (LONLAT,)
        return CrsGuess(codes, "the numbers look like longitude and latitude in degrees", "degrees")
    if not (0 <= south <= north <= 10_000_000 and math.isfinite(west + east)):
        return None
    zones = {int(east // 1_000_000), int(west // 1_000_000)}
    zone = min(zones)
    if len(zones) == 1 and zone in _THREE_DEGREE_ZONES:
        return CrsGuess(
            (f"EPSG:{4488 + zone}",),
            f"the eastings begin with {zone}, a 3-degree zone of CGCS2000",
            "zone_of_3",
            zone,
        )
    if len(zones) == 1 and zone in _SIX_DEGREE_ZONES:
        return CrsGuess(
            (f"EPSG:{4478 + zone}",),
            f"the eastings begin with {zone}, a 6-degree zone of CGCS2000",
            "zone_of_6",
            zone,
        )
    if 100_000 <= west <= east <= 900_000:
        return CrsGuess(
            tuple(f"EPSG:{code}" for code in range(4534, 4555)),
            "the numbers look like metres without a zone: ask the sender for the central meridian "
            "(EPSG:4534 is 75 E, one more code for every 3 degrees up to EPSG:4554 at 135 E)",
            "no_zone",
        )
    return None


def crs_suggestion(bounds: Bounds) -> str:
    """The sentence that tells a caller how to name the coordinate system of a file that does not."""
    guess = guess_crs(bounds)
    if guess is None:
        return "its numbers fit no system in common use; ask the sender, then say it as in --crs EPSG:4490"
    if len(guess.codes) > 2:
        return f"{guess.reason}; then say --crs with its code"
    return f"{guess.reason}; if that is right say --crs {guess.codes[0]}"
