"""What the land cover says of each site of a map, and the site drawn by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from geo.evidence.verdict import Evidence, Verdict
from geo.evidence.words import evidence_words
from geo.readings import ledger_of
from geo.recovery import Recovery, TemporalRule
from geo.site_results import Marker
from geo.store import Connection, Store, recoveries
from geo.words import Lang
from tiles import marks
from tiles.links import AssetLinks
from tiles.map_model import Mark
from tiles.outlines import Bounds
from tiles.shown_cover import ShownCover
from tiles.shown_sites import ShownSites, site_page

Judged = Mapping[int, tuple[Evidence, Recovery | None]]
"""By site: its evidence, and the figures that it rests on where they are stored."""


def judged_sites(store: Store, conn: Connection, cover: ShownCover | None) -> Judged:
    """Each site's evidence of the later year, its baseline nearest to the earlier one, and its figures.

    Evidence that no longer describes its site has no verdict and no figures, and says that a run is due.
    """
    if cover is None:
        return {}
    slug, edition = cover.about.slug, cover.edition
    figures = {
        (each.site_id, each.from_year, each.to_year): each
        for each in recoveries.find(conn, product=slug, edition=edition, rule=TemporalRule.MAJORITY3)
    }
    stored = [
        one
        for one in recoveries.evidence(conn, product=slug, edition=edition)
        if one.to_year == cover.to_year
    ]
    best: dict[int, Evidence] = {}
    for one in Marker(conn, ledger_of(store, conn)).evidence(stored):
        held = best.get(one.site_id)
        if held is None or _order(one, cover) < _order(held, cover):
            best[one.site_id] = one
    return {
        key: (_silent(one), None) if one.outdated else (one, figures.get((key, one.from_year, one.to_year)))
        for key, one in best.items()
    }


def _silent(one: Evidence) -> Evidence:
    """Outdated evidence as it may be shown: that it is outdated, and nothing else."""
    return replace(
        one,
        verdict=None,
        reasons=("results_outdated",),
        recovered_share=None,
        raw_recovered_share=None,
        valid_share=None,
        worklist_units=0,
    )


def _order(one: Evidence, cover: ShownCover) -> tuple[bool, int]:
    return one.outdated, abs(one.from_year - cover.from_year)


def verdict_counts(shown: ShownSites, judged: Judged) -> Counter[Verdict | None]:
    """How many of the shown sites have each verdict; None is a site not judged."""
    return Counter(
        judged[site.site_id][0].verdict if site.site_id in judged else None for site in shown.found
    )


def verdict_marks(
    shown: ShownSites, judged: Judged, bounds: Bounds, lang: Lang, links: AssetLinks
) -> tuple[Mark, ...]:
    """The sites outlined by verdict, in words first the evidence, then the paper."""
    made = []
    for site, geometry in zip(shown.found, marks.site_geometries(shown.found, bounds), strict=True):
        evidence, recovery = judged.get(site.site_id, (None, None))
        proposed = site.site_id in shown.proposed
        paper = marks.site_rows(site, None, shown.units, lang, proposed=proposed)
        made.append(
            Mark(
                str(site.site_id),
                geometry,
                marks.verdict_style(evidence),
                marks.site_title(site, proposed),
                (*marks.evidence_rows(evidence, recovery, lang), *paper),
                group="none" if evidence is None or evidence.verdict is None else evidence.verdict,
                href=site_page(site, links),
                words="" if evidence is None else evidence_words(evidence, lang, recovery),
            )
        )
    return marks.settled(made)
