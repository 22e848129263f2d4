"""Standing evidence: the one verdict on each site that lists, counts and the worklist go by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from geo import clock
from geo.baselines import baselines_of
from geo.evidence.verdict import Evidence, Verdict
from geo.ledger import Ledger
from geo.observed import default_product
from geo.readings import Recent, known_until, ledger_of
from geo.scenes import Scene
from geo.site_results import Marker
from geo.store import Connection, Store, recoveries, scenes, sites
from geo.store.sites import SiteFilter

Standing = Mapping[int, Evidence]
"""By site: the verdict that stands. A site that was not judged, or whose results are outdated, has none."""

NOT_JUDGED: Final = "none"
"""The choice beside the verdicts: sites without one."""

_kept: Final[Recent[Hashable, Standing]] = Recent(8)

CHOICES: Final = (*(verdict.value for verdict in Verdict), NOT_JUDGED)


def standing_evidence(
    store: Store, conn: Connection, *, product: str | None = None, edition: str | None = None
) -> Standing:
    """The verdict of each site's last year, from the site's own baseline, else from the earliest.

    The product is the one with most results and the edition its current one, unless given. Kept while
    history, results and scenes of the store stay as they are.
    """
    product = product or default_product(conn)
    edition = edition or (scenes.current_edition(conn, product) if product is not None else None)
    if product is None or edition is None:
        return {}
    mark = recoveries.evidence_mark(conn, product=product, edition=edition)
    if mark is None:
        return {}
    ledger, used = ledger_of(store, conn), scenes.find(conn, product=product, edition=edition)
    key = (
        *(str(store.path.resolve()), ledger.head, product, edition, clock.today(), mark),
        *(f"{scene.scene_id} {scene.sha256}" for scene in used),
    )
    return _kept.get(key) or _kept.put(
        key, _standing(conn, ledger, used, recoveries.evidence(conn, product=product, edition=edition))
    )


def _standing(
    conn: Connection, ledger: Ledger, used: Sequence[Scene], stored: Sequence[Evidence]
) -> Standing:
    snapshot = ledger.snapshot(as_of=clock.today(), known_us=known_until(ledger, None))
    baselines = baselines_of(snapshot, sorted({scene.year for scene in used}))
    found = [one for one in Marker(conn, ledger).evidence(stored) if not one.outdated]
    ordered = sorted(
        found, key=lambda one: (one.to_year, one.from_year == baselines.get(one.site_id), -one.from_year)
    )
    return {one.site_id: one for one in ordered}


def verdict_of(standing: Standing, site_id: int) -> Verdict | None:
    """The verdict on a site, None where it was not judged."""
    return standing[site_id].verdict if site_id in standing else None


def with_verdict(wanted: SiteFilter, standing: Standing, choice: str) -> SiteFilter:
    """The filter that lets through only the sites whose verdict is `choice`, one of `CHOICES`."""
    if choice == NOT_JUDGED:
        judged = (site for site, one in standing.items() if one.verdict is not None)
        return replace(wanted, besides=frozenset(judged))
    return replace(wanted, among=frozenset(site for site, one in standing.items() if one.verdict == choice))


def verdict_counts(conn: Connection, wanted: SiteFilter, standing: Standing) -> dict[str, int]:
    """{choice: how many sites}: of those that match whatever their verdict, and whatever the page."""
    free = replace(wanted, among=None, besides=None, after=None)
    verdicts = {site: one.verdict.value for site, one in standing.items() if one.verdict is not None}
    counts = Counter(verdicts[site] for site in sites.ids(conn, free) if site in verdicts) if verdicts else {}
    return {**counts, NOT_JUDGED: sites.count(conn, free) - sum(counts.values())}
