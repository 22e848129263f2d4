"""Grouping: the sites of a snapshot by city, province, type, kind, or all together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from geo.cities import City, CityIndex, CityType, Level, ListIndex
from geo.cities import Listing as CityListing
from geo.errors import UnknownCity
from geo.rates import GroupBy
from geo.rating import Group
from geo.sites import Kind
from geo.snapshot import KINDS, Int64s, Snapshot
from geo.words import label


@dataclass(frozen=True, slots=True)
class GroupOfSites:
    """A group with the snapshot rows of its sites and their area outside of its unit (1e-4 m2)."""

    group: Group
    members: Int64s
    border_units: Callable[[Int64s], int]


class Grouping:
    """The rows `rows` of a snapshot, seen through the tree of units and the list of one day."""

    def __init__(
        self,
        snapshot: Snapshot,
        rows: Int64s,
        *,
        cities: Mapping[str, City],
        listings: Sequence[CityListing],
    ) -> None:
        self._snapshot = snapshot
        self._index = CityIndex(cities)
        self._listed = ListIndex(cities, listings, snapshot.as_of)
        self._listings = listings
        self._rows_of: dict[str | None, Int64s] = _by_code(snapshot, rows)
        self._rows = rows
        self._lineages: dict[str, tuple[str, ...]] = {}
        self._codes_under: dict[str, list[str]] = {}
        for code in self._rows_of:
            if code is not None:
                for above in self._lineage(code):
                    self._codes_under.setdefault(above, []).append(code)

    def groups(self, group_by: GroupBy, adcode: str | None = None) -> list[GroupOfSites]:
        """All groups of one kind; only the sites under `adcode` where one is given.

        Cities are the listed units, and the prefecture (else the county, else whatever level is known) of
        every site; a listed county inside a listed prefecture is counted in both. Raises `UnknownCity`.
        """
        if adcode is not None:
            self._known(adcode)
        match group_by:
            case GroupBy.CITY:
                return [self.unit(code) for code in self._city_codes(adcode)]
            case GroupBy.PROVINCE:
                return [self.unit(code, GroupBy.PROVINCE) for code in self._province_codes(adcode)]
            case GroupBy.CITY_TYPE:
                return [self._type_group(kind, adcode) for kind in CityType]
            case GroupBy.KIND:
                return [self._kind_group(kind, adcode) for kind in KINDS]
            case GroupBy.ALL:
                return [self._all_group(adcode)]

    def unit(self, adcode: str, group_by: GroupBy | None = None) -> GroupOfSites:
        """The sites under one unit. Raises `UnknownCity`."""
        city = self._known(adcode)
        if group_by is None:
            group_by = GroupBy.PROVINCE if city.level is Level.PROVINCE else GroupBy.CITY
        listing = self._listed.listing(adcode)
        group = Group(
            group=group_by,
            key=adcode,
            name=city.name_zh,
            name_en=city.name_en,
            adcode=adcode,
            city_type=self._listed.unit_of(adcode)[1].value,
            flags=() if listing is None or listing.standing == "confirmed" else ("disputed_listing",),
            extra={"level": city.level.value},
        )
        return GroupOfSites(group, self._under(adcode), lambda rows: self._outside(rows, adcode))

    def named(self, group_by: GroupBy, key: str) -> GroupOfSites | None:
        """The group of one kind with this key, None where there is none."""
        if group_by in {GroupBy.CITY, GroupBy.PROVINCE}:
            return self.unit(key) if key in self._index.cities else None
        return next((one for one in self.groups(group_by) if one.group.key == key), None)

    def larger(self, group: Group) -> list[GroupOfSites]:
        """The groups that hold a group, the nearest first: the units above a unit, then all sites."""
        above = self._lineage(group.adcode)[1:] if group.adcode is not None else ()
        return [self.unit(code) for code in above if code in self._index.cities] + [self._all_group(None)]

    def _known(self, adcode: str) -> City:
        if adcode not in self._index.cities:
            raise UnknownCity(adcode=adcode)
        return self._index.cities[adcode]

    def _within(self, adcode: str | None) -> Int64s:
        return self._rows if adcode is None else self._under(adcode)

    def _under(self, adcode: str) -> Int64s:
        return _joined(self._rows_of[code] for code in self._codes_under.get(adcode, ()))

    def _city_codes(self, adcode: str | None) -> list[str]:
        inside = self._index.cities if adcode is None else self._index.under(adcode)
        listed = {one.adcode for one in self._listings if one.holds_on(self._snapshot.as_of)}
        found = {self._city_of(code) for code in self._rows_of if code is not None}
        return sorted(code for code in listed | found if code in inside and code in self._index.cities)

    def _province_codes(self, adcode: str | None) -> list[str]:
        cities = self._index.cities
        inside = cities if adcode is None else self._index.under(adcode) | {*self._lineage(adcode)}
        return sorted(code for code in inside if cities[code].level is Level.PROVINCE)

    def _city_of(self, code: str) -> str:
        """The prefecture over a unit; the province where it has no prefectures; else the unit itself."""
        chain = [self._index.cities[above] for above in self._lineage(code) if above in self._index.cities]
        for city in chain:
            if city.level is Level.PREFECTURE:
                return city.adcode
        province = next((city.adcode for city in chain if city.level is Level.PROVINCE), None)
        if province is not None and not self._has_prefectures(province):
            return province
        return code

    def _has_prefectures(self, province: str) -> bool:
        below = self._index.children(province)
        return any(self._index.cities[code].level is Level.PREFECTURE for code in below)

    def _type_group(self, city_type: CityType, adcode: str | None) -> GroupOfSites:
        codes = [code for code in self._rows_of if self._listed.unit_of(code)[1] is city_type]
        rows = _joined(self._rows_of[code] for code in codes)
        name = label("city_types", city_type.value, "zh"), label("city_types", city_type.value, "en")
        group = Group(GroupBy.CITY_TYPE, city_type.value, *name, city_type=city_type.value)
        return self._group(group, rows, adcode)

    def _kind_group(self, kind: Kind, adcode: str | None) -> GroupOfSites:
        rows = self._rows[self._snapshot.kind[self._rows] == KINDS.index(kind)]
        name = label("kinds", kind.value, "zh"), label("kinds", kind.value, "en")
        return self._group(Group(GroupBy.KIND, kind.value, *name), rows, adcode)

    def _all_group(self, adcode: str | None) -> GroupOfSites:
        name = label("groups", "all", "zh"), label("groups", "all", "en")
        return self._group(Group(GroupBy.ALL, "all", *name), self._rows, adcode)

    def _group(self, group: Group, rows: Int64s, adcode: str | None) -> GroupOfSites:
        members = np.intersect1d(rows, self._within(adcode))
        return GroupOfSites(group, members, lambda rows: self._outside(rows, None))

    def _outside(self, rows: Int64s, unit: str | None) -> int:
        """Area of the sites outside `unit`, or outside each site's own unit, in units of 1e-4 m2."""
        units = self._snapshot.units
        total = 0
        for row in rows[self._is_split(rows)].tolist():
            fact = units[self._snapshot.unit[row]]
            if unit is None:
                inside = sum(share for code, share in fact.shares if code == fact.adcode)
            else:
                inside = sum(share for code, share in fact.shares if unit in self._lineage(code))
            area = int(self._snapshot.area[row])
            total += max(0, area - round(area * inside))
        return total

    def _is_split(self, rows: Int64s) -> Int64s:
        used = np.unique(self._snapshot.unit[rows])
        facts = self._snapshot.units
        split = [index for index in used.tolist() if not _whole(facts[index].shares)]
        return np.flatnonzero(np.isin(self._snapshot.unit[rows], split))

    def _lineage(self, code: str) -> tuple[str, ...]:
        if code not in self._lineages:
            self._lineages[code] = self._index.lineage(code) or (code,)
        return self._lineages[code]


def _whole(shares: tuple[tuple[str, float], ...]) -> bool:
    return not shares or (len(shares) == 1 and shares[0][1] >= 1)


def _by_code(snapshot: Snapshot, rows: Int64s) -> dict[str | None, Int64s]:
    by_unit: dict[str | None, list[Int64s]] = {}
    order = rows[np.argsort(snapshot.unit[rows], kind="stable")]
    used, starts = np.unique(snapshot.unit[order], return_index=True)
    for unit, part in zip(used.tolist(), np.split(order, starts[1:]), strict=True) if len(order) else ():
        by_unit.setdefault(snapshot.units[unit].adcode, []).append(part)
    return {code: _joined(parts) for code, parts in by_unit.items()}


def _joined(parts: Iterable[Int64s]) -> Int64s:
    return np.sort(np.concatenate([np.empty(0, dtype=np.int64), *parts]))
