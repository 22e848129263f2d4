"""Photos: positions and times as cameras write them, distances from an outline."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image
from pyproj import Geod
from shapely import MultiPolygon, box

from geo.attachments import distance_m
from geo.photos import NotAttachable, read_photo, thumbnail
from tests.api.photo_case import photo

GEOD = Geod(ellps="WGS84")


def kept(folder: Path, content: bytes) -> Path:
    path = folder / "p"
    path.write_bytes(content)
    return path


@settings(max_examples=40, deadline=None)
@given(st.floats(0.01, 179.9), st.floats(-89, 89))
def test_a_position_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, lon: float, lat: float
) -> None:
    facts = read_photo(kept(tmp_path_factory.mktemp("p"), photo(lon, lat)), "p")
    assert facts.lon == pytest.approx(lon, abs=1e-6)
    assert facts.lat == pytest.approx(lat, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.floats(-70, 70), st.floats(1, 5000), st.floats(0, 360))
def test_a_distance_is_that_of_the_ellipsoid(lat: float, metres: float, bearing: float) -> None:
    dot = MultiPolygon([box(117 - 1e-7, lat - 1e-7, 117 + 1e-7, lat + 1e-7)])
    lon_there, lat_there, _ = GEOD.fwd(117, lat, bearing, metres)
    assert distance_m(dot, lon_there, lat_there) == pytest.approx(metres, abs=0.05 + 1e-4 * metres)


@pytest.mark.parametrize(
    "gps",
    [
        {ExifTags.GPS.GPSLatitude: (1.0, 2.0, 3.0), ExifTags.GPS.GPSLongitude: (1.0, 2.0, 3.0)},
        {
            ExifTags.GPS.GPSLatitudeRef: "N",
            ExifTags.GPS.GPSLatitude: (95.0, 0.0, 0.0),
            ExifTags.GPS.GPSLongitudeRef: "E",
            ExifTags.GPS.GPSLongitude: (1.0, 2.0, 3.0),
        },
        {
            ExifTags.GPS.GPSLatitudeRef: "N",
            ExifTags.GPS.GPSLatitude: (0.0, 0.0, 0.0),
            ExifTags.GPS.GPSLongitudeRef: "E",
            ExifTags.GPS.GPSLongitude: (0.0, 0.0, 0.0),
        },
    ],
)
def test_a_position_that_cannot_be_is_none(tmp_path: Path, gps: dict[int, object]) -> None:
    exif = Image.Exif()
    exif[ExifTags.IFD.GPSInfo] = gps
    content = io.BytesIO()
    Image.new("RGB", (4, 4)).save(content, "JPEG", exif=exif)
    facts = read_photo(kept(tmp_path, content.getvalue()), "p")
    assert (facts.lon, facts.lat) == (None, None)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    content = io.BytesIO()
    Image.new("1", (20_000, 10_000)).save(content, "PNG")
    with pytest.raises(NotAttachable, match=r"has too many pixels"):
        thumbnail(kept(tmp_path, content.getvalue()), "bomb.png")


def test_a_photo_of_a_telephone_in_heic_says_when_and_where_and_has_its_small_picture(tmp_path: Path) -> None:
    path = kept(tmp_path, photo(116.505, -33.505, kind="HEIF"))
    facts = read_photo(path, "IMG_0001.HEIC")
    assert (facts.width_px, facts.height_px, facts.taken_at) == (800, 600, "2024-05-03T14:30:00+08:00")
    assert (facts.lon, facts.lat) == (pytest.approx(116.505, abs=1e-6), pytest.approx(-33.505, abs=1e-6))
    with Image.open(io.BytesIO(thumbnail(path, "IMG_0001.HEIC"))) as small:
        assert (small.format, small.size) == ("WEBP", (480, 360))
        assert not small.getexif()
        red, green, blue = small.convert("RGB").getpixel((240, 180))
    assert abs(red - 90) + abs(green - 140) + abs(blue - 80) < 25
