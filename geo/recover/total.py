"""The total of a recovery run: the sums, their overlap, and the same with no land counted twice.

It grows shard by shard from whole numbers, so that neither their order nor their size changes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from geo.areas import ha_from_units
from geo.overlap import claimed_twice, clusters_of
from geo.recover.items import NO_DATA_KEY
from geo.recovery import Recovery
from geo.store import Store, sites

_BALANCE = (
    *("disturbed_baseline", "recovered", "still_disturbed", "converted", "ponded"),
    "new_damage",
)


@dataclass(slots=True)
class Sums:
    """Sums of recoveries in units of 1e-4 m2: class areas by year and code, and the balance."""

    areas: dict[str, Counter[str]] = field(default_factory=dict)
    balance: Counter[str] = field(default_factory=Counter)

    def count(self, one: Recovery) -> None:
        """Add a recovery."""
        for year, by_code in one.class_units.items():
            counts = self.areas.setdefault(str(year), Counter())
            for code, units in by_code.items():
                counts[NO_DATA_KEY if code is None else str(code)] += units
        for name in _BALANCE:
            self.balance[f"{name}_ha"] += getattr(one, f"{name}_units")

    def add(self, areas: Mapping[str, Mapping[str, int]], balance: Mapping[str, int]) -> None:
        """Add other sums."""
        for year, by_code in areas.items():
            self.areas.setdefault(year, Counter()).update(by_code)
        self.balance.update(balance)

    def hectares(self) -> dict[str, object]:
        """The sums as they go out: hectares by year and class, the balance, the share recovered."""
        named = {f"{name}_ha": self.balance[f"{name}_ha"] for name in _BALANCE} if self.areas else {}
        disturbed = self.balance["disturbed_baseline_ha"]
        return {
            "area_ha": {year: _hectares(_by_code(counts)) for year, counts in sorted(self.areas.items())},
            **_hectares(named),
            "recovered_share": self.balance["recovered_ha"] / disturbed if disturbed else None,
        }


@dataclass(slots=True)
class Total:
    """What a run came to so far. `pairs` are the (earlier, later) ids of sites that overlap."""

    n_sites: int = 0
    n_recoveries: int = 0
    n_computed: int = 0
    n_unchanged: int = 0
    whole: Sums = field(default_factory=Sums)
    once: Sums = field(default_factory=Sums)
    pairs: list[tuple[int, int]] = field(default_factory=list)

    def count(self, raw: Mapping[int, Recovery]) -> Self:
        """Add the raw recoveries of sites, and of pieces of them under their negative ids."""
        for site_id, one in raw.items():
            if site_id > 0:
                self.n_recoveries += 1
                self.whole.count(one)
                self.once.count(raw.get(-site_id, one))
        return self

    def add(self, found: Mapping[str, Any]) -> None:
        """Add the total of a shard, as `noted` gives it."""
        for name in ("n_sites", "n_recoveries", "n_computed", "n_unchanged"):
            setattr(self, name, getattr(self, name) + int(found[name]))
        self.whole.add(**found["whole"])
        self.once.add(**found["once"])
        self.pairs += [(first, later) for first, later in found["pairs"]]

    def noted(self) -> dict[str, Any]:
        """The total as JSON values, whole numbers alone."""
        return {
            "n_sites": self.n_sites,
            "n_recoveries": self.n_recoveries,
            "n_computed": self.n_computed,
            "n_unchanged": self.n_unchanged,
            "whole": {"areas": self.whole.areas, "balance": self.whole.balance},
            "once": {"areas": self.once.areas, "balance": self.once.balance},
            "pairs": self.pairs,
        }

    def item(self, store: Store) -> dict[str, object]:
        """The total as it goes out.

        `sum` adds the sites up, `overlap_ha` is the sum of their polygons less that of the union,
        `dissolved` counts land that several sites claim once, for the site with the lowest id.
        """
        return {
            "n_sites": self.n_recoveries,
            "overlap_ha": ha_from_units(overlap_of(store, self.pairs)),
            "sum": self.whole.hectares(),
            "dissolved": self.once.hectares(),
        }


def overlap_of(store: Store, pairs: Iterable[tuple[int, int]]) -> int:
    """The overlap of sites in units of 1e-4 m2, from the pairs that overlap; a cluster is read at a time."""
    units = 0
    for cluster in clusters_of(pairs):
        with store.read() as conn:
            _, polygons = sites.geometries(conn, cluster)
        units += claimed_twice(polygons)
    return units


def _by_code(counts: Mapping[str, int]) -> dict[str, int]:
    """The same by rising class code, cells without data at the end."""
    return dict(sorted(counts.items(), key=lambda one: (one[0] == NO_DATA_KEY, one[0].zfill(9))))


def _hectares(counts: Mapping[str, int]) -> dict[str, float]:
    return {name: ha_from_units(units) for name, units in counts.items()}
