"""Photos: what a camera wrote into a file, and small pictures made anew without any of it.

Telephones write HEIC; `pi-heif` reads it and holds no encoder.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pi_heif import register_heif_opener
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from geo.attachments import attachment_rules
from geo.errors import InvalidInput

MAGIC: Final[Mapping[str, tuple[str, re.Pattern[bytes]]]] = {
    "image/jpeg": ("JPEG", re.compile(rb"\xff\xd8\xff")),
    "image/png": ("PNG", re.compile(rb"\x89PNG\r\n\x1a\n")),
    "image/webp": ("WEBP", re.compile(rb"RIFF.{4}WEBP", re.DOTALL)),
    "image/heic": ("HEIF", re.compile(rb".{4}ftyp(hei[cxms]|mif1|msf1)", re.DOTALL)),
    "application/pdf": ("PDF", re.compile(rb"%PDF-")),
}
"""Media type -> what the reader calls it, and how its content begins."""
SUFFIXES: Final[Mapping[str, tuple[str, ...]]] = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "image/heic": (".heic", ".heif"),
    "application/pdf": (".pdf",),
}
"""Media type -> the suffixes of its files, the usual one first."""
register_heif_opener(thumbnails=False)
_HEAD: Final = 16
_TAIL: Final = 2048
_TIME: Final = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)")
_OFFSET: Final = re.compile(r"[+-]\d\d:\d\d")


class NotAttachable(InvalidInput):
    """The content is not what may be attached."""

    template = "file: {file_name!r} {problem}; attach a JPEG, HEIC, PNG or WebP picture, or a PDF"


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """What a picture says of itself; None for what it does not say. Position in degrees (WGS 84)."""

    width_px: int
    height_px: int
    taken_at: str | None = None
    lon: float | None = None
    lat: float | None = None


def media_type_of(path: Path, file_name: str) -> str:
    """The media type of a file by its content, whatever its name. Raises `NotAttachable`."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        file.seek(max(0, path.stat().st_size - _TAIL))
        tail = file.read()
    for media_type, (name, magic) in MAGIC.items():
        if not magic.match(head):
            continue
        if name == "PDF" and b"%%EOF" not in tail:
            raise NotAttachable(file_name=file_name, problem="is a PDF that breaks off")
        return media_type
    raise NotAttachable(file_name=file_name, problem="is by its content none of the kinds that are kept")


def named_by_content(file_name: str, media_type: str) -> str:
    """The name of a file under a suffix of what it holds.

    >>> named_by_content("poly.html", "image/jpeg"), named_by_content("pit.JPEG", "image/jpeg")
    ('poly.html.jpg', 'pit.JPEG')
    """
    suffixes = SUFFIXES.get(media_type, ("",))
    return file_name if file_name.lower().endswith(suffixes) else f"{file_name}{suffixes[0]}"


def read_photo(path: Path, file_name: str) -> PhotoFacts:
    """Size, time and position of a picture. Raises `NotAttachable` where it is broken or too large."""
    with _opened(path, file_name) as image:
        width, height = image.size
        try:
            exif = image.getexif()
            shot = exif.get_ifd(ExifTags.IFD.Exif)
            gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        except (ValueError, OSError, SyntaxError, TypeError, KeyError, IndexError, OverflowError):
            return PhotoFacts(width, height)
    lon = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "EW", 180.0)
    lat = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "NS", 90.0)
    known = lon is not None and lat is not None and (lon, lat) != (0.0, 0.0)
    return PhotoFacts(width, height, _taken_at(shot), lon if known else None, lat if known else None)


def thumbnail(path: Path, file_name: str) -> bytes:
    """A small WebP of the picture, upright, without what the camera wrote. Raises `NotAttachable`."""
    size = attachment_rules()["thumbnail_px"]
    with _opened(path, file_name) as image:
        try:
            image.draft("RGB", (size, size))
            upright = ImageOps.exif_transpose(image)
            small = upright.convert("RGB")
            small.thumbnail((size, size))
            clean = Image.frombytes("RGB", small.size, small.tobytes())
        except (OSError, ValueError, SyntaxError, TypeError, MemoryError) as error:
            raise NotAttachable(file_name=file_name, problem="is a picture that breaks off") from error
    kept = io.BytesIO()
    clean.save(kept, "WEBP", quality=80)
    return kept.getvalue()


def _opened(path: Path, file_name: str) -> Image.Image:
    names = [name for name, _ in MAGIC.values() if name != "PDF"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(path, formats=names)
    except Image.DecompressionBombError as error:
        raise NotAttachable(file_name=file_name, problem="has too many pixels") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise NotAttachable(file_name=file_name, problem="is no picture that can be read") from error
    if image.size[0] * image.size[1] > attachment_rules()["largest_pixels"]:
        image.close()
        raise NotAttachable(file_name=file_name, problem="has too many pixels")
    return image


def _degrees(parts: object, side: object, sides: str, most: float) -> float | None:
    """Degrees of three EXIF rationals and a letter; None where they are not what the standard says."""
    if not isinstance(parts, tuple) or len(parts) != 3 or not isinstance(side, str) or len(side) < 1:
        return None
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if side[0] not in sides or not 0 <= value <= most:
        return None
    return -value if side[0] == sides[1] and value else value


def _taken_at(shot: Mapping[int, object]) -> str | None:
    text = shot.get(ExifTags.Base.DateTimeOriginal)
    match = _TIME.match(text) if isinstance(text, str) else None
    if match is None:
        return None
    year, month, day, clock = match.groups()
    offset = shot.get(ExifTags.Base.OffsetTimeOriginal)
    zone = offset if isinstance(offset, str) and _OFFSET.fullmatch(offset) else ""
    return f"{year}-{month}-{day}T{clock}{zone}"
