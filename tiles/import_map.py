"""The map of an import: every row of the file by what becomes of it, its findings in its words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry

from geo.imports.receipts import Receipt, ReceiptRow, RowResult
from geo.reference import reference_rows
from geo.words import Lang, label
from tiles.folium_map import map_html
from tiles.legend import Legend, LegendItem
from tiles.links import SERVED, AssetLinks
from tiles.map_model import MapPage, Mark
from tiles.marks import say
from tiles.outlines import bounds_of, geojson_geometry, padded

MOST_ROWS: Final = 3000
"""A map of more rows shows the refused ones first, then those with findings."""
_MOST_FINDINGS: Final = 6
_WORLD: Final = (-180.0, -60.0, 180.0, 75.0)


@dataclass(frozen=True, slots=True)
class DrawnRow:
    """One row and its geometry in longitude and latitude."""

    row: ReceiptRow
    geometry: BaseGeometry


def import_html(
    receipt: Receipt,
    drawn: Sequence[DrawnRow],
    *,
    lang: Lang = "zh",
    links: AssetLinks = SERVED,
    basemap_url: str = "",
) -> str:
    """The map of the rows that have a place; it says how many have none or are left out."""
    placed = [one for one in drawn if _on_earth(one.geometry)]
    shown = sorted(placed, key=_urgency)[:MOST_ROWS]
    bounds = bounds_of([one.geometry for one in shown])
    missing = len(receipt.rows) - len(shown)
    notes = (say("import_not_shown", lang, count=missing),) if missing else ()
    return map_html(
        MapPage(
            lang=lang,
            title=say("import_title", lang, name=receipt.file_name),
            bounds=_WORLD if bounds is None else padded(bounds, 0.1),
            empty="" if shown else say("import_none", lang),
            legends=(_legend(shown, lang),),
            notes=notes,
            sites=tuple(_mark(one, lang) for one in reversed(shown)),
            basemap_url=basemap_url,
        ),
        links=links,
    )


def _on_earth(shape: BaseGeometry) -> bool:
    west, south, east, north = shape.bounds if not shape.is_empty else (999.0, 0.0, 0.0, 0.0)
    return -180 <= west <= east <= 180 and -85 <= south <= north <= 85


def _urgency(one: DrawnRow) -> tuple[bool, bool, int]:
    return one.row.result is not RowResult.REJECTED, not one.row.findings, one.row.row


def _colours() -> Mapping[str, str]:
    return {row["slug"]: row["colour"] for row in reference_rows("import_results")}


def _legend(shown: Sequence[DrawnRow], lang: Lang) -> Legend:
    counts = Counter(one.row.result for one in shown)
    items = tuple(
        LegendItem(label("import_results", result, lang), _colours()[result], f"{counts[result]:,}", result)
        for result in RowResult
        if counts[result]
    )
    return Legend(say("import_by_result", lang), items)


def _mark(one: DrawnRow, lang: Lang) -> Mark:
    row, colour = one.row, _colours()[one.row.result]
    findings = tuple(
        (found.column or say("import_row", lang), f"{found.problem}; {found.suggestion}")
        for found in row.findings[:_MOST_FINDINGS]
    )
    refused = row.result is RowResult.REJECTED
    return Mark(
        key=f"row{row.row}",
        geometry=geojson_geometry(shapely.force_2d(one.geometry)),
        style={
            "color": colour,
            "weight": 3 if refused else 1.5,
            "opacity": 1,
            "fillColor": colour,
            "fillOpacity": 0.15 if refused else 0.45,
            **({"dashArray": "5 4"} if refused else {}),
        },
        title=f"{row.site_code or '–'}",
        rows=(
            (say("import_row", lang), str(row.place)),
            (say("import_result", lang), label("import_results", row.result, lang)),
            *findings,
        ),
        group=row.result,
        href="" if row.site_id is None else f"/sites/{row.site_id}",
    )
