"""The points of a sample as they are sent out: a row of plain values each, as a table, KML or GeoJSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

from geo.reference import reference_rows
from geo.samples.sample import NotDrawn, SampleKind
from geo.store import Connection, samples, sites

PointRow = Mapping[str, Any]
"""A point: its columns (`POINT_COLUMNS`), whole numbers, numbers, texts or None."""

_CONTROLS: Final = dict.fromkeys((*range(9), 11, 12, *range(14, 32)), " ")

POINT_COLUMNS: Final[Mapping[str, type]] = {
    "sample": str,
    "point": int,
    "site_code": str,
    "kind": str,
    "target_use": str,
    "product": str,
    "edition": str,
    "from_year": int,
    "to_year": int,
    "lon": float,
    "lat": float,
    "mapped": str,
    "checked": str,
    "note": str,
}
"""The columns of a point and their types; `mapped` is empty in a blind sample, `checked` until it is."""


def point_rows(conn: Connection, sample_id: int) -> list[PointRow]:
    """The points of a drawn sample by number. Raises `UnknownSample`, `NotDrawn`."""
    sample = samples.get(conn, sample_id)
    if sample.kind is not SampleKind.DRAWN:
        raise NotDrawn(sample_id=sample_id)
    points = samples.points(conn, sample_id)
    found = {site_id: sites.get(conn, site_id) for site_id in sorted({one.site_id for one in points})}
    return [
        {
            "sample": sample.token,
            "point": one.number,
            "site_code": found[one.site_id].site_code,
            "kind": found[one.site_id].kind.value,
            "target_use": found[one.site_id].target_use.value,
            "product": sample.product,
            "edition": sample.edition,
            "from_year": one.from_year,
            "to_year": sample.to_year,
            "lon": one.lon,
            "lat": one.lat,
            "mapped": None if sample.blind else one.stratum,
            "checked": one.checked,
            "note": one.note or None,
        }
        for one in points
    ]


def csv_text(rows: Sequence[PointRow]) -> str:
    """The points as a CSV table, with the mark that tells Excel UTF-8; no cell reads as a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(POINT_COLUMNS)
    writer.writerows([_cell(row[name]) for name in POINT_COLUMNS] for row in rows)
    return "\ufeff" + out.getvalue()


def kml_text(rows: Sequence[PointRow], title: str) -> str:
    """The points as KML 2.2, each with its columns; a label goes into the description of its point.

    The words that a label can be stand in the description of the document.
    """
    words = "; ".join(f"{row['slug']} {row['zh']} {row['en']}" for row in reference_rows("sample_outcomes"))
    marks = "".join(_placemark(row) for row in rows)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<name>{escape(title.translate(_CONTROLS))}</name><description>{escape(words)}</description>{marks}</Document></kml>\n"
    )


def feature_collection(rows: Sequence[PointRow]) -> dict[str, object]:
    """The points as a GeoJSON FeatureCollection."""
    features = [
        {
            "type": "Feature",
            "id": row["point"],
            "geometry": {"type": "Point", "coordinates": [row["lon"], row["lat"]]},
            "properties": {name: row[name] for name in POINT_COLUMNS if name not in {"lon", "lat"}},
        }
        for row in rows
    ]
    return {"type": "FeatureCollection", "features": features}


def _placemark(row: PointRow) -> str:
    data = "".join(
        f'<Data name="{name}"><value>{escape(str(row[name]).translate(_CONTROLS))}</value></Data>'
        for name in POINT_COLUMNS
        if row[name] is not None
    )
    return (
        f"<Placemark><name>{row['point']}</name><description></description>"
        f"<ExtendedData>{data}</ExtendedData>"
        f"<Point><coordinates>{row['lon']},{row['lat']}</coordinates></Point></Placemark>"
    )


def _cell(value: object) -> object:
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{value}"
    return "" if value is None else value
