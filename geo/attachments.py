"""Attachments: photos and reports that show what was done on a site, known by the hash of their content."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from math import cos, radians
from typing import Final

import shapely
from pyproj import Geod
from shapely import MultiPolygon, Point, affinity

from geo.errors import InvalidInput, NotFound
from geo.reference import reference_rows

_GEOD: Final = Geod(ellps="WGS84")
_REFERENCE: Final = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")


class AttachmentKind(StrEnum):
    """What an attachment shows (`data/reference/attachment_kinds.csv`)."""

    PHOTO = "photo"
    BEFORE = "before"
    AFTER = "after"
    REPORT = "report"


class PositionCheck(StrEnum):
    """Where a photo was taken, seen from the site (`data/reference/position_checks.csv`)."""

    INSIDE = "inside"
    NEAR = "near"
    FAR = "far"
    UNKNOWN = "unknown"


class UnknownAttachment(NotFound):
    """There is no such attachment."""

    template = "no attachment has the id {attachment_id}"


class UnknownFile(NotFound):
    """No attachment has this content."""

    template = "no attachment has the content {sha256}"


class NotEvidence(InvalidInput):
    """What a change names as evidence is no attachment of the site."""

    template = "evidence: {reference} is no attachment of site {site_id}; attach it first"


class NotAPair(InvalidInput):
    """A pair is one photo before and one after, of one site."""

    template = "attachment {attachment_id} cannot be paired: {problem}"


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file on a site.

    `taken_at` is the camera's time as it wrote it (`YYYY-MM-DDTHH:MM:SS`, with its offset where it knew it);
    `lon` and `lat` the camera's position in degrees and `distance_m` how far outside the site's outline that
    is, 0 inside it; all None where the file does not say. `pair_of` is the photo before of a photo after.
    """

    attachment_id: int
    site_id: int
    sha256: str
    file_name: str
    media_type: str
    size_bytes: int
    kind: AttachmentKind
    caption: str
    version: int
    actor: str
    added_at: str
    width_px: int | None = None
    height_px: int | None = None
    taken_at: str | None = None
    lon: float | None = None
    lat: float | None = None
    distance_m: float | None = None
    pair_of: int | None = None
    inspection_id: int | None = None
    removed_at: str | None = None
    removed_by: str | None = None
    removal_reason: str | None = None

    @property
    def position_check(self) -> PositionCheck:
        """Whether the photo was taken at the site."""
        return position_check(self.distance_m)

    @property
    def is_photo(self) -> bool:
        """Whether there is a picture to show."""
        return self.media_type.startswith("image/")


@cache
def attachment_rules() -> Mapping[str, int]:
    """The limits of `data/reference/attachment_rules.csv` by name."""
    return {row["slug"]: int(row["value"]) for row in reference_rows("attachment_rules")}


def position_check(distance_m: float | None) -> PositionCheck:
    """How a distance from the outline is to be read.

    >>> position_check(0.0), position_check(None)
    (<PositionCheck.INSIDE: 'inside'>, <PositionCheck.UNKNOWN: 'unknown'>)
    """
    if distance_m is None:
        return PositionCheck.UNKNOWN
    if distance_m == 0:
        return PositionCheck.INSIDE
    return PositionCheck.NEAR if distance_m <= attachment_rules()["near_m"] else PositionCheck.FAR


def distance_m(outline: MultiPolygon, lon: float, lat: float) -> float:
    """Metres on the ellipsoid from a place to the outline (degrees), 0 inside it.

    The nearest place is sought on a plane that is true around the place itself.
    """
    place = Point(lon, lat)
    if outline.covers(place):
        return 0.0
    narrow = max(1e-6, cos(radians(lat)))
    flat = affinity.scale(outline, xfact=narrow, yfact=1.0, origin=(lon, lat))
    nearest = shapely.get_coordinates(shapely.shortest_line(place, flat))[1]
    back_lon = lon + (nearest[0] - lon) / narrow
    _, _, metres = _GEOD.inv(lon, lat, back_lon, nearest[1])
    return float(metres)


def evidence_hashes(texts: Sequence[str]) -> list[str | None]:
    """The content hash that each text of an evidence list names, None for a text that names none.

    >>> evidence_hashes(["photo of 3 May"])
    [None]
    """
    matches = [_REFERENCE.fullmatch(text.strip()) for text in texts]
    return [None if match is None else match[1].lower() for match in matches]
