"""Recovery as it goes out: the same items for the service and the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from geo.areas import ha_from_units
from geo.coverage import FULL_CELL
from geo.errors import UnknownScene
from geo.landcover import Product, Role, check_comparable, product
from geo.outcomes import OutcomeKey, rules_of
from geo.recovery import Recovery, TemporalRule
from geo.scenes import Scene, check_same_grid
from geo.sites import Kind, Target
from geo.store import Store, scenes
from geo.trajectory.classes import class_trajectories, pair_of
from geo.trajectory.series import trajectory_item
from geo.transitions import MISSING_CODE
from geo.zonal import ClassAreas, JointAreas, scene_class_areas, scene_joint_areas

NO_DATA_KEY: Final = "no_data"
"""Under which name the area of cells without data stands beside the class codes."""


def recovery_items(found: Iterable[Recovery], rule: TemporalRule) -> list[dict[str, object]]:
    """The items of the recoveries under `rule`, each with the trajectory of its site, product and years.

    `found` should hold both rules: a trajectory is that under majority3, with the raw one beside it.
    """
    known = list(found)
    courses = class_trajectories(known)
    return [
        recovery_item(one) | {"trajectory": trajectory_item(courses[pair_of(one)])}
        for one in known
        if one.temporal_rule is rule
    ]


def recovery_item(recovery: Recovery) -> dict[str, object]:
    """One recovery as JSON values: hectares in `*_ha`, class codes as text, `no_data` for cells without data.

    `ponded_ha` is of disturbed land, `new_damage_ha` of land that was sound. `from_code` and `to_code` are
    None where a cell holds no data; `ha_grid` is None on a geographic grid. Classes and transitions come in
    the order of their codes. `outdated` marks figures that describe what has changed since.
    """
    return {
        "product": recovery.product,
        "edition": recovery.edition,
        "from_year": recovery.from_year,
        "to_year": recovery.to_year,
        "temporal_rule": recovery.temporal_rule.value,
        "site_area_ha": ha_from_units(recovery.area_units),
        "area_ha": {
            str(year): _by_code((code, ha_from_units(units)) for code, units in by_code.items())
            for year, by_code in sorted(recovery.class_units.items())
        },
        "transitions": [
            {
                "from_code": step.from_code,
                "to_code": step.to_code,
                "outcome": step.outcome,
                "ha": step.ha,
                "ha_grid": step.ha_grid,
            }
            for step in sorted(recovery.transitions, key=lambda one: _pair_order(one.from_code, one.to_code))
        ],
        "disturbed_baseline_ha": ha_from_units(recovery.disturbed_baseline_units),
        "recovered_ha": ha_from_units(recovery.recovered_units),
        "still_disturbed_ha": ha_from_units(recovery.still_disturbed_units),
        "converted_ha": ha_from_units(recovery.converted_units),
        "ponded_ha": ha_from_units(recovery.ponded_units),
        "new_damage_ha": ha_from_units(recovery.new_damage_units),
        "net_recovery_ha": recovery.net_recovery_ha,
        "not_yet_crop_ha": ha_from_units(recovery.not_yet_crop_units),
        "recovered_share": recovery.recovered_share,
        "valid_share": recovery.valid_share,
        "reason": recovery.reason,
        "baseline_late": recovery.baseline_late,
        "end_year_unchanged": recovery.end_year_unchanged,
        "share_by_year": {str(year): share for year, share in recovery.share_by_year.items()},
        "relapse_year": recovery.relapse_year,
        "outdated": recovery.outdated,
    }


def scene_item(
    store: Store,
    product_slug: str,
    edition: str,
    year: int | None = None,
    from_year: int | None = None,
    to_year: int | None = None,
) -> dict[str, object]:
    """The class areas of a whole scene (`year`), or of two and what went from class to class between them.

    `area_ha` is true ground area, `area_ha_grid` cells x nominal cell area, None on a geographic grid.
    Outcomes are those of a site without a target. Raises `UnknownProduct`, `UnknownScene`,
    `ScenesNotComparable` and `GridsDiffer`.
    """
    land_cover = product(product_slug)
    years = sorted({one for one in (year, from_year, to_year) if one is not None})
    with store.read() as conn:
        found = {one.year: one for one in scenes.find(conn, product=product_slug, edition=edition)}
    for one in years:
        if one not in found:
            known = ", ".join(map(str, sorted(found))) or "none"
            raise UnknownScene(product=product_slug, edition=edition, year=one, known=known)
    areas = {one: scene_class_areas(found[one], store.locate(found[one])) for one in years}
    item: dict[str, object] = {
        "product": product_slug,
        "edition": edition,
        "area_ha": {str(one): _class_hectares(areas[one]) for one in years},
        "area_ha_grid": {str(one): _grid_hectares(areas[one], found[one]) for one in years},
        "classes": _classes(land_cover, areas.values()),
    }
    if from_year is not None and to_year is not None:
        check_comparable(land_cover, edition, (from_year, to_year))
        check_same_grid([found[from_year], found[to_year]])
        first, last = found[from_year], found[to_year]
        joint = scene_joint_areas(first, store.locate(first), last, store.locate(last))
        item |= {
            "from_year": from_year,
            "to_year": to_year,
            "transitions": _transitions(joint, land_cover, first.grid.nominal_cell_ha),
        }
    return item


def _by_code(hectares: Iterable[tuple[int | None, float]]) -> dict[str, float]:
    """Hectares by the text of their class code, in the order of the codes, cells without data last."""
    known = [(MISSING_CODE if code is None else code, ha) for code, ha in hectares]
    return {_key(code): ha for code, ha in sorted(known, key=lambda one: (one[0] == MISSING_CODE, one[0]))}


def _pair_order(from_code: int | None, to_code: int | None) -> tuple[int, ...]:
    """The place of a transition: by its codes, no data first."""
    return tuple(
        part
        for code in (from_code, to_code)
        for part in ((0, 0) if code in (None, MISSING_CODE) else (1, code or 0))
    )


def _key(code: int | None) -> str:
    return NO_DATA_KEY if code is None or code == MISSING_CODE else str(code)


def _class_hectares(areas: ClassAreas) -> dict[str, float]:
    rows = zip(areas.code.tolist(), areas.units.tolist(), strict=True)
    return _by_code((code, ha_from_units(units)) for code, units in rows)


def _grid_hectares(areas: ClassAreas, scene: Scene) -> dict[str, float] | None:
    cell_ha = scene.grid.nominal_cell_ha
    if cell_ha is None:
        return None
    rows = zip(areas.code.tolist(), areas.cells.tolist(), strict=True)
    return _by_code((code, cells / FULL_CELL * cell_ha) for code, cells in rows)


def _classes(land_cover: Product, areas: Iterable[ClassAreas]) -> list[dict[str, object]]:
    seen = sorted({code for one in areas for code in np.unique(one.code).tolist() if code != MISSING_CODE})
    rows = [land_cover.legend[code] for code in seen]
    return [
        {
            "code": row.code,
            "slug": row.slug,
            "zh": row.zh,
            "en": row.en,
            "colour": row.colour,
            "role": row.role.value,
        }
        for row in rows
    ]


def _transitions(joint: JointAreas, land_cover: Product, cell_ha: float | None) -> list[Mapping[str, object]]:
    rules = rules_of(OutcomeKey(Kind.OTHER, Target.NONE))
    roles = {code: row.role for code, row in land_cover.legend.items()} | {MISSING_CODE: Role.NO_DATA}
    rows = zip(
        joint.from_code.tolist(),
        joint.to_code.tolist(),
        joint.units.tolist(),
        joint.cells.tolist(),
        strict=True,
    )
    return [
        {
            "from_code": None if first == MISSING_CODE else first,
            "to_code": None if last == MISSING_CODE else last,
            "outcome": rules[roles[first], roles[last]].outcome.value,
            "ha": ha_from_units(units),
            "ha_grid": None if cell_ha is None else cells / FULL_CELL * cell_ha,
        }
        for first, last, units, cells in sorted(rows, key=lambda row: _pair_order(row[0], row[1]))
    ]
