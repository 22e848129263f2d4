"""The worklist on the map: the sites whose status and evidence disagree, most hectares first."""

from __future__ import annotations

from typing import Final

from geo.areas import ha_from_units
from geo.words import Lang, label
from tiles.map_model import Ranked, Ranking
from tiles.marks import hectares, say
from tiles.outlines import bounds_of, padded
from tiles.shown_sites import ShownSites
from tiles.verdicts import Judged

SHOWN: Final = 5
"""So many sites stand in the list; the page of the worklist has the others."""

_PADDING: Final = 0.6


def ranking(shown: ShownSites, judged: Judged, lang: Lang) -> Ranking | None:
    """The shown sites in doubt, worst first, with the hectares of all of them; None where there is none."""
    doubted = [
        (judged[site.site_id][0], site)
        for site in shown.found
        if site.site_id in judged and judged[site.site_id][0].worklist_units > 0
    ]
    if not doubted:
        return None
    doubted.sort(key=lambda pair: (-pair[0].worklist_units, pair[1].site_id))
    items = []
    for evidence, site in doubted[:SHOWN]:
        box = bounds_of([site.geometry])
        items.append(
            Ranked(
                text=site.site_code,
                note=label("verdicts", evidence.verdict, lang),
                value=hectares(ha_from_units(evidence.worklist_units), lang),
                zoom_to=None if box is None else padded(box, _PADDING),
            )
        )
    whole = hectares(ha_from_units(sum(evidence.worklist_units for evidence, _ in doubted)), lang)
    return Ranking(
        say("ranking", lang), say("ranking_total", lang, count=len(doubted), ha=whole), tuple(items)
    )
