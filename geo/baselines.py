"""Baselines: from which year on a site's recovery is reckoned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geo.snapshot import UNKNOWN, Int64s, Snapshot


def baseline_years(damage_year: Int64s, years: Sequence[int]) -> Int64s:
    """The baseline year of each site: the first of `years` from its damage year on, else the first.

    `damage_year` holds `UNKNOWN` where not known; `years` are those of the scenes, in rising order and not
    empty. 0 where every scene is older than the damage.

    >>> baseline_years(np.array([2014, UNKNOWN, 1990, 2030]), [2013, 2015, 2020]).tolist()
    [2015, 2013, 2013, 0]
    """
    known = np.asarray(years, dtype=np.int64)
    place = np.searchsorted(known, np.where(damage_year == UNKNOWN, known[0], damage_year))
    return np.where(place < len(known), known[np.minimum(place, len(known) - 1)], 0)


def baselines_of(snapshot: Snapshot, years: Sequence[int]) -> dict[int, int]:
    """The baseline year of each site of a snapshot, by site id; empty without scenes."""
    if not years:
        return {}
    return dict(
        zip(snapshot.site.tolist(), baseline_years(snapshot.damage_year, years).tolist(), strict=True)
    )
