"""Intervals of observed rates: from a checked sample of the very results, or carried over from elsewhere.

`design`: a sample was drawn over exactly the results that the rate sums, and every stratum with area has
enough checked points. `transferred`: the error matrix of a larger group, of another one or from outside is
laid on the mapped areas of this group; it stands in `indicative` alone, for nothing says that it holds here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from geo.accuracy import RatioInterval, StratumTooSmall, ratio
from geo.grouping import Grouping, GroupOfSites
from geo.rates import ObservedRate, RateQuery
from geo.rating import Group, Observations, counted
from geo.samples.sample import Sample, SampleKind
from geo.samples.strata import disturbed_slugs, recovered_slugs, stratum_slugs
from geo.snapshot import Int64s, Snapshot
from geo.store import Connection, samples
from geo.store.stratum_totals import StratumTotals, stratum_totals


class SampleSource:
    """The samples of one product and edition, read once, for the rates of any number of days."""

    def __init__(self, conn: Connection, query: RateQuery, product: str | None, edition: str | None) -> None:
        self._conn = conn
        self.query = query
        self.samples: list[Sample] = []
        if product is not None and edition is not None:
            self.samples = samples.find(conn, product=product, edition=edition)
        self._totals: dict[tuple[str, str, int], StratumTotals] = {}

    def totals(self, product: str, edition: str, to_year: int) -> StratumTotals:
        """The mapped areas by stratum of every recovery to one year."""
        key = (product, edition, to_year)
        if key not in self._totals:
            self._totals[key] = stratum_totals(self._conn, product=product, edition=edition, to_year=to_year)
        return self._totals[key]


@dataclass
class Intervals:
    """The intervals of the groups of one snapshot."""

    source: SampleSource
    snapshot: Snapshot
    grouping: Grouping
    observations: Observations
    _keys: dict[tuple[str, str], str] = field(default_factory=dict)

    def of(self, observed: ObservedRate, group: Group, members: Int64s) -> ObservedRate:
        """The observed rate of a group with its interval, or with why it has none."""
        if observed.rate is None:
            return observed
        if not self.source.samples:
            return replace(observed, interval_reason="no_sample")
        rows = counted(self.snapshot, members)
        key = self._key(rows)
        own = self._best(key)
        if own is not None and own.is_complete:
            found = _ratio(own, own.strata)
            if found is None:
                return replace(observed, sample_id=own.sample_id, interval_reason="no_disturbed_found")
            return _with_design(observed, own, found)
        reason = "no_sample" if own is None else "sample_too_small"
        if own is None and self._is_whole(group, key) and self._was_sampled(group):
            reason = "sample_outdated"
        indicative = self._indicative(group, rows, key)
        return replace(
            observed,
            interval_kind=None if indicative is None else _kind_of(indicative),
            sample_id=None if own is None else own.sample_id,
            n_checked=None if own is None else own.n_checked,
            interval_reason=reason,
            indicative=indicative,
        )

    def _key(self, rows: Int64s) -> str:
        return self.observations.population_key(self.snapshot.site, rows)

    def _best(self, key: str) -> Sample | None:
        """Of the samples of these very results the complete one with most points, the newest of equals."""
        same = [one for one in self.source.samples if key and one.population_key == key]
        return max(same, key=lambda one: (one.is_complete, one.n_checked, one.sample_id), default=None)

    def _is_whole(self, group: Group, key: str) -> bool:
        """Whether the rows are all of the group of this name, not only those of it within one unit."""
        named = self.grouping.named(group.group, group.key)
        return named is not None and self._key_of(named) == key

    def _was_sampled(self, group: Group) -> bool:
        """Whether the group has a sample, which must then be of results that hold no more."""
        return any((one.group_by, one.group_key) == (group.group, group.key) for one in self._comparable)

    @cached_property
    def _comparable(self) -> list[Sample]:
        """The drawn samples over sites that the same question counts."""
        query = self.source.query
        return [
            one
            for one in self.source.samples
            if one.kind is SampleKind.DRAWN
            and (one.responsible, one.site_kind) == (query.responsible, query.kind)
        ]

    @cached_property
    def _elsewhere(self) -> list[Sample]:
        """The complete samples whose results still hold, then the matrices from outside; newest first."""
        valid = []
        for one in self._comparable:
            named = None if one.group_by is None else self.grouping.named(one.group_by, one.group_key)
            if one.is_complete and named is not None and self._key_of(named) == one.population_key:
                valid.append(one)
        outside = [one for one in self.source.samples if one.kind is SampleKind.MATRIX]
        return [*reversed(valid), *reversed(outside)]

    def _key_of(self, sites: GroupOfSites) -> str:
        """The key of a group; many smaller ones ask for that of the same larger group."""
        named = sites.group.group.value, sites.group.key
        if named not in self._keys:
            self._keys[named] = self._key(counted(self.snapshot, sites.members))
        return self._keys[named]

    def _indicative(self, group: Group, rows: Int64s, key: str) -> Mapping[str, object] | None:
        """What the nearest larger group with an interval, or a matrix, would say of the group's areas."""
        nearest = self._nearest(group, key)
        fitting = [one for one in self._elsewhere if self._same_years(one, rows)]
        for one in [*([] if nearest is None else [nearest[1]]), *fitting]:
            found = self._transferred(one, rows)
            if found is not None:
                return found | {"nearest_group": None if nearest is None else _named(*nearest)}
        if nearest is None:
            return None
        return {"interval_kind": None, "nearest_group": _named(*nearest), "reason": "transfer_lacks_stratum"}

    def _nearest(self, group: Group, key: str) -> tuple[Group, Sample] | None:
        for larger in self.grouping.larger(group):
            key_of_larger = self._key_of(larger)
            sample = self._best(key_of_larger)
            if key_of_larger != key and sample is not None and sample.is_complete:
                return larger.group, sample
        return None

    def _same_years(self, sample: Sample, rows: Int64s) -> bool:
        """Whether the sample speaks of the years of these results, as far as it names years."""
        seen = rows[self.observations.to_year[rows] != 0]
        pairs = ((sample.from_year, self.observations.from_year), (sample.to_year, self.observations.to_year))
        return all(year is None or bool((column[seen] == year).all()) for year, column in pairs)

    def _transferred(self, sample: Sample, rows: Int64s) -> dict[str, object] | None:
        """The matrix of a sample laid on the mapped areas of the rows; None where it cannot be."""
        areas = self._areas(rows)
        found = None if areas is None else _ratio(sample, areas)
        if found is None:
            return None
        return {
            "interval_kind": "transferred",
            "estimate": found.value,
            "low": found.low,
            "high": found.high,
            "clipped": found.clipped,
            "source": sample.kind.value,
            "sample_id": sample.sample_id,
            "group": None if sample.group_by is None else sample.group_by.value,
            "key": sample.group_key,
            "name": sample.group_name or sample.source,
            "name_en": sample.group_name_en or sample.source,
            "n_checked": sample.n_checked,
        }

    def _areas(self, rows: Int64s) -> dict[str, float] | None:
        """The mapped areas of the rows by stratum; None where the later year is no end of a stored run."""
        observations, site = self.observations, self.snapshot.site
        seen = rows[observations.to_year[rows] != 0]
        if observations.terms is None or len(seen) == 0:
            return None
        year = int(observations.to_year[seen[0]])
        totals = self.source.totals(observations.product or "", observations.edition or "", year)
        known = _places(totals.site, totals.from_year)
        wanted = _places(site[seen], observations.from_year[seen])
        if not len(known):
            return None
        place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        same = (known[place] == wanted) & (totals.terms[place] == observations.terms[seen])
        if not same.all():
            return None
        units = totals.units[place].sum(axis=0)
        return dict(zip(stratum_slugs(), (float(one) for one in units.tolist()), strict=True))


def _kind_of(indicative: Mapping[str, object]) -> str | None:
    """`transferred` where a hint has figures; the interval itself stays empty."""
    return "transferred" if indicative["interval_kind"] == "transferred" else None


def _places(site: Int64s, year: Int64s) -> Int64s:
    """Site and year as one number that sorts as they do."""
    places: Int64s = site * 10_000 + year
    return places


def _ratio(sample: Sample, areas: Mapping[str, float]) -> RatioInterval | None:
    """Recovered by disturbed as the sample finds it; None without disturbed land, or without a stratum."""
    try:
        return ratio(sample.matrix, areas, part=recovered_slugs(), whole=disturbed_slugs())
    except StratumTooSmall:
        return None


def _with_design(observed: ObservedRate, sample: Sample, found: RatioInterval) -> ObservedRate:
    reason = "all_points_agree" if found.se == 0 else "interval_clipped" if found.clipped else None
    return replace(
        observed,
        low=found.low,
        high=found.high,
        interval_kind="design",
        estimate=found.value,
        sample_id=sample.sample_id,
        n_checked=sample.n_checked,
        interval_clipped=found.clipped,
        interval_reason=reason,
    )


def _named(group: Group, sample: Sample) -> dict[str, object]:
    """A larger group with its own interval."""
    found = _ratio(sample, sample.strata)
    return {
        "group": group.group.value,
        "key": group.key,
        "name": group.name,
        "name_en": group.name_en,
        "sample_id": sample.sample_id,
        "estimate": None if found is None else found.value,
        "low": None if found is None else found.low,
        "high": None if found is None else found.high,
    }


def sample_interval(sample: Sample) -> RatioInterval | None:
    """The rate that a sample finds over its own mapped areas; None while it is not complete."""
    return _ratio(sample, sample.strata) if sample.is_complete else None
