"""The land cover of a map: which product, edition and years it shows, its series and its legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from geo.landcover import Product, product
from geo.observed import default_product
from geo.scenes import Scene
from geo.store import Connection, Store, recoveries, scenes
from geo.words import Lang
from tiles.landcover import codes_present, grid_bounds, pictured_series, served_series
from tiles.legend import Legend, land_cover_legend
from tiles.links import AssetLinks
from tiles.map_model import LandCover
from tiles.marks import say
from tiles.outlines import Bounds, padded
from tiles.shown_sites import PADDING, WORLD, ShownSites

_AROUND: Final = 0.8  # a window is wider or higher than the bounds fitted into it


@dataclass(frozen=True, slots=True)
class ShownCover:
    """The product, edition and years that a map shows; `scenes` by year, ascending."""

    about: Product
    edition: str
    scenes: tuple[Scene, ...]
    from_year: int
    to_year: int

    def name(self, lang: Lang) -> str:
        """Product and edition in words."""
        title = self.about.zh if lang == "zh" else self.about.en
        return say("product_edition", lang, product=title, edition=self.edition)

    def notes(self, lang: Lang) -> tuple[str, ...]:
        """Source and accuracy of the product."""
        source = say("land_cover_note", lang, attribution=self.about.attribution)
        note = self.about.note_zh if lang == "zh" else self.about.note_en
        return (source, say("accuracy_note", lang, note=note)) if note else (source,)

    def attribution(self, lang: Lang) -> tuple[str, ...]:
        """Product and source, as they stand at the map's edge."""
        return (f"{self.name(lang)} · {self.about.attribution}",)


def shown_cover(
    conn: Connection, product_slug: str | None, edition: str | None, years: tuple[int | None, int | None]
) -> ShownCover | None:
    """The scenes to show: as asked, else the product with most results and its current edition.

    None where no scene is registered. Raises `UnknownProduct`.
    """
    everything = scenes.find(conn)
    slug = product_slug or default_product(conn) or (everything[-1].product if everything else None)
    if slug is None:
        return None
    about = product(slug)
    chosen = edition or scenes.current_edition(conn, slug)
    found = tuple(scenes.find(conn, product=slug, edition=chosen)) if chosen else ()
    if chosen is None or not found:
        return None
    pairs = [pair for pair in recoveries.pairs(conn) if pair[:2] == (slug, chosen)]
    best = max(pairs, key=lambda pair: (pair[4], pair[3] - pair[2]), default=None)
    known = [scene.year for scene in found]
    first, last = (best[2], best[3]) if best else (known[0], known[-1])
    return ShownCover(
        about, chosen, found, _known_year(years[0], first, known), _known_year(years[1], last, known)
    )


def _known_year(asked: int | None, usual: int, known: Sequence[int]) -> int:
    """The asked year where it is registered, else the registered year nearest to it."""
    wanted = usual if asked is None else asked
    return min(known, key=lambda year: (abs(year - wanted), year))


def cover_series(
    store: Store, cover: ShownCover, lang: Lang, links: AssetLinks, within: Bounds, *, every_year: bool
) -> LandCover:
    """The series that a page loads: tiles where a server stands behind it, else pictures cut to `within`.

    Without a server it holds every year, or the two that the map compares.
    """
    if links.served:
        return served_series(cover.scenes, cover.about, cover.name(lang), links)
    ends = {cover.from_year, cover.to_year}
    found = tuple(scene for scene in cover.scenes if every_year or scene.year in ends)
    return pictured_series(store, found, cover.about, cover.name(lang), links, padded(within, _AROUND))


def cover_legend(store: Store, cover: ShownCover, within: Bounds, lang: Lang) -> Legend:
    """The classes that a window fitted to `within` can show."""
    seen = padded(within, _AROUND)
    return land_cover_legend(cover.about, codes_present(store, cover.scenes, seen), lang)


def map_bounds(shown: ShownSites, cover: ShownCover | None, *, padding: float = PADDING) -> Bounds:
    """What a map is fitted to: the sites, else the scene, else the world."""
    if shown.bounds is not None:
        return padded(shown.bounds, padding)
    return WORLD if cover is None else grid_bounds(cover.scenes[0].grid)
