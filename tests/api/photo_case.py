"""Pictures and reports made in memory: a photo with its position and time, a PDF, a page."""

from __future__ import annotations

import io
import struct

import pillow_heif
from PIL import ExifTags, Image

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
HTML = b"<!doctype html><script>alert(1)</script>"


def photo(
    lon: float | None = None,
    lat: float | None = None,
    *,
    size: tuple[int, int] = (800, 600),
    kind: str = "JPEG",
    taken: str | None = "2024:05:03 14:30:00",
) -> bytes:
    """A picture, with the camera's position and time where given."""
    exif = Image.Exif()
    if taken is not None:
        exif[ExifTags.IFD.Exif] = {
            ExifTags.Base.DateTimeOriginal: taken,
            ExifTags.Base.OffsetTimeOriginal: "+08:00",
        }
    if lon is not None and lat is not None:
        exif[ExifTags.IFD.GPSInfo] = {
            ExifTags.GPS.GPSLongitudeRef: "E" if lon >= 0 else "W",
            ExifTags.GPS.GPSLongitude: _parts(lon),
            ExifTags.GPS.GPSLatitudeRef: "N" if lat >= 0 else "S",
            ExifTags.GPS.GPSLatitude: _parts(lat),
        }
    kept, picture = io.BytesIO(), Image.new("RGB", size, (90, 140, 80))
    if kind == "HEIF":
        pillow_heif.from_pillow(picture).save(kept, exif=exif.tobytes())
    else:
        picture.save(kept, kind, exif=exif)
    return kept.getvalue()


def swollen(heic: bytes, width: int, height: int) -> bytes:
    """The same picture in HEIC, which says that it has so many pixels."""
    place = heic.index(b"ispe") + 8
    return heic[:place] + struct.pack(">II", width, height) + heic[place + 8 :]


def _parts(degrees: float) -> tuple[float, float, float]:
    whole = abs(degrees)
    minutes = (whole - int(whole)) * 60
    return float(int(whole)), float(int(minutes)), round((minutes - int(minutes)) * 60, 4)
