"""The sites of a map with what stands around them: units, open proposals, the banner of a synthetic store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from geo.cities import City, lineage
from geo.sites import Site
from geo.store import Connection, cities, get_setting, proposals, sites
from geo.store.sites import SiteFilter
from geo.words import Lang
from tiles.links import AssetLinks
from tiles.marks import say, unit_name
from tiles.outlines import Bounds, bounds_of

WORLD: Final[Bounds] = (-170.0, -55.0, 170.0, 70.0)
PADDING: Final = 0.06
_TIANDITU: Final = "Tianditu"


@dataclass(frozen=True, slots=True)
class ShownSites:
    """The sites of a map, the units of the store by code, and what every page says."""

    found: tuple[Site, ...]
    units: Mapping[str, City]
    proposed: frozenset[int]
    banner: str

    @property
    def bounds(self) -> Bounds | None:
        """Where the sites are, None without sites."""
        return bounds_of([site.geometry for site in self.found])

    def notes(self, lang: Lang) -> tuple[str, ...]:
        """Where the outlines come from, and what publishing them takes."""
        editions = sorted({city.edition for city in self.units.values()})
        if not editions:
            return ()
        named = say("outline_note", lang, edition=", ".join(editions))
        review = (say("review_note", lang),) if any(_TIANDITU in edition for edition in editions) else ()
        return (named, *review)

    def attribution(self, lang: Lang) -> tuple[str, ...]:
        """The outlines' source, as it stands at the map's edge."""
        return self.notes(lang)[:1]

    def scope(self, city: str | None, lang: Lang) -> str:
        """The unit whose sites these are, in words; all sites where `city` is None."""
        unit = self.units.get(city or "")
        if unit is None:
            return say("whole_area", lang)
        return say("city_scope", lang, name=unit_name(unit, lang), adcode=unit.adcode)


def sites_under(conn: Connection, city: str | None, lang: Lang) -> ShownSites:
    """All sites, or those under the unit `city`. Raises `UnknownCity`."""
    if city is not None:
        cities.get(conn, city)
    wanted = SiteFilter(adcodes=frozenset({city}) if city else None, limit=None)
    return _shown(conn, tuple(sites.find(conn, wanted)), lang)


def one_site(conn: Connection, site_id: int, lang: Lang) -> ShownSites:
    """The one site `site_id`. Raises `UnknownSite`."""
    return _shown(conn, (sites.get(conn, site_id),), lang)


def _shown(conn: Connection, found: tuple[Site, ...], lang: Lang) -> ShownSites:
    synthetic = get_setting(conn, "synthetic") == "yes"
    return ShownSites(
        found,
        cities.all(conn),
        frozenset(proposals.open_ids(conn)),
        say("synthetic", lang) if synthetic else "",
    )


def site_spans(found: Sequence[Site], units: Mapping[str, City]) -> dict[str, Bounds]:
    """The bounds of the sites under each unit, of every level, that has any."""
    boxes: dict[str, list[Bounds]] = {}
    for site in found:
        box = bounds_of([site.geometry])
        if box is not None and site.adcode is not None:
            for code in lineage(site.adcode, units):
                boxes.setdefault(code, []).append(box)
    return {code: joined(those) for code, those in boxes.items()}


def joined(boxes: Sequence[Bounds]) -> Bounds:
    """The bounds that hold all of `boxes`."""
    west, south, east, north = zip(*boxes, strict=True)
    return (min(west), min(south), max(east), max(north))


def site_page(site: Site, links: AssetLinks) -> str:
    """The address of a site's page, '' where nothing is served."""
    return f"{links.prefix}/sites/{site.site_id}" if links.served else ""


def basemap_notes(url: str, lang: Lang) -> tuple[str, ...]:
    """Where the background comes from; nothing without one."""
    return (say("basemap_note", lang, url=url),) if url else ()
