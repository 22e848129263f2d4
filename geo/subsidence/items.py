"""Subsidence and ponding of a site as they are read: marked, beside the record, and as JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from geo.areas import ha_from_units
from geo.landcover import Role, products
from geo.readings import ledger_of
from geo.recovery import Recovery, TemporalRule
from geo.site_results import Marker, site_recoveries
from geo.sites import Ponding, Site
from geo.store import Store, pondings, recoveries, sites, subsidences
from geo.store.sites import SiteFilter
from geo.subsidence.inputs import SubsidenceMarker
from geo.subsidence.ponding import PondingYear, annual_pondings, merged, ponding_disagreement
from geo.subsidence.rules import subsidence_rules
from geo.subsidence.site import Subsidence, settlement_disagreement

_Told = TypeVar("_Told", Subsidence, PondingYear)


@dataclass(frozen=True, slots=True)
class PondingSeries:
    """The water of a site through the years, by one product and edition.

    `latest` is the last year that still holds, None where none does; `found` how the site is ponded by it,
    None with `reason` where that cannot be told; `disagreement` the reason slug where the record contradicts.
    """

    product: str
    edition: str
    years: tuple[PondingYear, ...]
    latest: PondingYear | None
    found: Ponding | None
    reason: str | None
    disagreement: str | None


@dataclass(frozen=True, slots=True)
class SiteSubsidence:
    """All that is known of how a site sinks and where it is under water."""

    site: Site
    displacements: tuple[Subsidence, ...]
    pondings: tuple[PondingSeries, ...]

    def disagreements(self) -> tuple[str, ...]:
        """The slugs of everything that contradicts the record, each once."""
        found = [
            settlement_disagreement(self.site.settlement, one.settlement)
            for one in self.displacements
            if not one.outdated
        ]
        found += [one.disagreement for one in self.pondings]
        return tuple(dict.fromkeys(slug for slug in found if slug is not None))


def site_subsidence(store: Store, site_id: int) -> SiteSubsidence:
    """What is stored of a site; water by year also out of its recoveries. Raises `UnknownSite`."""
    with store.read() as conn:
        site = sites.get(conn, site_id)
        marker = SubsidenceMarker(store, conn)
        moved = marker.subsidences(subsidences.find(conn, site_id=site_id))
        stored = marker.pondings(pondings.find(conn, site_id=site_id))
    derived = _derived(site_recoveries(store, site_id, rule=TemporalRule.NONE))
    return SiteSubsidence(site, tuple(moved), tuple(series_of_years(site, merged(stored, derived))))


def contradicted_records(store: Store) -> list[SiteSubsidence]:
    """The sites whose recorded settlement or ponding displacement or water contradicts, by code.

    Read in one go for the whole inventory; a site that records neither is never among them.
    """
    with store.read() as conn:
        recorded = {
            site.site_id: site
            for site in sites.find(conn, SiteFilter(limit=None))
            if site.settlement is not None or site.ponding is not None
        }
        if not recorded:
            return []
        marker = SubsidenceMarker(store, conn)
        moved = marker.subsidences([one for one in subsidences.find(conn) if one.site_id in recorded])
        stored = marker.pondings([one for one in pondings.find(conn) if one.site_id in recorded])
        found = [one for one in recoveries.find(conn, rule=TemporalRule.NONE) if one.site_id in recorded]
        derived = _derived(Marker(conn, ledger_of(store, conn)).recoveries(found))
    moved_of, stored_of, derived_of = _by_site(moved), _by_site(stored), _by_site(derived)
    told = [
        SiteSubsidence(
            site,
            tuple(moved_of.get(site_id, ())),
            tuple(series_of_years(site, merged(stored_of.get(site_id, ()), derived_of.get(site_id, ())))),
        )
        for site_id, site in recorded.items()
    ]
    return sorted((one for one in told if one.disagreements()), key=lambda one: one.site.site_code)


def _by_site(found: Sequence[_Told]) -> dict[int, list[_Told]]:
    by_site: dict[int, list[_Told]] = {}
    for one in found:
        by_site.setdefault(one.site_id, []).append(one)
    return by_site


def _derived(found: Sequence[Recovery]) -> list[PondingYear]:
    """The water by year out of the class areas of recoveries."""
    return [
        line
        for one in found
        if one.product in products()
        for line in annual_pondings(one, products()[one.product].codes_of(Role.WATER))
    ]


def series_of_years(site: Site, lines: Sequence[PondingYear]) -> list[PondingSeries]:
    """The lines of one site, in their order, by product and edition."""
    rules = subsidence_rules()
    found = []
    for (product, edition), group in groupby(lines, key=lambda one: (one.product, one.edition)):
        years = tuple(group)
        latest = next((one for one in reversed(years) if not one.outdated and one.valid_units), None)
        state = None if latest is None else latest.found(rules)
        reason = None if state is not None else "no_ponding_data" if latest is None else "seasons_unknown"
        wrong = ponding_disagreement(site.ponding, latest, rules)
        found.append(PondingSeries(product, edition, years, latest, state, reason, wrong))
    return found


def subsidence_item(one: Subsidence, site: Site) -> dict[str, object]:
    """One displacement result as JSON values: rates in mm a year, hectares in `*_ha`."""
    return {
        "product": one.product,
        "edition": one.edition,
        "source": one.source.value,
        "period_start": one.period_start.isoformat(),
        "period_end": one.period_end.isoformat(),
        "n_epochs": one.n_epochs,
        "direction": "line of sight, positive away from the satellite; not vertical",
        "mean_mm_per_year": one.mean,
        "p95_mm_per_year": one.p95,
        "p95_abs_mm_per_year": one.p95_abs,
        "sigma_mm_per_year": one.sigma,
        "threshold_mm_per_year": one.threshold,
        "moving_share": one.moving_share,
        "moving_ha": ha_from_units(one.moving_units),
        "valid_share": one.valid_share,
        "valid_ha": ha_from_units(one.valid_units),
        "last_epochs": one.last_epochs,
        "last_from": one.last_from.isoformat(),
        "last_mean_mm_per_year": one.last_mean,
        "fast_ha": ha_from_units(one.fast_units),
        "maybe_fast_ha": ha_from_units(one.maybe_fast_units),
        "settlement": None if one.settlement is None else one.settlement.value,
        "reason": one.reason,
        "recorded_settlement": None if site.settlement is None else site.settlement.value,
        "disagreement": None if one.outdated else settlement_disagreement(site.settlement, one.settlement),
        "series": [
            {
                "on": epoch.on.isoformat(),
                "mean_mm": epoch.mean_mm,
                "valid_ha": ha_from_units(epoch.valid_units),
            }
            for epoch in one.epochs
        ],
        "outdated": one.outdated,
    }


def ponding_item(one: PondingSeries, site: Site) -> dict[str, object]:
    """The water of one product and edition as JSON values; what the scenes do not tell is None."""
    return {
        "product": one.product,
        "edition": one.edition,
        "ponding": None if one.found is None else one.found.value,
        "reason": one.reason,
        "year": None if one.latest is None else one.latest.year,
        "recorded_ponding": None if site.ponding is None else site.ponding.value,
        "disagreement": one.disagreement,
        "years": [_year_item(line) for line in one.years],
    }


def _year_item(line: PondingYear) -> dict[str, object]:
    return {
        "year": line.year,
        "n_seasons": line.n_seasons,
        "water_ha": ha_from_units(line.water_units),
        "annual_ha": _ha(line.annual_units),
        "perennial_ha": _ha(line.perennial_units),
        "seasonal_ha": _ha(line.seasonal_units),
        "valid_share": line.valid_share,
        "outdated": line.outdated,
    }


def _ha(units: int | None) -> float | None:
    return None if units is None else ha_from_units(units)
