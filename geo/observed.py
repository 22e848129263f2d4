"""Observed recovery of the sites of a snapshot: which stored result stands for each site."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from geo.baselines import baseline_years
from geo.inputs import InputsNow, StoredInputs
from geo.ledger import Ledger
from geo.rates import RateQuery
from geo.rating import Observations
from geo.snapshot import Int64s, Snapshot
from geo.store import Connection, recoveries, scenes
from geo.store.recovery_totals import RecoveryTotals, totals


class ObservedSource:
    """The stored results that a query asks for, read once a year and matched with any number of snapshots.

    A result that no longer describes its site stands for nothing: the site is without one, and outdated.
    """

    def __init__(self, conn: Connection, query: RateQuery, ledger: Ledger) -> None:
        self._conn = conn
        self._ledger = ledger
        self._now: InputsNow | None = None
        self._query = query
        self.product, self.edition = _product_and_edition(conn, query)
        self._known: dict[int, tuple[RecoveryTotals, npt.NDArray[np.bool_]]] = {}
        self._years: list[int] = []
        if self.product is not None and self.edition is not None:
            found = scenes.find(conn, product=self.product, edition=self.edition)
            self._years = sorted({scene.year for scene in found})

    def of(self, snapshot: Snapshot) -> Observations:
        """What is known of each site of the snapshot, for one later year.

        The later year is the one asked for, else the last with a result up to the snapshot's day. The
        baseline is the one asked for, else each site's own.
        """
        year = self._latest(snapshot)
        if year is None:
            return Observations.none(
                len(snapshot), reason="no_recovery", product=self.product, edition=self.edition
            )
        known, usable = self._of_year(year)
        chosen = np.ones(len(known.site), dtype=bool)
        if self._query.from_year is not None:
            chosen &= known.from_year == self._query.from_year
        rows, positions = _one_per_site(known, np.flatnonzero(chosen & usable), snapshot, self._years)
        to_year = np.zeros(len(snapshot), dtype=np.int64)
        to_year[positions] = year
        outdated = np.isin(snapshot.site, known.site[chosen & ~usable]) & (to_year == 0)
        return Observations(
            product=self.product,
            edition=self.edition,
            from_year=_spread(known.from_year, rows, positions, len(snapshot)),
            to_year=to_year,
            area=_spread(known.area, rows, positions, len(snapshot)),
            disturbed=_spread(known.disturbed, rows, positions, len(snapshot)),
            recovered=_spread(known.recovered, rows, positions, len(snapshot)),
            valid=_spread(known.valid, rows, positions, len(snapshot)),
            outdated=outdated,
            geometry_seq=_spread(known.geometry_seq, rows, positions, len(snapshot)),
            terms=_spread(known.terms, rows, positions, len(snapshot)),
        )

    def _latest(self, snapshot: Snapshot) -> int | None:
        """The year asked for, else the last with any result up to the snapshot's day; None without one.

        Outdated results count here: an older year never takes the place of one that must be run again.
        """
        asked = self._query.to_year
        years = [year for year in self._years if year <= snapshot.as_of.year] if asked is None else [asked]
        if self.product is None or self.edition is None:
            return None
        return next((year for year in reversed(years) if len(self._of_year(year)[0].site)), None)

    def _of_year(self, year: int) -> tuple[RecoveryTotals, npt.NDArray[np.bool_]]:
        """What is stored of one later year, and which rows of it are usable."""
        product, edition = self.product or "", self.edition or ""
        if year not in self._known:
            found = totals(self._conn, product=product, edition=edition, to_year=year)
            self._now = self._now or InputsNow(self._conn, self._ledger)
            usable = self._now.usable(
                product,
                edition,
                StoredInputs(
                    site=found.site,
                    from_year=found.from_year,
                    to_year=found.to_year,
                    geometry_seq=found.geometry_seq,
                    last_scene_id=found.last_scene_id,
                    terms=found.terms,
                ),
            )
            self._known[year] = (found, usable)
        return self._known[year]


def _one_per_site(
    known: RecoveryTotals, chosen: Int64s, snapshot: Snapshot, years: Sequence[int]
) -> tuple[Int64s, Int64s]:
    """The chosen rows of `known`, one a site of the snapshot, and the sites' positions there.

    Of several baselines the site's own, else the earliest; of several results from it the last computed.
    """
    if len(snapshot) == 0:
        return chosen[:0], chosen[:0]
    positions = np.searchsorted(snapshot.site, known.site[chosen])
    positions = np.minimum(positions, len(snapshot) - 1)
    exists = snapshot.site[positions] == known.site[chosen]
    chosen, positions = chosen[exists], positions[exists]
    from_year = known.from_year[chosen]
    default = baseline_years(snapshot.damage_year, years)[positions] if years else from_year
    order = np.lexsort((from_year, from_year != default, positions))
    first = np.ones(len(order), dtype=bool)
    first[1:] = positions[order][1:] != positions[order][:-1]
    return chosen[order][first], positions[order][first]


def _spread(column: Int64s, rows: Int64s, positions: Int64s, length: int) -> Int64s:
    spread = np.zeros(length, dtype=np.int64)
    spread[positions] = column[rows]
    return spread


def _product_and_edition(conn: Connection, query: RateQuery) -> tuple[str | None, str | None]:
    product = query.product or default_product(conn)
    if product is None:
        return None, None
    return product, query.edition or scenes.current_edition(conn, product)


def default_product(conn: Connection) -> str | None:
    """The product with results for the most sites, None where there is no result at all.

    Of two with equally many it is the one with the later year, then the first by name.
    """
    pairs = recoveries.pairs(conn)
    best = min(pairs, key=lambda pair: (-pair[4], -pair[3], pair[0]), default=None)
    return None if best is None else best[0]
