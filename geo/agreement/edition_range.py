"""The range of editions: what every product and edition with results says of the same sites and years."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from geo.areas import ha_from_units
from geo.inputs import InputsNow, StoredInputs
from geo.ledger import Ledger
from geo.recovery import Recovery, TemporalRule
from geo.snapshot import Int64s
from geo.store import Connection, recoveries
from geo.store.recovery_totals import RecoveryTotals, totals


@dataclass(frozen=True, slots=True)
class EditionShare:
    """The recovered share by one product and edition, raw; None where nothing was disturbed."""

    product: str
    edition: str
    disturbed_baseline_ha: float
    recovered_ha: float
    share: float | None


@dataclass(frozen=True, slots=True)
class EditionRange:
    """The shares of all editions over the same `n_sites` sites and years, and the range that they span."""

    from_year: int
    to_year: int
    n_sites: int
    shares: tuple[EditionShare, ...]

    @property
    def low(self) -> float | None:
        """The least share, None where there is none."""
        return min((one.share for one in self.shares if one.share is not None), default=None)

    @property
    def high(self) -> float | None:
        """The greatest share, None where there is none."""
        return max((one.share for one in self.shares if one.share is not None), default=None)


def edition_range(
    conn: Connection, ledger: Ledger, site_ids: Iterable[int], *, from_year: int, to_year: int
) -> EditionRange | None:
    """The range over the sites that have a usable result of every edition; None with less than two editions.

    An edition without a result for any of the sites between the two years has no part.
    """
    asked = np.array(sorted(set(site_ids)), dtype=np.int64)
    now = InputsNow(conn, ledger)
    keys = sorted({(product, edition) for product, edition, *_ in recoveries.pairs(conn)})
    read = {key: _usable(conn, now, key, asked, (from_year, to_year)) for key in keys}
    found = {key: known for key, known in read.items() if len(known[1])}
    if len(found) < 2:
        return None
    common = asked
    for known, rows in found.values():
        common = np.intersect1d(common, known.site[rows])
    if len(common) == 0:
        return None
    shares = tuple(_share(key, known, rows, common) for key, (known, rows) in found.items())
    return EditionRange(from_year, to_year, len(common), shares)


def site_ranges(found: Sequence[Recovery]) -> tuple[EditionRange, ...]:
    """The ranges of one site's raw recoveries that still hold, one a pair of years with several editions."""
    by_years: dict[tuple[int, int], list[Recovery]] = {}
    for one in found:
        if one.temporal_rule is TemporalRule.NONE and not one.outdated:
            by_years.setdefault((one.from_year, one.to_year), []).append(one)
    return tuple(
        EditionRange(
            *years,
            1,
            tuple(
                EditionShare(
                    one.product,
                    one.edition,
                    ha_from_units(one.disturbed_baseline_units),
                    ha_from_units(one.recovered_units),
                    one.recovered_share,
                )
                for one in sorted(of_years, key=lambda one: (one.product, one.edition))
            ),
        )
        for years, of_years in sorted(by_years.items())
        if len({(one.product, one.edition) for one in of_years}) > 1
    )


def _usable(
    conn: Connection, now: InputsNow, key: tuple[str, str], asked: Int64s, years: tuple[int, int]
) -> tuple[RecoveryTotals, Int64s]:
    """What one edition says of the later year, and its usable rows of the sites from the earlier one."""
    product, edition = key
    known = totals(conn, product=product, edition=edition, to_year=years[1])
    inputs = StoredInputs(
        known.site, known.from_year, known.to_year, known.geometry_seq, known.last_scene_id, known.terms
    )
    fits = (known.from_year == years[0]) & np.isin(known.site, asked)
    rows = np.flatnonzero(fits & now.usable(product, edition, inputs)) if fits.any() else np.flatnonzero(fits)
    _, first = np.unique(known.site[rows], return_index=True)
    return known, rows[first]


def _share(key: tuple[str, str], known: RecoveryTotals, rows: Int64s, common: Int64s) -> EditionShare:
    chosen = rows[np.isin(known.site[rows], common)]
    disturbed, recovered = int(known.disturbed[chosen].sum()), int(known.recovered[chosen].sum())
    return EditionShare(
        *key,
        disturbed_baseline_ha=ha_from_units(disturbed),
        recovered_ha=ha_from_units(recovered),
        share=recovered / disturbed if disturbed else None,
    )
