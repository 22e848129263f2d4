"""Assessment: from the joint class areas of one site to its recovery."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import shapely
from shapely import MultiPolygon

from geo.areas import ha_from_units
from geo.coverage import FULL_CELL
from geo.evidence.thresholds import Thresholds
from geo.landcover import Product, Role
from geo.outcomes import Baseline, OutcomeKey, OutcomeRule, outcomes_sha256, rules_of
from geo.recovery import NO_INPUTS, Inputs, Outcome, Recovery, TemporalRule, YearLine
from geo.transitions import MISSING_CODE, Transition

ENGINE_VERSION: Final = 1
"""Rises when the same input would give other figures, so that stored figures are computed anew."""


@dataclass(frozen=True, slots=True)
class JointCell:
    """The area of one site that went from one code to another; codes are `MISSING_CODE` for nodata.

    `units` is true ground area in 1e-4 m2, `cells` counts weighted cells in 1 / FULL_CELL.
    """

    from_code: int
    to_code: int
    units: int
    cells: int


@dataclass(frozen=True, slots=True)
class SiteSeries:
    """What one site's land cover was, under one temporal rule.

    `classes` is {year: {code: units}}, `joint` {year: areas from the baseline year to it}.
    `end_year_unchanged` says that one of the two years had no neighbour on one side.
    """

    rule: TemporalRule
    classes: Mapping[int, Mapping[int, int]]
    joint: Mapping[int, Sequence[JointCell]]
    end_year_unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """The site that is assessed: what its outcomes depend on, and between which years."""

    site_id: int
    key: OutcomeKey
    area_units: int
    from_year: int
    to_year: int
    baseline_late: bool
    content_key: str
    inputs: Inputs = NO_INPUTS


@dataclass(frozen=True, slots=True)
class _Balance:
    """The areas of one pair of years by what became of the land, in units of 1e-4 m2."""

    disturbed: int
    recovered: int
    still_disturbed: int
    converted: int
    ponded: int
    new_damage: int
    not_yet_crop: int
    valid: int


def assess(
    subject: Subject,
    series: SiteSeries,
    *,
    land_cover: Product,
    edition: str,
    cell_ha: float | None,
    limits: Thresholds,
) -> Recovery:
    """The recovery of one site under one temporal rule.

    `cell_ha` is the nominal area of a cell of the grid, None on a geographic one. Under the rule `none` the
    class areas of all years between are kept, else those of the two years.
    """
    rules = _Rules(subject.key, land_cover)
    cells = series.joint.get(subject.to_year, ())
    between = [year for year in sorted(series.joint) if subject.from_year <= year <= subject.to_year]
    balances = {year: _balance(series.joint[year], rules) for year in between}
    balance = balances.get(subject.to_year) or _balance(cells, rules)
    shares = {year: _share(one) for year, one in balances.items()}
    years = between if series.rule is TemporalRule.NONE else (subject.from_year, subject.to_year)
    return Recovery(
        site_id=subject.site_id,
        product=land_cover.slug,
        edition=edition,
        from_year=subject.from_year,
        to_year=subject.to_year,
        temporal_rule=series.rule,
        area_units=subject.area_units,
        class_units={year: _with_none(series.classes.get(year, {})) for year in years},
        transitions=tuple(_transition(cell, rules, cell_ha) for cell in cells),
        disturbed_baseline_units=balance.disturbed,
        recovered_units=balance.recovered,
        still_disturbed_units=balance.still_disturbed,
        converted_units=balance.converted,
        ponded_units=balance.ponded,
        new_damage_units=balance.new_damage,
        valid_units=balance.valid,
        baseline_late=subject.baseline_late,
        not_yet_crop_units=balance.not_yet_crop,
        end_year_unchanged=series.end_year_unchanged,
        share_by_year=shares,
        lines={year: _line(one) for year, one in balances.items() if year > subject.from_year},
        relapse_year=relapse_year(shares, limits),
        reason="no_disturbed_baseline" if balance.disturbed == 0 else None,
        content_key=subject.content_key,
        inputs=subject.inputs,
    )


def relapse_year(shares: Mapping[int, float | None], limits: Thresholds) -> int | None:
    """The first year of a fall that was not made good: recovery had been reached, then lost until the end.

    `shares` are the recovered shares of the baseline by year, in rising order. None without a relapse.
    """
    peak, fallen = 0.0, None
    for year, share in shares.items():
        if share is None:
            continue
        peak = max(peak, share)
        if peak < limits.relapse_reached or share > peak - limits.relapse_fall:
            fallen = None
        elif fallen is None:
            fallen = year
    return fallen


def terms_sha256(
    *,
    edition: str,
    scene_hashes: Sequence[str],
    legend: Product,
    limits: Thresholds,
    key: OutcomeKey,
    years: tuple[int, int],
    baseline_late: bool,
) -> str:
    """SHA-256 (hex) of all that a recovery depends on but the polygon, whatever the temporal rule."""
    facts = {
        "engine": ENGINE_VERSION,
        "scene": [legend.slug, edition, *scene_hashes],
        "roles": roles_of(legend),
        "outcomes": outcomes_sha256(),
        "relapse": [limits.relapse_reached, limits.relapse_fall],
        "site": [key.kind, key.target, key.damage, key.natural_bare_disturbed],
        "years": [*years, baseline_late],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def roles_of(legend: Product) -> list[list[object]]:
    """What of a legend figures depend on: each code with the role of its class, by code."""
    return [[code, row.role.value] for code, row in sorted(legend.legend.items())]


def content_key(terms: str, geometry: MultiPolygon) -> str:
    """SHA-256 (hex) of all that a recovery depends on: its terms (`terms_sha256`) and the polygon."""
    polygon = hashlib.sha256(shapely.to_wkb(geometry)).hexdigest()
    return hashlib.sha256(f"{terms} {polygon}".encode()).hexdigest()


class _Rules:
    """The outcome of every pair of codes of one legend, for one kind of site."""

    def __init__(self, key: OutcomeKey, land_cover: Product) -> None:
        self._roles = {code: row.role for code, row in land_cover.legend.items()} | {
            MISSING_CODE: Role.NO_DATA
        }
        self._rules = rules_of(key)

    def of(self, cell: JointCell) -> OutcomeRule:
        return self._rules[self._roles[cell.from_code], self._roles[cell.to_code]]


_NOTHING: Final = dict.fromkeys(Outcome, 0)


def _balance(cells: Sequence[JointCell], rules: _Rules) -> _Balance:
    disturbed, sound = _NOTHING.copy(), _NOTHING.copy()
    not_yet_crop = 0
    for cell in cells:
        rule = rules.of(cell)
        if rule.baseline is Baseline.DISTURBED:
            disturbed[rule.outcome] += cell.units
            not_yet_crop += cell.units if rule.not_yet_crop else 0
        elif rule.baseline is Baseline.SOUND:
            sound[rule.outcome] += cell.units
    all_disturbed = sum(disturbed.values())
    return _Balance(
        disturbed=all_disturbed,
        recovered=disturbed[Outcome.RECOVERED],
        still_disturbed=disturbed[Outcome.STILL_DISTURBED],
        converted=disturbed[Outcome.CONVERTED],
        ponded=disturbed[Outcome.PONDED],
        new_damage=sound[Outcome.DEGRADED] + sound[Outcome.PONDED],
        not_yet_crop=not_yet_crop,
        valid=all_disturbed + sum(sound.values()),
    )


def _line(balance: _Balance) -> YearLine:
    return YearLine(balance.recovered, balance.disturbed, balance.valid, balance.new_damage)


def _share(balance: _Balance) -> float | None:
    return None if balance.disturbed == 0 else balance.recovered / balance.disturbed


def _with_none(areas: Mapping[int, int]) -> dict[int | None, int]:
    return {_code(code): units for code, units in areas.items()}


def _transition(cell: JointCell, rules: _Rules, cell_ha: float | None) -> Transition:
    return Transition(
        from_code=_code(cell.from_code),
        to_code=_code(cell.to_code),
        outcome=rules.of(cell).outcome.value,
        units=cell.units,
        ha=ha_from_units(cell.units),
        ha_grid=None if cell_ha is None else cell.cells / FULL_CELL * cell_ha,
    )


def _code(code: int) -> int | None:
    return None if code == MISSING_CODE else code
