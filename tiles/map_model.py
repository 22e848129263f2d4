"""What a map shows, free of folium and of the store: marks, land cover by year, figures and notes.

Texts here are plain; they pass the escaping gate where the page is composed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from geo.words import Lang
from tiles.legend import Legend
from tiles.outlines import Bounds

Rows = tuple[tuple[str, str], ...]
"""Label and value, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing drawn on a map: its GeoJSON geometry, style and words.

    `group` ties it to a legend's line. `href` is where its words lead, '' for nowhere. `zoom_to` is what a
    click zooms to, None to show the words instead. `name` is written at
    `name_at` (lon, lat). `words` is a paragraph above the rows.
    """

    key: str
    geometry: Mapping[str, Any]
    style: Mapping[str, str | float | bool]
    title: str
    rows: Rows = ()
    group: str = ""
    href: str = ""
    zoom_to: Bounds | None = None
    name: str = ""
    name_at: tuple[float, float] | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class LandCover:
    """Land cover by year: the address of each year's tiles, or of its picture where `pictures` is set.

    `bounds` limits what is asked for; `native_zoom` is the finest zoom that holds more than the one before.
    """

    name: str
    addresses: Mapping[int, str]
    bounds: Bounds
    min_zoom: int
    native_zoom: int
    pictures: bool = False

    @property
    def years(self) -> tuple[int, ...]:
        """The years, ascending."""
        return tuple(sorted(self.addresses))


@dataclass(frozen=True, slots=True)
class ClassBar:
    """One class of a year's table: hectares and share of the site's valid area."""

    text: str
    colour: str
    area: str
    share: float


@dataclass(frozen=True, slots=True)
class Figure:
    """A headline figure with what it means beside it."""

    value: str
    name: str
    detail: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One line of a ranking; a click on it shows `zoom_to`."""

    text: str
    note: str
    value: str
    zoom_to: Bounds | None


@dataclass(frozen=True, slots=True)
class Ranking:
    """A titled list, worst first; `total` says how many there are in all."""

    title: str
    total: str
    items: tuple[Ranked, ...]


@dataclass(frozen=True, slots=True)
class MapPage:
    """A whole map page.

    `units` and `sites` are drawn in this order; `sites_are_points` where polygons would be too many.
    `left_year` is set on a page that compares two years. `bars` holds a table of classes by year.
    """

    lang: Lang
    title: str
    bounds: Bounds
    subtitle: str = ""
    banner: str = ""
    empty: str = ""
    figures: tuple[Figure, ...] = ()
    ranking: Ranking | None = None
    legends: tuple[Legend, ...] = ()
    notes: tuple[str, ...] = ()
    attribution: tuple[str, ...] = ()
    units: tuple[Mark, ...] = ()
    sites: tuple[Mark, ...] = ()
    sites_are_points: bool = False
    land_cover: LandCover | None = None
    left_year: int | None = None
    right_year: int | None = None
    bars: Mapping[int, tuple[ClassBar, ...]] = field(default_factory=dict)
    basemap_url: str = ""
    max_zoom: int = 18
